import pytest
import torch

from actionprompt.data.clip import mirror
from actionprompt.skeleton import SKELETONS
from small import clip


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=list(SKELETONS))
def test_layouts_are_sound(skeleton):
    assert len(set(skeleton.joints)) == skeleton.num_joints == len(skeleton.parents)
    assert skeleton.parents.count(-1) == 1
    assert len(skeleton.bones) == skeleton.num_joints - 1
    for joint in range(skeleton.num_joints):  # every joint hangs on the root: no cycles
        steps = 0
        while joint != skeleton.root:
            joint, steps = skeleton.parents[joint], steps + 1
            assert steps < skeleton.num_joints
    for a, b in zip(skeleton.left, skeleton.right, strict=True):
        assert skeleton.joints[a].replace("left", "right") == skeleton.joints[b] != skeleton.joints[a]
    sided = {j for j, name in enumerate(skeleton.joints) if name.startswith(("left", "right"))}
    assert sided == {*skeleton.left, *skeleton.right}


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=list(SKELETONS))
def test_a_mirror_of_a_mirror(skeleton):
    order = list(skeleton.mirror)
    assert [order[j] for j in order] == list(range(skeleton.num_joints))
    source = clip(5, skeleton=skeleton)
    once = source.mirrored(skeleton)
    twice = once.mirrored(skeleton)
    assert torch.equal(twice.keypoints, source.keypoints)
    assert torch.equal(twice.pose, source.pose)
    for j, name in enumerate(skeleton.joints):
        other = skeleton.joints.index(
            name.replace("left", "right") if "left" in name else name.replace("right", "left")
        )
        assert torch.equal(once.pose[:, j, 0], -source.pose[:, other, 0])
        assert torch.equal(once.pose[:, j, 1:], source.pose[:, other, 1:])
        assert torch.equal(once.keypoints[:, j, 1], source.keypoints[:, other, 1])


def test_mirroring_moves_the_camera_not_the_sizes():
    order = list(SKELETONS["h36m17"].mirror)
    pose = clip(4).pose
    a, b = pose[:, 1:].norm(dim=-1), mirror(pose, order)[:, 1:].norm(dim=-1)
    torch.testing.assert_close(a.sort().values, b.sort().values)
