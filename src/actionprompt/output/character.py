"""A lifted person as a character: which bones, at which times, where it goes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation, Slerp

from actionprompt.errors import InputError
from actionprompt.output.axes import World
from actionprompt.output.rigs import RigName, rig_of
from actionprompt.output.rotations import Rigged, rigged
from actionprompt.output.track import LiftedTrack

MOST_FPS = 1000.0


@dataclass(frozen=True)
class CharacterCfg:
    """What BVH and glTF show."""

    rig: RigName = "plain"
    """A bone for each line between joints, or the bones of Mixamo's or VRM 1.0's characters, in their names."""
    t_pose: bool = False
    """Begin with a frame in a T-pose, from which programs take the pose at rest."""
    in_place: bool = False
    """Stay above one spot: the path over the ground is left out."""
    fps: float | None = None
    """Frames a second to write (default: as lifted)."""
    one_clock: bool = False
    """Begin and end all people's files at the same time; who is not there yet, or not any more, stands still."""

    def __post_init__(self) -> None:
        if self.fps is not None and not 0 < self.fps <= MOST_FPS:
            raise InputError(f"A character's frame rate is a number above 0, up to {MOST_FPS:g}; got {self.fps}.")


@dataclass(frozen=True)
class Character:
    """A motion by bones, frame by frame."""

    motion: Rigged
    times: Float[np.ndarray, " n"]
    """Seconds in the video."""
    fps: float


def character(
    track: LiftedTrack,
    world: World,
    settings: CharacterCfg | None = None,
    everyone: Sequence[LiftedTrack] = (),
    ground: bool = False,
) -> Character:
    """One person as a character.

    Args:
        track: the person.
        world: with y up.
        settings: its bones, and what is shown of the motion.
        everyone: with ``one_clock``: those who share it.
        ground: whether the world's y = 0 is the ground on which feet stand.

    Raises:
        InputError: a joint layout without a rig.
    """
    settings = settings or CharacterCfg()
    feet = None if track.feet is None else world.vectors(track.feet)
    motion = rigged(
        world.points(track.points.astype(float)), rig_of(track.skeleton, settings.rig), track.fps, ground, feet
    )
    shown = bridged(Character(motion, track.times, track.fps), track)
    span = everyone if settings.one_clock and everyone else (track,)
    begin, end = min(t.first for t in span), max(t.times[-1] for t in span)
    if settings.fps is not None or len(span) > 1:
        shown = resampled(shown, settings.fps or track.fps, begin, end)
    shown = in_place(shown) if settings.in_place else shown
    return with_t_pose(shown) if settings.t_pose else shown


def bridged(shown: Character, track: LiftedTrack) -> Character:
    """The motion with bones that turn evenly while nobody was seen.

    What is lifted there comes from 2D joints on straight lines, on which a body that turns (a somersault) collapses.
    """
    known = np.ones(track.num_frames, bool) if track.confidence is None else (track.confidence > 0).any(1)
    if known.all() or not known.any():
        return shown
    turns = _turned(shown.motion.rotations[known], shown.times[known], shown.times)
    return replace(shown, motion=replace(shown.motion, rotations=turns))


def resampled(shown: Character, fps: float, begin: float, end: float) -> Character:
    """The motion at other times; before and after its own it stands still.

    Bones turn at a constant speed between two frames (slerp), the root goes straight.
    """
    times = begin + np.arange(round((end - begin) * fps + 1e-6) + 1) / fps
    times = times[: max(1, int((times <= end + 1e-6).sum()))]
    inside = np.clip(times, shown.times[0], shown.times[-1])
    motion = shown.motion
    place = np.stack([np.interp(inside, shown.times, column) for column in motion.place.T], axis=1)
    return Character(replace(motion, place=place, rotations=_turned(motion.rotations, shown.times, inside)), times, fps)


def _turned(
    rotations: Float[np.ndarray, "n bones 3 3"], times: Float[np.ndarray, " n"], wanted: Float[np.ndarray, " m"]
) -> Float[np.ndarray, "m bones 3 3"]:
    """Rotations at other times, on the shortest way between those at theirs."""
    if len(times) == 1:
        return rotations.repeat(len(wanted), axis=0)
    inside = np.clip(wanted, times[0], times[-1])
    turned = [Slerp(times, Rotation.from_matrix(bone))(inside).as_matrix() for bone in rotations.swapaxes(0, 1)]
    return np.stack(turned, axis=1)


def in_place(shown: Character) -> Character:
    """The motion above the spot where it begins."""
    place = shown.motion.place
    place = place - (place - place[0]) * [1.0, 0.0, 1.0]
    return replace(shown, motion=replace(shown.motion, place=place))


def with_t_pose(shown: Character) -> Character:
    """The motion after a frame at rest, feet on the ground, where it begins; everything else is a frame later."""
    motion = shown.motion
    rest = np.tile(np.eye(3), (1, motion.rotations.shape[1], 1, 1))
    place = np.concatenate([rest_place(motion)[None], motion.place])
    motion = replace(motion, place=place, rotations=np.concatenate([rest, motion.rotations]))
    return replace(shown, motion=motion, times=np.append(shown.times, shown.times[-1] + 1 / shown.fps))


def rest_place(motion: Rigged) -> Float[np.ndarray, "3"]:
    """Where the root is while the figure stands at rest: above where the motion begins, the soles on the ground."""
    height = motion.rig.heads(motion.lengths)[0, 1]
    return motion.place[0] * [1.0, 0.0, 1.0] + [0.0, height, 0.0]
