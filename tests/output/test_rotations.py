from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from actionprompt.data.figure import CHANNELS
from actionprompt.errors import InputError
from actionprompt.output.axes import gravity_turn
from actionprompt.output.lengths import constant_lengths
from actionprompt.output.rigs import RigName, rig_of
from actionprompt.output.rotations import Rigged, euler_zxy, on_ground, quaternions, rigged, swing
from actionprompt.output.vectors import cross
from actionprompt.skeleton import COCO_17, H36M_17, HDM05_17, HUMANEVA_15, Skeleton
from lifted_people import angles, person, pose


def chain(motion: Rigged) -> dict[str, np.ndarray]:
    """Bone heads by chains of 4 x 4 matrices, one bone at a time."""
    heads, matrices = {}, []
    offsets = motion.rig.offsets(motion.lengths)
    for i, (bone, parent) in enumerate(zip(motion.rig.bones, motion.rig.parents, strict=True)):
        own = np.tile(np.eye(4), (len(motion.place), 1, 1))
        own[:, :3, :3] = motion.rotations[:, i]
        own[:, :3, 3] = offsets[i] if parent >= 0 else motion.place
        matrices.append(matrices[parent] @ own if parent >= 0 else own)
        heads[bone.name] = matrices[-1][:, :3, 3]
    return heads


def upright(points: np.ndarray) -> np.ndarray:
    return points @ gravity_turn((0.0, -1.0, 0.0)).T


def jittery(frames: int = 60, seed: int = 0, noise: float = 0.015) -> np.ndarray:
    """World points whose errors last some frames, as a lifter's do."""
    errors = gaussian_filter1d(np.random.default_rng(seed).normal(size=(frames, 17, 3)), 3, axis=0)
    return upright(pose(frames, seed) + noise * errors / errors.std())


def of_layout(skeleton: Skeleton) -> np.ndarray:
    """The figure's joints in another layout."""
    points = jittery()
    names = {"neck": "nose", "head": "head top"}
    return points[:, [H36M_17.joints.index(names.get(joint, joint)) for joint in skeleton.joints]]


@pytest.mark.parametrize("name", get_args(RigName))
@pytest.mark.parametrize("skeleton", [H36M_17, HDM05_17, HUMANEVA_15], ids=lambda s: s.name)
def test_rotations_put_all_joints_where_the_body_has_them(skeleton: Skeleton, name: RigName):
    points = of_layout(skeleton)
    motion = rigged(points, rig_of(skeleton, name), 50.0)
    heads, expected = chain(motion), motion.rig.body(points)
    assert motion.moved == pytest.approx(np.linalg.norm(expected[:, : points.shape[1]] - points, axis=-1).mean())
    seen = set()
    skeleton = motion.rig.skeleton
    for bone in motion.rig.bones:
        if bone.name.endswith(("ToeBase", "Toes")):
            continue
        j = skeleton.joints.index(bone.joint)
        np.testing.assert_allclose(heads[bone.name], expected[:, j], atol=1e-6)
        seen.add(bone.joint)
    ends = motion.rig.ends(motion.lengths)
    for i, bone in enumerate(motion.rig.bones):  # a joint that nothing stands on is a bone's end
        if i in ends and bone.aim:
            turn = np.eye(3)
            for k in reversed(_ancestry(motion.rig.parents, i)):
                turn = turn @ motion.rotations[:, k]
            j = skeleton.joints.index(bone.aim)
            np.testing.assert_allclose(heads[bone.name] + turn @ ends[i], expected[:, j], atol=1e-6)
            seen.add(bone.aim)
    assert seen == set(skeleton.joints)


def _ancestry(parents: list[int], i: int) -> list[int]:
    """The bone, its parent and so on up."""
    return [] if i < 0 else [i, *_ancestry(parents, parents[i])]


def test_constant_lengths_point_to_where_joints_were():
    points = jittery()
    constant = constant_lengths(points, H36M_17)
    np.testing.assert_array_equal(constant[:, 0], points[:, 0])
    for parent, joint in H36M_17.bones:
        bone, wanted = constant[:, joint] - constant[:, parent], points[:, joint] - constant[:, parent]
        median = np.median(np.linalg.norm(points[:, joint] - points[:, parent], axis=1))
        np.testing.assert_allclose(np.linalg.norm(bone, axis=1), median, rtol=1e-9)
        np.testing.assert_allclose(np.cross(bone, wanted), 0, atol=1e-12)
        assert ((bone * wanted).sum(1) > 0).all()


