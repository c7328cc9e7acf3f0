from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from toys import plan

from actionprompt.data import hdm05, human36m, uiprmd
from actionprompt.data.config import Human36MCfg, HumanEvaCfg, MocapCfg, SyntheticCfg, UIPRMDCfg, VirtualCamerasCfg
from actionprompt.errors import InputError
from actionprompt.reproduce.changes import baseline
from actionprompt.reproduce.grid import GridRun, canonical, digest, jobs, serving, share
from actionprompt.reproduce.plan import FOLDS, PIXEL_DETECTOR, Plan, detected
from actionprompt.reproduce.scales import ENCODER_NAMES, SCALES, lasting, reading
from actionprompt.reproduce.tables import ALL, TABLES
from actionprompt.training.run_folder import RunFolder

UIPRMD = UIPRMDCfg(Path("here"), virtual_cameras=VirtualCamerasCfg(yaws_per_take=8))


def test_the_hash_is_of_what_numbers_depend_on():
    cfg = plan(UIPRMD).vpose()
    same = [
        replace(cfg, data=replace(UIPRMD, path=Path("elsewhere"))),
        replace(cfg, accelerator="gpu", devices=2, checkpoint_every=7, log_every=9),
    ]
    other = [
        replace(cfg, seed=1),
        replace(cfg, mirror=False),
        replace(cfg, precision="bf16-mixed"),
        replace(cfg, data=replace(UIPRMD, virtual_cameras=VirtualCamerasCfg(yaws_per_take=7))),
        replace(cfg, data=SyntheticCfg()),
        replace(cfg, schedule=replace(cfg.schedule, epoch_steps=4)),
        replace(cfg, model=replace(cfg.model, apm=None)),
    ]
    assert {digest(each) for each in same} == {digest(cfg)}
    assert len({digest(each) for each in [cfg, *other]}) == 1 + len(other)


def test_hashes_stay():
    """Another hash would train everything again: change these only with the meaning of a setting."""
    made = Plan(SCALES["cpu"], UIPRMD)
    assert [digest(made.vpose(baseline)), digest(made.vpose())] == ["b45b7bc41f50335a", "eccf1539145ef48d"]


def test_a_table_of_motion_capture_is_data_by_its_text(tmp_path):
    """Wherever it lies."""
    first, moved, other = (tmp_path / name for name in ("takes.csv", "moved/takes.csv", "other.csv"))
    moved.parent.mkdir()
    for path, text in ((first, "one"), (moved, "one"), (other, "two")):
        path.write_text(text)
    one, same, two = (plan(MocapCfg(path)).vpose() for path in (first, moved, other))
    assert digest(one) == digest(same) != digest(two)
    job = GridRun(same, tmp_path / digest(same))
    RunFolder(job.folder).claim(one, overwrite=False)
    first.unlink()
    assert job.stored() == one
    moved.write_text("three")
    assert digest(same) != job.folder.name


def test_a_changed_folder_is_refused(tmp_path):
    cfg = plan().vpose()
    job = GridRun(cfg, tmp_path / digest(cfg))
    RunFolder(job.folder).claim(replace(cfg, seed=5), overwrite=False)
    with pytest.raises(InputError, match="other settings than its name says"):
        job.stored()


def test_rows_share_runs():
    tables = [TABLES[name](Plan(SCALES["cpu"], UIPRMD)) for name in ALL]
    grid = jobs(tables, (0, 1), Path("runs"))
    assert len(grid) == 82
    assert len({job.folder for job in grid}) == 82
    assert [job.cfg.seed for job in grid] == [0] * 41 + [1] * 41
    shared = Counter(row for job in grid for row in job.rows)
    assert set(shared.values()) == {2}
    baseline = next(job for job in grid if "table3/baseline" in job.rows)
    assert baseline.rows == (
        *("table1/VPose", "table2/VPose", "table3/baseline", "table4/baseline"),
        "controls/VPose",
    )


@pytest.mark.parametrize(("rows", "count"), [("table1/VPose", 1), ("VPose", 4), ("table7/baseline", 1), ("table7", 6)])
def test_some_rows(rows, count):
    """A whole name means that row only, another text all rows whose names hold it."""
    where = Plan(SCALES["cpu"], UIPRMD)
    everything = jobs([TABLES[name](where) for name in ("table1", "table7", "table8", "table9")], (0,), Path())
    assert len(serving(everything, [rows])) == count


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("data", [UIPRMD, Human36MCfg(Path()), HumanEvaCfg(Path()), SyntheticCfg()])
def test_every_run_can_be_trained(scale, data):
    for job in jobs([make(Plan(SCALES[scale], data)) for make in TABLES.values()], (0,), Path()):
        job.cfg.check()
        assert canonical(canonical(job.cfg)) == canonical(job.cfg)


