"""Files of sensors and laboratories, made by code: every format gives the same person."""

import json
from pathlib import Path

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.formats.kinect import KINECT_V2
from actionprompt.formats.motion import is_motion, read_motion
from actionprompt.formats.mvnx import rotated
from actionprompt.formats.recording import z_up
from actionprompt.formats.rigs import choose, to_h36m
from sensor_files import AZURE, XSENS, azure, mvnx, points, skeleton, trc


def test_trc(tmp_path: Path):
    places = points(4, 3)
    places[2, 2] = np.nan  # the last cells of the line, which are empty
    found = read_motion(trc(tmp_path / "a.trc", 1000 * places, ("A", "B b", "C")))
    assert (found.names, found.fps, found.up, found.unit, found.first) == (("A", "B b", "C"), 50, "y", 0.001, 0.02)
    np.testing.assert_allclose(found.points, 1000 * places, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"unit": "furlong"}, "is not a TRC file that can be read"),
        ({"told": 9}, "is cut off: it holds 4 of its 9 frames"),
    ],
)
def test_wrong_trc(tmp_path: Path, settings: dict, message: str):
    with pytest.raises(InputError, match=message):
        read_motion(trc(tmp_path / "a.trc", points(4, 3), ("A", "B", "C"), **settings))
    (tmp_path / "a.trc").write_text("x")
    with pytest.raises(InputError, match="does not begin with PathFileType"):
        read_motion(tmp_path / "a.trc")


def test_mvnx_without_its_calibration_frames(tmp_path: Path):
    places = points(5, len(XSENS))
    found = read_motion(mvnx(tmp_path / "a.mvnx", places))
    assert (found.names, found.fps, found.up) == ((*XSENS, "Head_Top"), 60, "z")
    np.testing.assert_allclose(found.points[:, :-1], places, atol=1e-6)
    np.testing.assert_allclose(found.points[:, -1], places[:, XSENS.index("Head")] + [0, -0.2, 0], atol=1e-6)
    assert choose(found.names, "auto", "x").name == "mvnx"


def test_quaternions_turn_as_matrices_do():
    random = np.random.default_rng(1)
    q = random.normal(size=(9, 4))
    q /= np.linalg.norm(q, axis=-1, keepdims=True)
    v = random.normal(size=3)
    for (w, x, y, z), found in zip(q, rotated(q, v), strict=True):
        matrix = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )
        np.testing.assert_allclose(found, matrix @ v, atol=1e-12)


