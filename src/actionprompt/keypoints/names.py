"""What files call points, and the points of a known layout in their order."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.keypoints.layouts import Layout, joints_of, layouts

FILLER = {"landmark", "kp", "keypoint", "point", "joint", "lm", "pose", "landmarks"}
"""Words of names that say nothing of which point it is."""
SIDES = {"l": "left", "lt": "left", "left": "left", "r": "right", "rt": "right", "right": "right"}
SAME = {
    "root": "pelvis", "mid hip": "pelvis", "hip": "pelvis", "hips": "pelvis", "hip center": "pelvis",
    "center hip": "pelvis", "middle hip": "pelvis", "midhip": "pelvis", "mhip": "pelvis", "c hip": "pelvis",
    "head bottom": "neck", "upper neck": "neck", "mid shoulder": "neck", "shoulder center": "neck",
    "top head": "head top", "headtop": "head top", "tophead": "head top", "head": "head top", "top of head": "head top",
    "torso": "spine", "belly": "spine", "spine mid": "spine", "spine middle": "spine",
    "chest": "thorax", "spine chest": "thorax", "shoulder mid": "neck",
}  # fmt: skip
"""Other words for middle points, as COCO-like files, PoseTrack, MPII, Human3.6M and Halpe write them."""
INSTEAD = {"foot": "ankle", "hand": "wrist"}
"""Words for the end of a limb in files without the usual one, as Human3.6M's."""


def plain(name: str) -> str:
    """A point's name in lower case with the side first: ``LShoulder``, ``shoulder_l``, ``left-shoulder`` are one."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.strip())
    words = re.sub(r"[\s_\-./:]+", " ", spaced).lower().split()
    words = [word for word in words if word not in ("kp", "joint", "keypoint")]
    if len(words) == 1 and (joined := re.fullmatch(r"(left|right|l|r)(hip|knee|ankle|foot|shoulder|elbow|wrist|hand|"
                                                   r"eye|ear|heel)", words[0])):  # fmt: skip
        words = [joined[1], joined[2]]
    side = next((word for word in (words[:1] + words[-1:]) if word in SIDES), None)
    if side is None or len(words) < 2:
        return SAME.get(" ".join(words), " ".join(words))
    rest = words[1:] if words[0] == side else words[:-1]
    return f"{SIDES[side]} {' '.join(rest)}"


def canonical(names: Sequence[str]) -> list[str]:
    """The names in the house's words; what it depends on is which others there are."""
    found = [plain(name) for name in names]
    for word, usual in INSTEAD.items():
        if not any(point.endswith(f" {usual}") for point in found):
            found = [f"{point[: -len(word)]}{usual}" if point.endswith(f" {word}") else point for point in found]
    if {"thorax", "spine", "pelvis"} <= set(found) and "nose" not in found:  # Human3.6M's fourth point of the trunk
        found = ["nose" if point in ("neck", "neck base", "neck nose") else point for point in found]
    if {"neck", "spine", "nose"} <= set(found) and "thorax" not in found and "left ear" not in found:
        found = ["thorax" if point == "neck" else point for point in found]
    return found


def arrangement(names: Sequence[str]) -> tuple[Layout, list[int]] | None:
    """The layout that points of these names make, and where each of its points is among them; None if they make none.

    A known layout is preferred; its points that no joint needs may lack (-1).
    """
    found = canonical(names)
    if len(set(found)) < len(found):
        return None
    fitting = [layout for layout in layouts().values() if _fits(layout, found)]
    if fitting:
        layout = max(fitting, key=lambda one: sum(plain(point) in found for point in one.points))
        listed = [plain(point) for point in layout.points]
        return layout, [found.index(point) if point in found else -1 for point in listed]
    joints = joints_of(found)
    own = None if joints is None else Layout("named points", tuple(found), (len(found),), joints)
    return None if own is None else (own, list(range(len(found))))


def _fits(layout: Layout, found: Sequence[str]) -> bool:
    """Whether the layout's joints follow from such points just as a layout of their own would have it."""
    if not {plain(layout.points[p]) for p in layout.needed} <= set(found):
        return False
    middles = {"pelvis", "neck", "thorax", "head top", "spine"}
    return not (middles & set(found)) - {plain(point) for point in layout.points}


def arranged(
    table: Float[np.ndarray, "d p 3"], names: Sequence[str], where: str
) -> tuple[Layout, Float[np.ndarray, "d q 3"]]:
    """Points with names in the order of a layout; what the file lacks is missing (0).

    Raises:
        InputError: another number of names than of points, or names from which no body follows.
    """
    if len(names) != table.shape[1]:
        raise InputError(f"{where} names {len(names)} points and has {table.shape[1]} a person.")
    found = arrangement(names)
    if found is None:
        raise InputError(
            f"{where} has the points {', '.join(names)}: of a person, hips, knees, ankles, shoulders, elbows, wrists "
            "of both sides and a nose, eyes, ears or head are needed (`left_hip`, ...)."
        )
    layout, order = found
    padded = np.concatenate([table, np.zeros_like(table[:, :1])], axis=1)
    return layout, padded[:, order]


def names_of(categories: object) -> list[str] | None:
    """The names of points in COCO's ``categories``, where they are said."""
    listed = categories if isinstance(categories, list) else []
    said = [one["keypoints"] for one in listed if isinstance(one, Mapping) and one.get("keypoints")]
    return [str(name) for name in said[0]] if said and isinstance(said[0], list) else None


def known_names(named: Sequence[str], path: Path) -> list[str] | None:
    """The points' names; None if they are numbers, in their order, of a layout that is told by how many there are.

    Raises:
        InputError: no body follows from such points.
    """
    numbers = [re.sub(r"[a-z ]", "", name) for name in named]
    words = {word for name in named for word in re.findall(r"[a-z]+", name)}
    if named and words <= FILLER and all(number.isdecimal() for number in numbers):
        listed = [int(number) for number in numbers]
        if listed == list(range(listed[0], listed[0] + len(listed))) and listed[0] in (0, 1):
            return None
    if not named or arrangement(named) is None:
        raise InputError(
            f"{path} has columns for {', '.join(sorted(named)) or 'no point'}: expected `left_hip_x`, "
            f"`left_hip_y` and so on, for the points of {', '.join(layouts())}."
        )
    return list(named)
