"""Biovision motion capture (.bvh): a tree of joints with offsets, and their angles frame by frame.

A joint's point is where its own rotation happens, so that ``LeftLeg`` is the knee. The ends of the tree have no name
in the file; here they are called after their joint: ``Head_End``.
"""

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.formats.recording import Recording
from actionprompt.formats.rotations import moving


@dataclass(frozen=True)
class Joint:
    """A joint of the tree."""

    name: str
    parent: int
    """Index of the parent, -1 for the root."""
    offset: tuple[float, float, float]
    """The offset from the parent, in its axes, in the file's unit."""
    channels: tuple[str, ...]
    """Such as ``Zrotation``, in the order of the numbers; empty for an end."""


def read_bvh(path: Path) -> Recording:
    """Reads a file, in its own unit, which the format does not say.

    Raises:
        InputError: not a BVH file, one that is cut off, or one with other channels than positions and rotations.
    """
    head, found, motion = _parts(_text(path))
    joints = _joints(head, path)
    if not found:
        raise InputError(f"{path} has no MOTION part: the file is cut off.")
    values, fps = _motion(motion, sum(len(joint.channels) for joint in joints), path)
    _check_places(joints, values, path)
    return Recording(tuple(joint.name for joint in joints), forward(joints, values), fps, up="y", unit=None)


def _parts(text: str) -> tuple[str, bool, str]:
    """Hierarchy, whether there is a line ``MOTION``, and what follows: joints may have that word in their names."""
    line = re.search(r"^[ \t]*MOTION[ \t\r]*$", text, re.MULTILINE)
    return (text, False, "") if line is None else (text[: line.start()], True, text[line.end() :])


def _check_places(joints: list[Joint], values: Float[np.ndarray, "n c"], path: Path) -> None:
    """Refuses files whose joints have positions of their own, which are all zero.

    Raises:
        InputError: so that every joint would lie in its parent.
    """
    start, zero = 0, 0
    for joint in joints:
        place = [start + i for i, channel in enumerate(joint.channels) if channel[1:] == "position"]
        zero += bool(place) and joint.parent >= 0 and any(joint.offset) and not values[:, place].any()
        start += len(joint.channels)
    if zero > len(joints) / 2:
        raise InputError(
            f"{path} gives joints positions of their own, and {zero} of them are always 0 0 0, so that joints lie in "
            "their parents: export it with rotations only (3 channels a joint), or with the positions."
        )


