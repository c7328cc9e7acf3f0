"""Acclaim motion capture: skeletons (.asf) and their motions (.amc), and the joints that they stand for.

A bone's end is its joint. In the pose of all zeros a bone lies along its direction; its angles turn it about
its own axes, which lie in the world as its ``axis`` line says: L = C M C^-1, R = R_parent L.
"""

import itertools
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.formats.recording import Recording
from actionprompt.formats.rotations import fixed
from actionprompt.untrusted import reading

INCH = 0.0254


@dataclass(frozen=True)
class AcclaimBone:
    """A bone of a rig."""

    name: str
    vector: Float[np.ndarray, " 3"]
    """The vector from its start to its end in the pose of all zeros, metres."""
    axes: Float[np.ndarray, "3 3"]
    """C: the axes that it turns about."""
    turns: str
    """Its angles in a motion file's order, such as ``xyz``; empty for a bone that cannot turn."""


@dataclass(frozen=True)
class AcclaimSkeleton:
    """An .asf file: one person's bones, parents before children."""

    bones: tuple[AcclaimBone, ...]
    parents: tuple[str, ...]
    """The parent of each bone; ``root`` for those that start there."""
    channels: tuple[str, ...]
    """The root's numbers in a motion file's order: tx ty tz rx ry rz."""
    unit: float
    """Metres per unit of length."""
    degrees: float
    """Degrees per unit of angle."""


def read_asf(path: Path) -> AcclaimSkeleton:
    """Reads a skeleton.

    Raises:
        InputError: not an .asf file, or one with parts that no motion file of the usual kind can have.
    """
    sections = _sections(_text(path), path)
    if lacking := [f":{name}" for name in ("root", "bonedata", "hierarchy") if name not in sections]:
        raise InputError(f"{path} is not a skeleton in Acclaim's .asf format: it has no section {', '.join(lacking)}.")
    try:
        units, root = dict(_pairs(sections.get("units", []))), dict(_pairs(sections["root"]))
        if any(float(number) for key in ("position", "orientation") for number in root.get(key, "").split()):
            raise InputError(
                f"{path}: a root that is placed beforehand is not supported; set its position and orientation to 0."
            )
        length = float(units.get("length", "1"))
        if not (length > 0 and np.isfinite(length)):
            raise InputError(f"{path}: its unit of length is {length}; expected a number such as 0.45.")
        unit = INCH / length
        radians = "radians" in sections or units.get("angle", "deg").lower().startswith("rad")
        angle = float(np.rad2deg(1.0)) if radians else 1.0
        bones = {bone.name: bone for bone in _bones(sections["bonedata"], unit, angle, path)}
        parents = dict(_hierarchy(sections["hierarchy"]))
    except InputError:  # which is a ValueError
        raise
    except (ValueError, LookupError) as error:
        raise InputError(f"{path} is not a skeleton in Acclaim's .asf format ({error}).") from error
    if wrong := [name for name in parents if name not in bones] or [name for name in bones if name not in parents]:
        raise InputError(f"{path}: bone {wrong[0]} must be both in :bonedata and in :hierarchy.")
    channels = tuple(root.get("order", "TX TY TZ RX RY RZ").lower().split())
    rig = AcclaimSkeleton(tuple(bones[name] for name in parents), tuple(parents.values()), channels, unit, angle)
    with reading(f"{path} is not a skeleton in Acclaim's .asf format: its bones cannot be put together"):
        if not np.isfinite(forward(rig, {"root": np.zeros((1, len(channels)))})).all():
            raise ValueError("a bone without a direction or length")
    return rig


def read_amc(path: Path, rig: AcclaimSkeleton, fps: float) -> Recording:
    """Reads a motion and moves the rig by it: the root and every bone's end, named after the bone.

    Raises:
        InputError: not an .amc file, one of another rig, or one that is cut off.
    """
    with reading(f"{path} is not a motion in Acclaim's .amc format"):
        text = _text(path)
        values = _values(text, path)
    expected = {"root": len(rig.channels)} | {bone.name: len(bone.turns) for bone in rig.bones if bone.turns}
    for name, numbers in values.items():
        if name not in expected:
            raise InputError(
                f"{path} moves a bone {name}, which its skeleton does not have: give the .asf file that it "
                "was made with."
            )
        if numbers.shape[1] != expected[name]:
            raise InputError(
                f"{path}: {name} has {numbers.shape[1]} numbers a frame, its skeleton says {expected[name]}."
            )
    if "root" not in values:
        raise InputError(
            f"{path} does not say where the root is: every frame needs a line `root` with {len(rig.channels)} numbers."
        )
    names = ("root", *(bone.name for bone in rig.bones))
    said = {word.upper() for word in re.findall(r"^\s*:(\w+)", text, re.MULTILINE)}
    degrees = np.rad2deg(1.0) if "RADIANS" in said else 1.0 if "DEGREES" in said else rig.degrees
    return Recording(names, forward(replace(rig, degrees=float(degrees)), values), fps, up="y")


