"""``evaluate --truth``: other systems' files, of a lifted motion or of a source."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from actionprompt.commands.evaluate import main
from actionprompt.errors import InputError
from actionprompt.formats.kinect import KINECT_V2
from actionprompt.output import LiftedTrack
from actionprompt.output.npz import save_npz
from actionprompt.output.write import write
from actionprompt.skeleton import H36M_17
from lifted_people import person
from sensor_files import skeleton

BY_KINECT = {
    "right hip": "hipright", "right knee": "kneeright", "right ankle": "ankleright", "left hip": "hipleft",
    "left knee": "kneeleft", "left ankle": "ankleleft", "spine": "spinemid", "thorax": "spineshoulder", "nose": "head",
    "left shoulder": "shoulderleft", "left elbow": "elbowleft", "left wrist": "wristleft",
    "right shoulder": "shoulderright", "right elbow": "elbowright", "right wrist": "wristright",
}  # fmt: skip


@pytest.fixture
def true() -> LiftedTrack:
    """Who walks before a level camera, from second 0 on."""
    return person(first=0.0)


def lifted(true: LiftedTrack, folder: Path) -> Path:
    """The motion with every joint but the root 30 mm off, in a direction of its own."""
    away = np.random.default_rng(1).normal(size=true.pose.shape)
    away *= 0.03 / np.linalg.norm(away, axis=-1, keepdims=True)
    away[:, 0] = 0
    save_npz(replace(true, pose=true.pose + away), folder / "walk.npz")
    return folder / "walk.npz"


def evaluate(model: Path | str, truth: Path, *more: object) -> dict:
    out = truth.parent / "reports"
    assert cli.main(["evaluate", str(model), "--truth", str(truth), "--out", str(out), *map(str, more)]) == 0
    assert "| P1 |" in (out / "report-truth.md").read_text()
    return json.loads((out / "report-truth.json").read_text())


@pytest.mark.parametrize("suffix", ["c3d", "trc", "bvh"])
def test_thirty_millimetres_are_thirty_in_every_format(tmp_path: Path, true: LiftedTrack, suffix: str) -> None:
    write([true], truth := tmp_path / f"lab.{suffix}")
    found = evaluate(lifted(true, tmp_path), truth)
    assert found["errors"]["P1"] == pytest.approx(30 * 16 / 17, abs=1)
    assert found["joints"]["left wrist"] == pytest.approx(30, abs=1)
    assert "pelvis" not in found["joints"]


def test_a_sensor_is_rough_and_says_so(tmp_path: Path, true: LiftedTrack, capsys: pytest.CaptureFixture[str]) -> None:
    """A Kinect's axes: x to its left, y up, z away; 30 frames a second, which no file says."""
    world = (true.pose + np.array([0.1, 0.2, 3.0])) * [-1, -1, 1]
    joints = np.zeros((len(world), len(KINECT_V2), 3))
    for name, theirs in BY_KINECT.items():
        joints[:, KINECT_V2.index(theirs)] = world[:, H36M_17.joints.index(name)]
    nose, top = (world[:, H36M_17.joints.index(name)] for name in ("nose", "head top"))
    joints[:, KINECT_V2.index("neck")] = 3 * nose - 2 * top  # the top is 1.5 head - 0.5 neck
    truth = skeleton(tmp_path / "S001.skeleton", [{"1": frame} for frame in joints])
    found = evaluate(lifted(replace(true, fps=30.0), tmp_path), truth)
    assert found["errors"]["P1"] == pytest.approx(30 * 16 / 17, abs=2)
    assert "wrong by 49 to 109 mm themselves" in capsys.readouterr().out


def test_a_source_is_lifted_and_compared(tmp_path: Path, true: LiftedTrack) -> None:
    pixels = (true.keypoints + np.array([1, 1080 / 1920])) * 960
    np.savez(tmp_path / "seen.npz", keypoints=pixels)
    write([true], truth := tmp_path / "lab.trc")
    said = ("--source", tmp_path / "seen.npz", "--keypoints.layout", "h36m17", "--keypoints.size", 1920, 1080)
    found = evaluate("vpose+apm", truth, *said, "--keypoints.fps", 50)
    assert 10 < found["errors"]["PA-MPJPE"] < found["errors"]["P1"] < 200


def test_what_cannot_be_compared_is_refused(tmp_path: Path, true: LiftedTrack) -> None:
    write([true], truth := tmp_path / "lab.trc")
    motion = str(lifted(true, tmp_path))

    def refused(*args: str) -> str:
        with pytest.raises(InputError) as error:
            main(list(args))
        return str(error.value)

    assert "say which axis points up" in refused(motion, "--truth", str(truth), "--up", "x")
    assert "must cover the motion" in refused(motion, "--truth", str(truth), "--begin", "2")
    assert "no --source" in refused(motion, "--truth", str(truth), "--source", "a.json")
    assert "--source VIDEO" in refused("vpose+apm", "--truth", str(truth))
    assert "There is no file" in refused(motion, "--truth", str(tmp_path / "none.c3d"))