def test_the_papers_own_settings():
    made = Plan(SCALES["paper"], Human36MCfg(Path()))
    cfg = made.vpose()
    assert (cfg.model.encoder.frames, cfg.model.encoder.channels) == (243, 1024)
    assert (cfg.schedule.epochs, cfg.schedule.batch, cfg.schedule.epoch_steps) == (80, 1024, None)
    assert cfg.model.apm.recogniser.classes.model == "openai/clip-vit-base-patch32"
    assert made.long(243) == cfg
    assert Plan(SCALES["paper"], HumanEvaCfg(Path())).vpose().model.encoder.frames == 27
    assert made.encoder("MixSTE").model.encoder.depth == 4


def test_choices_are_made_on_training_subjects():
    """And only there: nothing else holds anybody out."""
    made = Plan(SCALES["cpu"], UIPRMD)
    assert {job.cfg.validation_subjects for job in jobs([TABLES["choices"](made)], (0,), Path())} == {("s06", "s07")}
    assert {job.cfg.validation_subjects for job in jobs([TABLES[name](made) for name in ALL], (0,), Path())} == {()}
    (why,) = {line.why_not for line in TABLES["choices"](Plan(SCALES["cpu"], SyntheticCfg())).lines}
    assert why.startswith("no training subjects of ")


@pytest.mark.parametrize(
    ("source", "train"), [("uiprmd", uiprmd.TRAIN), ("human36m", human36m.TRAIN), ("hdm05", hdm05.TRAIN)]
)
def test_every_training_subject_is_held_out_once(source, train):
    assert [subject for fold in FOLDS[source] for subject in fold] == list(train)


def test_no_choice_is_compared_with_itself():
    """At the paper's size some choices are what it has."""
    runs = {scale: [line.run for line in TABLES["choices"](Plan(SCALES[scale], UIPRMD)).lines] for scale in SCALES}
    assert {scale: len(set(made)) for scale, made in runs.items()} == {scale: len(made) for scale, made in runs.items()}
    assert {scale: len(made) for scale, made in runs.items()} == {"cpu": 25, "online": 25, "gpu": 25, "paper": 22}


def test_subjects_and_choices_share_runs():
    made = Plan(SCALES["cpu"], UIPRMD)
    both = [{job.folder for job in jobs([TABLES[name](made)], (0,), Path())} for name in ("choices", "subjects")]
    assert len(both[1]) == 12
    assert len(both[0] & both[1]) == 3


def test_detected_2d():
    assert detected(Human36MCfg(Path())) == Human36MCfg(Path(), "hr")
    assert detected(UIPRMD).virtual_cameras == VirtualCamerasCfg(
        yaws_per_take=8, keypoints="simulated", detector=PIXEL_DETECTOR
    )
    assert detected(HumanEvaCfg(Path())) is None


def test_reading():
    """``--frames`` gives the runs of a table whose windows are that long anyway, and leaves its own windows alone."""
    plan = Plan(reading(SCALES["gpu"], 243), UIPRMD)
    assert plan.vpose() == Plan(SCALES["gpu"], UIPRMD).long(243)
    assert plan.long(9, baseline) == Plan(SCALES["gpu"], UIPRMD).long(9, baseline)
    assert [plan.encoder(name).model.encoder.frames for name in ENCODER_NAMES] == [243] * 3
    with pytest.raises(InputError, match="VPoseCfg cannot read windows of 100 frames, only of 9, 27, 81, 243"):
        reading(SCALES["cpu"], 100)


def test_lasting():
    longer = lasting(SCALES["cpu"], 9600)
    assert longer.encoders["VPose"].schedule.epoch_steps == 120
    assert longer.encoders["MixSTE"].schedule.epoch_steps == 240
    assert longer.long.schedule.epochs == 80
    with pytest.raises(InputError, match="multiple of 80"):
        lasting(SCALES["cpu"], 100)


def test_shares_are_a_partition():
    grid = jobs([TABLES["table9"](plan())], (0, 1, 2), Path())
    parts = [share(grid, f"{i}/4") for i in range(1, 5)]
    assert sorted(job.folder for part in parts for job in part) == sorted(job.folder for job in grid)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("spec", ["", "3", "0/2", "3/2", "a/b", "1/2/3", "-1/2", "1.0/2"])
def test_no_share(spec):
    with pytest.raises(InputError, match="--run is .*: write i/n"):
        share([], spec)
