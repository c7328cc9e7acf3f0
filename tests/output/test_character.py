"""Characters: other bones, other times, and what they do at rest."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from actionprompt.errors import InputError
from actionprompt.formats.bvh import read_bvh
from actionprompt.output import CharacterCfg, LiftedTrack, WriteCfg, write
from actionprompt.output.axes import ANKLE_HEIGHT, World, world
from actionprompt.output.character import Character, character
from actionprompt.output.rigid import rigid
from actionprompt.output.rigs import RigName, rig_of
from actionprompt.skeleton import H36M_17
from lifted_people import person

MIXAMO = {
    "pelvis": "Hips", "spine": "Spine1", "thorax": "Neck", "nose": "Head",
    **{f"{side.lower()} {joint}": side + bone for side in ("Left", "Right") for joint, bone in (
        ("hip", "UpLeg"), ("knee", "Leg"), ("ankle", "Foot"),
        ("shoulder", "Arm"), ("elbow", "ForeArm"), ("wrist", "Hand"),
    )},
}  # fmt: skip
VRM_REQUIRED = {
    "hips", "spine", "head",
    *(side + bone for side in ("left", "right") for bone in (
        "UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand"
    )),
}  # fmt: skip


def in_world(track: LiftedTrack) -> np.ndarray:
    return world([track]).points(track.points.astype(float))


def shown(track: LiftedTrack, **settings) -> Character:
    return character(track, world([track]), CharacterCfg(**settings))


def test_mixamo_s_bones_hang_together_as_mixamo_s_do():
    bones = {bone.name: bone.parent for bone in rig_of(H36M_17, "mixamo").bones}
    spine = ["Hips", "Spine", "Spine1", "Spine2"]
    assert [bones[name] for name in spine] == ["", *spine[:3]]
    assert (bones["Neck"], bones["Head"]) == ("Spine2", "Neck")
    for side in ("Left", "Right"):
        arm = [f"{side}{name}" for name in ("Shoulder", "Arm", "ForeArm", "Hand")]
        leg = [f"{side}{name}" for name in ("UpLeg", "Leg", "Foot", "ToeBase")]
        assert [bones[name] for name in arm] == ["Spine2", *arm[:3]]
        assert [bones[name] for name in leg] == ["Hips", *leg[:3]]
    assert len(bones) == 22


def test_vrm_has_its_fifteen_required_bones():
    names = [bone.name for bone in rig_of(H36M_17, "vrm").bones]
    assert set(names) > VRM_REQUIRED
    assert len(VRM_REQUIRED) == 15
    assert {"chest", "upperChest", "neck", "leftShoulder", "rightToes"} < set(names)


@pytest.mark.parametrize("name", ["mixamo", "vrm"])
def test_at_rest_soles_are_on_the_ground_and_legs_are_equal(name: RigName):
    rig = rig_of(H36M_17, name)
    motion = shown(person(noise=0.01), rig=name).motion
    heads = dict(zip((bone.name.casefold() for bone in rig.bones), rig.heads(motion.lengths), strict=True))
    lowest = min((rig.heads(motion.lengths)[bone] + end)[1] for bone, end in rig.ends(motion.lengths).items())
    assert lowest == pytest.approx(0, abs=1e-9)
    for bone, place in heads.items():
        if bone.startswith("left"):
            np.testing.assert_allclose(place * [-1, 1, 1], heads[bone.replace("left", "right")], atol=1e-9)
    assert heads["leftfoot"][1] == pytest.approx(ANKLE_HEIGHT)
    offsets = rig.offsets(motion.lengths)
    assert (np.linalg.norm(offsets[1:], axis=1) > 0.02).all()  # engines refuse bones without a length


@pytest.mark.parametrize("feet", [True, False])
def test_independent_readers_find_mixamo_s_joints(tmp_path: Path, feet: bool):
    pybvh, bvhio = (pytest.importorskip(name, reason="an independent reader") for name in ("pybvh", "bvhio"))
    track = person(noise=0.003)
    settings = WriteCfg(feet=feet, character=CharacterCfg(rig="mixamo"))
    write([track], tmp_path / "a.bvh", settings=settings)
    write([track], tmp_path / "plain.bvh", settings=WriteCfg(feet=feet))
    if feet:  # whoever stands has the same joints by any bones
        plain = read_bvh(tmp_path / "plain.bvh")
        joints = {bone.joint: plain.points[:, plain.names.index(bone.name)] for bone in rig_of(H36M_17).bones}
    else:
        points = rigid(in_world(track), H36M_17)
        joints = {joint: points[:, j] for j, joint in enumerate(H36M_17.joints)}
    other = pybvh.read_bvh_file(tmp_path / "a.bvh")
    found, names = other.joint_positions(), list(other.joint_names)
    root = bvhio.readAsHierarchy(str(tmp_path / "a.bvh")).loadPose(17)
    third = {joint.Name: np.array(list(joint.PositionWorld)) for joint, _, _ in root.layout()}
    assert ":" not in (tmp_path / "a.bvh").read_text().partition("MOTION")[0]
    for joint, bone in MIXAMO.items():
        off = np.linalg.norm(found[:, names.index(bone)] - joints[joint], axis=-1)
        assert off.max() < 0.002, joint  # the waist is fast on the hips: the trunk gives way
        assert np.linalg.norm(third[bone] - found[17, names.index(bone)]) < 1e-5


def test_a_t_pose_comes_first(tmp_path: Path):
    track = person(noise=0.003)
    write([track], tmp_path / "a.bvh", settings=WriteCfg(character=CharacterCfg(rig="mixamo", t_pose=True)))
    file = read_bvh(tmp_path / "a.bvh")
    assert len(file.points) == track.num_frames + 1
    first = dict(zip(file.names, file.points[0], strict=True))
    np.testing.assert_allclose(first["LeftToeBase_End"][1], 0, atol=1e-6)
    np.testing.assert_allclose(first["LeftFoot"][1], ANKLE_HEIGHT, atol=1e-6)
    np.testing.assert_allclose(first["LeftHand"][1], first["LeftArm"][1], atol=1e-6)
    assert first["LeftHand"][0] > first["LeftArm"][0] + 0.4
    np.testing.assert_allclose(first["Hips"][[0, 2]], file.points[1, 0, [0, 2]], atol=1e-6)


def test_in_place_keeps_the_height_only():
    track = person()
    moving, still = shown(track).motion, shown(track, in_place=True).motion
    assert np.ptp(moving.place[:, 0]) > 0.5
    np.testing.assert_array_equal(np.ptp(still.place[:, [0, 2]], axis=0), 0)
    np.testing.assert_array_equal(still.place[:, 1], moving.place[:, 1])
    np.testing.assert_array_equal(still.rotations, moving.rotations)


@pytest.mark.parametrize("fps", [25.0, 100.0, 30.0])
def test_another_frame_rate_lies_between_the_frames(fps: float):
    """At times that both have the frames are the same; in the middle of two the turn is half of theirs."""
    track = person()
    own, other = shown(track), shown(track, fps=fps)
    assert other.fps == fps
    np.testing.assert_allclose(np.diff(other.times), 1 / fps)
    assert own.times[-1] - 1 / fps < other.times[-1] <= own.times[-1] + 1e-9
    for i, time in enumerate(other.times):
        before = min(int((time - own.times[0]) * 50 + 1e-6), track.num_frames - 1)
        share = (time - own.times[before]) * 50
        after = min(before + 1, track.num_frames - 1)
        for bone in range(21):
            start, end = (Rotation.from_matrix(own.motion.rotations[k, bone]) for k in (before, after))
            expected = start * Rotation.from_rotvec(share * (start.inv() * end).as_rotvec())
            np.testing.assert_allclose(other.motion.rotations[i, bone], expected.as_matrix(), atol=1e-6)
        place = (1 - share) * own.motion.place[before] + share * own.motion.place[after]
        np.testing.assert_allclose(other.motion.place[i], place, atol=1e-9)


def test_one_clock(tmp_path: Path):
    late = replace(person("2", frames=30), first=2.0)
    settings = WriteCfg(character=CharacterCfg(one_clock=True))
    files = write([person("1"), late], tmp_path / "a.bvh", settings=settings)
    first, second = (read_bvh(file).points for file in files)
    assert len(first) == len(second) == 55  # 1.5 to 2.58 s at 50 frames/s
    np.testing.assert_allclose(first[39:], np.broadcast_to(first[39], first[39:].shape), atol=1e-5)
    np.testing.assert_allclose(second[:25], np.broadcast_to(second[25], second[:25].shape), atol=1e-5)
    assert np.abs(second[26] - second[25]).max() > 1e-3


def test_bones_turn_evenly_while_nobody_is_seen():
    track = person()
    confidence = track.confidence.copy()
    confidence[15:25] = 0
    own, bridged = shown(track).motion, shown(replace(track, confidence=confidence)).motion
    seen = np.r_[:15, 25:40]
    np.testing.assert_allclose(bridged.rotations[seen], own.rotations[seen], atol=1e-9)
    for bone in range(21):
        start, end = (Rotation.from_matrix(own.rotations[k, bone]) for k in (14, 25))
        for frame in range(15, 25):
            turn = start * Rotation.from_rotvec((frame - 14) / 11 * (start.inv() * end).as_rotvec())
            np.testing.assert_allclose(bridged.rotations[frame, bone], turn.as_matrix(), atol=1e-6)
    nobody = shown(replace(track, confidence=0 * confidence)).motion
    np.testing.assert_array_equal(nobody.rotations, own.rotations)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf"), 1e6])
def test_impossible_frame_rates(fps: float):
    with pytest.raises(InputError, match="frame rate is a number above 0"):
        CharacterCfg(fps=fps)


def test_one_frame_will_do():
    one = shown(person(frames=1), rig="vrm", fps=30.0, t_pose=True, in_place=True)
    assert one.motion.rotations.shape == (2, 22, 3, 3)


def test_the_world_is_shared():
    place: World = world([person()])
    assert character(person(), place).motion.place[0, 0] == pytest.approx(0)
