import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from actionprompt.formats.gaps import fill_gaps, missing
from actionprompt.formats.markers import MARKERS, bone_lengths, chord, fix_bones, joints
from actionprompt.skeleton import H36M_17

points = arrays(float, (4, 3), elements=st.floats(-0.05, 0.05))


@settings(max_examples=30, deadline=None)
@given(points, points, points)
def test_chord(a, b, c):
    joint, wand, marker = (
        a + np.array([0, 0, 0.9]),
        b + np.array([0.1, 0.2, 0.7]),
        c + np.array([0, 0.1, 0.5]),
    )
    centre = chord(joint, wand, marker, 0.055)
    assert np.linalg.norm(centre - marker, axis=-1) == pytest.approx(0.055)
    assert ((centre - marker) * (centre - joint)).sum(-1) == pytest.approx(0, abs=1e-9)  # a right angle
    normal = np.cross(joint - marker, wand - marker)
    assert ((centre - marker) * normal).sum(-1) == pytest.approx(0, abs=1e-9)  # in one plane
    across = np.cross(normal, joint - marker)
    assert (((wand - marker) * across).sum(-1) * ((centre - marker) * across).sum(-1) < 0).all()  # away from the wand


def test_hips_by_hand(standing):
    hips = joints(standing[None] / 1000)[0]
    width, depth = 0.240, 0.180  # a level pelvis: the regression's axes are the room's
    x, z = 0.090 - 0.24 * depth - 0.0099, 1.000 - 0.30 * width - 0.0109
    assert hips[1] == pytest.approx([x, -(0.33 * width + 0.0073), z])
    assert hips[4] == pytest.approx([x, 0.33 * width + 0.0073, z])
    assert hips[0] == pytest.approx([x, 0, z])


def test_pelvis_is_clamped(standing):
    wide = standing.copy()
    wide[[MARKERS.index(name) for name in ("LASI", "RASI")], 1] *= 2
    hips = joints(wide[None] / 1000)[0]
    assert hips[4, 1] - hips[1, 1] == pytest.approx(2 * (0.33 * 0.29 + 0.0073))


def test_joints_move_with_the_body(moving):
    markers = moving(30) / 1000
    together = joints(markers)
    alone = np.stack([joints(frame[None])[0] for frame in markers])  # the slow twin: a frame at a time
    assert together == pytest.approx(alone)
    assert np.ptp(bone_lengths(together, H36M_17), axis=0).max() < 1e-9


def test_fix_bones(moving):
    random = np.random.default_rng(0)
    pose = joints(moving(20) / 1000) + 0.01 * random.standard_normal((20, 17, 3))
    wanted = np.median(bone_lengths(pose, H36M_17), axis=0)
    fixed = fix_bones(pose, H36M_17, wanted)
    assert bone_lengths(fixed, H36M_17) == pytest.approx(np.tile(wanted, (20, 1)))
    for parent, child in H36M_17.bones:
        before, after = pose[:, child] - pose[:, parent], fixed[:, child] - fixed[:, parent]
        assert np.cross(before, after) == pytest.approx(0, abs=1e-12)
        assert ((before * after).sum(-1) > 0).all()
    assert fix_bones(fixed, H36M_17, wanted) == pytest.approx(fixed)


def test_gap_of_a_rigid_body_is_found_exactly(moving):
    whole = moving(60)
    for where in (slice(0, 50), slice(20, 40), slice(5, 60)):
        holed = whole.copy()
        holed[where, 14] = 0
        assert fill_gaps(holed) == pytest.approx(whole, abs=1e-6)


def test_gap_without_companions_is_interpolated_in_time():
    random = np.random.default_rng(0)
    markers = 1 + random.random((12, 2, 3))
    markers[[0, 1, 5, 6, 7, 11], 1] = 0
    filled = fill_gaps(markers)
    seen = [2, 3, 4, 8, 9, 10]
    for frame in range(12):  # the slow twin
        before = max((s for s in seen if s <= frame), default=2)
        after = min((s for s in seen if s >= frame), default=10)
        weight = (frame - before) / (after - before) if after > before else 0
        expected = (1 - weight) * markers[before, 1] + weight * markers[after, 1]
        assert filled[frame, 1] == pytest.approx(expected)
    assert (filled[:, 0] == markers[:, 0]).all()
    assert missing(markers).sum() == 6
    assert not missing(filled).any()


def test_present_markers_are_left_alone(moving):
    random = np.random.default_rng(0)
    markers = moving(50) + 20 * random.standard_normal((50, 39, 3))
    markers[10:20, 3], markers[30:, 20] = 0, 0
    filled = fill_gaps(markers)
    there = ~missing(markers)
    assert (filled[there] == markers[there]).all()
    assert np.abs(filled[10:20, 3] - moving(50)[10:20, 3]).max() < 120
