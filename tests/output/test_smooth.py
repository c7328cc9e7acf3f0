import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.output import OneEuro, SavitzkyGolay, smooth
from actionprompt.output.smooth import OneEuroState
from lifted_people import person


def slow_one_euro(x: list[float], fps: float, cfg: OneEuro) -> list[float]:
    """The filter on one number, as its authors print it (derivative of the raw signal)."""

    def alpha(cutoff: float) -> float:
        tau = 1 / (2 * math.pi * cutoff)
        return 1 / (1 + tau * fps)

    smoothed, speed = [x[0]], 0.0
    for before, now in pairwise(x):
        a = alpha(cfg.speed_cutoff)
        speed = a * (now - before) * fps + (1 - a) * speed
        a = alpha(cfg.min_cutoff + cfg.beta * abs(speed))
        smoothed.append(a * now + (1 - a) * smoothed[-1])
    return smoothed


def test_one_euro_equals_its_slow_twin_on_every_joint():
    cfg, x = OneEuro(1.3, 0.7, 0.9), np.random.default_rng(0).normal(size=(30, 4)).cumsum(0)
    points = np.zeros((30, 4, 3))
    points[..., 1] = x
    expected = np.stack([slow_one_euro(column.tolist(), 30.0, cfg) for column in x.T], axis=1)
    np.testing.assert_allclose(cfg.smooth(points, 30.0)[..., 1], expected, atol=1e-12)
    np.testing.assert_array_equal(cfg.smooth(points, 30.0)[..., [0, 2]], 0)


def test_one_euro_treats_all_directions_alike():
    from scipy.spatial.transform import Rotation

    turn, points = Rotation.from_rotvec([0.3, -1, 0.7]).as_matrix(), person(noise=0.02).pose
    cfg = OneEuro()
    np.testing.assert_allclose(cfg.smooth(points @ turn.T, 50.0), cfg.smooth(points, 50.0) @ turn.T, atol=1e-12)


@pytest.mark.parametrize("speed", [0.0, 0.2, 2.0])
@pytest.mark.parametrize("fps", [25.0, 60.0])
def test_one_euro_lags_on_a_ramp_as_it_says(speed: float, fps: float):
    cfg = OneEuro(1.5, 4.0)
    start = np.array([0.3, 1.0, 2.0])
    ramp = start + np.arange(int(8 * fps))[:, None] / fps * speed * np.array([0.6, 0, 0.8])
    behind = np.linalg.norm((ramp - cfg.smooth(ramp, fps))[-1])
    lag = cfg.lag(fps, speed)
    assert behind == pytest.approx(speed * lag.seconds, abs=1e-6)
    assert lag.frames == pytest.approx(lag.seconds * fps)
    assert lag.seconds > 0


def test_one_euro_is_causal_and_the_same_frame_by_frame():
    points, cfg = person(noise=0.02).pose, OneEuro()
    whole = cfg.smooth(points, 50.0)
    np.testing.assert_array_equal(cfg.smooth(points[:20], 50.0), whole[:20])
    state = OneEuroState(cfg, 50.0)
    np.testing.assert_array_equal(np.stack([state.push(point) for point in points]), whole)


@pytest.mark.parametrize("smoothing", [OneEuro(), SavitzkyGolay()])
def test_smoothing_removes_jitter(smoothing: OneEuro | SavitzkyGolay):
    still = np.zeros((200, 17, 3)) + np.random.default_rng(0).normal(size=(200, 17, 3)) * 0.01
    assert smoothing.smooth(still, 50.0)[50:].std() < 0.6 * still.std()


def test_savitzky_golay_keeps_polynomials_so_its_lag_is_none():
    time = np.arange(50)[:, None, None] / 50
    cubic = np.concatenate([time, time**2 - time, 2 * time**3], axis=-1)
    np.testing.assert_allclose(SavitzkyGolay(0.3, 3).smooth(cubic, 50.0), cubic, atol=1e-10)
    assert SavitzkyGolay().lag(50.0) == (0, 0)


@pytest.mark.parametrize(
    ("window", "fps", "frames"), [(0.3, 50.0, 15), (0.31, 50.0, 15), (0.1, 25.0, 3), (0.001, 50.0, 1)]
)
def test_windows_are_odd_numbers_of_frames(window: float, fps: float, frames: int):
    assert SavitzkyGolay(window).frames(fps) == frames


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 14])
def test_short_motions_can_be_smoothed(frames: int):
    points = person(noise=0.02).pose[:frames]
    assert SavitzkyGolay().smooth(points, 50.0).shape == points.shape
    assert OneEuro().smooth(points, 50.0).shape == points.shape
    if frames <= 3:
        np.testing.assert_array_equal(SavitzkyGolay().smooth(points, 50.0), points)


def test_a_track_says_what_smoothed_it():
    track = person(noise=0.02)
    smoothed = smooth(track, OneEuro())
    assert smoothed.notes[:-1] == track.notes
    lag = OneEuro().lag(50.0, 1.0)
    assert f"{1000 * lag.seconds:.0f} ms ({lag.frames:.1f} frames) at 1 m/s" in smoothed.notes[-1]
    np.testing.assert_array_equal(smoothed.keypoints, track.keypoints)
    assert not np.array_equal(smoothed.root, track.root)
    assert smooth(replace(track, root=None), SavitzkyGolay()).root is None
    assert "lag 0, looks ahead 7 frames" in smooth(track, SavitzkyGolay()).notes[-1]


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="positive cutoffs"):
        OneEuro(min_cutoff=0.0)
    with pytest.raises(InputError, match="window above 0 s"):
        SavitzkyGolay(window=-1.0)
    with pytest.raises(InputError, match="give a window of 0.1 s"):
        SavitzkyGolay(window=0.02).smooth(np.zeros((9, 17, 3)), 50.0)
