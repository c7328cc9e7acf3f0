"""How a camera is tilted, from what it sees: people who stand upright, and the ground on which their feet stand.

It turns the world's axes only: the lifter is shown people as before.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from actionprompt.analysis.contacts import SIDES, contacts
from actionprompt.output.axes import gravity_turn, tilted
from actionprompt.output.ground_path import ground
from actionprompt.output.standing import screen_metre
from actionprompt.output.track import LiftedTrack
from actionprompt.output.vectors import unit

UPRIGHT = 20.0
"""Degrees between trunk and legs up to which somebody is upright."""
STRAIGHT = 30.0
"""Degrees by which the straighter knee is bent at most."""
SEEN = 0.7
"""Share of the joints that the detector must see."""
ENOUGH = 0.1
"""Seconds of upright people from which on a tilt is known."""
LEAN, SHORT = 4.0, 4.5
"""Degrees by which two thirds of the answers were off at most on UI-PRMD's training subjects (docs/LOG.md): always, and
times the root of a second by how long people were upright."""
PLACES = 3
"""Places where feet stand from which on they tell how the ground lies."""
Vector = tuple[float, float, float]


class Tilt(NamedTuple):
    """How a camera is tilted."""

    up: Vector
    """Against gravity, camera axes, a unit vector."""
    off: float
    """Degrees by which that may be off (one standard deviation)."""
    seconds: float
    """For how long somebody was upright."""

    @property
    def pitch(self) -> float:
        """Degrees by which the camera looks down."""
        return float(np.degrees(np.arcsin(np.clip(-self.up[2], -1, 1))))

    @property
    def roll(self) -> float:
        """Degrees by which it is turned clockwise."""
        return float(np.degrees(np.arctan2(-self.up[0], -self.up[1])))


def with_tilt(tracks: Sequence[LiftedTrack], roll: float | None) -> list[LiftedTrack]:
    """The tracks with the direction against gravity that their people tell; where they tell none, as they are.

    Args:
        tracks: of one video.
        roll: degrees by which the camera is turned clockwise, where that is known.
    """
    found = tilt(tracks)
    if found is None:
        said = "the camera is taken to be level: nobody stands upright long enough to tell (--camera.pitch says it)"
        return [replace(track, notes=(*track.notes, said)) for track in tracks]
    turned = found.roll if roll is None else roll
    up = found.up if roll is None else tilted(found.pitch, roll)
    said = (
        f"the camera is taken to look down by {found.pitch:.0f} degrees and to be turned clockwise by {turned:.0f},"
        f" give or take {found.off:.0f}, as people stand for {found.seconds:.1f} s"
        " (--camera.pitch and --camera.roll say it)"
    )
    return [replace(track, up=up, notes=(*track.notes, said)) for track in tracks]


def tilt(tracks: Sequence[LiftedTrack]) -> Tilt | None:
    """The tilt of a camera that saw these people; None if hardly anybody stood upright."""
    frames = [upright(track) for track in tracks]
    seconds = sum(float(f.sum()) / track.fps for f, track in zip(frames, tracks, strict=True))
    if seconds < ENOUGH:
        return None
    bodies = np.concatenate([_bodies(track)[f] for f, track in zip(frames, tracks, strict=True)])
    up = unit(np.median(bodies, axis=0))
    off = float(np.hypot(LEAN, SHORT / np.sqrt(seconds)))
    x, y, z = _on_ground(max(tracks, key=lambda track: track.num_frames), up).tolist()
    return Tilt((x, y, z), off, seconds)


def upright(track: LiftedTrack) -> Bool[np.ndarray, " n"]:
    """In which frames somebody stands upright: trunk and legs in one line, and one knee straight."""
    at = dict(zip(track.skeleton.joints, np.moveaxis(track.pose.astype(float), 1, 0), strict=True))
    feet = (at["left ankle"] + at["right ankle"]) / 2
    fold = _degrees(at["thorax"] - at["pelvis"], at["pelvis"] - feet)
    knees = [_degrees(at[f"{s} hip"] - at[f"{s} knee"], at[f"{s} knee"] - at[f"{s} ankle"]) for s in SIDES]
    stands: Bool[np.ndarray, " n"] = (fold < UPRIGHT) & (np.minimum(*knees) < STRAIGHT) & (track.seen.mean(1) > SEEN)
    return stands


def _bodies(track: LiftedTrack) -> Float[np.ndarray, "n 3"]:
    """From between the ankles to the thorax, unit."""
    j = track.skeleton.joints.index
    feet = track.pose[:, [j(f"{side} ankle") for side in SIDES]].mean(1)
    return unit(track.pose[:, j("thorax")].astype(float) - feet)


def _on_ground(track: LiftedTrack, up: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """The direction made square to the plane on which somebody's feet stand, as far as they are apart."""
    if track.root is None:
        return up
    turn = gravity_turn((float(up[0]), float(up[1]), float(up[2])))
    points = track.points.astype(float) @ turn.T
    found = contacts(points, track.keypoints, screen_metre(track), track.skeleton, track.fps)
    if len(found) < PLACES:
        return up
    ankles = points[:, [track.skeleton.joints.index(f"{side} ankle") for side in SIDES]]
    places = np.stack([ankles[c.start : c.end, c.side].mean(0) for c in found])
    _, x, z = ground(places, np.array([c.end - c.start for c in found], dtype=float))
    return unit(np.array([-x, 1.0, -z])) @ turn


def _degrees(first: Float[np.ndarray, "n 3"], second: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    between: Float[np.ndarray, " n"] = np.degrees(np.arccos((unit(first) * unit(second)).sum(-1).clip(-1, 1)))
    return between
