"""A lifted track for the viewer and for the drawing over the video."""

from actionprompt.analysis.repetitions import Repetition
from actionprompt.errors import InputError
from actionprompt.output.angles import Angles
from actionprompt.output.drawing import Figure
from actionprompt.output.report.summary import summary
from actionprompt.output.track import UNKNOWN, LiftedTrack
from actionprompt.viewer import ViewerMotion


def viewer_motion(track: LiftedTrack, model: str = "lifted", title: str = "") -> ViewerMotion:
    """What the viewer shows of a track.

    Args:
        track: one person.
        model: the name to show for the pose.
        title: the page's title; empty: the person's name.
    """
    angles, driving, found = _angles(track)
    return ViewerMotion(
        skeleton=track.skeleton,
        fps=track.fps,
        keypoints=track.keypoints,
        poses={model: track.pose},
        root=track.root,
        actions=track.actions,
        probability=track.probability if track.actions else None,
        unknown_below=track.unknown_below,
        title=title or f"Person {track.person}",
        aspect=track.size[1] / track.size[0] if min(track.size) > 0 else 1.0,
        notes=track.notes,
        up=track.up,
        start=max(0.0, track.first),
        angles=angles,
        driving=driving,
        repetitions=tuple((one.start * track.fps, one.end * track.fps) for one in found),
    )


def _angles(track: LiftedTrack) -> tuple[Angles, str, list[Repetition]]:
    """What the page shows of a motion's angles: themselves, the one that drives it, and the repetitions."""
    try:
        said = summary(track)
    except InputError:  # a layout without hips or shoulders has none
        return {}, "", []
    return said.angles, said.driving.removeprefix("left_").removeprefix("right_"), said.repetitions


def overlay_figure(track: LiftedTrack) -> Figure:
    """What is drawn over the video of a track."""
    best = track.probability.max(1) if track.actions else []
    return Figure(
        name=f"person {track.person}",
        skeleton=track.skeleton,
        fps=track.fps,
        first=round(track.first * track.fps),
        keypoints=track.keypoints,
        pose=track.pose,
        labels=tuple(name if name == UNKNOWN else f"{name} {p:.0%}" for name, p in zip(track.shown, best, strict=True)),
    )