def test_constant_lengths_make_a_noisy_pose_no_worse():
    true, noisy = upright(pose(300)), jittery(300)
    errors = [np.linalg.norm(p - true, axis=-1).mean() for p in (noisy, constant_lengths(noisy, H36M_17))]
    assert errors[1] < 1.03 * errors[0]


def test_the_stated_change_is_the_distance_to_the_original():
    points = jittery()
    expected = np.sqrt(((constant_lengths(points, H36M_17) - points) ** 2).sum(-1)).mean()
    moved = rigged(points, rig_of(H36M_17), 50.0).moved
    assert moved == pytest.approx(expected)
    assert 0.01 < moved < 0.02  # errors of 15 mm along each axis
    assert rigged(upright(pose()), rig_of(H36M_17), 50.0).moved < 1e-6  # a body's bones are constant


def test_the_rest_pose_has_no_rotation():
    rig = rig_of(H36M_17)
    lengths = np.linspace(0.2, 0.5, 17)
    offsets, points = rig.offsets(lengths), np.zeros((1, 17, 3))
    heads: list[np.ndarray] = []
    for bone, parent, offset in zip(rig.bones, rig.parents, offsets, strict=True):
        heads.append(heads[parent] + offset if parent >= 0 else offset)
        points[0, H36M_17.joints.index(bone.joint)] = heads[-1]
    head = [bone.name for bone in rig.bones].index("Head")
    points[0, H36M_17.joints.index("head top")] = heads[head] + rig.ends(lengths)[head]
    np.testing.assert_allclose(
        rigged(points, rig, 50.0).rotations, np.eye(3)[None, None].repeat(len(rig.bones), 1), atol=1e-6
    )


def test_knees_and_elbows_are_hinges():
    """Forearm and shin turn against upper arm and thigh about one axis only, by the angle of the bend."""
    motion = rigged(upright(pose(60)), rig_of(H36M_17), 50.0)
    names = [bone.name for bone in motion.rig.bones]
    bends = {name: angles(60)[:, i].numpy() for i, name in enumerate(CHANNELS)}
    for bone, channel, axis in (
        ("LeftLeg", "l_knee", [1, 0, 0]),
        ("RightLeg", "r_knee", [1, 0, 0]),
        ("LeftForeArm", "l_elbow", [0, -1, 0]),
        ("RightForeArm", "r_elbow", [0, 1, 0]),
    ):
        turn = Rotation.from_matrix(motion.rotations[:, names.index(bone)]).as_rotvec(degrees=True)
        clear = bends[channel] > 25
        np.testing.assert_allclose((turn @ axis)[clear], bends[channel][clear], atol=1.0)
        off = np.linalg.norm(turn - np.outer(turn @ axis, axis), axis=1)
        assert off[clear].max() < 0.3 * bends[channel][clear].min()


@pytest.mark.parametrize("seed", range(3))
def test_no_bone_flips_between_frames(seed: int):
    motion = rigged(jittery(100, seed), rig_of(H36M_17), 50.0)
    steps = motion.rotations[:-1].mT @ motion.rotations[1:]
    degrees = np.degrees(Rotation.from_matrix(steps.reshape(-1, 3, 3)).magnitude())
    assert degrees.max() < 60


def test_a_limb_that_bends_the_other_way_does_not_turn_about_itself_at_once():
    """An elbow's depth is wrong from one frame on: its plane turns over by 180 degrees, the upper arm stays."""
    rig, points = rig_of(H36M_17), upright(pose(1)).repeat(100, axis=0)
    j = H36M_17.joints.index
    shoulder, elbow, wrist = (points[:, j(f"left {name}")] for name in ("shoulder", "elbow", "wrist"))
    along = (elbow - shoulder) / np.linalg.norm(elbow - shoulder, axis=1, keepdims=True)
    aside = (wrist - elbow) - ((wrist - elbow) * along).sum(1, keepdims=True) * along
    points[50:, j("left wrist")] -= 2 * aside[50:]
    motion = rigged(points, rig, 50.0)
    bone = [bone.name for bone in rig.bones].index("LeftArm")
    steps = motion.rotations[:-1, bone].mT @ motion.rotations[1:, bone]
    degrees = np.degrees(Rotation.from_matrix(steps).magnitude())
    assert degrees.sum() > 90  # it does turn over
    assert degrees.max() < 30


