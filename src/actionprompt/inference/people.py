"""From people's 2D joints to lifted motion: poses, actions, one body a person, its path through space, smoothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt import virtual_camera
from actionprompt.data.clip import Clip
from actionprompt.errors import InputError
from actionprompt.inference.body import (
    BodyCfg,
    Fitted,
    bone_lengths,
    bones_of,
    fit_body,
    stature,
    sureness,
    variation,
    with_lengths,
)
from actionprompt.inference.certainty import calibrated, unknown_below
from actionprompt.inference.feet import with_feet
from actionprompt.inference.lifting import SOFT, check_joints, lift
from actionprompt.inference.person_view import RealCamera, look, trained_looking
from actionprompt.inference.tilt import with_tilt
from actionprompt.keypoints.read import Track
from actionprompt.model.app import Selection
from actionprompt.model.lifter import Lifter
from actionprompt.output import Lens, LiftedTrack, estimate_root, smooth
from actionprompt.output.axes import tilted
from actionprompt.output.smooth import Smoothing
from actionprompt.output.trajectory import PHONE_VIEW, miss
from actionprompt.skeleton import H36M_17
from actionprompt.video.people import People

STATURES = (0.4, 2.6)
"""Metres: people are no smaller and no taller."""
ROUGHLY = 0.05
"""Share of the frames in which a joint must be hardly seen to be named."""


@dataclass(frozen=True)
class MotionCfg:
    """How a track is lifted, beyond the model."""

    flip: bool = True
    """Average with the answer for the mirrored joints."""
    overlap: int = 0
    """Frames that neighbouring windows share, for encoders that answer whole windows."""
    selection: Selection | None = SOFT
    """Whose pose prompts are used, as in ``lifting.lift``."""
    detector_depth: float = 0.0
    """Share of the detector's own 3D in the pose, where it gives one."""
    follow: bool = True
    """Show the model the person as a virtual camera sees it that looks at them."""
    body: BodyCfg | None = field(default_factory=BodyCfg)
    """Give every bone one length and put joints onto their rays; None: poses as the model answers."""
    root: bool = True
    """Estimate the path of the root (approximate)."""
    view: float = PHONE_VIEW
    """The camera's field of view along the longer side of its image, degrees."""
    focal: float | None = None
    """Its focal length in pixels, instead."""
    pitch: float | None = 0.0
    """Degrees by which the camera looks down; None: as upright people and the ground under their feet tell. Only the
    world's axes depend on it."""
    roll: float | None = None
    """Degrees by which the camera is turned clockwise; None: as people's bodies tell, where it is over 10 degrees."""
    heights: tuple[float, ...] = ()
    """People's statures in metres, the main person's first; who has none keeps the size that the model believes."""
    smoothing: Smoothing | None = None
    """Smoothing of the motion."""

    def __post_init__(self) -> None:
        low, high = STATURES
        for height in self.heights:
            if not low <= height <= high:
                said = f"; {height:g} seem to be centimetres: {height / 100:g}" if low <= height / 100 <= high else ""
                raise InputError(f"A person's height is {low:g} to {high:g} metres, not {height:g}{said}.")
        if not 0 <= self.detector_depth <= 1:
            raise InputError(f"The share of the detector's own 3D is 0 to 1, not {self.detector_depth:g}.")
        tilted(self.pitch or 0.0, self.roll or 0.0)


def lift_people(
    lifter: Lifter, found: People, settings: MotionCfg | None = None, notes: tuple[str, ...] = ()
) -> list[LiftedTrack]:
    """Everyone's motion, the main person first.

    Args:
        lifter: a model of Human3.6M's 17 joints; ``found`` is at its frame rate.
        found: people's 2D joints.
        settings: what else to do.
        notes: lines about where the 2D joints come from.

    Raises:
        InputError: a model of other joints, or more heights than people.
    """
    settings = settings or MotionCfg()
    check_joints(lifter)
    if len(settings.heights) > len(found.tracks):
        raise InputError(f"{len(settings.heights)} heights are given, and {len(found.tracks)} people are lifted.")
    lens = _lens(settings, found.size)
    roll = settings.roll if settings.roll is not None else guessed_roll(found.tracks, lens)
    camera = RealCamera(lens.focal[0], math.radians(roll), found.fps)
    up = tilted(settings.pitch or 0.0, roll)
    notes = (*notes, found.timing, *_about(lifter, settings, roll))
    heights = (*settings.heights, *[None] * len(found.tracks))
    lifted = [
        _lift(lifter, track, found, settings, camera, lens, height, up, notes)
        for track, height in zip(found.tracks, heights, strict=False)
    ]
    return lifted if settings.pitch is not None else with_tilt(lifted, settings.roll)


