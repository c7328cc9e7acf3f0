from pathlib import Path

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.formats.bvh import read_bvh
from actionprompt.formats.recording import Recording

TREE = """HIERARCHY
ROOT Hips
{
  OFFSET 5 5 5
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT LeftUpLeg
  {
    OFFSET 0.1 -0.2 0.3
    CHANNELS 3 Yrotation Zrotation Xrotation
    JOINT LeftLeg
    {
      OFFSET 0 -4 0
      CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
      End Site
      {
        OFFSET 0 -3 1
      }
    }
  }
  JOINT Spine
  {
    OFFSET 0 2 0
    CHANNELS 0
    End Site
    {
      OFFSET 0 1 0
    }
  }
}
"""
CHANNELS = 15
FRAMES = np.random.default_rng(0).uniform(-120, 120, (4, CHANNELS)).round(4)


def text(frames: np.ndarray = FRAMES, tree: str = TREE, seconds: str = "0.02") -> str:
    rows = "\n".join(" ".join(f"{x:.4f}" for x in row) for row in frames)
    return f"{tree}MOTION\nFrames: {len(frames)}\nFrame Time: {seconds}\n{rows}\n"


def read(tmp_path: Path, content: str) -> Recording:
    path = tmp_path / "a.bvh"
    path.write_text(content)
    return read_bvh(path)


def homogeneous(order: str, degrees: np.ndarray, place: np.ndarray) -> np.ndarray:
    """A 4 x 4 matrix as textbooks write it."""
    turn = np.eye(3)
    for axis, angle in zip(order, np.radians(degrees), strict=True):
        c, s = np.cos(angle), np.sin(angle)
        one = {
            "X": [[1, 0, 0], [0, c, -s], [0, s, c]],
            "Y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "Z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        }
        turn = turn @ np.array(one[axis])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, place
    return matrix


def slow(row: np.ndarray) -> np.ndarray:
    """One frame by chains of 4 x 4 matrices."""
    hips = homogeneous("ZXY", row[3:6], row[:3])
    up_leg = hips @ homogeneous("YZX", row[6:9], np.array([0.1, -0.2, 0.3]))
    leg = up_leg @ homogeneous("ZYX", row[12:15], row[9:12])
    spine = hips @ homogeneous("", np.array([]), np.array([0, 2, 0]))
    ends = [leg @ np.array([0, -3, 1, 1]), spine @ np.array([0, 1, 0, 1])]
    points = [hips[:, 3], up_leg[:, 3], leg[:, 3], ends[0], spine[:, 3], ends[1]]
    return np.stack(points)[:, :3]


def test_forward_kinematics_equals_chains_of_matrices(tmp_path: Path):
    recording = read(tmp_path, text())
    assert recording.names == ("Hips", "LeftUpLeg", "LeftLeg", "LeftLeg_End", "Spine", "Spine_End")
    assert (recording.fps, recording.up) == (50, "y")
    np.testing.assert_allclose(recording.points, [slow(row) for row in FRAMES], atol=1e-9)


def test_windows_line_ends_and_blank_lines_are_fine(tmp_path: Path):
    content = text().replace("MOTION\n", "MOTION\n\n").replace("\n", "\r\n") + "\r\n\r\n"
    np.testing.assert_array_equal(read(tmp_path, content).points, read(tmp_path, text()).points)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "is not a BVH file: it does not begin with HIERARCHY"),
        ("", "does not begin with HIERARCHY"),
        (TREE, "has no MOTION part: the file is cut off"),
        (text().replace("OFFSET 0 -4 0", "OFFSET 0 four 0"), "cut off or malformed"),
        (text().replace("JOINT Spine", "BONE Spine"), "'BONE' does not belong in the hierarchy"),
        (text().replace("}\n}\nMOTION", "}\nMOTION"), "cut off, or more than one ROOT"),
        (text(tree=TREE + TREE.replace("HIERARCHY", "")), "more than one ROOT"),
        (text().replace("Yrotation Zrotation Xrotation", "Yrotation Zrotation Xscale"), "has a channel 'Xscale'"),
        (text().replace("Frames: 4", "Frames: 5"), "has 4 lines of motion for 5 frames"),
        (text().replace("Frames: 4", "Frames: many"), "MOTION must be followed by"),
        (text(seconds="0"), "has 4 frames of 0.0 s"),
        (text(frames=FRAMES[:, :-1]), "frame 1 has 14 numbers instead of 15"),
        (text().replace(f"{FRAMES[2, 3]:.4f}", "x"), "is not a number"),
        (text().replace(f"{FRAMES[2, 3]:.4f}", "nan"), "NaN or infinite numbers in frame 3"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused(tmp_path: Path, content: str, message: str):
    with pytest.raises(InputError, match=message):
        read(tmp_path, content)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="No such file"):
        read_bvh(tmp_path / "no.bvh")
