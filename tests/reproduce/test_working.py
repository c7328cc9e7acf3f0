"""The grid trains, stops, goes on, and never does anything twice."""

import json
import math
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from toys import SMALL, TOY, plan

from actionprompt.commands import reproduce as command
from actionprompt.commands import reproduce_args
from actionprompt.data.load import load as load_data
from actionprompt.errors import InputError, Interrupted
from actionprompt.reproduce import draw, estimate, launch
from actionprompt.reproduce import run as work
from actionprompt.reproduce.execute import complete, execute
from actionprompt.reproduce.grid import GridRun, digest, jobs
from actionprompt.reproduce.published import read_all
from actionprompt.reproduce.results import read
from actionprompt.reproduce.tables import TABLES
from actionprompt.training import batches

QUIET = Console(quiet=True)
DATA = ["--data", "synthetic", "--data.subjects", "3", "--data.frames", "20", "--data.virtual_cameras.cameras", "1"]
DATA += ["--data.virtual_cameras.yaws_per_take", "1"]


@pytest.fixture
def corpus():
    return load_data(SMALL)


@pytest.fixture
def toy(monkeypatch):
    """The command line with the toy scale in the small one's place."""
    monkeypatch.setattr(reproduce_args, "SCALES", {"cpu": TOY, "paper": TOY})


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """Table V at one seed: three runs."""
    root = tmp_path_factory.mktemp("grid")
    work.work(grid(root), work.Load("synthetic"), False, QUIET, quiet=True)
    return root


def grid(root: Path, table: str = "table5", seeds: tuple[int, ...] = (0,)) -> list[GridRun]:
    return jobs([TABLES[table](plan())], seeds, root)


def times(root: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file() and ".locks" not in p.parts}


def at_step(monkeypatch, step: int, act) -> None:
    """Does something when the batch of a step is asked for, counted from where the process begins."""
    real, calls = batches.Batches.__call__, iter(range(10**6))
    monkeypatch.setattr(batches.Batches, "__call__", lambda self, i: (next(calls) == step and act()) or real(self, i))


def test_a_finished_grid(done):
    for job in grid(done):
        assert job.state == "trained"
        names = {path.name for path in job.folder.iterdir()}
        assert {"model.safetensors", "report-test.json", "settings.json", "log.jsonl"} <= names
        assert "checkpoint.safetensors" not in names
        result = read(job, flip=False)
        assert result.settings["seed"] == 0
        assert result.parameters > 1000
        assert set(result.actions) == set(load_data(SMALL).actions)
        assert len(result.cells) == len(result.actions)


def test_never_twice(done):
    before = times(done)
    assert all(complete(job, flip=False) for job in grid(done))
    work.work(grid(done), work.Load("synthetic"), False, QUIET, quiet=True)
    assert times(done) == before