@pytest.mark.parametrize("height", [0.02, 0.08, 0.11, 0.14, 0.5])
def test_feet_on_the_ground(height: float):
    """The turn is the smallest about the foot's side that puts the toes' tip at its height."""
    sole = np.array([0.0, -0.08, 0.15])
    foot = Rotation.from_euler("XYZ", np.random.default_rng(0).normal(0, 0.4, (50, 3))).as_matrix()
    turned = on_ground(foot, np.full(50, height), sole)
    tip, before = (turned @ sole)[:, 1], (foot @ sole)[:, 1]
    turn = Rotation.from_matrix(foot.mT @ turned).as_rotvec()
    np.testing.assert_allclose(turn[:, 1:], 0, atol=1e-9)
    assert (tip > -height - 1e-6).all()
    if height <= 0.08:
        np.testing.assert_allclose(tip, -height, atol=1e-6)
    if height >= 0.14:
        np.testing.assert_allclose(tip, np.maximum(before, -height), atol=1e-6)
    steps = np.linspace(-np.pi, np.pi, 3601)
    for frame in range(50):
        tips = (foot[frame] @ Rotation.from_rotvec(steps[:, None] * [1.0, 0, 0]).as_matrix() @ sole)[:, 1]
        right = np.abs(tips - tip[frame]) < 1e-3
        assert abs(turn[frame, 0]) < np.abs(steps[right]).min() + 0.02


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_angles_and_quaternions_are_the_rotations_without_jumps(seed: int):
    random = np.random.default_rng(seed)
    steps = Rotation.from_rotvec(0.3 * random.normal(size=(30, 3)))
    turn, turns = Rotation.random(random_state=seed), []
    for step in steps:
        turn = turn * step
        turns.append(turn.as_matrix())
    rotations = np.stack(turns)[:, None]
    euler, q = euler_zxy(rotations), quaternions(rotations)
    np.testing.assert_allclose(
        Rotation.from_euler("ZXY", euler[:, 0], degrees=True).as_matrix(), rotations[:, 0], atol=1e-9
    )
    np.testing.assert_allclose(Rotation.from_quat(q[:, 0]).as_matrix(), rotations[:, 0], atol=1e-9)
    assert ((q[1:] * q[:-1]).sum(-1) >= 0).all()
    other = euler[1:] * [1, -1, 1] + 180
    other -= 360 * np.round((other - euler[:-1]) / 360)
    assert (np.abs(np.diff(euler, axis=0)).sum(-1) <= np.abs(other - euler[:-1]).sum(-1) + 1e-6).all()
    assert np.abs(np.diff(euler, axis=0)).max() <= 180 + 1e-6


def test_a_bone_that_spins_has_angles_that_go_on():
    about_y = np.arange(0, 1000, 10.0)
    turns = Rotation.from_euler("ZXY", np.stack([0 * about_y, 0 * about_y + 20, about_y], 1), degrees=True).as_matrix()
    euler = euler_zxy(turns[:, None])[:, 0]
    np.testing.assert_allclose(np.diff(euler[:, 2]), 10, atol=1e-6)
    np.testing.assert_allclose(euler[:, :2], np.broadcast_to([0, 20], (100, 2)), atol=1e-6)


def test_angles_at_the_pole_are_still_the_rotation():
    poles = Rotation.from_euler("ZXY", [[30, 90, 40], [30, -90, 0], [30, 90, 41]], degrees=True).as_matrix()
    back = Rotation.from_euler("ZXY", euler_zxy(poles[:, None])[:, 0], degrees=True).as_matrix()
    np.testing.assert_allclose(back, poles, atol=1e-7)


def test_swings_take_one_direction_to_the_other():
    directions = np.random.default_rng(0).normal(size=(20, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    start, end = directions, np.roll(directions, 1, axis=0)
    end[0], end[1] = -start[0], start[1]  # opposite and equal
    turn = swing(start, end)
    np.testing.assert_allclose((turn @ start[..., None])[..., 0], end, atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turn), 1)
    np.testing.assert_allclose(turn[1], np.eye(3), atol=1e-12)


def test_cross_products():
    first, second = np.random.default_rng(0).normal(size=(2, 4, 5, 3))
    np.testing.assert_allclose(cross(first, second), np.cross(first, second), atol=1e-15)


def test_a_layout_without_a_pelvis_is_refused():
    with pytest.raises(InputError, match="need a joint 'pelvis', which the layout coco17 lacks"):
        rig_of(COCO_17)


def test_a_single_frame_will_do():
    assert rigged(upright(person().pose[:1]), rig_of(H36M_17), 50.0).rotations.shape == (1, 21, 3, 3)
