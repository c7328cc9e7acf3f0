import numpy as np
import pytest
import torch

from actionprompt.errors import InputError
from actionprompt.inference.body import bones_of
from actionprompt.inference.live import Live, LiveCfg
from actionprompt.inference.person_view import CausalVirtualCamera, RealCamera
from actionprompt.inference.stream import Stream
from actionprompt.model.config import LifterCfg
from actionprompt.skeleton import H36M_17
from actionprompt.virtual_camera import look_at_person
from lifted_people import person
from lifters import TRIPOD
from small import VPOSE, lifter

BONES = bones_of(H36M_17)
ALONE = LiveCfg(follow=False, body=None)
"""As the model answers."""


def joints(n: int) -> torch.Tensor:
    return torch.randn(n, 17, 2, generator=torch.Generator().manual_seed(0)).mul(0.3)


def test_nobody_is_said_once_and_who_comes_begins_anew():
    model, frames = lifter("apm"), joints(8)
    live = Live(model, 2, ALONE)
    answers = list(live.push(None, 9.0))
    for i in range(8):
        begin = 10.0 if i < 5 else 20.0
        answers += live.push(frames[i], begin + i / 50)
        if i == 4:
            silent = [list(live.push(None, t)) for t in (10.5, 11.0, 11.09, 11.2, 12.0, 19.0)]
            assert [len(found) for found in silent] == [0, 0, 3, 0, 0, 0]  # two that waited, and that nobody is there
            answers += silent[2]
    answers += live.end()
    assert [a.frame for a in answers] == list(range(9))
    assert [a.pose is None for a in answers] == [i == 5 for i in range(9)]
    times = [10, 10.02, 10.04, 10.06, 10.08, 11.09, 20.1, 20.12, 20.14]
    np.testing.assert_allclose([a.time for a in answers], times, atol=1e-9)
    for part, told in ((frames[:5], answers[:5]), (frames[5:], answers[6:])):
        stream = Stream(model, 2)
        expected = [r for r in map(stream.push, part) if r is not None] + stream.flush()
        for answer, result in zip(told, expected, strict=True):
            torch.testing.assert_close(answer.pose, result.pose)
            assert answer.action == model.actions[result.action]
            assert answer.probability == pytest.approx(float(result.probability.max()))


def test_nobody_from_the_beginning():
    live = Live(lifter("apm"))
    assert [len(list(live.push(None, t))) for t in (0.0, 0.9, 1.1, 1.2)] == [0, 0, 1, 0]
    (answer,) = live.push(joints(1)[0], 1.3)
    assert (answer.frame, answer.time, answer.pose is None) == (1, 1.3, False)


def test_short_absences_are_bridged():
    live, frames = Live(lifter("apm")), joints(2)
    assert len(list(live.push(frames[0], 0.0))) == 1
    assert list(live.push(None, 0.3)) == []
    assert len(list(live.push(frames[1], 0.5))) == 25


def test_without_apm_there_is_no_action():
    (answer,) = Live(lifter("")).push(joints(1)[0])
    assert (answer.action, answer.time) == ("", None)
    assert "action" not in answer.line()
    assert "time" not in answer.line()


def test_models_of_other_joints():
    with pytest.raises(InputError, match="lifts 3 joints"):
        Live(LifterCfg(VPOSE, None).build(TRIPOD.num_joints, ()))


def test_without_times_every_frame_has_its_answer():
    """Joints stay for a second; then nobody is there."""
    live, model, (one, other) = Live(lifter("apm"), 2, ALONE), lifter("apm"), joints(2)
    given = [None, one, *[None] * 55, other]
    answers = [a for each in given for a in live.push(each)] + list(live.end())
    assert [a.frame for a in answers] == list(range(58))
    assert [i for i, a in enumerate(answers) if a.pose is None] == [0, *range(52, 57)]
    for poses, part in (([a.pose for a in answers[1:52]], [one] * 51), ([answers[57].pose], [other])):
        stream = Stream(model, 2)
        expected = [r for r in map(stream.push, part) if r is not None] + stream.flush()
        for pose, result in zip(poses, expected, strict=True):
            torch.testing.assert_close(pose, result.pose)


def test_around_the_model_bones_have_one_length_and_the_root_a_place():
    """Who walks aside is answered as in the middle, and has one body."""
    walker = person(frames=40)
    keypoints = torch.from_numpy(walker.keypoints).float()
    live = Live(lifter("apm"))
    answers = [a for k in keypoints for a in live.push(k)]
    poses = np.stack([a.pose.numpy() for a in answers])
    lengths = np.linalg.norm(poses[:, BONES.child] - poses[:, BONES.parent], axis=-1)
    np.testing.assert_allclose(lengths, lengths[:, BONES.mirror], atol=1e-5)
    assert np.ptp(lengths[20:], axis=0).max() < 0.02
    roots = np.stack([a.root.numpy() for a in answers])
    assert np.linalg.norm(np.diff(roots, axis=0), axis=1).max() * 50 <= 15 + 1e-3
    assert '"root_approximate"' in answers[-1].line()


def test_unknown_is_an_answer():
    model = lifter("apm")
    model.metadata["unknown_below"] = "1.0"
    (answer,) = Live(model).push(joints(1)[0])
    assert answer.action == "unknown"


def test_the_virtual_camera_frame_by_frame():
    """Equal to its slow twin, which sees the whole past again in every frame."""
    keypoints = torch.from_numpy(person(frames=30).keypoints)
    for size in ("", "0.2"):
        model = lifter("apm")
        model.metadata |= {"virtual_camera": "1", "virtual_camera_size": size}
        camera = CausalVirtualCamera(model, RealCamera(2.0, 0.3))
        each = [camera.push(k) for k in keypoints]
        whole = look_at_person(keypoints, 2.0, roll=0.3, causal=True, size=float(size) if size else None)
        torch.testing.assert_close(torch.stack([one.keypoints for one in each]), whole.keypoints)
        torch.testing.assert_close(torch.stack([one.rotation for one in each]), whole.rotation)
