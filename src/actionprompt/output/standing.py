"""Feet that stand: the root's path and the legs of a character, solved so that standing feet stay where they are.

A lifted pose on an estimated path slides and floats: in depth one camera hardly sees the path. Standing feet do not
move, which is worth more than the path's own estimate. Three steps, in world axes (y up):

1. Hips stay where they are on the pelvis, limbs are as long on the left as on the right, and bones keep their lengths.
2. The path moves: along the line of sight by much, across it by little, so that each standing ankle stays at its place,
   an ankle's height above the ground (:func:`solved_path`).
3. Legs reach for those places by two-bone inverse kinematics, with knees that bend forward only (:func:`reach`);
   ankles of feet that move stay above those of feet that stand (:func:`cleared`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d

from actionprompt.analysis.contacts import SIDES, Contact, contacts, standing_frames
from actionprompt.output.axes import ANKLE_HEIGHT, World, world
from actionprompt.output.ground_path import ankles_of, solved_path
from actionprompt.output.rigid import LIMBS, Points, Vectors, limb_lengths, rigid, two_bones
from actionprompt.output.track import LiftedTrack
from actionprompt.skeleton import Skeleton

CLEAR, MOVING = 0.04, 0.6
"""Metres by which the ankle of a moving foot is above a standing one at least, from which speed (m/s) on: feet do not
slide over the ground."""
BLEND = 0.15
"""Seconds in which a leg that leaves the ground forgets where it stood."""


@dataclass(frozen=True)
class Stood:
    """A track whose feet stand, and when."""

    track: LiftedTrack
    contacts: tuple[Contact, ...]


def standing(tracks: Sequence[LiftedTrack]) -> list[LiftedTrack]:
    """The tracks with standing feet; notes say how often feet stand and by how much they slide.

    Tracks without a path, or of a layout without legs, stay as they are.
    """
    place = world(tracks)
    return [stood(track, place).track for track in tracks]


def stood(track: LiftedTrack, place: World) -> Stood:
    """One track with standing feet, in a world that it shares with others."""
    skeleton = track.skeleton
    if track.root is None or any(f"left {part}" not in skeleton.joints for part in LIMBS):
        return Stood(track, ())
    points = rigid(place.points(track.points.astype(float)), skeleton)
    found = contacts(points, track.keypoints, screen_metre(track), skeleton, track.fps)
    sight = points[:, skeleton.root] - place.points(np.zeros(3))
    points, anchors = solved_path(points, found, sight, skeleton, track.fps)
    targets = _targets(points, found, anchors, skeleton, track.fps)
    for side in (0, 1):
        points = reach(points, targets[:, side], side, skeleton, track.fps)
    camera = points @ place.turn + place.origin
    root = camera[:, skeleton.root]
    moved = replace(track, pose=camera - root[:, None], root=root)
    about = _about(points, found, skeleton)
    off = 1000 * np.linalg.norm(moved.pose - track.pose, axis=-1).mean()
    notes = (*track.notes, f"{about}; that moved joints by {off:.0f} mm against the hips")
    return Stood(replace(moved, notes=notes), tuple(found))


def _targets(
    points: Points, found: Sequence[Contact], anchors: Float[np.ndarray, "k 3"], skeleton: Skeleton, fps: float
) -> Float[np.ndarray, "n 2 3"]:
    """Where ankles are to be: at their places while they stand, and back to their own path within a moment."""
    ankles = ankles_of(points, skeleton)
    pull, weight = np.zeros_like(ankles), np.zeros(ankles.shape[:2])
    frames = np.arange(len(points))
    for contact, anchor in zip(found, anchors, strict=True):
        off = np.maximum(np.maximum(contact.start - frames, frames - contact.end + 1), 0) / (BLEND * fps)
        share = np.where(off < 1, 0.5 + 0.5 * np.cos(np.pi * np.minimum(off, 1)), 0.0)
        share = np.where(off == 0, 1e3, share)  # who stands, stands
        near = ankles[np.clip(frames, contact.start, contact.end - 1), contact.side]
        pull[:, contact.side] += share[:, None] * (anchor - near)
        weight[:, contact.side] += share
    still = standing_frames(list(found), len(points))
    for contact, anchor in zip(found, anchors, strict=True):
        inside = slice(contact.start, contact.end)
        pull[inside, contact.side] = anchor - ankles[inside, contact.side]
    targets = ankles + np.where(still[..., None], pull, pull / np.maximum(weight, 1)[..., None])
    return targets + cleared(targets, still, fps)[..., None] * [0.0, 1.0, 0.0] if found else targets


def cleared(ankles: Float[np.ndarray, "n 2 3"], still: Bool[np.ndarray, "n 2"], fps: float) -> Float[np.ndarray, "n 2"]:
    """By how much ankles have to rise so that feet which do not stand are above the ground, metres."""
    if len(ankles) == 1:
        return np.where(still, 0.0, np.maximum(ANKLE_HEIGHT - ankles[..., 1], 0))
    speed = np.linalg.norm(np.gradient(ankles[..., [0, 2]], axis=0), axis=-1) * fps
    share = np.clip(speed / MOVING, 0, 1)
    least = ANKLE_HEIGHT + CLEAR * share**2 * (3 - 2 * share)
    rise = np.where(still, 0.0, np.maximum(least - ankles[..., 1], 0))
    smooth: Float[np.ndarray, "n 2"] = gaussian_filter1d(rise, 0.02 * fps, axis=0, mode="nearest")
    return np.where(still, 0.0, smooth)


def reach(points: Points, target: Vectors, side: int, skeleton: Skeleton, fps: float) -> Points:
    """The points with one ankle at its target where the leg reaches, and with the knee ahead of hip and ankle."""
    j = skeleton.joints.index
    hip, knee, ankle = (j(f"{SIDES[side]} {part}") for part in ("hip", "knee", "ankle"))
    left = points[:, j("left hip")] - points[:, j("right hip")]
    left = left / np.linalg.norm(left, axis=-1, keepdims=True)
    axis = target - points[:, hip]
    ahead = np.cross(axis, left)
    ahead = ahead / np.maximum(np.linalg.norm(ahead, axis=-1, keepdims=True), 1e-9)
    bent = points[:, knee] - points[:, hip]
    forward, aside = (bent * ahead).sum(-1), (bent * left).sum(-1)
    lead = np.maximum(forward, 0) + 0.05  # a straight leg bends forward
    aside = np.clip(aside, -lead, lead)
    lead, aside = gaussian_filter1d(np.stack([lead, aside]), 0.05 * fps, axis=1, mode="nearest")
    pole = points[:, hip] + lead[:, None] * ahead + aside[:, None] * left
    lengths = limb_lengths(points, ("hip", "knee", "ankle"), skeleton)
    moved = points.copy()
    moved[:, [knee, ankle]] = two_bones(points[:, hip], pole, target, lengths)
    return moved


def _about(points: Points, found: Sequence[Contact], skeleton: Skeleton) -> str:
    """How often feet stand, and how far they slide, for the notes."""
    still = standing_frames(list(found), len(points))
    ankles = ankles_of(points, skeleton)
    steps = 1000 * np.linalg.norm(np.diff(ankles, axis=0), axis=-1)
    both = still[1:] & still[:-1]
    slide = f"{steps[both].mean():.1f} mm a frame" if both.any() else "nothing"
    return f"feet: one stands in {still.any(1).mean():.0%} of the frames, {len(found)} contacts; they slide by {slide}"


def screen_metre(track: LiftedTrack) -> Float[np.ndarray, " n"]:
    """How long a metre at the person is on the screen, in each frame, smooth over time."""
    spread = [np.linalg.norm(x - x.mean(1, keepdims=True), axis=(1, 2)) for x in (track.keypoints, track.pose[..., :2])]
    ratio: Float[np.ndarray, " n"] = gaussian_filter1d(spread[0] / spread[1], 0.2 * track.fps, mode="nearest")
    return ratio
