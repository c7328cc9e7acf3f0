"""Repetitions as files: a table, a document."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict

from actionprompt.analysis.repetitions import LEAST, Repetition, repetitions
from actionprompt.output.document import compact
from actionprompt.output.track import LiftedTrack
from actionprompt.untrusted import cell

HEAD = ("person", "repetition", "start_s", "end_s", "duration_s", "angle", "lowest_deg", "highest_deg",
        "range_of_motion_deg", "peak_speed_deg_per_s", "left_right_asymmetry")  # fmt: skip


def repetitions_of(tracks: Sequence[LiftedTrack]) -> list[list[Repetition]]:
    """Each track's repetitions; times count from its first frame. Who is seen too shortly has none.

    Raises:
        InputError: everybody's motion is too short, or a layout without angles.
    """
    longest = max(track.num_frames / track.fps for track in tracks)
    return [
        []
        if track.num_frames / track.fps < LEAST <= longest
        else repetitions(track.pose, track.skeleton, track.up, track.fps)
        for track in tracks
    ]


def repetitions_csv(tracks: Sequence[LiftedTrack]) -> str:
    """A row per person and repetition; times in the video."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for track, found in zip(tracks, repetitions_of(tracks), strict=True):
        for number, one in enumerate(found, 1):
            times = (f"{track.first + one.start:.3f}", f"{track.first + one.end:.3f}", f"{one.duration:.3f}")
            degrees = (one.lowest, one.highest, one.range_of_motion, one.peak_speed)
            uneven = "" if one.asymmetry is None else f"{one.asymmetry:.3f}"
            writer.writerow(
                (cell(track.person), number, *times, one.angle, *(f"{value:.1f}" for value in degrees), uneven)
            )
    return text.getvalue()


def repetitions_json(tracks: Sequence[LiftedTrack]) -> str:
    """The same for each person, with the notes."""
    people = [
        {
            "person": track.person,
            "notes": list(track.notes),
            "first": track.first,
            "repetitions": [
                {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(one).items()}
                for one in found
            ],
        }
        for track, found in zip(tracks, repetitions_of(tracks), strict=True)
    ]
    return compact("repetitions", people)
