"""Figures drawn over a frame: the 2D skeleton, its action, and the 3D pose in a corner."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from actionprompt.skeleton import Skeleton
from actionprompt.video.libraries import library

Colour = tuple[int, int, int]

LEFT, RIGHT, MIDDLE, GREY = (98, 168, 255), (255, 141, 82), (240, 243, 246), (102, 114, 127)
DARK = (14, 17, 21)
"""The viewer's colours of the body's sides, of what is between them and of the floor; and what they stand out from."""
FINE = 2
"""Times finer than the frame, for smooth edges."""
TURN, TILT = math.radians(50), math.radians(12)
"""From where the corner shows the pose: beside and above the camera, since the camera's view is the frame."""
INSET = 0.34
"""The corner's side, of the frame's shorter side."""


@dataclass(frozen=True)
class Figure:
    """A lifted person; the arrays' frames count at ``fps`` from the video's beginning plus ``first``."""

    name: str
    skeleton: Skeleton
    fps: float
    first: int
    keypoints: Float[np.ndarray, "n j 2"]
    """On the normalised screen."""
    pose: Float[np.ndarray, "n j 3"] | None = None
    """Root-relative, camera axes (y down)."""
    labels: tuple[str, ...] = ()
    """What the person does, at each frame."""

    def at(self, time: float) -> tuple[Float[np.ndarray, "j 2"], Float[np.ndarray, "j 3"] | None, str] | None:
        """Joints, pose and label at some seconds; None where the person is not seen."""
        frame = time * self.fps - self.first
        last = self.keypoints.shape[0] - 1
        if not -1 < frame < last + 1:
            return None
        frame = min(max(frame, 0.0), float(last))
        here, there = int(frame), min(int(frame) + 1, last)
        share = frame - here
        joints, pose = (
            None if x is None else (1 - share) * x[here] + share * x[there] for x in (self.keypoints, self.pose)
        )
        assert joints is not None
        return joints, pose, self.labels[round(frame)] if self.labels else ""


def draw(picture: UInt8[np.ndarray, "h w 3"], figures: list[Figure], time: float) -> None:
    """Draws everybody seen at this time into a frame; the corner shows the first one who has a pose.

    Raises:
        InputError: Pillow is not installed.
    """
    height, width = picture.shape[:2]
    posed = []
    for figure in figures:
        if (found := figure.at(time)) is None:
            continue
        joints, pose, label = found
        posed += [(figure, pose)] if pose is not None else []
        pixels = (joints + np.array([1, height / width])) * width / 2
        _skeleton(picture, pixels, figure.skeleton, max(2.0, np.ptp(pixels[:, 1]) / 90))
        if words := ": ".join(filter(None, (figure.name, label))):
            _text(picture, pixels, words)
    if posed:
        _corner(picture, *posed[0], name=posed[0][0].name if len(figures) > 1 else "")


