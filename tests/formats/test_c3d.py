import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.errors import InputError
from actionprompt.formats.c3d import read_c3d
from actionprompt.formats.c3d_file import read_file
from actionprompt.formats.recording import Recording
from c3d_bytes import c3d_bytes

LABELS = ["A", "B", "C"]
POINTS = np.random.default_rng(0).normal(size=(5, 3, 3)).round(3) * 1000


def read(tmp_path: Path, *args, **kwargs) -> Recording:
    path = tmp_path / "a.c3d"
    path.write_bytes(c3d_bytes(*args, **kwargs))
    return read_c3d(path)


def said(**more) -> dict:
    return {"POINT:LABELS": LABELS, "POINT:UNITS": ["mm"]} | {f"POINT:{name}": value for name, value in more.items()}


@pytest.mark.parametrize("processor", [84, 85, 86])
@pytest.mark.parametrize(("scale", "analog"), [(-1.0, 0), (-0.1, 6), (0.5, 0), (0.1, 4)])
def test_every_kind_of_file_gives_the_same_points(tmp_path: Path, processor: int, scale: float, analog: int):
    lost = POINTS.copy()
    lost[2, 1] = np.nan
    found = read(tmp_path, lost, said(), processor=processor, scale=scale, analog=analog)
    assert (found.names, found.fps, found.up, found.unit) == (("A", "B", "C"), 100.0, "z", 0.001)
    np.testing.assert_allclose(found.points, lost, atol=max(scale, 1e-3))


def test_the_library_reads_the_same(tmp_path: Path):
    ezc3d = pytest.importorskip("ezc3d")
    found = read(tmp_path, POINTS, said())
    other = ezc3d.c3d(str(tmp_path / "a.c3d"))["data"]["points"]
    np.testing.assert_allclose(found.points, other[:3].transpose(2, 1, 0), atol=1e-3)


def test_the_first_frame_may_have_any_number(tmp_path: Path):
    np.testing.assert_allclose(read(tmp_path, POINTS, said(), first=705).points, POINTS, atol=1e-3)


def test_used_says_how_many_labels_count(tmp_path: Path):
    assert read(tmp_path, POINTS, said(LABELS=[*LABELS, "D", "E"])).names == ("A", "B", "C")
    assert read(tmp_path, POINTS, said(LABELS=["A"])).names == ("A", "", "")


def test_labels_go_on_in_labels2(tmp_path: Path):
    names = [f"M{i}" for i in range(300)]
    points = np.arange(900.0).reshape(1, 300, 3) + 1
    found = read(tmp_path, points, said(LABELS=names[:255], LABELS2=names[255:]))
    assert found.names == tuple(names)
    np.testing.assert_allclose(found.points, points)


def test_more_frames_than_the_header_counts(tmp_path: Path):
    points = np.arange(70_000.0)[:, None, None] * np.ones(3) + 1
    found = read(tmp_path, points, {"POINT:LABELS": ["A"], "POINT:UNITS": ["mm"]})
    np.testing.assert_allclose(found.points, points)
    end = [70_000 % 65536, 70_000 // 65536]
    stated = {"TRIAL:ACTUAL_START_FIELD": [1, 0], "TRIAL:ACTUAL_END_FIELD": end}
    assert read(tmp_path, points, said(LABELS=["A"]) | stated).points.shape[0] == 70_000


@pytest.mark.parametrize(("axis", "up"), [("+Y", "y"), ("-Z", "z"), ("+Z", "z"), ("X", "x"), ("", "z"), ("up", "z")])
def test_the_screen_says_by_its_letter_which_axis_points_up(tmp_path: Path, axis: str, up: str):
    assert read(tmp_path, POINTS, said(Y_SCREEN=[axis] if axis else [" "])).up == up


@pytest.mark.parametrize(
    ("word", "unit"),
    [("mm", 0.001), ("Meters", 1.0), ("mete", 1.0), ("MILLIM", 0.001), ("cm ", 0.01), ("inch", 0.0254), (" ", None)],
)
def test_units_are_words(tmp_path: Path, word: str, unit: float | None):
    assert read(tmp_path, POINTS, said(UNITS=[word])).unit == unit


def test_rigid_bodies_stand_for_points(tmp_path: Path):
    bodies = np.tile(np.eye(4), (5, 2, 1, 1))
    bodies[..., :3, 3] = POINTS[:, :2]
    bodies[3, 1] = np.nan
    labels = {"ROTATION:LABELS": ["pelvis_4X4", "head_4X4"], "POINT:UNITS": ["mm"]}
    found = read(tmp_path, np.empty((5, 0, 3)), labels, rotations=bodies)
    assert found.names == ("pelvis", "head")
    np.testing.assert_allclose(found.points, bodies[..., :3, 3], atol=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b"nothing", "is not a C3D file that can be read"),
        (lambda b: b[:1] + b"Q" + b[2:], "its first bytes are others"),
        (lambda b: b"\x09" + b[1:], "its parameters are not where it says"),
        (lambda b: b[:-512], "is cut off: it holds 0 of its 5 frames"),
        (lambda b: b[:600], "is not a C3D file that can be read|is cut off"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, change, message: str):
    path = tmp_path / "a.c3d"
    path.write_bytes(change(c3d_bytes(POINTS, said())))
    with pytest.raises(InputError, match=message):
        read_c3d(path)


def test_other_things_that_cannot_be_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="has its markers in 'furlong'; known units are m, meter"):
        read(tmp_path, POINTS, said(UNITS=["furlong"]))
    with pytest.raises(InputError, match="holds no marker trajectories"):
        read(tmp_path, np.empty((5, 0, 3)), said())
    with pytest.raises(InputError, match="its frame rate is 0"):
        read(tmp_path, POINTS, said(), rate=0.0)
    with pytest.raises(InputError, match=r"no\.c3d: No such file"):
        read_c3d(tmp_path / "no.c3d")


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damage_anywhere_costs_a_sentence_at_most(tmp_path_factory, data):
    content = bytearray(
        c3d_bytes(POINTS, said(DESCRIPTIONS=["x" * 40] * 3), rotations=np.tile(np.eye(4), (5, 2, 1, 1)))
    )
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.c3d"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    start = time.perf_counter()
    try:
        recording = read_c3d(path)
    except InputError:
        pass
    else:
        assert recording.points.shape[1] == len(recording.names)
        assert recording.points.nbytes < 1e6
    assert time.perf_counter() - start < 5


def test_parameters_are_read_as_they_are(tmp_path: Path):
    path = tmp_path / "a.c3d"
    path.write_bytes(c3d_bytes(POINTS, {"SUBJECTS:NAMES": ["Anna", "Bob"], "X:FLOATS": [1.5, -2.0], "X:INTEGERS": [3]}))
    found = read_file(path).parameters
    assert found["SUBJECTS:NAMES"] == ["Anna", "Bob"]
    assert (found["X:FLOATS"], found["X:INTEGERS"]) == ([1.5, -2.0], [3.0])
