"""Lifted motion of several people as one JSON document; docs/outputs.md describes it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from actionprompt.output.axes import Axes
from actionprompt.output.track import LiftedTrack
from actionprompt.skeleton import FEET

UNITS = {
    "time": "s",
    "pose": "m",
    "root_approximate": "m",
    "feet": "m",
    "keypoints": "image width / 2, from the image's centre",
}


def document_text(tracks: Sequence[LiftedTrack], axes: Axes = "camera") -> str:
    """The document's text: lists over frames, lengths to 0.1 mm."""
    return compact("motion", [_person(track) for track in tracks], axes=axes, units=UNITS)


def compact(what: str, people: Sequence[Mapping[str, Any]], **about: Any) -> str:
    """A JSON document of ours about people, on one line: its format and version, what holds for all, then each."""
    document = {"format": f"actionprompt-{what}", "version": 1, **about, "people": people}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _person(track: LiftedTrack) -> dict[str, Any]:
    skeleton = track.skeleton
    person: dict[str, Any] = {
        "person": track.person,
        "notes": list(track.notes),
        "first": track.first,
        "fps": track.fps,
        "frames": track.num_frames,
        "size": list(track.size),
        "up": list(track.up),
        "skeleton": {"name": skeleton.name, "joints": list(skeleton.joints), "parents": list(skeleton.parents)},
        "actions": list(track.actions),
        "keypoints": _rounded(track.keypoints, 5),
        "pose": _rounded(track.pose, 4),
        "probability": _rounded(track.probability, 4),
        "action": list(track.shown),
    }
    if not track.seen.all():
        person["seen"] = track.seen.astype(int).tolist()
    if track.feet is not None:
        person["foot_points"] = list(FEET)
    optional = {
        "confidence": (track.confidence, 3),
        "root_approximate": (track.root, 4),
        "feet": (track.feet_pose, 4),
    }
    return person | {name: _rounded(array, digits) for name, (array, digits) in optional.items() if array is not None}


def _rounded(values: Float[np.ndarray, "n ..."], digits: int) -> Any:
    """Nested lists; in float64, so that a number is as short as its digits."""
    return values.astype(float).round(digits).tolist()
