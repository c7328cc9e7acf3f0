"""Figures drawn over a frame: the 2D skeleton, its action, and the 3D pose in a corner."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from actionprompt.skeleton import Skeleton
from actionprompt.video.libraries import library

LEFT, RIGHT, MIDDLE, DARK = (98, 168, 255), (255, 141, 82), (240, 243, 246), (14, 17, 21)
"""The viewer's colours of the body's sides; what is between them; and what makes them stand out."""
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


def draw(image: UInt8[np.ndarray, "h w 3"], figures: list[Figure], time: float) -> UInt8[np.ndarray, "h w 3"]:
    """The frame with everybody seen at this time; the corner shows the first one who has a pose.

    Raises:
        InputError: Pillow is not installed.
    """
    picture = library("PIL.Image", "Drawing over a video needs Pillow").fromarray(image)
    height, width = image.shape[:2]
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
    return np.asarray(picture)


def _skeleton(picture: Any, pixels: Float[np.ndarray, "j 2"], skeleton: Skeleton, thick: float) -> None:
    """Bones with a dark edge, on the part of the picture that they are in."""
    low = np.maximum(np.floor(pixels.min(0) - 4 * thick), 0).astype(int)
    high = np.minimum(np.ceil(pixels.max(0) + 4 * thick), picture.size).astype(int)
    if (high <= low).any():
        return
    layer = library("PIL.Image", "").new("RGBA", tuple(((high - low) * FINE).tolist()), (*DARK, 0))
    pen = library("PIL.ImageDraw", "").Draw(layer)
    points = ((pixels - low) * FINE).tolist()
    for wider, of_side in ((1.9, False), (1.0, True)):
        for parent, child in skeleton.bones:
            colour = side_colour(skeleton, child) if of_side else (*DARK, 150)
            radius = wider * thick * FINE / 2
            pen.line((*points[parent], *points[child]), fill=colour, width=max(1, round(2 * radius)))
            for x, y in (points[parent], points[child]):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    layer = layer.reduce(FINE)
    picture.paste(layer, tuple(low.tolist()), layer)


def side_colour(skeleton: Skeleton, joint: int) -> tuple[int, int, int]:
    """The colour of the bone that ends in a joint."""
    return LEFT if joint in skeleton.left else RIGHT if joint in skeleton.right else MIDDLE


def _text(picture: Any, pixels: Float[np.ndarray, "j 2"], text: str) -> None:
    """A label above the head, within the picture."""
    pen = library("PIL.ImageDraw", "").Draw(picture, "RGBA")
    size = max(12, round(min(picture.size) / 34))
    font = _font(float(size))
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    wide, high, pad = right - left, bottom - top, size // 3
    middle, above = pixels[:, 0].mean(), pixels[:, 1].min() - 1.2 * size - high
    x = min(max(middle - wide / 2, pad), max(picture.size[0] - wide - pad, pad))
    y = min(max(above, pad), max(picture.size[1] - high - pad, pad))
    pen.rounded_rectangle((x - pad, y - pad, x + wide + pad, y + high + pad), radius=pad, fill=(*DARK, 170))
    pen.text((x - left, y - top), text, font=font, fill=MIDDLE)


def _corner(picture: Any, figure: Figure, pose: Float[np.ndarray, "j 3"], name: str) -> None:
    """The pose as seen from beside and above the camera, on a metre grid, in the upper right corner."""
    assert figure.pose is not None
    side = round(INSET * min(picture.size))
    if side < 32:
        return
    layer = library("PIL.Image", "").new("RGBA", (side * FINE, side * FINE), (*DARK, 200))
    radius = max(float(np.linalg.norm(figure.pose, axis=-1).max()), 1e-6)
    scale = 0.46 * side * FINE / radius

    def place(points: Float[np.ndarray, "p 3"]) -> list[tuple[float, float]]:
        return [(x, y) for x, y in (turned(points)[:, :2] * scale + side * FINE / 2).tolist()]

    pen = library("PIL.ImageDraw", "").Draw(layer)
    floor, ticks = pose[:, 1].max(), np.linspace(-1, 1, 5) * radius * 0.6
    for tick in ticks:
        along = np.array([[tick, floor, ticks[0]], [tick, floor, ticks[-1]]])
        for ends in (along, along[:, [2, 1, 0]]):
            pen.line([c for point in place(ends) for c in point], fill=(102, 114, 127), width=FINE)
    points = place(pose)
    order = sorted(figure.skeleton.bones, key=lambda bone: -turned(pose[list(bone)])[:, 2].mean())  # far ones first
    for parent, child in order:
        colour = side_colour(figure.skeleton, child)
        pen.line((*points[parent], *points[child]), fill=colour, width=max(2, round(side * FINE / 55)), joint="curve")
    if name:
        pen.text((side / 12, side / 12), name, font=_font(side * FINE / 14), fill=MIDDLE)
    layer = layer.reduce(FINE)
    picture.paste(layer, (picture.size[0] - side, 0), layer)


def _font(size: float) -> Any:
    return library("PIL.ImageFont", "").load_default(max(12, round(size)))


def turned(points: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "p 3"]:
    """Camera axes turned about the vertical, then tilted: x right, y down, z away."""
    c, s, u, v = math.cos(TURN), math.sin(TURN), math.cos(TILT), math.sin(TILT)
    turn = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    tilt = np.array([[1, 0, 0], [0, u, -v], [0, v, u]])
    seen: Float[np.ndarray, "p 3"] = points @ (tilt @ turn).T
    return seen