def test_wrong_mvnx(tmp_path: Path):
    with pytest.raises(InputError, match="was recorded as UpperBody: the legs in it were not measured"):
        read_motion(mvnx(tmp_path / "a.mvnx", points(2, len(XSENS)), "UpperBody"))
    with pytest.raises(InputError, match="holds no motion"):
        read_motion(mvnx(tmp_path / "a.mvnx", points(0, len(XSENS))))
    for text, message in (
        ("<mvnx>", "or is cut off"),
        ("<mvnx/>", "it has no subject"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><mvnx/>', "defines entities"),
    ):
        (tmp_path / "a.mvnx").write_text(text)
        with pytest.raises(InputError, match=message):
            read_motion(tmp_path / "a.mvnx")


def test_ntu_gives_the_body_seen_most_often(tmp_path: Path):
    anna, bob = points(3, 25), points(3, 25) + 5
    frames = [{"7": anna[0], "8": bob[0]}, {}, {"7": anna[2]}]
    found = read_motion(skeleton(tmp_path / "a.skeleton", frames))
    assert (found.names, found.fps, found.up, found.unit) == (KINECT_V2, 30, "y", 1.0)
    np.testing.assert_allclose(found.points[[0, 2]], anna[[0, 2]], atol=1e-5)
    assert np.isnan(found.points[1]).all()
    assert choose(found.names, "auto", "x").name == "kinect"
    (tmp_path / "a.skeleton").write_text((tmp_path / "a.skeleton").read_text()[:300])
    with pytest.raises(InputError, match="is cut off, or not an NTU .skeleton file"):
        read_motion(tmp_path / "a.skeleton")
    with pytest.raises(InputError, match="holds nobody"):
        read_motion(skeleton(tmp_path / "a.skeleton", [{}, {}]))


def test_azure_kinect_stands_upright_and_skipped_frames_are_interpolated(tmp_path: Path):
    line = np.arange(4.0)[[0, 1, 3]][:, None, None] * np.ones((len(AZURE), 3)) * [1.0, 2.0, 3.0]
    path = azure(tmp_path / "a.json", line, [0, 40_000, 120_000])
    assert is_motion(path)
    (tmp_path / "b.json").write_text('{"images": []}')
    assert not is_motion(tmp_path / "b.json")
    path = azure(path, line, [0, 40_000, 120_000])
    found = read_motion(path)
    assert (found.up, found.unit) == ("y", 0.001)
    with pytest.raises(InputError, match="has times that do not rise"):
        read_motion(azure(path, line, [0, 40_000, 40_000]))
    five = np.arange(6.0)[[0, 1, 2, 3, 5]][:, None, None] * np.ones((len(AZURE), 3))
    found = read_motion(azure(path, five, [0, 40_000, 80_000, 120_000, 200_000]))
    assert found.fps == pytest.approx(25)
    np.testing.assert_allclose(found.points[:, 0, 0], 1000 * np.arange(6.0))
    np.testing.assert_allclose(found.points[:, 0, 1], -1000 * np.arange(6.0))  # y up, z towards the camera
    assert choose(found.names, "auto", "x").name == "azure-kinect"


def test_zed_is_named_for_what_it_does_not_say(tmp_path: Path):
    path = tmp_path / "zed.json"
    path.write_text(json.dumps({"1700": {"body_list": [{"keypoint": [[0, 0, 0]]}]}}))
    assert is_motion(path)
    with pytest.raises(InputError, match="ZED's does not say its unit, axes and joints"):
        read_motion(path)


def test_every_axis_can_point_up():
    body = points(2, 5)
    for up, k in (("x", 0), ("y", 1), ("z", 2)):
        stood = z_up(body, up)
        np.testing.assert_array_equal(stood[..., 2], body[..., k])
        np.testing.assert_allclose(np.linalg.det(stood[0, :3]), np.linalg.det(body[0, :3]))


def test_the_joints_of_theias_bodies():
    names = ("head", *(f"{s}_{part}" for s in "lr" for part in ("thigh", "shank", "foot", "uarm", "larm", "hand")))
    places = points(2, len(names))
    at = dict(zip(names, places.swapaxes(0, 1), strict=True))
    rig = choose(names, "auto", "x")
    joints = to_h36m(places, names, rig)
    assert rig.name == "theia"
    np.testing.assert_allclose(joints[:, 2], at["r_shank"])
    np.testing.assert_allclose(joints[:, 10], 2 * at["head"] - (at["l_uarm"] + at["r_uarm"]) / 2)


def test_vicons_older_names_and_markers_left_out():
    from actionprompt.formats.markers import MARKERS, NEEDED

    markers = points(4, len(MARKERS)) + 2
    older = {"LASI": "LFWT", "RASI": "RFWT", "LPSI": "LBWT", "RPSI": "RBWT", "LTIB": "LSHN", "RTIB": "RSHN"}
    names = tuple(older.get(name, name) for name in MARKERS)
    expected = to_h36m(markers, MARKERS, choose(MARKERS, "auto", "x"))
    np.testing.assert_allclose(to_h36m(markers, names, choose(names, "auto", "x")), expected)
    kept = [MARKERS.index(name) for name in NEEDED]
    np.testing.assert_allclose(to_h36m(markers[:, kept], NEEDED, choose(NEEDED, "auto", "x")), expected)


def test_names_twice_matter_only_where_they_are_needed():
    from actionprompt.formats.markers import MARKERS

    assert choose((*MARKERS, "*1", "*1", "", ""), "auto", "x").name == "plug-in-gait"
    with pytest.raises(InputError, match="x has two points called LFHD: it must hold one person"):
        choose((*(f"Ann:{m}" for m in MARKERS), "Bob:LFHD"), "auto", "x")


def test_infinite_numbers_are_refused_in_every_format(tmp_path: Path):
    places = points(4, 3)
    places[2, 1, 0] = np.inf
    with pytest.raises(InputError, match="has infinite numbers in frame 3"):
        read_motion(trc(tmp_path / "a.trc", places, ("A", "B", "C")))
    body = points(3, len(XSENS))
    body[1, 0, 0] = -np.inf
    with pytest.raises(InputError, match="has infinite numbers in frame 2"):
        read_motion(mvnx(tmp_path / "a.mvnx", body))


def test_a_word_in_the_motion_of_a_bvh_is_named(tmp_path: Path):
    text = (
        "HIERARCHY\nROOT hips\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
        "End Site\n{\nOFFSET 0 1 0\n}\n}\n"
        "MOTION\nFrames: 1\nFrame Time: 0.02\n0 p 0\n"
    )
    (tmp_path / "a.bvh").write_text(text)
    with pytest.raises(InputError, match="something in its motion that is not a number .*'p'"):
        read_motion(tmp_path / "a.bvh")
