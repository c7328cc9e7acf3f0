import json
from pathlib import Path

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.formats.markers import MARKERS, joints
from actionprompt.formats.recording import fill
from actionprompt.formats.rigs import built_in, choose, plain, read_rig, to_h36m
from actionprompt.skeleton import H36M_17

OWN = {joint: f"p{i}" for i, joint in enumerate(H36M_17.joints)}
POINTS = tuple(OWN.values())


def toml(path: Path, joints: dict) -> Path:
    rows = (f'"{joint}" = {json.dumps(entry).replace(": ", " = ")}' for joint, entry in joints.items())
    path.write_text("[joints]\n" + "\n".join(rows))
    return path


def test_every_built_in_rig_gives_17_joints_and_is_told_from_the_others():
    for rig in built_in():
        assert list(rig.joints) == list(H36M_17.joints)
        assert all(sum(weights.values()) == pytest.approx(1) for weights in rig.joints.values())
        assert choose(sorted(rig.points), "auto", "x") == rig
        for left, right in zip(H36M_17.left, H36M_17.right, strict=True):
            (a,), (b,) = rig.joints[H36M_17.joints[left]], rig.joints[H36M_17.joints[right]]
            assert a != b
            assert b.lower() in (a.lower().replace("left", "right"), "r" + a.lower()[1:])
    assert choose(MARKERS, "auto", "x").name == "plug-in-gait"


def test_joints_are_weighted_sums(tmp_path: Path):
    own = OWN | {"pelvis": ["p1", "p4"], "nose": {"p9": 0.75, "p8": 0.25}}
    points = np.random.default_rng(0).normal(size=(5, 17, 3))
    names = tuple(f"ns:{name}" for name in POINTS)
    for path in (toml(tmp_path / "rig.toml", own), tmp_path / "rig.json"):
        (tmp_path / "rig.json").write_text(json.dumps({"joints": own}))
        rig = choose(names, str(path), "x")
        expected = points.copy()
        expected[:, 0] = (points[:, 1] + points[:, 4]) / 2
        expected[:, 9] = 0.75 * points[:, 9] + 0.25 * points[:, 8]
        np.testing.assert_allclose(to_h36m(points, names, rig), expected)


def test_plug_in_gait_goes_through_the_marker_model(moving):
    markers = moving(30) / 1000
    rig = choose(MARKERS, "auto", "x")
    np.testing.assert_allclose(to_h36m(markers, MARKERS, rig), joints(markers), atol=1e-12)
    holes = markers.copy()
    holes[5:9, 3] = np.nan
    assert np.abs(to_h36m(holes, MARKERS, rig) - joints(markers)).max() < 0.001


def test_gaps_are_filled_in_time():
    points = np.arange(10.0)[:, None, None] * np.ones((1, 3, 3))
    holes = points.copy()
    holes[3:6, 0], holes[:2, 1], holes[:, 2] = np.nan, np.nan, np.nan
    filled = fill(holes)
    np.testing.assert_allclose(filled[:, 0], points[:, 0])
    np.testing.assert_allclose(filled[:3, 1], 2)
    assert np.isnan(filled[:, 2]).all()


def test_plain_names():
    assert [plain(n) for n in ("mixamorig:Hips", "mixamorigHips", "a:b:Hips", "Hips")] == ["Hips"] * 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[joints", "is not TOML"),
        ("a = 1", "has no table `joints`"),
        ('[joints]\npelvis = "Hips"', "does not say what right hip, right knee"),
    ],
)
def test_malformed_maps_are_refused(tmp_path: Path, content: str, message: str):
    path = tmp_path / "rig.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_rig(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tail": "x"}, "maps a joint 'tail'"),
        ({"nose": 3}, "a joint is a point, a list of points, or points and weights"),
        ({"nose": []}, "a joint is a point"),
        ({"nose": {"a": "much"}}, "a joint is a point"),
        ({"nose": {"a": 0.5, "b": 0.4}}, "the weights of nose sum to 0.9 instead of 1"),
    ],
)
def test_wrong_entries_are_refused(tmp_path: Path, change: dict, message: str):
    with pytest.raises(InputError, match=message):
        read_rig(toml(tmp_path / "rig.toml", OWN | change))


def test_unknown_hierarchies_are_named_with_the_nearest_rig():
    points = [name for name in {r.name: r for r in built_in()}["mixamo"].points if name not in ("Neck", "LeftLeg")]
    with pytest.raises(InputError, match=r"unknown hierarchy .* nearest rig, mixamo, lacks LeftLeg, Neck; say with"):
        choose(points, "auto", "a.bvh")
    with pytest.raises(
        InputError, match=r"unknown hierarchy \(Foo, Bar, \.\.\.\): no known rig has any of its points \("
    ):
        choose(["Foo", "Bar"], "auto", "a.bvh")
    with pytest.raises(InputError, match="There is no rig 'maya': give plug-in-gait, actionprompt"):
        choose(points, "maya", "a.bvh")
    with pytest.raises(InputError, match=r"a\.bvh has no point Head, .*, which the rig xsens needs"):
        choose(
            [p for p in {r.name: r for r in built_in()}["xsens"].points if p not in ("Head", "Neck")], "xsens", "a.bvh"
        )
