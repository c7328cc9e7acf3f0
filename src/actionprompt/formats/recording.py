"""A motion capture file, read: named points over time, whatever the format it came from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17

LEG = (0.3, 1.4)
"""Thigh and shank together, metres: from a small child to a giant."""
Up = Literal["x", "y", "z"]
"""The axis that points up in a file's world."""
METRES = {
    "m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0,
    "dm": 0.1,
    "cm": 0.01, "centimeter": 0.01, "centimeters": 0.01, "centimetre": 0.01, "centimetres": 0.01,
    "mm": 0.001, "millimeter": 0.001, "millimeters": 0.001, "millimetre": 0.001, "millimetres": 0.001,
    "in": 0.0254, "inch": 0.0254, "inches": 0.0254,
}  # fmt: skip
"""Units of length as files spell them; some cut the words off."""
AXES: dict[str, Up] = {"x": "x", "y": "y", "z": "z"}
"""The axes by name."""


@dataclass(frozen=True)
class Recording:
    """Named points of one person."""

    names: tuple[str, ...]
    points: Float[np.ndarray, "n p 3"]
    """In the file's unit; NaN where a marker was lost."""
    fps: float
    up: Up
    unit: float | None = 1.0
    """Metres per unit; None where the file does not say."""
    first: float = 0.0
    """Seconds: the time of the first frame."""


def z_up(points: Float[np.ndarray, "n p 3"], up: Up) -> Float[np.ndarray, "n p 3"]:
    """The points in axes whose z points up: a world with x or y up is turned by 90 degrees about y or x."""
    if up == "z":
        return points
    order, signs = ([0, 2, 1], [1.0, -1.0, 1.0]) if up == "y" else ([2, 1, 0], [-1.0, 1.0, 1.0])
    turned: Float[np.ndarray, "n p 3"] = points[..., order] * np.array(signs)
    return turned


def fill(points: Float[np.ndarray, "n p 3"]) -> Float[np.ndarray, "n p 3"]:
    """The points with their gaps (NaN) interpolated in time; at the ends they stay where they are.

    A point that no frame has stays NaN.
    """
    gaps = np.isnan(points).any(-1)
    filled: Float[np.ndarray, "n p 3"] = points.copy()
    for p in (gaps.any(0) & ~gaps.all(0)).nonzero()[0]:
        lost, time = gaps[:, p], np.arange(points.shape[0])
        for axis in range(3):
            filled[lost, p, axis] = np.interp(time[lost], time[~lost], points[~lost, p, axis])
    return filled


def resample(points: Float[np.ndarray, "n p 3"], fps: float, wanted: float) -> Float[np.ndarray, "m p 3"]:
    """The points at another frame rate, by the cubic (Catmull-Rom) through the four nearest frames.

    The first frame stays where it is and nothing is extrapolated, so that n frames become
    floor((n - 1) * wanted / fps) + 1.
    """
    if fps == wanted:
        return points
    last = points.shape[0] - 1
    time = np.arange(int(last * wanted / fps + 1e-6) + 1) * fps / wanted
    left = np.minimum(np.floor(time + 1e-6).astype(int), max(last - 1, 0))
    s = (time - left).clip(0, 1)[:, None, None]
    before, here, there, after = (points[(left + k).clip(0, last)] for k in (-1, 0, 1, 2))
    before = np.where((left == 0)[:, None, None], 2 * here - there, before)  # the ends go straight on
    after = np.where((left == last - 1)[:, None, None], 2 * there - here, after)
    slope = (there - before) / 2, (after - here) / 2
    rise = there - here
    curve: Float[np.ndarray, "m p 3"] = here + s * (
        slope[0] + s * (3 * rise - 2 * slope[0] - slope[1] + s * (slope[0] + slope[1] - 2 * rise))
    )
    return curve


def leg_length(joints: Float[np.ndarray, "n 17 3"]) -> float:
    """Median length of the right thigh and shank together, in the joints' unit."""
    leg = [H36M_17.joints.index(f"right {name}") for name in ("hip", "knee", "ankle")]
    return path_length(joints[:, leg])


def path_length(points: Float[np.ndarray, "n p 3"]) -> float:
    """Median over time of the way from the first point along all others, over frames that have them."""
    ways: Float[np.ndarray, " n"] = np.linalg.norm(np.diff(points, axis=1), axis=-1).sum(-1)
    return float(np.nanmedian(ways))


def check_size(joints: Float[np.ndarray, "n 17 3"], where: str, unit: str) -> None:
    """Refuses joints that are not finite, or not in metres because the file's unit is not the one it should be.

    Raises:
        InputError: the right leg is as long as no person's.
    """
    length = leg_length(joints)
    if not LEG[0] <= length <= LEG[1] or not np.isfinite(joints).all():
        raise InputError(
            f"{where}: the right leg would be {length:.3g} m long, as no person's is: lengths must be in {unit}, and "
            "points must be what they are named after."
        )


def top_speed(points: Float[np.ndarray, "n p 3"], fps: float) -> float:
    """The fastest step of any point, metres a second: people stay below 15."""
    if points.shape[0] < 2:
        return 0.0
    return float(np.linalg.norm(np.diff(points, axis=0), axis=-1).max() * fps)
