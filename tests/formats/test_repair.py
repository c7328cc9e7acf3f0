import numpy as np
import pytest

from actionprompt.formats.recording import top_speed
from actionprompt.formats.repair import FASTEST, mend

FPS = 120.0
ELBOW = 12


def person(n: int = 400) -> np.ndarray:
    """17 joints that swing smoothly, at most 3 m/s."""
    time = np.arange(n)[:, None, None] / FPS
    phase = np.arange(51).reshape(17, 3)
    return 0.3 * np.sin(2 * np.pi * time + phase) + np.arange(17)[:, None] * 0.1


def test_sound_motion_comes_back_as_it_is():
    joints = person()
    mended = mend(joints, FPS)
    assert mended.stretches[0] is joints
    assert mended.done == ""


@pytest.mark.parametrize("bad", [[200], [200, 201, 202], list(range(200, 212))])
def test_a_joint_that_is_away_shortly_is_brought_back(bad: list[int]):
    joints = person()
    broken = joints.copy()
    broken[bad, ELBOW] += 0.4
    (found,), done = mend(broken, FPS).stretches, mend(broken, FPS).done
    assert done == f"{len(bad)} frames repaired (left elbow)".replace("1 frames", "1 frame")
    np.testing.assert_array_equal(np.delete(found, bad, 0), np.delete(joints, bad, 0))
    np.testing.assert_allclose(found[bad], joints[bad], atol=0.02)
    assert broken[200, ELBOW, 0] - joints[200, ELBOW, 0] == pytest.approx(0.4)  # the input is left alone


@pytest.mark.parametrize("frames", [1, 3, 5])
def test_a_calibration_pose_is_cut(frames: int):
    joints = person()
    joints[:frames] = np.linspace(0, 3, 51).reshape(17, 3)
    mended = mend(joints, FPS)
    assert mended.done == f"calibration pose of {frames} frame{'s' * (frames > 1)} cut"
    np.testing.assert_array_equal(mended.stretches[0], joints[frames:])


def test_two_different_calibration_frames_are_cut_both():
    joints = person()
    joints[0] += 0.2
    joints[1, ELBOW] += 0.15
    np.testing.assert_array_equal(mend(joints, FPS).stretches[0], joints[2:])


def test_a_jump_cuts_the_take_in_two():
    joints = person()
    joints[150:] += 1.0
    mended = mend(joints, FPS)
    assert [len(part) for part in mended.stretches] == [150, 250]
    assert mended.done == "2 stretches between jumps"
    np.testing.assert_array_equal(np.concatenate(mended.stretches), joints)


def test_a_long_absence_is_cut_out():
    joints = person()
    joints[100:160:2, ELBOW] += 0.4
    mended = mend(joints, FPS)
    assert [len(part) for part in mended.stretches] == [100, 241]
    assert mended.done == "59 frames in which joints jump cut out, 2 stretches between jumps"
    assert all(top_speed(part, FPS) <= FASTEST for part in mended.stretches)


def test_nothing_sound_is_left_of_noise():
    noise = np.random.default_rng(0).normal(size=(300, 17, 3))
    assert mend(noise, FPS).stretches == ()


def test_every_stretch_is_below_the_limit_whatever_comes():
    random = np.random.default_rng(1)
    for _ in range(50):
        joints = person(300)
        for _ in range(random.integers(1, 6)):
            start = int(random.integers(0, 299))
            joints[start : start + int(random.integers(1, 60)), random.integers(0, 17)] += random.normal(0, 0.5, 3)
        for part in mend(joints, FPS).stretches:
            assert top_speed(part, FPS) <= FASTEST
            assert len(part) >= 60
