import csv
import io
import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.errors import InputError
from actionprompt.output import LiftedTrack, SegmentsCfg, segments
from actionprompt.output.segments import segments_csv, segments_json
from actionprompt.output.table import columns
from lifted_people import ACTIONS, person


def acting(order: list[int], sure: float = 0.8) -> LiftedTrack:
    probability = np.full((len(order), 3), (1 - sure) / 2)
    probability[np.arange(len(order)), order] = sure
    return replace(person(frames=len(order)), probability=probability)


def test_runs_become_segments_with_their_times_and_probabilities():
    track = acting([0] * 10 + [2] * 30)
    probability = track.probability.copy()
    probability[12] = (0.1, 0.4, 0.5)
    found = segments(replace(track, probability=probability), SegmentsCfg(minimum=0.0))
    assert [(s.start, s.end, s.action) for s in found] == [(1.5, 1.7, "walking"), (1.7, 2.3, "waving")]
    assert (found[0].mean_probability, found[0].min_probability) == pytest.approx((0.8, 0.8))
    assert (found[1].mean_probability, found[1].min_probability) == pytest.approx((0.79, 0.5))


def test_a_short_segment_goes_to_the_more_probable_neighbour():
    track = acting([0] * 30 + [1] * 5 + [2] * 30)
    probability = track.probability.copy()
    probability[30:35] = (0.1, 0.6, 0.3)
    track = replace(track, probability=probability)
    assert [s.action for s in segments(track, SegmentsCfg(minimum=0.1))] == ["walking", "sitting down", "waving"]
    found = segments(track, SegmentsCfg(minimum=0.11))
    assert [s.action for s in found] == ["walking", "waving"]
    assert found[1].start == pytest.approx(1.5 + 30 / 50)
    assert found[1].min_probability == pytest.approx(0.3)  # the action's own, not the best one's


def test_the_median_filter_removes_flicker():
    track = acting([0] * 20 + [1] + [0] * 20 + [2] * 20)
    assert len(segments(track, SegmentsCfg(minimum=0.0))) == 4
    found = segments(track, SegmentsCfg(median=0.1, minimum=0.0))
    assert [(s.action, round(s.end - s.start, 6)) for s in found] == [("walking", 0.82), ("waving", 0.4)]


def test_a_whole_track_shorter_than_the_minimum_stays():
    assert [s.action for s in segments(acting([1, 1, 1]), SegmentsCfg(minimum=5.0))] == ["sitting down"]


def test_without_actions_there_are_no_segments():
    track = replace(person(), actions=(), probability=np.empty((40, 0)))
    assert segments(track) == []
    assert segments_csv([track]).count("\n") == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.05, 0.2]),
    st.sampled_from([0.0, 0.06, 0.3]),
)
def test_segments_tile_the_time_and_keep_the_minimum(order: list[int], median: float, minimum: float):
    track = acting(order)
    found = segments(track, SegmentsCfg(median=median, minimum=minimum))
    assert found[0].start == track.first
    assert found[-1].end == pytest.approx(track.first + len(order) / 50)
    for a, b in pairwise(found):
        assert a.end == b.start
        assert a.action != b.action
    if len(found) > 1:
        assert min(s.end - s.start for s in found) >= minimum - 1e-9
    if median == minimum == 0:
        frames = [s.action for s in found for _ in range(round((s.end - s.start) * 50))]
        assert frames == [ACTIONS[k] for k in order]


def test_tables_and_documents_say_the_same():
    people = [person("1"), person("2", seed=1)]
    rows = list(csv.DictReader(io.StringIO(segments_csv(people, SegmentsCfg(minimum=0.1)))))
    document = json.loads(segments_json(people, SegmentsCfg(minimum=0.1)))
    assert document["settings"] == {"median_s": 0.0, "minimum_s": 0.1}
    assert document["people"][0]["notes"] == list(people[0].notes)
    flat = [(p["person"], s["action"], s["start_s"]) for p in document["people"] for s in p["segments"]]
    assert flat == [(row["person"], row["action"], float(row["start_s"])) for row in rows]
    assert len({row["person"] for row in rows}) == 2


def test_negative_durations_are_refused():
    with pytest.raises(InputError, match="at least 0 s"):
        SegmentsCfg(minimum=-1.0)


def test_unknown_is_a_segment_where_no_action_is_likely_enough() -> None:
    chance = np.array([[0.9, 0.05, 0.05]] * 50 + [[0.4, 0.35, 0.25]] * 50)
    track = person(frames=100, probability=chance, unknown_below=0.5)
    found = segments(track)
    assert [(s.action, s.start, s.end) for s in found] == [("walking", 1.5, 2.5), ("unknown", 2.5, 3.5)]
    assert found[1].mean_probability == pytest.approx(0.4)
    assert track.shown[49:51] == ("walking", "unknown")
    assert columns(track)["action"][49:51] == ["walking", "unknown"]
    assert {s.action for s in segments(person(frames=100, probability=chance))} == {"walking"}