def forward(rig: AcclaimSkeleton, values: dict[str, Float[np.ndarray, "n c"]]) -> Float[np.ndarray, "n p 3"]:
    """Forward kinematics over all frames at once: the root, then the bones' ends in the rig's order, metres.

    Bones without values do not turn.
    """
    root = values["root"]
    place = [rig.channels.index(name) for name in ("tx", "ty", "tz")]
    turn = [i for i, name in enumerate(rig.channels) if name[0] == "r"]
    ends = {"root": root[:, place] * rig.unit}
    turned = {"root": fixed("".join(rig.channels[i][1] for i in turn), root[:, turn] * rig.degrees)}
    for bone, parent in zip(rig.bones, rig.parents, strict=True):
        here = turned[parent]
        if bone.name in values:
            local = fixed(bone.turns, values[bone.name] * rig.degrees)
            here = here @ (bone.axes @ local @ bone.axes.T)
        turned[bone.name] = here
        ends[bone.name] = ends[parent] + here @ bone.vector
    return np.stack(list(ends.values()), axis=1)


def _values(text: str, path: Path) -> dict[str, Float[np.ndarray, "n c"]]:
    """A motion file's numbers by bone."""
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] not in "#:"]
    if len(lines) < 2 or not lines[0].strip().isdecimal():
        raise InputError(
            f"{path} is not a motion in Acclaim's .amc format: a frame begins with a line that holds its number."
        )
    words = [line.split(None, 1) for line in lines]
    period = next((i for i in range(2, len(words)) if words[i][0] == words[1][0]), len(words) + 1) - 1
    first = [line.split() for line in lines[1:period]]
    names, frames = [row[0] for row in first], len(lines) // period
    kept = [row for i, row in enumerate(words) if i % period]
    sound = len(lines) == frames * period and all(row[0].isdecimal() for row in words[::period])
    if sound:
        count = [int(row[0]) for row in words[::period]]
        if (lost := next((n for n, after in itertools.pairwise(count) if after != n + 1), None)) is not None:
            raise InputError(f"{path}: frame {lost} is not followed by frame {lost + 1}: frames are missing.")
    numbers = _numbers(" ".join(row[-1] for row in kept))
    ends = np.cumsum([len(row) - 1 for row in first])
    if (
        not sound
        or [row[0] for row in kept] != names * frames
        or numbers is None
        or numbers.size != frames * ends[-1]
        or not np.isfinite(numbers).all()
    ):
        raise InputError(f"{path}{_fault(lines, first)}")
    return dict(zip(names, np.split(numbers.reshape(frames, -1), ends[:-1], axis=1), strict=True))


def _fault(lines: list[str], first: list[list[str]]) -> str:
    """What is wrong with a motion file that is wrong, as the end of a sentence that begins with its path."""
    frame = 0
    for i, line in enumerate(lines):
        words, row = line.split(), i % (len(first) + 1)
        if row == 0:
            frame += 1
            if not line.strip().isdecimal():
                return f", after frame {frame - 1}: expected the next frame's number, got {line.strip()[:30]!r}."
            continue
        expected = first[row - 1]
        if words[0] != expected[0] or len(words) != len(expected):
            return (
                f", frame {frame}: expected {expected[0]} with {len(expected) - 1} numbers as in the first "
                f"frame, got {line.strip()[:30]!r}."
            )
        values = _numbers(" ".join(words[1:]))
        if values is None or values.size != len(words) - 1 or not np.isfinite(values).all():
            return f", frame {frame}: {words[0]} has {line.strip()[:30]!r} instead of finite numbers."
    return f", frame {frame} is cut off: extract or copy the file again."


def _numbers(text: str) -> Float[np.ndarray, " n"] | None:
    """The numbers in a text, or None where there is something else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # how older numpy reports text that is not a number
            return np.fromstring(text, sep=" ")
    except (ValueError, DeprecationWarning):
        return None


def _sections(text: str, path: Path) -> dict[str, list[str]]:
    """A skeleton file's lines by keyword, without comments."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith(":"):
            name, _, rest = line[1:].partition(" ")
            current = sections.setdefault(name.lower(), [rest] if rest else [])
        elif line:
            current.append(line)
    return sections


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """First word and the rest of each line."""
    for line in lines:
        key, _, value = line.partition(" ")
        yield key.lower(), value.strip()


def _bones(lines: list[str], unit: float, angle: float, path: Path) -> Iterator[AcclaimBone]:
    """The bones of a :bonedata section."""
    bone: dict[str, str] = {}
    for key, value in _pairs(lines):
        if key == "begin":
            bone = {}
        elif key == "end":
            direction = np.array(bone["direction"].split(), dtype=float)
            *degrees, order = bone.get("axis", "0 0 0 XYZ").split()
            dofs = bone.get("dof", "").lower().split()
            if odd := [dof for dof in dofs if dof not in ("rx", "ry", "rz")]:
                raise InputError(
                    f"{path}: bone {bone['name']} has the degree of freedom {odd[0]}; only rx, ry, rz are supported."
                )
            axes = fixed(order.lower(), np.array(degrees, dtype=float) * angle)
            length = float(bone["length"]) * unit / np.linalg.norm(direction)
            yield AcclaimBone(bone["name"], direction * length, axes, "".join(dof[1] for dof in dofs))
        else:
            bone.setdefault(key, value)


def _hierarchy(lines: list[str]) -> Iterator[tuple[str, str]]:
    """(bone, parent) of a :hierarchy section, parents first as the format demands."""
    for parent, *children in (line.split() for line in lines):
        if parent.lower() not in ("begin", "end"):
            yield from ((child, parent) for child in children)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="latin-1").removeprefix("\u00ef\u00bb\u00bf")  # a byte-order mark
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}; check the file and its permissions.") from error
