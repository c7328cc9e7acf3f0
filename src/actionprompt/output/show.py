"""A lifted track for the viewer and for the drawing over the video."""

from actionprompt.output.drawing import Figure
from actionprompt.output.track import UNKNOWN, LiftedTrack
from actionprompt.viewer import ViewerMotion


def viewer_motion(track: LiftedTrack, model: str = "lifted", title: str = "") -> ViewerMotion:
    """What the viewer shows of a track.

    Args:
        track: one person.
        model: the name to show for the pose.
        title: the page's title; empty: the person's name.
    """
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
    )


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
