"""Lifted motion as one table (.csv) for spreadsheets and data frames: a row per person and frame."""

import csv
import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped

from actionprompt.output.track import LiftedTrack
from actionprompt.skeleton import FEET
from actionprompt.untrusted import cell


def table_text(tracks: Sequence[LiftedTrack]) -> str:
    """The table with one row of names above it; a cell stays empty where a person lacks what another has."""
    tables = [columns(track) for track in tracks]
    names = list(dict.fromkeys(name for table in tables for name in table))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, names))
    for track, table in zip(tracks, tables, strict=True):
        empty = [""] * track.num_frames
        writer.writerows(zip(*(table.get(name, empty) for name in names), strict=True))
    return text.getvalue()


def columns(track: LiftedTrack) -> dict[str, list[str]]:
    """One person's columns. The last part of a name is the unit: s, m, px, or screen where the size is unknown."""
    n, joints = track.num_frames, [name.replace(" ", "_") for name in track.skeleton.joints]
    found = {"person": [cell(track.person)] * n, "frame": [str(i) for i in range(n)]}
    found |= _numbers(["time_s"], track.times[:, None], 4)
    if track.actions:
        best = track.probability.argmax(1)
        found["action"] = [cell(name) for name in track.shown]
        found |= _numbers(["action_probability"], np.take_along_axis(track.probability, best[:, None], 1), 4)
        found |= _numbers([f"p_{name.replace(' ', '_')}" for name in track.actions], track.probability, 4)
    if track.root is not None:
        found |= _numbers([f"root_approximate_{axis}_m" for axis in "xyz"], track.root, 4)
    found |= _numbers([f"{joint}_{axis}_m" for joint in joints for axis in "xyz"], track.pose.reshape(n, -1), 4)
    if (feet := track.feet_pose) is not None:
        found |= _numbers(
            [f"{point.replace(' ', '_')}_{axis}_m" for point in FEET for axis in "xyz"], feet.reshape(n, -1), 4
        )
    known = min(track.size) > 0
    places, unit = (track.pixels, "px") if known else (track.keypoints, "screen")
    names = [f"{joint}_image_{axis}_{unit}" for joint in joints for axis in "xy"]
    found |= _numbers(names, places.reshape(n, -1), 2 if known else 5)
    if track.confidence is not None:
        found |= _numbers([f"{joint}_confidence" for joint in joints], track.confidence, 3)
    for joint, seen in zip(joints, track.seen.T, strict=True):
        if not seen.all():  # its places are guesses where it is 0
            found[f"{joint}_seen"] = [str(int(one)) for one in seen]
    return found


def _numbers(names: Sequence[str], values: Shaped[np.ndarray, "n c"], digits: int) -> dict[str, list[str]]:
    """Columns of numbers with some digits after the point."""
    return {name: np.char.mod(f"%.{digits}f", column).tolist() for name, column in zip(names, values.T, strict=True)}
