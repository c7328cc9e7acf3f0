"""What a user should be told about people's joints: turned pictures, other sizes, left for right."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from actionprompt.keypoints.layouts import Layout
from actionprompt.skeleton import H36M_17

MOST = 0.5
"""Share of the frames from which on a posture is told."""
LEANING = 50
"""Degrees up to which a person, from the ankles to the neck, leans rather than lies; cameras are tilted by up to 30."""
OUTSIDE = 0.1
"""Share of the joints outside the picture from which on it is told."""

MOSTLY = 0.8
"""Share of the frames in which left and right contradict each other, from which on it is told."""
TURNED = 0.15
"""Width of the shoulders, as a share of the trunk's height, from which on it is clear where a person faces."""
FACE = 0.02
"""Width of the face, likewise."""


def told_of(
    person: str, joints: Float[np.ndarray, "n 17 2"], seen: Float[np.ndarray, "n 17"], size: tuple[int, int]
) -> Iterator[str]:
    """Sentences about one person.

    Args:
        person: the name.
        joints: on the normalised screen.
        seen: confidence; 0 where a joint was interpolated.
        size: of the image; (0, 0) if it is not known.
    """
    yield from _lying(person, joints)
    if min(size) > 0:
        yield from _outside(person, joints[seen > 0], size)


def _lying(person: str, joints: Float[np.ndarray, "n 17 2"]) -> Iterator[str]:
    """People who mostly lie or stand on their heads, and how to turn them."""
    thorax, left, right = (joints[:, H36M_17.joints.index(name)] for name in ("thorax", "left ankle", "right ankle"))
    x, y = (thorax - (left + right) / 2).T
    whole = np.degrees(np.arctan2(-np.median(x), -np.median(y)))  # 0: the head is up; 90: to the left
    if abs(whole) < LEANING:
        return
    roll = 180 if abs(whole) >= 135 else 90 if whole > 0 else -90
    off = np.abs((np.degrees(np.arctan2(-x, -y)) - roll + 180) % 360 - 180)
    share = float(np.mean(off <= 90 - LEANING / 2))
    how = {180: "stands on the head", 90: "lies with the head to the left", -90: "lies with the head to the right"}[
        roll
    ]
    swap = "" if roll == 180 else "; if x and y are exchanged, exchange them"
    if share > MOST:
        yield (
            f"Person {person} {how} in {share:.0%} of the frames: if the picture is turned, say --camera.roll "
            f"{roll}{swap}."
        )


def _outside(person: str, found: Float[np.ndarray, "m 2"], size: tuple[int, int]) -> Iterator[str]:
    """People who are partly outside the picture, where width and height may be exchanged."""
    width, height = size
    pixels = (found + np.array([1.0, height / width])) * width / 2

    def share(w: int, h: int) -> float:
        return float(np.mean((pixels < 0).any(-1) | (pixels[:, 0] > w) | (pixels[:, 1] > h))) if len(pixels) else 0.0

    if (out := share(width, height)) <= OUTSIDE:
        return
    why = f": is it {height} x {width}?" if share(height, width) < out / 2 else "."
    yield f"{out:.0%} of the joints of person {person} are outside the picture of {width} x {height} pixels{why}"


def contradicts(layout: Layout, points: Float[np.ndarray, "n p 2"], missing: Bool[np.ndarray, "n p"]) -> bool:
    """Whether left and right of a body contradict its face, as where the picture was mirrored and the names were not.

    Kinect v2's colour points are such: its face is one point, and the body seems to face away although it is found.
    """
    seen = np.where(missing[..., None], np.nan, points)
    body = _width(layout, seen, "shoulder") + _width(layout, seen, "hip")
    shoulders, hips = (_middle(layout, seen, name) for name in ("shoulder", "hip"))
    trunk = np.linalg.norm(shoulders - hips, axis=-1)
    clear = np.abs(body) > TURNED * trunk
    face = np.stack([_width(layout, seen, name) for name in ("eye", "ear")])
    widest = np.nanmax(np.abs(np.nan_to_num(face)), axis=0)
    known = np.isfinite(face).any(0)
    side = np.nansum(face, axis=0)
    if clear.sum() < MOST * len(clear):
        return False
    if not (known & clear).any():
        return False
    if (widest[known & clear] == 0).all():  # a face without width, which no detector of faces gives
        return float(np.mean(body[clear] < 0)) > MOSTLY
    both = clear & (widest > FACE * trunk)
    return bool(both.sum() > MOST * clear.sum()) and float(np.mean((side * body)[both] < 0)) > MOSTLY


def _width(layout: Layout, seen: Float[np.ndarray, "n p 2"], name: str) -> Float[np.ndarray, " n"]:
    """How far the left of a pair is to the right in the picture; NaN where one is missing."""
    pair = [f"{side} {name}" for side in ("left", "right")]
    if not set(pair) <= set(layout.points):
        return np.full(len(seen), np.nan)
    left, right = (seen[:, layout.points.index(point), 0] for point in pair)
    width: Float[np.ndarray, " n"] = left - right
    return width


def _middle(layout: Layout, seen: Float[np.ndarray, "n p 2"], name: str) -> Float[np.ndarray, "n 2"]:
    left, right = (seen[:, layout.points.index(f"{side} {name}")] for side in ("left", "right"))
    middle: Float[np.ndarray, "n 2"] = (left + right) / 2
    return middle
