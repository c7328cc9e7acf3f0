"""The path on which feet stand: a shift of each frame, so that standing ankles stay where they are, on the ground."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from actionprompt.analysis.contacts import SIDES, Contact
from actionprompt.output.axes import ANKLE_HEIGHT
from actionprompt.output.rigid import Points, Vectors
from actionprompt.skeleton import Skeleton

ACROSS, DEPTH = 0.03, 0.5
"""Metres by which the estimated path is off across the line of sight and along it."""
ACCELERATION = 4.0
"""Metres a second squared of a root."""
STAY = 0.003
"""Metres by which a standing ankle may move."""
LEVEL = (0.5, 0.4, 0.3, 0.2, 0.15, 0.15)
"""Metres, in each of several rounds: places that are farther off the ground (a step, a roof) keep their height."""
EVEN = 0.001
"""Metres by which other places are off the ground."""
UNEVEN = 0.1
"""Metres by which standing ankles are off the plane that the ground seems to be."""
SLOPE = 0.25
"""By how much the ground may seem to rise per metre, since nobody said how the camera is tilted."""


def solved_path(
    points: Points, found: Sequence[Contact], sight: Vectors, skeleton: Skeleton, fps: float
) -> tuple[Points, Float[np.ndarray, "k 3"]]:
    """The points moved as a whole in each frame, and the places of the standing ankles.

    Least squares over each frame's shift and each contact's place: the shift is small across the line of sight, the
    root's path is smooth, standing ankles are at their places, and places are on the ground (robustly: Cauchy).
    """
    if not found:
        return points, np.empty((0, 3))
    ankles = ankles_of(points, skeleton)
    start = np.stack([ankles[c.start : c.end, c.side].mean(0) for c in found])
    frames = np.array([c.end - c.start for c in found], dtype=float)
    slope = ground(start, frames)
    tilt = slope[0] + points[:, skeleton.root, [0, 2]] @ slope[1:] - ANKLE_HEIGHT
    points = points - tilt[:, None, None] * [0.0, 1.0, 0.0]
    ankles = ankles_of(points, skeleton)
    weights = np.ones(len(found))
    for far in LEVEL:
        shift, anchors = _solve(points[:, skeleton.root], ankles, found, sight, fps, weights)
        weights = 1 / (1 + ((anchors[:, 1] - ANKLE_HEIGHT) / far) ** 2)
    return points + shift[:, None], anchors


def ground(places: Float[np.ndarray, "k 3"], weights: Float[np.ndarray, " k"]) -> Float[np.ndarray, "3"]:
    """The plane y = c0 + c1 x + c2 z through standing ankles, robustly; level where they do not say otherwise."""
    rows = np.column_stack([np.ones(len(places)), places[:, 0], places[:, 2]])
    middle = np.average(rows, axis=0, weights=weights)
    slope, height = np.zeros(2), float(np.median(places[:, 1]))
    for _ in range(20):
        off = places[:, 1] - height - (rows - middle)[:, 1:] @ slope
        w = weights / weights.sum() / (1 + (off / UNEVEN) ** 2)
        middle = np.average(rows, axis=0, weights=w)
        height = float(np.average(places[:, 1], weights=w))
        x = (rows - middle)[:, 1:]
        normal = (x * w[:, None]).T @ x / UNEVEN**2 + np.eye(2) / SLOPE**2 / max(len(places), 1)
        slope = np.linalg.solve(normal, (x * w[:, None]).T @ (places[:, 1] - height) / UNEVEN**2)
    return np.array([height - middle[1:] @ slope, *slope])


def _solve(
    root: Vectors, ankles: Float[np.ndarray, "n 2 3"], found: Sequence[Contact], sight: Vectors, fps: float,
    level: Float[np.ndarray, " k"],
) -> tuple[Vectors, Float[np.ndarray, "k 3"]]:  # fmt: skip
    """One linear solve; ``level`` weighs how much each place is on the ground."""
    n, k = len(root), len(found)
    ray = sight / np.linalg.norm(sight, axis=-1, keepdims=True)
    along = ray[:, :, None] * ray[:, None]
    stiff = (np.eye(3) - along) / ACROSS**2 + along / DEPTH**2
    blocks = _Blocks(3 * (n + k))
    for axis in range(3):
        for other in range(3):
            blocks.add(3 * np.arange(n) + axis, 3 * np.arange(n) + other, stiff[:, axis, other])
    steps = np.array([1.0, -2.0, 1.0]) * fps**2 / ACCELERATION
    bend = root[:-2] - 2 * root[1:-1] + root[2:]
    for axis in range(3):
        rows = 3 * np.arange(max(n - 2, 0)) + axis
        blocks.squares([(rows + 3 * i, s) for i, s in enumerate(steps)], -bend[:, axis] * fps**2 / ACCELERATION)
        for number, c in enumerate(found):
            frames = np.arange(c.start, c.end)
            place = np.full(frames.size, 3 * (n + number) + axis)
            blocks.squares([(3 * frames + axis, 1 / STAY), (place, -1 / STAY)], -ankles[frames, c.side, axis] / STAY)
    places = 3 * (n + np.arange(k)) + 1
    blocks.add(places, places, level / EVEN**2)
    blocks.right[places] += level / EVEN**2 * ANKLE_HEIGHT
    solution = blocks.solve().reshape(-1, 3)
    return solution[:n], solution[n:]


class _Blocks:
    """Normal equations, gathered term by term."""

    def __init__(self, size: int) -> None:
        self.right = np.zeros(size)
        self._terms: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        """Adds values to the matrix."""
        self._terms.append((rows, columns, np.broadcast_to(values, rows.shape)))

    def squares(self, factors: Sequence[tuple[np.ndarray, float]], target: np.ndarray) -> None:
        """Adds the squares of sums of factor times unknown, less a target."""
        for rows, one in factors:
            for columns, other in factors:
                self.add(rows, columns, np.full(rows.shape, one * other))
            np.add.at(self.right, rows, one * target)

    def solve(self) -> np.ndarray:
        """The unknowns."""
        rows, columns, values = (np.concatenate(part) for part in zip(*self._terms, strict=True))
        size = self.right.size
        matrix = coo_array((values, (rows, columns)), shape=(size, size)).tocsc()
        return np.asarray(spsolve(matrix, self.right))


def ankles_of(points: Points, skeleton: Skeleton) -> Float[np.ndarray, "n 2 3"]:
    """The left and the right ankle."""
    return points[:, [skeleton.joints.index(f"{side} ankle") for side in SIDES]]
