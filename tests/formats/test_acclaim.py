from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.errors import InputError
from actionprompt.formats.acclaim import INCH, read_amc, read_asf
from actionprompt.formats.recording import Recording, resample, top_speed, z_up
from actionprompt.formats.rotations import about, fixed, moving

ASF = """# a small rig
:version 1.10
:name VICON
:units
  mass 1.0
  length 0.5
  angle deg
:documentation
   anything : here
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name hip
     direction 1 0 0
     length 2
     axis 0 0 0 XYZ
  end
  begin
     id 2
     name thigh
     direction 0 -2 0
     length 3
     axis 10 20 30 XYZ
    dof rx ry rz
    limits (-160.0 20.0)
           (-70.0 70.0)
           (-60.0 70.0)
  end
  begin
     id 3
     name shin
     direction 0 -1 0
     length 4
     axis 0 0 20 XYZ
    dof rx
  end
:hierarchy
  begin
    root hip
    hip thigh
    thigh shin
  end
"""


def amc(frames: np.ndarray) -> str:
    """Ten numbers a frame: root 6, thigh 3, shin 1."""
    text = "#!OML:ASF rig.asf\n:FULLY-SPECIFIED\n:DEGREES\n"
    for i, row in enumerate(frames, 1):
        numbers = [" ".join(f"{x:.6g}" for x in part) for part in np.split(row, [6, 9])]
        text += f"{i}\nroot {numbers[0]}\nthigh {numbers[1]}\nshin {numbers[2]}\n"
    return text


@pytest.fixture
def rig_file(tmp_path: Path) -> Path:
    path = tmp_path / "rig.asf"
    path.write_text(ASF)
    return path


def read(rig_file: Path, text: str) -> Recording:
    path = rig_file.with_name("motion.amc")
    path.write_text(text)
    return read_amc(path, read_asf(rig_file), 120.0)


def matrix(axis: str, degrees: float) -> np.ndarray:
    """The textbook's rotation matrices."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array(
        {
            "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
            "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        }[axis]
    )


def slow(row: np.ndarray) -> np.ndarray:
    """One frame of the rig above, bone by bone as the format's description says; metres."""
    unit = INCH / 0.5
    euler = lambda a: matrix("z", a[2]) @ matrix("y", a[1]) @ matrix("x", a[0])  # noqa: E731
    root, turn = row[:3] * unit, euler(row[3:6])
    hip = root + turn @ np.array([2, 0, 0]) * unit
    c = euler([10, 20, 30])
    turn = turn @ c @ euler(row[6:9]) @ np.linalg.inv(c)
    thigh = hip + turn @ np.array([0, -3, 0]) * unit
    c = euler([0, 0, 20])
    turn = turn @ c @ matrix("x", row[9]) @ np.linalg.inv(c)
    return np.stack([root, hip, thigh, thigh + turn @ np.array([0, -4, 0]) * unit])


def test_forward_kinematics_equals_the_description_frame_by_frame(rig_file: Path):
    frames = np.random.default_rng(0).uniform(-150, 150, (5, 10)).round(3)
    recording = read(rig_file, amc(frames))
    assert recording.names == ("root", "hip", "thigh", "shin")
    assert (recording.fps, recording.up) == (120.0, "y")
    np.testing.assert_allclose(recording.points, [slow(row) for row in frames], atol=1e-6)


def test_a_single_frame_and_bones_without_values_are_fine(rig_file: Path):
    recording = read(rig_file, ":DEGREES\n1\nroot 0 0 0 0 0 0\n")
    np.testing.assert_allclose(recording.points[0], slow(np.zeros(10)), atol=1e-12)


