"""Repetitions of motions made by code, whose number and times are known."""

import csv
import io
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.analysis.repetitions import repetitions
from actionprompt.data.figure import CHANNELS, Body, forward
from actionprompt.errors import InputError
from actionprompt.output.repetitions import HEAD, repetitions_csv, repetitions_json
from actionprompt.skeleton import H36M_17
from lifted_people import FPS, person

UP = (0.0, 0.0, 1.0)
ELBOWS = {"l_elbow": 100.0, "r_elbow": 100.0}
"""Degrees at the height of a swing."""


def swings(count: int, seconds: float, rest: float) -> tuple[np.ndarray, np.ndarray]:
    """From 0 to 1 and back so many times with a rest between and around, and the frames at which swings begin."""
    one = (1 - np.cos(2 * np.pi * np.arange(round(seconds * FPS)) / round(seconds * FPS))) / 2
    pause = np.zeros(round(rest * FPS))
    begins = pause.size + np.arange(count) * (one.size + pause.size)
    return np.concatenate([pause, *[np.concatenate([one, pause])] * count]), begins


def bending(swing: np.ndarray, degrees: dict[str, float]) -> np.ndarray:
    """A figure whose joints follow the swing, some noise on all joints; world axes with z up."""
    angles = np.zeros((swing.size, len(CHANNELS)))
    for name, most in degrees.items():
        angles[:, CHANNELS.index(name)] = most * swing
    noise = np.random.default_rng(0).normal(0, 0.003, (swing.size, 17, 3))
    return forward(Body.of_stature(1.75), torch.tensor(angles)).numpy() + noise


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 12), st.floats(1.4, 3.0), st.floats(0.0, 1.0))
def test_count_and_times(count: int, seconds: float, rest: float):
    swing, begins = swings(count, seconds, rest)
    found = repetitions(bending(swing, ELBOWS), H36M_17, UP, FPS)
    assert len(found) == count
    assert all(one.angle.endswith("elbow_flexion") for one in found)
    assert np.median([one.range_of_motion for one in found]) == pytest.approx(100, abs=6)
    assert np.median([abs(one.start - begin / FPS) for one, begin in zip(found, begins, strict=True)]) < 0.2 + rest / 2
    assert seconds - 0.5 < np.median([one.duration for one in found]) < seconds + rest + 0.3  # rests are shared
    fastest = 100 * np.pi / seconds  # of a raised cosine
    assert np.median([one.peak_speed for one in found]) == pytest.approx(fastest, rel=0.25)


def test_one_side_does_less():
    swing, _ = swings(6, 2.0, 0.3)
    found = repetitions(bending(swing, {"l_elbow": 100.0, "r_elbow": 50.0}), H36M_17, UP, FPS)
    assert len(found) == 6
    assert np.median([one.asymmetry for one in found]) == pytest.approx(0.5, abs=0.06)


def test_nothing_repeats_itself():
    still = bending(np.zeros(600), {})
    assert repetitions(still, H36M_17, UP, FPS) == []
    once = bending(np.linspace(0, 1, 600), ELBOWS)
    assert repetitions(once, H36M_17, UP, FPS) == []


def test_too_short():
    with pytest.raises(InputError, match=r"Repetitions need 4 s of motion at least, and there are 3\.0 s"):
        repetitions(bending(np.zeros(150), {}), H36M_17, UP, FPS)


def test_table_and_document_say_the_same():
    swing, _ = swings(4, 2.0, 0.3)
    body = bending(swing, ELBOWS) @ np.array([[-1.0, 0, 0], [0, 0, -1], [0, -1, 0]])
    people = [person(name, len(swing), pose=body - body[:, :1]) for name in ("=1", "b")]
    people.append(person("passes by", 40))  # too shortly to repeat anything
    rows = list(csv.DictReader(io.StringIO(repetitions_csv(people))))
    assert tuple(rows[0]) == HEAD
    assert [row["person"] for row in rows] == ["'=1"] * 4 + ["b"] * 4
    document = json.loads(repetitions_json(people))
    flat = [one for each in document["people"] for one in each["repetitions"]]
    first = document["people"][0]["first"]
    for row, one in zip(rows, flat, strict=True):
        assert float(row["start_s"]) == pytest.approx(first + one["start"], abs=1e-3)
        assert float(row["range_of_motion_deg"]) == pytest.approx(one["highest"] - one["lowest"], abs=0.11)
