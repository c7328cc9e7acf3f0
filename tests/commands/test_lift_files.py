"""What ``actionprompt lift`` takes and leaves: sources of any kind, outputs of several sources, consoles."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from actionprompt.commands.lift_joints import is_video
from actionprompt.commands.lift_outputs import default_outs, fingerprint
from actionprompt.errors import InputError
from actionprompt.inference.batch.sources import is_many
from actionprompt.output.npz import read_lifted
from actionprompt.viewer.motion import PATH
from films import film
from keypoint_files import SIZE, dump, flat
from keypoint_programs import COCO, standing
from small import model_file


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_file(tmp_path_factory.mktemp("model"))


def keypoints(path: Path, step: float = 3.0) -> Path:
    np.savez(path, keypoints=standing(COCO, 20, step)[..., :2], layout="coco17", size=SIZE)
    return path


def lift(model: Path, *args: object) -> int:
    return cli.main(["lift", *map(str, args), "--model", str(model), "--no-flip"])


def test_default_outputs_of_two_sources(model: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    one, two = keypoints(tmp_path / "run.npz"), keypoints(tmp_path / "other/run.npz", step=2.0)
    assert lift(model, one) == lift(model, two) == lift(model, one) == 0
    assert sorted(path.name for path in tmp_path.glob("run-3d*")) == [
        "run-3d-2.html", "run-3d-2.npz", "run-3d.html", "run-3d.npz"]  # fmt: skip
    assert fingerprint(one) in read_lifted(tmp_path / "run-3d.npz").notes
    assert fingerprint(two) in read_lifted(tmp_path / "run-3d-2.npz").notes
    assert default_outs(two, fingerprint(two))[1].name == "run-3d-2.npz"


@pytest.mark.parametrize("first", ["page", "arrays"])
def test_an_output_that_fails_keeps_no_other(model: Path, tmp_path: Path, monkeypatch, capsys, first: str) -> None:
    def fail(*_: object, **__: object) -> str:
        raise InputError("No page today.")

    monkeypatch.setattr("actionprompt.viewer.page", fail)
    outs = [tmp_path / "a.html", tmp_path / "a.npz"]
    source = keypoints(tmp_path / "run.npz")
    assert lift(model, source, "-o", *(outs if first == "page" else outs[::-1])) == 2
    assert [out.exists() for out in outs] == [False, True]
    assert "No page today." in capsys.readouterr().err


@pytest.mark.parametrize("address", ["rtsp://user:a b@10.0.0.7:554/live", "https://example.org/run.mp4?x=1&y=2"])
def test_addresses_stay_as_they_are(address: str) -> None:
    with pytest.raises(InputError) as error:
        is_video(address)
    assert str(error.value).startswith(f"{address} is an address, and files are lifted: download or record it first")
    assert f"'{address}'" in str(error.value)


@pytest.mark.parametrize(
    ("name", "what"),
    [("a.bvh", "motion capture, which is 3D already"), ("a.C3D", "3D already"), ("a.slp", "a project of SLEAP"),
     ("a.h5", "an HDF5 file .*: export its keypoints as CSV")],
)  # fmt: skip
def test_files_of_other_programs_are_named(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / name).write_bytes(b"\x89HDF\r\n")
    with pytest.raises(InputError, match=what):
        is_video(str(tmp_path / name))


def test_what_is_a_video(tmp_path: Path) -> None:
    for name, video in (("a.MTS", True), ("a.insv", True), ("a", True), ("a.JSON", False), ("a.npz", False)):
        assert is_video(str(tmp_path / name)) is video
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames/0.png").write_bytes(b"")
    assert is_video(str(tmp_path / "frames"))
    dump(tmp_path / "frames/a_000_keypoints.json", {"people": []})
    assert not is_video(str(tmp_path / "frames"))


def test_a_keypoint_file_of_a_video_has_the_videos_times(model: Path, tmp_path: Path) -> None:
    times = np.cumsum([0, *np.where(np.arange(19) % 5 == 4, 0.2, 1 / 30)])
    video = film(tmp_path / "v.mp4", frames=20, times=times)
    np.save(tmp_path / "k.npy", np.concatenate([standing(COCO, 20)[..., :2] / 10, np.ones((20, 17, 1))], -1))
    out = tmp_path / "out.npz"
    assert lift(model, video, "--keypoints.file", tmp_path / "k.npy", "--keypoints.layout", "coco17", "-o", out) == 0
    found = read_lifted(out)
    wanted = np.interp(found.times, times, standing(COCO, 20)[:, COCO.index("left wrist"), 0] / 10)
    np.testing.assert_allclose((found.keypoints[:, 13, 0] + 1) * 32, wanted, atol=0.02)


def test_slow_motion_of_keypoints_and_of_videos_are_told_apart(model: Path, tmp_path: Path, capsys) -> None:
    assert lift(model, keypoints(tmp_path / "run.npz"), "--fps", "240") == 2
    assert "--fps is of a video: the rate of a keypoint file is --keypoints.fps." in capsys.readouterr().err


def test_a_report_survives_any_console(model: Path, tmp_path: Path, monkeypatch) -> None:
    rows = [{"image_id": f, "keypoints": flat(p), "track_id": "座る"} for f, p in enumerate(standing(COCO, 12))]
    source = dump(tmp_path / "k.json", rows)
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", console)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    assert lift(model, source, "--keypoints.size", 640, 480, "-o", tmp_path / "a.json") == 0
    assert cli.main(["data", "inspect", str(source)]) == 0
    console.flush()
    assert b"Person ??: 12 frames" in console.buffer.getvalue()
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["people"][0]["person"] == "座る"


def test_paths_may_lead_far_away() -> None:
    assert PATH.limit > 1000


def test_a_folder_of_labels_is_one_source(tmp_path: Path) -> None:
    """Ultralytics writes a text file a frame."""
    for f in range(3):
        (tmp_path / f"walk_{f}.txt").write_text("0 0.5 0.5 0.2 0.8\n")
    assert not is_many([str(tmp_path)])
    (tmp_path / "other.csv").write_text("frame\n")
    assert is_many([str(tmp_path)])