def test_side_by_side_is_one_by_one(done, tmp_path):
    """Bit for bit (on the CPU), reports included."""
    work.work(grid(tmp_path), work.Load("synthetic"), False, QUIET, quiet=True, side_by_side=2)
    for mine, theirs in zip(grid(tmp_path), grid(done), strict=True):
        for name in ("model.safetensors", "log.jsonl"):
            assert (mine.folder / name).read_bytes() == (theirs.folder / name).read_bytes()
        assert read(mine, False) == read(theirs, False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_side_by_side_is_stopped_and_gone_on_with(done, number, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        at_step(patch, 9, lambda: os.kill(os.getpid(), number))
        with pytest.raises(Interrupted, match="The same command resumes it"):
            work.work(grid(tmp_path), work.Load("synthetic"), False, QUIET, quiet=True, side_by_side=3)
    assert [job.state for job in grid(tmp_path)] == ["unfinished"] * 3
    work.work(grid(tmp_path), work.Load("synthetic"), False, QUIET, quiet=True, side_by_side=3)
    for mine, theirs in zip(grid(tmp_path), grid(done), strict=True):
        assert (mine.folder / "model.safetensors").read_bytes() == (theirs.folder / "model.safetensors").read_bytes()


def test_tables_of_no_folder(toy, tmp_path):
    with pytest.raises(InputError, match="There is no folder .*nowhere"):
        command.main(["table3", *DATA, "--render", "--out", str(tmp_path / "nowhere")])
    assert not (tmp_path / "nowhere").exists()


def test_errors_that_are_no_numbers_are_a_failed_run(done, tmp_path):
    import shutil

    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    job = grid(tmp_path)[0]
    report = json.loads((job.folder / "report-test.json").read_text())
    next(iter(report["actions"].values()))["predicted_action"]["P1"] = float("nan")
    (job.folder / "report-test.json").write_text(json.dumps(report))
    assert (read(job, False).state, read(job, False).reason) == ("failed", "its errors are not numbers")


def test_side_by_side_one_breaks_down(tmp_path, monkeypatch):
    from actionprompt.training import step

    real, calls = step.loss, iter(range(10**6))

    def loss(*arguments):
        found = real(*arguments)
        return found._replace(total=found.total * float("nan")) if next(calls) == 1 else found  # the second run's

    monkeypatch.setattr(step, "loss", loss)
    work.work(grid(tmp_path), work.Load("synthetic"), False, QUIET, quiet=True, side_by_side=2)
    assert [job.state for job in grid(tmp_path)] == ["trained", "failed", "trained"]
    assert not list(tmp_path.rglob("checkpoint.safetensors"))


def test_held_out_subjects_are_evaluated_instead_of_test_subjects(tmp_path):
    data = replace(SMALL, subjects=4, virtual_cameras=replace(SMALL.virtual_cameras, yaws_per_take=2))
    corpus = load_data(data)
    cfg = replace(plan(data).vpose(), validation_subjects=corpus.train_subjects[:1])
    (made,) = [GridRun(cfg, tmp_path / digest(cfg))]
    assert estimate.time_steps(made, corpus).seconds > 0
    assert execute(made, corpus, quiet=True) == "done"
    assert complete(made, flip=False)
    result = read(made, flip=False)
    assert {name.rpartition(" ")[2] for name in result.cells} == {corpus.train_subjects[0].rpartition("/")[2]}
    report = json.loads((made.folder / "report-validation.json").read_text())
    seen = [clip for clip in corpus.clips if clip.subject in cfg.validation_subjects]
    assert sum(clip["frames"] for clip in report["clips"]) == sum(c.num_frames for c in seen if c.turn == 0)
    assert any(c.turn for c in seen)
    assert not (made.folder / "report-test.json").exists()


def test_tables_share_runs(done):
    """Table VIII's only run is a row of Table V; Table III's baseline is not there yet."""
    assert [job.state for job in grid(done, "table8")] == ["trained"]
    assert [job.state for job in grid(done, "table3")].count("missing") == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_and_gone_on_with(done, number, tmp_path, monkeypatch):
    """Bit for bit what an uninterrupted grid leaves."""
    with monkeypatch.context() as patch:
        at_step(patch, 9, lambda: os.kill(os.getpid(), number))
        with pytest.raises(Interrupted, match="The same command resumes it"):
            work.work(grid(tmp_path), work.Load("synthetic"), False, QUIET, quiet=True)
    assert [job.state for job in grid(tmp_path)] == ["trained", "unfinished", "missing"]
    partial = work.results_of(grid(tmp_path), flip=False)
    assert len(partial) == 1
    work.work(grid(tmp_path), work.Load("synthetic"), False, QUIET, quiet=True)
    for mine, theirs in zip(grid(tmp_path), grid(done), strict=True):
        for name in ("model.safetensors", "log.jsonl"):
            assert (mine.folder / name).read_bytes() == (theirs.folder / name).read_bytes()
        assert read(mine, False) == read(theirs, False)


def test_a_run_that_breaks_down(tmp_path, corpus, monkeypatch):
    from actionprompt.errors import Diverged

    def breaks(cfg, folder, *_, **__):
        folder.mkdir()
        (folder / "log.jsonl").write_text('{"step": 2}\n')
        raise Diverged("The loss became nan before step 3; the log is somewhere.")

    job = grid(tmp_path, "table8")[0]
    with monkeypatch.context() as patch:
        patch.setattr("actionprompt.training.train.training", breaks)
        assert execute(job, corpus, quiet=True) == "failed"
    assert job.state == "failed"
    assert read(job, False).reason == "The loss became nan before step 3"
    before = times(tmp_path)
    assert execute(job, corpus, quiet=True) == "failed"
    assert times(tmp_path) == before
    (shown,) = work.pages_of([TABLES["table8"](plan())], plan(), "toy", (0,), work.results_of([job], False))
    assert [row[1].text for row in shown.sheets[0].rows] == ["failed", "failed"]


def test_a_run_that_another_process_works_on(tmp_path, corpus):
    from filelock import FileLock

    job = grid(tmp_path, "table8")[0]
    (tmp_path / ".locks").mkdir()
    with FileLock(tmp_path / ".locks" / f"{job.folder.name}.lock"):
        assert execute(job, corpus, quiet=True) == "elsewhere"
    assert job.state == "missing"


def test_a_damaged_report(done, corpus, tmp_path):
    job = grid(done)[0]
    path = job.folder / "report-test.json"
    text = path.read_text()
    path.write_text(text[:100])
    with pytest.raises(InputError, match="is damaged .*: delete it, and the run is evaluated again"):
        read(job, False)
    path.unlink()
    execute(job, corpus, quiet=True)
    assert path.read_text() == text


def test_flip_is_another_report(done, corpus):
    job = grid(done)[0]
    plain = read(job, False)
    assert read(job, True) is None
    model = (job.folder / "model.safetensors").stat().st_mtime_ns
    execute(job, corpus, flip=True, quiet=True)
    assert (job.folder / "model.safetensors").stat().st_mtime_ns == model
    assert read(job, True).flip
    assert read(job, True).actions != plain.actions
    (job.folder / "report-test-flip.json").unlink()


def test_times(done, tmp_path, corpus):
    first = grid(done)[0]
    assert estimate.known(first, grid(done)).how == "a finished run"
    other = GridRun(first.cfg.__class__(**(vars(first.cfg) | {"seed": 5})), done / "x")
    assert estimate.known(other, [*grid(done), other]).how == "a finished run"
    new = grid(tmp_path)[0]
    assert estimate.known(new, grid(tmp_path)) is None
    found = estimate.time_steps(new, corpus)
    assert found.seconds > 0
    assert estimate.known(new, grid(tmp_path)) == pytest.approx((found.seconds, "timed steps"), abs=0.06)
    assert new.state == "missing"


def test_words():
    assert [estimate.words(s) for s in (3, 100, 5000, 9000)] == ["3 s", "2 min", "83 min", "2.5 h"]


# --- The command --------------------------------------------------------------------------------------------------
def test_the_command_renders_what_there_is(done, toy, tmp_path, capsys):
    before = times(done)
    args = ["table5", "table3", *DATA, "--seeds", "0", "1", "--out", str(done), "--render"]
    assert command.main([*args, "--collect", str(tmp_path)]) == 0
    folder = done / "synthetic-cpu"
    text = (folder / "table5.md").read_text()
    assert "[1/2]" in text
    assert "3 of 6 runs are not done" in text
    assert {str(p): m for p, m in times(done).items() if folder not in Path(p).parents} == before
    published = tmp_path / "synthetic-cpu"
    assert (published / "table5.md").read_text() == text
    assert len(json.loads((published / "results.json").read_text())) == 3
    args = ["table5", "table3", *DATA, "--seeds", "0", "1", "--results", str(published / "results.json")]
    assert command.main([*args, "--out", str(tmp_path / "elsewhere")]) == 0
    for name in ("table5.md", "table3.csv", "table3.tex"):
        assert (tmp_path / "elsewhere" / "synthetic-cpu" / name).read_text() == (published / name).read_text()
    assert "3 rows of this table are left out: they were not run." in (published / "table3.md").read_text()


def test_publishing_adds(done, toy, tmp_path):
    """All tables that have a run; nothing that was published goes, but runs whose settings have changed."""
    args = ["table8", *DATA, "--seeds", "0", "--render", "--collect", str(tmp_path), "--quiet", "--out"]
    assert command.main([*args, str(done)]) == 0
    folder = tmp_path / "synthetic-cpu"
    page, text = (folder / "tables.html").read_text(), (folder / "results.json").read_text()
    assert len(read_all(folder / "results.json")) == 3
    assert [f'id="{name}"' in page for name in ("table5", "table6", "table8")] == [True, False, True]
    assert command.main([*args, str(tmp_path / "nothing")]) == 0
    assert (folder / "results.json").read_text() == text
    assert (folder / "tables.html").read_text() == page
    name = next(iter(read_all(folder / "results.json")))
    (folder / "results.json").write_text(text.replace(f'"name": "{name}"', '"name": "0123456789abcdef"'))
    assert command.main([*args, str(done)]) == 0
    assert (folder / "results.json").read_text() == text


def test_results_of_other_settings_are_not_taken(done, toy, tmp_path):
    args = ["table5", *DATA, "--seeds", "0"]
    assert command.main([*args, "--out", str(done), "--render", "--collect", str(tmp_path), "--quiet"]) == 0
    path = tmp_path / "synthetic-cpu" / "results.json"
    with pytest.raises(InputError, match="None of the 3 runs .* another --flip"):
        command.main([*args, "--results", str(path), "--flip"])
    path.write_text(path.read_text().replace('"batch": 8', '"batch": 9'))
    with pytest.raises(InputError, match="None of the 3 runs"):
        command.main([*args, "--results", str(path)])


def test_results_of_other_data_are_not_thrown_away(done, toy, tmp_path):
    args = ["table5", *DATA, "--seeds", "0", "--render", "--collect", str(tmp_path), "--quiet"]
    assert command.main([*args, "--out", str(done)]) == 0
    text = (tmp_path / "synthetic-cpu" / "results.json").read_text()
    with pytest.raises(
        InputError, match=r"data with other settings \(data.virtual_cameras.frame_stride 1\): give --collect another fo"
    ):
        command.main([*args, "--out", str(tmp_path / "none"), "--data.virtual_cameras.frame_stride", "2"])
    assert (tmp_path / "synthetic-cpu" / "results.json").read_text() == text


BROKEN = {
    "no actions": lambda run: run | {"actions": {}},
    "actions that are none": lambda run: run | {"actions": None},
    "an action without errors": lambda run: run | {"actions": {"jump": {}}},
    "an error that is missing": lambda run: run | {"actions": {"jump": {"predicted_action": {"P2": 1.0}}}},
    "an error that is text": lambda run: run | {"actions": {"jump": {"predicted_action": {"P1": "1", "P2": 1.0}}}},
    "an error that is not a number": lambda run: (
        run | {"actions": {"jump": {"predicted_action": {"P1": math.nan, "P2": 1.0}}}}
    ),
    "an unknown state": lambda run: run | {"state": "running"},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_damaged_results(done, toy, tmp_path, broken):
    args = ["table5", *DATA, "--seeds", "0", "--quiet"]
    assert command.main([*args, "--out", str(done), "--render", "--collect", str(tmp_path)]) == 0
    path = tmp_path / "synthetic-cpu" / "results.json"
    first, *others = json.loads(path.read_text())
    path.write_text(json.dumps([broken(first), *others]))
    for more in (["--results", str(path)], ["--collect", str(tmp_path)]):  # before anything is trained
        with pytest.raises(InputError, match="results.json is damaged, or holds no results"):
            command.main([*args, *more, "--out", str(tmp_path / "none")])
    assert not list((tmp_path / "none").glob("*"))


def test_a_damaged_run_is_a_failed_one(done, toy, tmp_path, capsys):
    root = tmp_path / "grid"
    shutil.copytree(done, root)
    job = grid(root)[0]
    (job.folder / "report-test.json").write_text("{}")
    assert command.main(["table5", *DATA, "--seeds", "0", "--out", str(root), "--render"]) == 0
    text = (root / "synthetic-cpu" / "table5.md").read_text()
    assert "| Multi-task | failed |" in text
    assert f"Run {job.folder.name} (multi-task, seed 0) failed: " in text
    assert "delete it, and the run is evaluated again." in text


def test_a_run_that_cannot_be_made_does_not_end_the_grid(toy, tmp_path, capsys):
    """Takes of 20 frames are too short for windows of 27 and more."""
    args = ["table6", *DATA, "--seeds", "0", "--out", str(tmp_path), "--rows", "table6/27", "table6/9"]
    with pytest.raises(InputError, match=r"Some runs cannot be made. table6/27, seed 0: .* 27 frames"):
        command.main(args)
    (row,) = [line for line in (tmp_path / "synthetic-cpu" / "table6.md").read_text().splitlines() if "| 9 |" in line][
        :1
    ]
    assert "not run" not in row
    assert "cannot be made: see below" in capsys.readouterr().out


def test_reports_do_not_depend_on_the_order_of_training(done, corpus, tmp_path):
    """Without fixed hard actions a run's report names its own, whether its baseline is trained or not."""
    alone, beside = grid(tmp_path, "table8")[0], grid(done, "table8")[0]
    execute(alone, corpus, quiet=True)
    assert (alone.folder / "report-test.json").read_bytes() == (beside.folder / "report-test.json").read_bytes()
    assert "of this model" in read(alone, False).facts["tail actions (P3)"]


def test_the_command_lists(done, toy, capsys):
    assert command.main(["table5", *DATA, "--seeds", "0", "--out", str(done), "--list"]) == 0
    out = capsys.readouterr().out
    assert "3 runs, 0 to do." in out
    assert "done" in out


def test_the_command_lists_some_rows(done, toy, capsys):
    args = ["table5", "table3", *DATA, "--out", str(done), "--list", "--rows", "table3/base", "table5/k"]
    assert command.main(args) == 0
    assert "6 runs, 5 to do" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["tabel3", *DATA], "Did you mean table3"),
        (["tabel3"], "Did you mean table3"),
        (["choices", *DATA], "choices needs training subjects set aside: uiprmd, human36m, hdm05 have them"),
        (["figure2", *DATA], "no table or figure 'figure2'"),
        (["table3"], "Say which data: --data uiprmd"),
        (["table3", "--data", "humaneva"], "Say where the data lie: --data.path FOLDER. HumanEva-I comes"),
        ([*DATA], "Name what to reproduce: table1"),
        (["table3", *DATA, "--seeds", "1", "1"], "give at least one, each once"),
        (["table3", *DATA, "--list", "--render"], "--list and --render exclude each other"),
        (["table3", *DATA, "--render", "--workers", "2"], "--render and --workers exclude each other"),
        (
            ["table3", *DATA, "--workers", "2", "--launcher", "slurm"],
            "--launcher slurm and --workers exclude each other",
        ),
        (["table3", *DATA, "--render", "--train-only"], "--render and --train-only exclude each other"),
        (["table3", *DATA, "--run", "3/2"], "write i/n"),
        (["table3", *DATA, "--workers", "0"], "at least 1"),
        (["table3", *DATA, "--rows", "table1"], "--rows table1: no row's name holds that; .* such as table3/baseline"),
        (["table3", *DATA, "--rows", "apm", "--render"], "--rows says what to train, and --render"),
        (
            ["table3", *DATA, "--collect", __file__],
            r"test_working.py/results.json cannot be written: .* is not a folder",
        ),
        (["table3", *DATA, "--scale", "paper", "--steps", "80"], "--steps does not go with --scale paper"),
        (["table3", *DATA, "--steps", "81"], "--steps is 81: it must be a multiple of 2"),
        (["table3", *DATA, "--frames", "0"], "--frames 0: VPoseCfg cannot read windows of 0 frames, only of 9, 27"),
        (["table3", *DATA, "--list", "--collect", "here"], "--collect publishes tables, and --list makes none"),
        (["table3", *DATA, "--train-only", "--collect", "here"], "--collect publishes tables, and --train-only makes"),
        (["table3", *DATA, "--render", "--run", "1/2"], "--run says what to train, and --render and --results"),
        (["table3", *DATA, "--results", "nowhere.json"], "Cannot read the results nowhere.json"),
        (["table3", "figure4", *DATA, "--results", "nowhere.json"], "but not figure1, figure4 or all"),
        (["table3", *DATA, "--side-by-side", "0"], "--side-by-side is 0: it must be at least 1"),
        (["table3", *DATA, "--side-by-side", "2", "--render"], "--render and --side-by-side exclude each other"),
        (["table3", *DATA, "--collect", "{out}"], "--collect and --out are both"),
        (["figure1", *DATA, "--rows", "VPose"], "--rows VPose: what is asked for has no rows that are trained"),
        (
            ["table3", "--data", "human36m", "--data.path", "nowhere"],
            "data_3d_h36m.npz.*UI-PRMD is open and can stand in",
        ),
        (["table3", "--data", "uiprmd", "--data.path", "nowhere"], "docs/data.md.*--data synthetic needs no files"),
    ],
)
def test_what_a_user_can_get_wrong(args, message, toy, tmp_path):
    args = [arg.replace("{out}", str(tmp_path)) for arg in args]
    with pytest.raises(InputError, match=message):
        command.main([*args, "--out", str(tmp_path)] if "--data" in args else args)