def test_radians(rig_file: Path):
    frames = np.random.default_rng(1).uniform(-90, 90, (2, 10)).round(3)
    expected = read(rig_file, amc(frames)).points
    rig_file.write_text(
        ASF.replace("angle deg", "angle rad")
        .replace("axis 10 20 30", "axis 0.17453293 0.34906585 0.52359878")
        .replace("axis 0 0 20", "axis 0 0 0.34906585")
    )
    scale = np.where(np.arange(10) < 3, 1, np.pi / 180)
    text = amc(frames * scale)
    for said in (text.replace(":DEGREES", ":RADIANS"), text.replace(":DEGREES\n", "")):
        np.testing.assert_allclose(read(rig_file, said).points, expected, atol=2e-5)
    rig_file.write_text(ASF)
    np.testing.assert_allclose(read(rig_file, text.replace(":DEGREES", ":RADIANS")).points, expected, atol=2e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("thigh 1 1 1", "thigh 1 1", 1), "frame 2: expected thigh with 2 numbers"),
        (lambda t: t.replace("shin ", "shin 0 "), "shin has 2 numbers a frame, its skeleton says 1"),
        (lambda t: t.replace("shin 2", "shin", 1), r"frame 2: expected shin with 1 numbers .* got 'shin'"),
        (lambda t: t.replace("shin 2", "shin two", 1), "shin has 'shin two' instead of finite numbers"),
        (lambda t: t.replace("shin 2", "shin nan", 1), "frame 2: shin has 'shin nan'"),
        (lambda t: t.replace("shin 2", "arm 2", 1), "frame 2: expected shin"),
        (lambda t: t.replace("shin", "arm"), "moves a bone arm, which its skeleton does not have"),
        (lambda t: t.replace("root", "hip"), "moves a bone hip|hip has 6 numbers"),
        (lambda t: t[: t.rindex("shin")], "frame 3 is cut off"),
        (lambda t: t[: t.index("1\nroot")], "is not a motion in Acclaim's .amc format"),
        (lambda t: "{}", "is not a motion in Acclaim's .amc format"),
        (lambda t: t.replace("\n2\n", "\n5\n"), "frame 1 is not followed by frame 2: frames are missing"),
        (lambda t: t.replace("\n2\n", "\nzwei\n"), "after frame 1: expected .* number, got 'zwei'"),
    ],
)  # fmt: skip
def test_wrong_motion_files_are_refused(rig_file: Path, change, message: str):
    text = change(amc(np.arange(1, 4)[:, None] * np.ones((3, 10))))
    with pytest.raises(InputError, match=message):
        read(rig_file, text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: "nothing", "no section :root, :bonedata, :hierarchy"),
        (
            lambda t: t.replace("thigh shin", "thigh foot"),
            "bone foot must be both in :bonedata and in :hierarchy",
        ),
        (lambda t: t.replace("    thigh shin\n", ""), "bone shin must be both"),
        (lambda t: t.replace("dof rx\n", "dof tx\n"), r"asf: bone shin has the degree of freedom tx"),
        (
            lambda t: t.replace("length 0.5", "length 0"),
            r"its unit of length is 0\.0; expected a number such as 0\.45",
        ),
        (lambda t: t.replace("length 0.5", "length nan"), "its unit of length is nan"),
        (lambda t: t.replace("length 3", "length three"), "is not a skeleton in Acclaim's .asf format"),
        (lambda t: t.replace("position 0 0 0", "position 0 1 0"), r"asf: a root that is placed .* set its position"),
    ],
)
def test_wrong_skeleton_files_are_refused(rig_file: Path, change, message: str):
    rig_file.write_text(change(ASF))
    with pytest.raises(InputError, match=message):
        read_asf(rig_file)


def test_missing_files_are_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"no\.asf: No such file"):
        read_asf(tmp_path / "no.asf")


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.floats(-400, 400)), max_size=4))
@settings(max_examples=50, deadline=None)
def test_turns_compose_as_their_names_say(turns: list[tuple[str, float]]):
    axes, degrees = "".join(axis for axis, _ in turns), np.array([d for _, d in turns])
    still = moved = np.eye(3)
    for axis, angle in turns:
        still, moved = matrix(axis, angle) @ still, moved @ matrix(axis, angle)
    np.testing.assert_allclose(fixed(axes, degrees), still, atol=1e-12)
    np.testing.assert_allclose(moving(axes, degrees), moved, atol=1e-12)


def test_about_takes_many_angles_at_once():
    angles = np.array([[0.0, 30.0], [90.0, -45.0]])
    np.testing.assert_allclose(about("y", angles)[1, 0], matrix("y", 90), atol=1e-12)
    assert about("y", angles).shape == (2, 2, 3, 3)


@given(
    n=st.integers(1, 40),
    fps=st.sampled_from([30.0, 60.0, 100.0, 120.0, 59.94]),
    wanted=st.sampled_from([50.0, 60.0]),
)
@settings(max_examples=60, deadline=None)
def test_resampling_keeps_lines_and_never_goes_beyond_the_end(n: int, fps: float, wanted: float):
    line = np.linspace(0, (n - 1) / fps, n)[:, None, None] * np.array([[1.0, -2.0, 3.0]])
    moved = resample(line, fps, wanted)
    assert moved.shape[0] == int((n - 1) * wanted / fps + 1e-6) + 1
    expected = np.arange(moved.shape[0])[:, None, None] / wanted * np.array([[1.0, -2.0, 3.0]])
    np.testing.assert_allclose(moved, expected, atol=1e-9)


def test_resampling_follows_a_smooth_motion_and_keeps_every_other_frame_exactly():
    wave = lambda t: np.sin(2 * np.pi * 2 * t)[:, None, None] * np.ones((1, 1, 3))  # noqa: E731
    source = wave(np.arange(241) / 120)
    assert np.abs(resample(source, 120, 50) - wave(np.arange(101) / 50)).max() < 1e-3
    np.testing.assert_allclose(resample(source, 100, 50), source[::2], atol=1e-12)
    assert resample(source, 50, 50) is source


def test_z_up_turns_without_mirroring():
    points = np.random.default_rng(2).normal(size=(1, 3, 3))
    turned = z_up(points, "y")
    np.testing.assert_array_equal(turned[..., 2], points[..., 1])
    assert np.linalg.det(turned[0]) == pytest.approx(np.linalg.det(points[0]))
    assert z_up(points, "z") is points


def test_top_speed():
    points = np.zeros((3, 2, 3))
    points[2, 1] = [0.3, 0, 0.4]
    assert top_speed(points, 100) == pytest.approx(50)
    assert top_speed(points[:1], 100) == 0