class Layer:
    """What is drawn ``FINE`` times finer than a part of the picture that it is put over: colours, and how they cover.

    Pillow draws two small images; only their part of the picture is touched, and never the whole of it.
    """

    def __init__(self, size: tuple[int, int], alpha: int) -> None:
        """A layer for so many pixels of width and height, dark and covering by ``alpha`` of 255."""
        pillow = library("PIL.Image", "Drawing over a video needs Pillow")
        fine = (size[0] * FINE, size[1] * FINE)
        self._colours, self._cover = pillow.new("RGB", fine, DARK), pillow.new("L", fine, alpha)
        pen = library("PIL.ImageDraw", "").Draw
        self._pens = pen(self._colours), pen(self._cover)

    def line(self, points: Sequence[float], colour: Colour, width: int, alpha: int = 255) -> None:
        """A line through x, y, x, y in fine pixels."""
        for pen, fill in zip(self._pens, (colour, alpha), strict=True):
            pen.line(points, fill=fill, width=width, joint="curve")

    def disc(self, box: tuple[float, float, float, float], colour: Colour, alpha: int = 255) -> None:
        """A disc in a box of fine pixels."""
        for pen, fill in zip(self._pens, (colour, alpha), strict=True):
            pen.ellipse(box, fill=fill)

    def sign(self, radius: float, alpha: int) -> None:
        """A rounded rectangle that fills the layer."""
        self._pens[1].rounded_rectangle((0, 0, *(n - 1 for n in self._cover.size)), radius=radius, fill=alpha)

    def text(self, place: tuple[float, float], text: str, font: Any) -> None:
        """A text at a place in fine pixels."""
        for pen, fill in zip(self._pens, (MIDDLE, 255), strict=True):
            pen.text(place, text, font=font, fill=fill)

    def over(self, picture: UInt8[np.ndarray, "h w 3"], left: int, top: int) -> None:
        """Puts the layer over the picture, where its upper left pixel is at ``left`` and ``top``, which are in it."""
        part = picture[top:, left:][: self._cover.size[1] // FINE, : self._cover.size[0] // FINE]
        below = library("PIL.Image", "").fromarray(part)
        below.paste(self._colours.reduce(FINE), (0, 0), self._cover.reduce(FINE))
        part[:] = below


def _skeleton(
    picture: UInt8[np.ndarray, "h w 3"], pixels: Float[np.ndarray, "j 2"], skeleton: Skeleton, thick: float
) -> None:
    """Bones with a dark edge, on the part of the picture that they are in."""
    low = np.maximum(np.floor(pixels.min(0) - 4 * thick), 0).astype(int)
    high = np.minimum(np.ceil(pixels.max(0) + 4 * thick), picture.shape[1::-1]).astype(int)
    if (high <= low).any():
        return
    layer = Layer((int(high[0] - low[0]), int(high[1] - low[1])), alpha=0)
    points = ((pixels - low) * FINE).tolist()
    for wider, of_side in ((1.9, False), (1.0, True)):
        for parent, child in skeleton.bones:
            colour, alpha = (side_colour(skeleton, child), 255) if of_side else (DARK, 150)
            radius = wider * thick * FINE / 2
            layer.line((*points[parent], *points[child]), colour, max(1, round(2 * radius)), alpha)
            for x, y in (points[parent], points[child]):
                layer.disc((x - radius, y - radius, x + radius, y + radius), colour, alpha)
    layer.over(picture, int(low[0]), int(low[1]))


def side_colour(skeleton: Skeleton, joint: int) -> Colour:
    """The colour of the bone that ends in a joint."""
    return LEFT if joint in skeleton.left else RIGHT if joint in skeleton.right else MIDDLE


def _text(picture: UInt8[np.ndarray, "h w 3"], pixels: Float[np.ndarray, "j 2"], text: str) -> None:
    """A label above the head, within the picture."""
    height, width = picture.shape[:2]
    size = max(12, round(min(height, width) / 34))
    font = _font(size * FINE)
    left, top, right, bottom = font.getbbox(text)
    pad = size // 3
    wide, high = math.ceil((right - left) / FINE) + 2 * pad, math.ceil((bottom - top) / FINE) + 2 * pad
    x = min(max(round(pixels[:, 0].mean() - wide / 2), 0), max(width - wide, 0))
    y = min(max(round(pixels[:, 1].min() - 1.2 * size - high), 0), max(height - high, 0))
    layer = Layer((wide, high), alpha=0)
    layer.sign(pad * FINE, alpha=170)
    layer.text((pad * FINE - left, pad * FINE - top), text, font)
    layer.over(picture, x, y)


def _corner(picture: UInt8[np.ndarray, "h w 3"], figure: Figure, pose: Float[np.ndarray, "j 3"], name: str) -> None:
    """The pose as seen from beside and above the camera, on a metre grid, in the upper right corner."""
    assert figure.pose is not None
    side = round(INSET * min(picture.shape[:2]))
    if side < 32:
        return
    layer = Layer((side, side), alpha=200)
    radius = max(float(np.linalg.norm(figure.pose, axis=-1).max()), 1e-6)
    scale = 0.46 * side * FINE / radius

    def place(points: Float[np.ndarray, "p 3"]) -> list[tuple[float, float]]:
        return [(x, y) for x, y in (turned(points)[:, :2] * scale + side * FINE / 2).tolist()]

    floor, ticks = pose[:, 1].max(), np.linspace(-1, 1, 5) * radius * 0.6
    for tick in ticks:
        along = np.array([[tick, floor, ticks[0]], [tick, floor, ticks[-1]]])
        for ends in (along, along[:, [2, 1, 0]]):
            layer.line([c for point in place(ends) for c in point], GREY, FINE)
    points = place(pose)
    order = sorted(figure.skeleton.bones, key=lambda bone: -turned(pose[list(bone)])[:, 2].mean())  # far ones first
    for parent, child in order:
        colour = side_colour(figure.skeleton, child)
        layer.line((*points[parent], *points[child]), colour, max(2, round(side * FINE / 55)))
    if name:
        layer.text((side / 12, side / 12), name, _font(side * FINE / 14))
    layer.over(picture, picture.shape[1] - side, 0)


@cache
def _font(size: float) -> Any:
    return library("PIL.ImageFont", "").load_default(max(12, round(size)))


def turned(points: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "p 3"]:
    """Camera axes turned about the vertical, then tilted: x right, y down, z away."""
    c, s, u, v = math.cos(TURN), math.sin(TURN), math.cos(TILT), math.sin(TILT)
    turn = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    tilt = np.array([[1, 0, 0], [0, u, -v], [0, v, u]])
    seen: Float[np.ndarray, "p 3"] = points @ (tilt @ turn).T
    return seen
