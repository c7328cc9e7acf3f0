"""From people's 2D joints to lifted motion: poses, actions, the path through space, smoothing."""

from dataclasses import dataclass, replace

from actionprompt.errors import InputError
from actionprompt.inference.lifting import lift
from actionprompt.keypoints.read import Track
from actionprompt.model.lifter import Lifter
from actionprompt.output import Lens, LiftedTrack, estimate_root, smooth
from actionprompt.output.smooth import Smoothing
from actionprompt.output.trajectory import PHONE_VIEW
from actionprompt.skeleton import H36M_17
from actionprompt.video.people import People


@dataclass(frozen=True)
class MotionCfg:
    """How a track is lifted, beyond the model."""

    flip: bool = True
    """Average with the answer for the mirrored joints."""
    overlap: int = 0
    """Frames that neighbouring windows share, for encoders that answer whole windows."""
    root: bool = True
    """Estimate the path of the root (approximate)."""
    view: float = PHONE_VIEW
    """The camera's field of view along the longer side of its image, degrees."""
    focal: float | None = None
    """Its focal length in pixels, instead."""
    smoothing: Smoothing | None = None
    """Smoothing of the motion."""
    up: tuple[float, float, float] = (0.0, -1.0, 0.0)
    """Against gravity, camera axes."""


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
        InputError: a model of other joints.
    """
    settings = settings or MotionCfg()
    if lifter.num_joints != H36M_17.num_joints:
        raise InputError(f"The model lifts {lifter.num_joints} joints; people have Human3.6M's 17: use such a model.")
    return [_lift(lifter, track, found, settings, notes) for track in found.tracks]


def model_rate(lifter: Lifter) -> float:
    """Frames per second of the motion that a model was trained on."""
    return float(lifter.about.get("fps", "50"))


def _lift(lifter: Lifter, track: Track, found: People, settings: MotionCfg, notes: tuple[str, ...]) -> LiftedTrack:
    x = track.clip().inputs(lifter.encoder.window.channels)
    answer = lift(lifter, x, flip=H36M_17 if settings.flip else None, overlap=settings.overlap)
    lifted = LiftedTrack(
        person=track.person,
        first=track.first / found.fps,
        fps=found.fps,
        skeleton=H36M_17,
        keypoints=track.keypoints.numpy(),
        pose=answer.pose.numpy(),
        confidence=track.confidence.numpy(),
        actions=lifter.actions if lifter.apm is not None else (),
        probability=answer.probability.numpy(),
        size=found.size,
        up=settings.up,
        notes=(*notes, found.timing, f"{track.interpolated} missing points interpolated", *_about(lifter, settings)),
    )
    if settings.root:
        lifted = _with_path(lifted, settings)
    return lifted if settings.smoothing is None else smooth(lifted, settings.smoothing)


def _with_path(track: LiftedTrack, settings: MotionCfg) -> LiftedTrack:
    """The track with its path; or without, and a note that says why."""
    lens = Lens.of_view(settings.view, track.size)
    if settings.focal is not None:
        lens = Lens.of_pixels(settings.focal, track.size)
    try:
        return estimate_root(track, lens)  # smoothed with the pose, if at all
    except InputError as error:
        return replace(track, notes=(*track.notes, f"no path: {error}"))


def _about(lifter: Lifter, settings: MotionCfg) -> tuple[str, ...]:
    facts = lifter.about
    trained = f"lifted by a model trained on {facts.get('data', 'unknown data')}"
    text = facts.get("text")
    reads = ("reads the detector's confidence",) if lifter.encoder.window.channels == 3 else ()
    return (
        trained + (f", action names read by {text}" if text else ""),
        "averaged with the mirrored input" if settings.flip else "not averaged with the mirrored input",
        *reads,
    )
