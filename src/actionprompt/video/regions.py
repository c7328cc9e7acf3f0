"""Square, turned parts of an image: what a person's network looks at."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch.nn.functional import grid_sample


@dataclass(frozen=True)
class Region:
    """A square in an image; pixel (0, 0) covers [0, 1) x [0, 1)."""

    x: float
    """Centre, pixels."""
    y: float
    size: float
    """Side, pixels."""
    angle: float = 0.0
    """Clockwise as one sees it, radians: where the square's upper side points to the right, pi / 2."""

    def to_image(self, points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
        """Points of the square, (0, 0) its upper left and (1, 1) its lower right corner, in pixels of the image."""
        c, s = math.cos(self.angle) * self.size, math.sin(self.angle) * self.size
        placed: Float[np.ndarray, "*n 2"] = (points - 0.5) @ np.array([[c, s], [-s, c]]) + [self.x, self.y]
        return placed

    def overlap(self, other: "Region") -> float:
        """Shared area over joint area, without the turn."""
        return float(iou(self._box()[None], other._box()[None])[0, 0])

    def _box(self) -> Float[np.ndarray, " 4"]:
        half = self.size / 2
        return np.array([self.x - half, self.y - half, self.x + half, self.y + half])


def standing(foot: Float[np.ndarray, " 2"], head: Float[np.ndarray, " 2"], margin: float) -> Region:
    """The square around a circle, given its centre (between the hips) and the point of it that is above the head.

    The square is turned so that the person stands upright in it, and larger than the circle by ``margin``.
    """
    x, y = (head - foot).tolist()
    return Region(float(foot[0]), float(foot[1]), 2 * math.hypot(x, y) * margin, math.atan2(x, -y))


def crop(
    image: UInt8[np.ndarray, "h w 3"], region: Region, side: int, *, black: bool = False
) -> Float[np.ndarray, "side side 3"]:
    """The region as a picture of ``side`` x ``side`` pixels, 0 to 255, by bilinear interpolation.

    Beyond the image it is black, or repeats the image's edge.
    """
    height, width = image.shape[:2]
    c, s = math.cos(region.angle) * region.size / 2, math.sin(region.angle) * region.size / 2
    reach = abs(c) + abs(s) + 2
    left, right = _span(region.x - reach, region.x + reach, width)
    top, bottom = _span(region.y - reach, region.y + reach, height)
    part = torch.from_numpy(image[top:bottom, left:right])[None].permute(0, 3, 1, 2).float()  # channels stay last
    x, y = 2 / (right - left), 2 / (bottom - top)  # of the part, whose sides are -1 and 1
    across = _centres(side)
    grid = torch.empty(1, side, side, 2)
    torch.add(across * (c * x), across[:, None] * (-s * x) + ((region.x - left) * x - 1), out=grid[0, ..., 0])
    torch.add(across * (s * y), across[:, None] * (c * y) + ((region.y - top) * y - 1), out=grid[0, ..., 1])
    beyond = "zeros" if black else "border"
    picture: Float[np.ndarray, "side side 3"] = (
        grid_sample(part, grid, padding_mode=beyond, align_corners=False)[0].permute(1, 2, 0).contiguous().numpy()
    )
    return picture


@cache
def _centres(side: int) -> Float[torch.Tensor, " side"]:
    """The pixels' centres along one side, from -1 to 1."""
    return (2 * torch.arange(side) + 1) / side - 1


@contextmanager
def single_threaded() -> Iterator[None]:
    """Crops are made on one thread: several would wait in a loop for the next one, on cores that the networks want."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    """The pixels between two places, at least one of which is in the image."""
    first = min(max(math.floor(low), 0), size - 1)
    return first, min(max(math.ceil(high), first + 1), size)


def iou(a: Float[np.ndarray, "m 4"], b: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "m n"]:
    """Shared area over joint area of boxes (left, top, right, bottom)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clip(0).prod(-1)
    area = [(box[:, 2:] - box[:, :2]).clip(0).prod(-1) for box in (a, b)]
    ratio: Float[np.ndarray, "m n"] = shared / np.maximum(area[0][:, None] + area[1][None] - shared, 1e-12)
    return ratio