def forward(joints: list[Joint], values: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n p 3"]:
    """Forward kinematics over all frames at once, in the file's unit.

    A joint with position channels stands where they say instead of at its offset.
    """
    points: list[Float[np.ndarray, "n 3"]] = []
    turns: list[Float[np.ndarray, "n 3 3"]] = []
    start = 0
    for joint in joints:
        own = values[:, start : start + len(joint.channels)]
        start += len(joint.channels)
        place = np.tile(np.array(joint.offset), (values.shape[0], 1))
        for i, channel in enumerate(joint.channels):
            if channel[1:] == "position":
                place[:, "XYZ".index(channel[0])] = own[:, i]
        angles = [i for i, channel in enumerate(joint.channels) if channel[1:] == "rotation"]
        turn = moving("".join(joint.channels[i][0].lower() for i in angles), own[:, angles])
        if joint.parent >= 0:
            parent = turns[joint.parent]
            place = points[joint.parent] + (parent @ place[..., None])[..., 0]
            turn = parent @ turn
        points.append(place)
        turns.append(turn)
    return np.stack(points, axis=1)


def _joints(text: str, path: Path) -> list[Joint]:
    """The tree, parents before children, in the order of the file."""
    lines = (line.split() for line in text.splitlines())
    joints: list[Joint] = []
    open_joints: list[int] = []
    """The joints whose braces are open, outermost first."""
    try:
        if next((words for words in lines if words), []) != ["HIERARCHY"]:
            raise InputError(f"{path} is not a BVH file: it does not begin with HIERARCHY.")
        for words in lines:
            _read_line(words, joints, open_joints, path)
    except InputError:  # which is a ValueError
        raise
    except (ValueError, IndexError) as error:
        raise InputError(f"{path} has a hierarchy that is cut off or malformed.") from error
    if not joints or open_joints or sum(joint.parent < 0 for joint in joints) != 1:
        raise InputError(f"{path} has a hierarchy that is cut off, or more than one ROOT (one person a file).")
    return joints


def _read_line(words: list[str], joints: list[Joint], open_joints: list[int], path: Path) -> None:
    """One line of the hierarchy; names may have spaces, braces may stand behind them."""
    while words:
        word, *rest = words
        words = []
        if word in ("ROOT", "JOINT", "End"):
            cut = rest.index("{") if "{" in rest else len(rest)
            words = rest[cut:]
            parent = open_joints[-1] if open_joints else -1
            name = f"{joints[parent].name}_End" if word == "End" else " ".join(rest[:cut])
            joints.append(Joint(name, parent, (0.0, 0.0, 0.0), ()))
        elif word == "{":
            open_joints.append(len(joints) - 1)
            words = rest
        elif word == "}":
            open_joints.pop()
            words = rest
        elif word == "OFFSET":
            x, y, z = (_number(text, path) for text in rest[:3])
            joints[-1] = replace(joints[-1], offset=(x, y, z))
            words = rest[3:]
        elif word == "CHANNELS":
            count = int(rest[0])
            _check_channels(tuple(rest[1 : count + 1]), joints[-1].name, path)
            joints[-1] = replace(joints[-1], channels=tuple(rest[1 : count + 1]))
            words = rest[count + 1 :]
        else:
            raise InputError(f"{path}: {word!r} does not belong in the hierarchy of a BVH file.")


def _number(text: str, path: Path) -> float:
    """A number; a ``ValueError`` where it is none, or not finite."""
    _check_comma(text, path)
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is not a finite number")
    return number


def _check_comma(text: str, path: Path) -> None:
    if re.fullmatch(r"-?\d+,\d+", text):
        raise InputError(
            f"{path} writes numbers with a decimal comma ({text}): replace commas between digits by points, or "
            "export it again with English settings."
        )


def _check_channels(channels: tuple[str, ...], joint: str, path: Path) -> None:
    known = [f"{axis}{kind}" for kind in ("position", "rotation") for axis in "XYZ"]
    if odd := [channel for channel in channels if channel not in known]:
        raise InputError(f"{path}: joint {joint} has a channel {odd[0]!r}; known are {', '.join(known)}.")


def _motion(text: str, channels: int, path: Path) -> tuple[Float[np.ndarray, "n c"], float]:
    """The numbers, and frames per second."""
    try:
        frames_line, time_line, *rows = text.strip().splitlines()
        frames, seconds = int(frames_line.split(":")[1]), float(time_line.split(":")[1])
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: MOTION must be followed by `Frames: N` and `Frame Time: seconds`.") from error
    if frames < 1 or not (math.isfinite(seconds) and 0.0005 <= seconds <= 1):
        raise InputError(f"{path} has {frames} frames of {seconds} s: it must have at least one, of 0.0005 to 1 s.")
    rows = [row for row in rows if row.strip()]
    if len(rows) != frames:
        raise InputError(f"{path} has {len(rows)} lines of motion for {frames} frames: the file is cut off or edited.")
    for number, row in enumerate(rows, 1):
        if len(row.split()) != channels:
            raise InputError(f"{path}, frame {number} has {len(row.split())} numbers instead of {channels}.")
    try:
        values = np.array(" ".join(rows).split(), dtype=float).reshape(frames, channels)
    except ValueError as error:
        for text in rows[0].split():
            _check_comma(text, path)
        raise InputError(f"{path} has something in its motion that is not a number ({error}).") from error
    if not np.isfinite(values).all():
        raise InputError(
            f"{path} has NaN or infinite numbers in frame {int((~np.isfinite(values)).any(1).argmax()) + 1}."
        )
    return values, 1 / seconds


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}; check the file and its permissions.") from error
