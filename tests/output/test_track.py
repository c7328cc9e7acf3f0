from dataclasses import replace

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.output import LiftedTrack
from actionprompt.output.show import viewer_motion
from actionprompt.skeleton import H36M_17
from lifted_people import person


def test_without_actions_the_probabilities_are_empty():
    track = LiftedTrack("1", 0.0, 25.0, H36M_17, np.zeros((3, 17, 2)), np.zeros((3, 17, 3)))
    assert track.probability.shape == (3, 0)
    np.testing.assert_allclose(track.times, [0, 0.04, 0.08])
    np.testing.assert_array_equal(track.points, track.pose)


def test_pixels_are_those_of_the_camera_module():
    import torch

    from actionprompt.camera import denormalise_screen

    track = person()
    expected = denormalise_screen(torch.as_tensor(track.keypoints), 1920, 1080)
    np.testing.assert_allclose(track.pixels, expected.numpy(), atol=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pose": np.full((40, 17, 3), np.nan)}, "pose is not a number at frame 0"),
        ({"root": np.where(np.arange(40)[:, None] == 7, np.inf, np.zeros(3))}, "root is not a number at frame 7"),
        ({"fps": 0.0}, "0.0 frames/s"),
        ({"first": np.nan}, "frames/s from nan s"),
        ({"up": (0.0, 0.0, 0.0)}, "up must be a direction"),
        (
            {
                "keypoints": np.zeros((0, 17, 2)),
                "pose": np.zeros((0, 17, 3)),
                "root": None,
                "confidence": None,
                "probability": np.empty((0, 3)),
            },
            "Person 1 has no frame",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes: dict, message: str):
    with pytest.raises(InputError, match=message):
        replace(person(), **changes)


def test_a_wrong_shape_is_a_programming_error():
    with pytest.raises((AssertionError, TypeError)):  # the latter where shapes are checked at run time
        replace(person(), pose=np.zeros((40, 16, 3)))


def test_the_viewer_gets_everything():
    track = person(up=(0.0, -0.9, -0.1))
    motion = viewer_motion(track, model="A")
    assert (motion.fps, motion.actions, motion.up, motion.notes) == (50, track.actions, track.up, track.notes)
    assert motion.aspect == 1080 / 1920
    np.testing.assert_allclose(motion.poses["A"], track.pose, atol=1e-6)
    np.testing.assert_allclose(motion.probability, track.probability, atol=1e-6)
    np.testing.assert_allclose(motion.root, track.root, atol=1e-6)
    assert viewer_motion(replace(track, actions=(), probability=np.empty((40, 0)))).probability is None