def test_without_submitit(toy, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "submitit", None)
    with pytest.raises(InputError, match=r"needs submitit: pip install 'actionprompt\[slurm\]'"):
        command.main(["table8", *DATA, "--out", str(tmp_path), "--launcher", "slurm"])


def test_submitit_makes_the_runs(done, tmp_path):
    pytest.importorskip("submitit")
    job = grid(tmp_path, "table8")[0]
    launch.submit([job], launch.SlurmCfg(cluster="debug"), False, tmp_path, QUIET)
    assert read(job, False) == read(grid(done, "table8")[0], False)


def test_ray_makes_the_runs(done, tmp_path):
    pytest.importorskip("ray", reason="needs Ray")
    job = grid(tmp_path, "table8")[0]
    launch.over_ray([job], "local", False, QUIET)
    assert read(job, False) == read(grid(done, "table8")[0], False)


def test_words_for_the_workers():
    given = ["table3", "--workers", "2", "--data", "uiprmd", "--collect=docs", "--threads", "1"]
    assert reproduce_args.without_workers(given) == ["table3", "--data", "uiprmd", "--threads", "1"]


def test_workers_share_and_stop(tmp_path, monkeypatch):
    """Processes that end well; with an error; and that are told to stop."""
    monkeypatch.setattr(launch, "OURS", ())  # any program stands for ours
    launch.in_processes(["-c", "pass"], 2)
    with pytest.raises(InputError, match="Not all runs were made"):
        launch.in_processes(["-c", "raise SystemExit(1)"], 2)
    monkeypatch.setattr(launch.time, "sleep", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted, match="The same command resumes"):
        launch.in_processes(["-c", "import time; time.sleep(60)"], 2)


# --- Figures ------------------------------------------------------------------------------------------------------
def test_figures(done, tmp_path, corpus):
    pytest.importorskip("sklearn")
    results = work.results_of(grid(done), False)
    assert draw.draw("figure3", plan(), (0,), results, lambda: corpus, done, tmp_path) == []
    assert draw.draw("figure4", plan(), (0,), results, lambda: corpus, done, tmp_path) == []
    assert not list(tmp_path.iterdir())
    first = draw.draw("figure1", plan(), (0,), results, lambda: corpus, done, tmp_path / "a")
    again = draw.draw("figure1", plan(), (0,), results, lambda: corpus, done, tmp_path / "b")
    assert [path.name for path in first] == ["figure1.pdf", "figure1.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