def guessed_roll(tracks: Sequence[Track], lens: Lens) -> float:
    """Degrees by which the camera seems to be turned clockwise, as everybody's bodies tell; 0 for less than 10."""
    joints = torch.cat([track.keypoints for track in tracks])
    return math.degrees(float(virtual_camera.guess_roll(joints, lens.focal[0])))


def _lift(
    lifter: Lifter,
    track: Track,
    found: People,
    settings: MotionCfg,
    camera: RealCamera,
    lens: Lens,
    height: float | None,
    up: tuple[float, float, float],
    notes: tuple[str, ...],
) -> LiftedTrack:
    joints, rotation = track.keypoints, None
    if settings.follow:
        joints, rotation, _ = look(lifter, joints, camera)
    x = Clip(joints, confidence=track.confidence).inputs(lifter.encoder.window.channels)
    answer = lift(
        lifter,
        x,
        flip=H36M_17 if settings.flip else None,
        overlap=settings.overlap,
        camera=None,
        selection=settings.selection,
    )
    pose = answer.pose if rotation is None else virtual_camera.turn_back(answer.pose, rotation.to(answer.pose))
    pose = with_evidence(pose.cpu(), track.own, settings.detector_depth)
    lifted = LiftedTrack(
        person=track.person,
        first=track.first / found.fps,
        fps=found.fps,
        skeleton=H36M_17,
        keypoints=track.keypoints.numpy(),
        pose=pose.numpy(),
        unknown_below=unknown_below(lifter),
        confidence=track.confidence.numpy(),
        actions=lifter.actions if lifter.apm is not None else (),
        probability=calibrated(answer.probability, lifter).cpu().numpy(),
        size=found.size,
        up=up,
        notes=(*notes, f"{track.interpolated} missing points interpolated", *track.repairs),
    )
    lifted = with_notes(lifted, *hardly_seen(lifted))
    if settings.body is not None:
        lifted = one_body(lifted, lens, settings.body)
    elif settings.root:
        lifted = _with_path(lifted, lens)
    if track.feet is not None:
        lifted = with_feet(lifted, track.feet.numpy(), lens)
    if not settings.root:
        lifted = replace(lifted, root=None)
    if height is not None:
        lifted = of_height(lifted, height)
    return lifted if settings.smoothing is None else _smoothed(lifted, settings.smoothing, settings.body is not None)


def with_evidence(
    pose: Float[Tensor, "n 17 3"], own: Float[Tensor, "n 17 3"] | None, share: float
) -> Float[Tensor, "n 17 3"]:
    """The pose averaged with the detector's own 3D, both from the pelvis."""
    return pose if own is None or share == 0 else (1 - share) * pose + share * own.to(pose)


def one_body(track: LiftedTrack, lens: Lens, settings: BodyCfg | None = None) -> LiftedTrack:
    """The track with one length for each bone, left as right, its joints on their rays, and its root's path."""
    rays = (track.keypoints.astype(float) - lens.centre) / lens.focal
    sure = np.ones(track.keypoints.shape[:2]) if track.confidence is None else sureness(track.confidence)
    if not (np.ptp(rays, axis=1).max(1) > 1e-6).any():
        why = f"Person {track.person}'s path cannot be estimated: in no frame do the 2D joints show a size."
        return with_notes(track, f"no path: {why}")
    fitted = fit_body(track.pose.astype(float), rays, sure, track.fps, track.skeleton, settings)
    moved = np.linalg.norm(fitted.pose - track.pose, axis=-1).mean()
    off = miss(fitted.pose + fitted.root[:, None], rays, lens)
    return with_notes(
        replace(track, pose=fitted.pose, root=fitted.root),
        f"one length for each bone, left as right: they varied by {variation(track.pose, track.skeleton):.0%};"
        f" joints moved by {1000 * moved:.0f} mm to be on their rays, {_all_bones(fitted)}",
        f"root path APPROXIMATE: {lens.about}, pinhole, joints miss the 2D by {off:.2f} % of the image's width"
        " (root mean square)",
    )


