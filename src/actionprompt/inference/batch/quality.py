"""Numbers that say how far a lifted video may be trusted; a column each in the manifest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actionprompt.output import LiftedTrack
from actionprompt.skeleton import Skeleton
from actionprompt.video.people import People

LIMBS = ("elbow", "wrist", "knee", "ankle")
"""The joints at the ends of the bones whose lengths should not change."""
SURE = 0.5
"""Probability from which an action counts as known, for models that have no label of their own for the unknown."""
AWAY = 1.0
"""Seconds before the video's end at which a track ends too early."""
BORDER = 0.05
"""Of the image's width: a person so near to its border may have left."""


@dataclass(frozen=True)
class Quality:
    """What the manifest says of a video; None where it cannot be said."""

    person_share: float | None = None
    """Of the frames in which somebody is seen."""
    root_miss: float | None = None
    """By how much the lifted joints on their path miss the 2D joints, root mean square, % of the image's width."""
    limb_variation: float | None = None
    """Standard deviation over time of the length of arms and legs, mean over bones, % of the length."""
    unknown_share: float | None = None
    """Of the frames whose action is "unknown", or, if the model has no such label, is below 50 %."""
    broken_tracks: int | None = None
    """Tracks that end over a second before the video, away from the image's border."""


def quality(tracks: Sequence[LiftedTrack], found: People) -> Quality:
    """The numbers of a video; means over people weigh them by their frames."""
    frames = np.array([track.num_frames for track in tracks])

    def mean(values: list[float | None]) -> float | None:
        known = [(v, n) for v, n in zip(values, frames, strict=True) if v is not None]
        return float(np.average([v for v, _ in known], weights=[n for _, n in known])) if known else None

    return Quality(
        person_share=found.share,
        root_miss=mean([root_miss(track) for track in tracks]),
        limb_variation=mean([limb_variation(track) for track in tracks]),
        unknown_share=mean([unknown_share(track) for track in tracks]),
        broken_tracks=sum(_breaks_off(track, found) for track in tracks),
    )


def root_miss(track: LiftedTrack) -> float | None:
    """How far the joints are from the 2D joints on the screen, through the focal length that fits them best."""
    if track.root is None:
        return None
    points = track.points.astype(float)
    rays = points[..., :2] / points[..., 2:]
    focal = (rays * track.keypoints).sum() / (rays**2).sum()
    miss: float = np.sqrt(((focal * rays - track.keypoints) ** 2).sum(-1).mean())
    return 50 * float(miss)


def limb_variation(track: LiftedTrack) -> float | None:
    """How much arms and legs change their length."""
    bones = _limbs(track.skeleton)
    if not bones:
        return None
    start, end = np.array(bones).T
    lengths = np.linalg.norm(track.pose[:, end] - track.pose[:, start], axis=-1)
    return 100 * float((lengths.std(0) / lengths.mean(0)).mean())


def unknown_share(track: LiftedTrack) -> float | None:
    """How much of the time nobody knows what the person does."""
    if not track.actions:
        return None
    if "unknown" in track.actions:
        return float((track.probability.argmax(1) == track.actions.index("unknown")).mean())
    return float((track.probability.max(1) < SURE).mean())


def _limbs(skeleton: Skeleton) -> list[tuple[int, int]]:
    return [(a, b) for a, b in skeleton.bones if skeleton.joints[b].split()[-1] in LIMBS]


def _breaks_off(track: LiftedTrack, found: People) -> bool:
    last = track.keypoints[-1]
    height = found.size[1] / found.size[0] if min(found.size) > 0 else np.inf
    inside = np.abs(last[:, 0]).max() < 1 - 2 * BORDER and np.abs(last[:, 1]).max() < height - 2 * BORDER
    return bool(inside and track.times[-1] < found.end - AWAY)
