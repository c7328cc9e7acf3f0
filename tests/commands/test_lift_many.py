"""Many sources into one folder. The sources are keypoint files, which take a moment; videos go the same way."""

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from actionprompt.commands.lift import _with_address
from films import film
from keypoint_files import SIZE, people
from small import model_file


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_file(tmp_path_factory.mktemp("model"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch) -> Path:
    """Keypoint files in folders, one of them broken; the current folder."""
    for seed, name in enumerate(("a.npz", "day1/run.npz", "day1/deep/walk.npz", "day2/run.npz")):
        keypoints(tmp_path / name, seed=seed, count=2 if name == "day2/run.npz" else 1)
    (tmp_path / "day1/broken.npz").write_bytes(b"PK no archive")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keypoints(path: Path, *, seed: int = 0, count: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = people(60, count, seed=seed)
    np.savez(path, keypoints=table[..., :2], confidence=table[..., 2], size=SIZE, layout="coco17")


def lift(model: Path, *args: object, formats: str = "npz csv") -> int:
    try:
        return cli.main([str(a) for a in ("lift", *args, "--model", model, "--formats", *formats.split())])
    except SystemExit as left:
        assert isinstance(left.code, int)
        return left.code


def manifest(folder: Path) -> dict[str, dict[str, object]]:
    document = json.loads((folder / "manifest.json").read_text())
    with (folder / "manifest.csv").open() as file:
        assert [row["source"] for row in csv.DictReader(file)] == [row["source"] for row in document["sources"]]
    return {row["source"]: row for row in document["sources"]}


def outputs(folder: Path) -> dict[str, bytes]:
    files = [f for f in folder.rglob("*") if f.is_file() and ".actionprompt" not in f.parts]
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files if not f.name.startswith("manifest")}


def test_files_folders_and_patterns(model: Path, here: Path, capsys) -> None:
    assert lift(model, "a.npz", "day1", "day?/r*.npz", "--out-dir", "out") == 3
    assert sorted(outputs(here / "out")) == [
        "a.csv", "a.npz", "day1/deep/walk.csv", "day1/deep/walk.npz", "day1/run.csv", "day1/run.npz",
        "day2/run-person0.npz", "day2/run-person1.npz", "day2/run.csv",
    ]  # fmt: skip
    rows = manifest(here / "out")
    assert {name: row["state"] for name, row in rows.items()} == {
        "a.npz": "done", "day1/broken.npz": "failed", "day1/deep/walk.npz": "done", "day1/run.npz": "done",
        "day2/run.npz": "done",
    }  # fmt: skip
    row = rows["day2/run.npz"]
    assert (row["people"], row["frames"], row["person_share"], row["broken_tracks"]) == (2, 120, 1.0, 0)
    assert row["limb_variation"] == pytest.approx(0, abs=1e-3)  # one body a person
    assert row["root_miss"] > 0
    assert rows["day1/broken.npz"]["error"]
    told = capsys.readouterr().err
    assert "4 of 5 done" in told
    assert "1 failed: the same command with --retry" in told
    assert "day1/broken.npz" in told


def test_what_is_finished_is_not_done_again(model: Path, here: Path, capsys) -> None:
    call = (model, "a.npz", "day1", "--out-dir", "out")
    assert lift(*call) == 3
    first = {f: os.stat(here / "out" / f).st_mtime_ns for f in outputs(here / "out")}
    assert lift(*call) == 3
    assert "4 sources, 4 of them finished or failed before" in capsys.readouterr().err
    shutil.copy(here / "day2/run.npz", here / "day1/broken.npz")  # mended: another content
    (here / "a.npz").touch()  # the same content
    (here / "out/day1/run.csv").unlink()
    assert lift(*call) == 0
    second = {f: os.stat(here / "out" / f).st_mtime_ns for f in outputs(here / "out")}
    assert {f for f in first if first[f] == second[f]} == {"a.npz", "a.csv", "day1/deep/walk.npz", "day1/deep/walk.csv"}
    assert lift(*call, "--no-flip") == 0
    third = {f: os.stat(here / "out" / f).st_mtime_ns for f in outputs(here / "out")}
    assert not {f for f in first if first[f] == third.get(f)}


def test_what_failed_is_tried_again_on_request(model: Path, here: Path, capsys) -> None:
    assert lift(model, "day1/broken.npz", "a.npz", "--out-dir", "out") == 3
    assert lift(model, "day1/broken.npz", "a.npz", "--out-dir", "out") == 3
    assert "2 of them finished or failed before" in capsys.readouterr().err
    assert lift(model, "day1/broken.npz", "a.npz", "--out-dir", "out", "--retry") == 3
    assert "1 of them finished or failed before" in capsys.readouterr().err


def test_people_of_an_earlier_run_go(model: Path, here: Path) -> None:
    assert lift(model, "day2", "--out-dir", "out") == 0
    assert "day2/run-person1.npz" in outputs(here / "out")
    keypoints(here / "day2/run.npz", seed=5)
    assert lift(model, "day2", "--out-dir", "out") == 0
    assert sorted(outputs(here / "out")) == ["day2/run.csv", "day2/run.npz"]


def test_the_same_bytes_whoever_lifts(model: Path, here: Path) -> None:
    assert lift(model, "a.npz", "day1", "--out-dir", "one") == 3
    assert lift(model, "a.npz", "day1", "--out-dir", "two", "--workers", "2") == 3
    for i in (1, 2, 3):
        assert lift(model, "a.npz", "day1", "--out-dir", "shares", "--shard", f"{i}/3") in (0, 3)
    assert outputs(here / "one") == outputs(here / "two") == outputs(here / "shares")
    assert [*manifest(here / "one")] == [*manifest(here / "two")] == [*manifest(here / "shares")]


def test_slurm_jobs_share_the_sources(model: Path, here: Path) -> None:
    pytest.importorskip("submitit", reason="needs submitit")
    assert lift(model, "a.npz", "day1", "--out-dir", "one") == 3
    assert lift(model, "a.npz", "day1", "--out-dir", "two", "--slurm", 2, "--slurm-job.cluster", "debug") == 3
    assert outputs(here / "one") == outputs(here / "two")


def test_ray_lifts_the_same(model: Path, here: Path) -> None:
    pytest.importorskip("ray", reason="needs Ray")
    assert lift(model, "a.npz", "day2", "--out-dir", "one") == 0
    assert lift(model, "a.npz", "day2", "--out-dir", "two", "--ray", "local") == 0
    assert outputs(here / "one") == outputs(here / "two")


def test_a_part_of_the_time(model: Path, here: Path) -> None:
    assert lift(model, "a.npz", "--out-dir", "out", "--start", 0.5, "--end", 1) == 0
    with np.load(here / "out/a.npz") as file:
        np.testing.assert_allclose(file["time"], np.arange(25, 50) / 50)
    assert lift(model, "a.npz", "--out-dir", "out", "--start", 7) == 3
    assert "Nobody is seen from --start 7 s" in str(manifest(here / "out")["a.npz"]["error"])


def test_a_folder_given_from_elsewhere_keeps_its_name(model: Path, here: Path) -> None:
    assert lift(model, here / "day2", "--out-dir", "out") == 0
    assert "day2/run.csv" in outputs(here / "out")


def test_a_lone_ray_is_the_cluster_of_this_machine() -> None:
    assert _with_address(["a", "--ray", "--out-dir", "o"]) == ["a", "--ray", "auto", "--out-dir", "o"]
    assert _with_address(["a", "--ray"]) == ["a", "--ray", "auto"]
    assert _with_address(["a", "--ray", "local", "b"]) == ["a", "--ray", "local", "b"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("", "Say what to lift"),
        ("a.npz day1", "Several sources are lifted into a folder: say which with --out-dir"),
        ("day1", "say which with --out-dir"),
        ("nothing*.mp4 --out-dir out", "Nothing matches nothing*.mp4"),
        ("nowhere.mp4 --out-dir out", "There is no"),
        ("empty --out-dir out", "empty holds no video and no keypoint file"),
        ("a.npz --out-dir a.npz", "manifest.csv cannot be written"),
        ("a.npz a.npy --out-dir out", "would both be written to a: lift them apart"),
        ("a.npz --out-dir .", "a.npz is already an input or another output"),
        ("a.npz --out-dir out --workers 0", "--workers is 0"),
        ("a.npz --out-dir out --workers 2 --ray local", "--workers and --ray exclude each other"),
        ("a.npz --out-dir out --shard 3/2", "--shard is '3/2': write i/n"),
        ("a.npz --out-dir out --out b.npz", "--out is for one source"),
        ("a.npz --out-dir out --start 3 --end 2", "--start 3 --end 2"),
        ("a.npz --out-dir out --fps 240", "--fps is of a video"),
        ("a.npz --workers 2", "is for many sources: give --out-dir"),
        ("a.npz --out-dir out --camera.pitch 99", "pitch lies in"),
    ],
)
def test_bad_input(args: str, message: str, model: Path, here: Path, capsys) -> None:
    (here / "empty").mkdir()
    shutil.copy(here / "a.npz", here / "a.npy")
    assert lift(model, *args.split(), formats="npz csv") == 2
    told = " ".join(capsys.readouterr().err.split())
    assert message in told
    assert not (here / "out").exists()


def test_an_unknown_format(model: Path, here: Path, capsys) -> None:
    assert lift(model, "a.npz", "--out-dir", "out", formats="npz bvhh") == 2
    assert "Did you mean bvh?" in capsys.readouterr().err


def test_a_slow_motion_video_and_a_part_of_it(tmp_path: Path) -> None:
    from actionprompt.errors import InputError
    from actionprompt.video.decode import open_video
    from actionprompt.video.part import Part, part_of

    path = film(tmp_path / "slow.mp4", 30, fps=30)
    part = part_of(open_video(path, 240), Part(0.2, 0.5))
    times = [time for time, _ in part.frames()]
    np.testing.assert_allclose(times, np.arange(6, 15) / 240, atol=1e-4)
    np.testing.assert_allclose(part.times(), times, atol=1e-4)
    assert part.expected == 9
    video = open_video(path)
    assert part_of(video, Part(0.2, 0.5)).expected == 9
    assert part_of(video, Part()) is video
    with pytest.raises(InputError, match=r"ends at 0.97 s, before --start 2"):
        list(part_of(video, Part(2)).frames())
