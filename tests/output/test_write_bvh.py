from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.formats.bvh import read_bvh
from actionprompt.output import LiftedTrack, WriteCfg, write
from actionprompt.output.axes import world
from actionprompt.output.lengths import constant_lengths
from actionprompt.output.rigs import rig_of
from actionprompt.skeleton import COCO_17, H36M_17
from lifted_people import person


def expected(track: LiftedTrack) -> np.ndarray:
    """Joints in the file's world, bones of constant length, metres."""
    return constant_lengths(world([track]).points(track.points), track.skeleton)


@pytest.mark.parametrize("unit", ["m", "cm"])
@pytest.mark.parametrize("root", [True, False])
def test_our_reader_finds_the_joints_to_a_tenth_of_a_millimetre(tmp_path: Path, unit: str, root: bool):
    track = person(noise=0.01)
    track = track if root else replace(track, root=None)
    write([track], tmp_path / "a.bvh", settings=WriteCfg(bvh_unit=unit))
    recording = read_bvh(tmp_path / "a.bvh")
    assert recording.fps == pytest.approx(50, rel=1e-6)
    joints = {bone.joint: bone.name for bone in rig_of(H36M_17).bones} | {"head top": "Head_End"}
    found = {"m": 1.0, "cm": 0.01}[unit] * recording.points[
        :, [recording.names.index(joints[joint]) for joint in H36M_17.joints]
    ]
    np.testing.assert_allclose(found, expected(track), atol=1e-4)


def test_an_independent_reader_finds_the_joints(tmp_path: Path):
    bvhio = pytest.importorskip("bvhio", reason="bvhio, an independent reader, is not installed")
    track = person(noise=0.01)
    write([track], tmp_path / "a.bvh")
    root, points = bvhio.readAsHierarchy(str(tmp_path / "a.bvh")), expected(track)
    joints = {bone.name: H36M_17.joints.index(bone.joint) for bone in rig_of(H36M_17).bones}
    for frame in (0, 17, 39):
        root.loadPose(frame)
        for joint, _, _ in root.layout():
            if joint.Name in joints:
                found = np.array(list(joint.PositionWorld))
                assert np.linalg.norm(found - points[frame, joints[joint.Name]]) < 1e-3


def test_the_head_of_the_file_is_as_programs_expect(tmp_path: Path):
    write([person()], tmp_path / "a.bvh")
    text = (tmp_path / "a.bvh").read_text()
    assert text.startswith("HIERARCHY\nROOT Hips\n{\n  OFFSET 0.000000 0.000000 0.000000\n  CHANNELS 6 Xposition")
    assert "\nMOTION\nFrames: 40\nFrame Time: 0.020000000\n" in text
    assert text.count("Zrotation Xrotation Yrotation") == 21
    assert text.count("End Site") == 5
    assert len(text.partition("Frame Time")[2].splitlines()[1].split()) == 3 + 21 * 3


def test_people_in_several_files_keep_their_places(tmp_path: Path):
    people = [person("1"), replace(person("2"), root=person().root + np.array([1.0, 0, 0.5]))]
    files = write(people, tmp_path / "a.bvh")
    assert [file.name for file in files] == ["a-person1.bvh", "a-person2.bvh"]
    first, second = (read_bvh(file).points[:, 0] for file in files)
    np.testing.assert_allclose(second - first, np.broadcast_to([1.0, 0, -0.5], (40, 3)), atol=1e-5)


def test_another_layout_is_refused(tmp_path: Path):
    track = replace(person(), skeleton=COCO_17)
    with pytest.raises(InputError, match="BVH and glTF need a joint 'pelvis'"):
        write([track], tmp_path / "a.bvh")
    assert list(tmp_path.iterdir()) == []