def of_height(track: LiftedTrack, height: float) -> LiftedTrack:
    """The track scaled to a person's stature in metres, with the path that belongs to it."""
    bones = bones_of(track.skeleton)
    believed = stature(bone_lengths(track.pose, np.ones(track.pose.shape[:2]), bones), track.skeleton)
    scale = height / believed
    root = None if track.root is None else track.root * scale
    said = f"scaled from {believed:.2f} m, which the model believed, to the given height of {height:.2f} m"
    feet = None if track.feet is None else track.feet * scale
    return with_notes(replace(track, pose=track.pose * scale, root=root, feet=feet), said)


def with_notes(track: LiftedTrack, *notes: str) -> LiftedTrack:
    """The track with more notes."""
    return replace(track, notes=(*track.notes, *notes))


def hardly_seen(track: LiftedTrack) -> list[str]:
    """Which joints were hardly seen in many frames: their places are guesses."""
    unseen = ~track.seen
    often = unseen.mean(0)
    if (often <= ROUGHLY).all():
        return []
    named = [f"{name} {share:.0%}" for name, share in zip(track.skeleton.joints, often, strict=True) if share > ROUGHLY]
    return [f"hardly seen, so that their places are guesses (share of the frames): {', '.join(named)}"]


def _all_bones(fitted: Fitted) -> str:
    return f"a body of {stature(fitted.lengths):.2f} m"


def _smoothed(track: LiftedTrack, smoothing: Smoothing, one: bool) -> LiftedTrack:
    """Smoothed; a body keeps the lengths of its bones."""
    smooth_track = smooth(track, smoothing)
    if not one:
        return smooth_track
    bones = bones_of(track.skeleton)
    lengths = bone_lengths(track.pose, np.ones(track.pose.shape[:2]), bones, usual=0)
    return replace(smooth_track, pose=with_lengths(smooth_track.pose, lengths, bones))


def _lens(settings: MotionCfg, size: tuple[int, int]) -> Lens:
    if settings.focal is not None:
        return Lens.of_pixels(settings.focal, size)
    return Lens.of_view(settings.view, size)


def _with_path(track: LiftedTrack, lens: Lens) -> LiftedTrack:
    """The track with its path; or without, and a note that says why."""
    try:
        return estimate_root(track, lens)  # smoothed with the pose, if at all
    except InputError as error:
        return with_notes(track, f"no path: {error}")


def _about(lifter: Lifter, settings: MotionCfg, roll: float) -> tuple[str, ...]:
    facts = lifter.metadata
    trained = f"lifted by a model trained on {facts.get('data', 'unknown data')}"
    text = facts.get("text")
    with_it = "as in its training" if trained_looking(lifter) else "it was trained without one"
    rolled = f"the camera is taken to be turned clockwise by {roll:.0f} degrees, as bodies lean (--camera.roll says it)"
    return (
        trained + (f", action names read by {text}" if text else ""),
        "averaged with the mirrored input" if settings.flip else "not averaged with the mirrored input",
        *([f"the model sees a virtual camera that looks at the person ({with_it})"] if settings.follow else []),
        *(["reads the detector's confidence"] if lifter.encoder.window.channels == 3 else []),
        *(
            [f"{settings.detector_depth:.0%} of the pose is the detector's own 3D, where it gives one"]
            if settings.detector_depth
            else []
        ),
        *([rolled] if settings.roll is None and roll else []),
    )
