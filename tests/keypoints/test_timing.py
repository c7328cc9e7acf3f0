import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.keypoints.timing import SAME, Resampler, describe, pieces, resample

STEPS = st.lists(st.floats(0.004, 0.3), min_size=1, max_size=40)
"""Variable frame rates: between 3 and 250 frames a second."""


def clock(steps: list[float], start: float) -> np.ndarray:
    return start + np.cumsum([0, *steps])


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 1000), st.floats(10, 240))
def test_the_model_s_own_rate_is_left_alone(frames: int, first: int, fps: float):
    values = np.random.default_rng(frames).normal(size=(frames, 3, 2))
    k, same = resample((first + np.arange(frames)) / fps, values, fps)
    assert k == first
    assert same is values


@settings(max_examples=60)
@given(STEPS, st.floats(0, 100), st.sampled_from([25.0, 29.97, 50.0, 60.0]))
def test_exact_on_linear_motion(steps: list[float], start: float, fps: float):
    times = clock(steps, start)
    place, speed = np.array([[3.0, -1.0]]), np.array([[20.0, -7.0]])
    first, got = resample(times, place + speed * times[:, None, None], fps)
    wanted = (first + np.arange(got.shape[0])) / fps
    inside = (wanted >= times[0]) & (wanted <= times[-1])
    np.testing.assert_allclose(got[inside], (place + speed * wanted[:, None, None])[inside], atol=21 * SAME / fps)
    np.testing.assert_allclose(got, place + speed * wanted.clip(times[0], times[-1])[:, None, None], atol=21 / fps)
    between = np.arange(np.ceil(times[0] * fps), np.floor(times[-1] * fps) + 1)  # every such time is there
    assert set(between) <= set(first + np.arange(got.shape[0]))
    assert got.shape[0] <= between.size + 2


@settings(max_examples=30)
@given(STEPS)
def test_no_value_is_beyond_the_given_ones(steps: list[float]):
    times = clock(steps, 0.0)
    values = np.random.default_rng(len(steps)).normal(size=(times.size, 2, 2))
    _, got = resample(times, values, 50.0)
    assert (got >= values.min(0) - 1e-9).all()
    assert (got <= values.max(0) + 1e-9).all()


def test_the_slow_twin():
    random = np.random.default_rng(1)
    times, values = clock(random.uniform(0.01, 0.1, 30).tolist(), 0.7), random.normal(size=(31, 4, 2))
    first, got = resample(times, values, 50.0)
    for i, row in enumerate(got):
        for j in range(4):
            for axis in range(2):
                slow = np.interp((first + i) / 50, times, values[:, j, axis])
                assert row[j, axis] == pytest.approx(slow, abs=1e-9)


def test_pieces_end_at_long_gaps():
    times = np.array([0.0, 0.5, 1.4, 2.5, 2.6, 9.0])
    assert [times[piece].tolist() for piece in pieces(times)] == [[0.0, 0.5, 1.4], [2.5, 2.6], [9.0]]
    assert [times[piece].tolist() for piece in pieces(times, longest=2.0)] == [[0.0, 0.5, 1.4, 2.5, 2.6], [9.0]]
    assert pieces(times[:1]) == [slice(0, 1)]


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        (np.arange(100) / 29.97, "29.97 frames/s -> 50 frames/s, interpolated"),
        (np.round(np.arange(100) / 50, 3) + 2, "50 frames/s, as the model's"),
        (np.arange(500) / 240, "240 frames/s -> 50 frames/s, interpolated"),
        (np.round(np.arange(100) / 30, 3), "30 frames/s -> 50 frames/s, interpolated"),  # milliseconds in WebM
        (clock([1 / 60, 1 / 60, 1 / 20] * 20, 0), "variable, 20 to 60, 36 frames/s -> 50 frames/s, interpolated"),
        (np.array([3.0]), "one frame"),
    ],
)
def test_what_is_said(times: np.ndarray, sentence: str):
    assert describe(times, 50.0) == sentence


def live(times: np.ndarray, values: np.ndarray, fps: float) -> list[list[tuple[float, np.ndarray]]]:
    """What each frame makes known."""
    resampler = Resampler(fps)
    return [resampler.push(float(time), value) for time, value in zip(times, values, strict=True)]


@settings(max_examples=60)
@given(STEPS, st.floats(0, 100), st.sampled_from([25.0, 29.97, 50.0, 60.0]))
def test_live_is_numpys_interpolation(steps: list[float], start: float, fps: float):
    times = clock(steps, start)
    values = np.random.default_rng(len(steps)).normal(size=(times.size, 2, 2))
    told = live(times, values, fps)
    known = [one for found in told for one in found]
    assert [time for time, _ in known] == [times[0] + k / fps for k in range(len(known))]
    assert times[0] + (len(known) - 1) / fps <= times[-1] + SAME / fps < times[0] + len(known) / fps  # none is missing
    for i, found in enumerate(told):
        for time, value in found:  # told as soon as it is between two frames, and of no later ones
            assert i == 0 or times[i - 1] + SAME / fps < time
            for axis in np.ndindex(2, 2):
                slow = np.interp(time, times[: i + 1], values[(slice(i + 1), *axis)])
                assert value[axis] == pytest.approx(slow, abs=1e-9)


@settings(max_examples=30)
@given(st.integers(1, 60), st.floats(0, 100), st.sampled_from([25.0, 30.0, 50.0, 60.0]))
def test_live_equal_rates_are_the_identity(frames: int, start: float, fps: float):
    values = np.random.default_rng(frames).normal(size=(frames, 3, 2)).astype(np.float32)
    exact = live(np.arange(frames) / fps, values, fps)
    assert all(len(found) == 1 and (found[0][1] == value).all() for found, value in zip(exact, values, strict=True))
    later = live(start + np.arange(frames) / fps, values, fps)
    for found, value in zip(later, values, strict=True):
        assert len(found) == 1
        np.testing.assert_allclose(found[0][1], value, atol=1e-5)


def test_live_agrees_with_the_whole():
    times = np.arange(40) / 30
    values = np.random.default_rng(0).normal(size=(40, 2, 2))
    first, whole = resample(times, values, 50.0)
    known = [value for found in live(times, values, 50.0) for _, value in found]
    assert first == 0
    np.testing.assert_allclose(known, whole, atol=1e-9)
