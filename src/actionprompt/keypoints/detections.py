"""What keypoint files hold, whatever their format: people seen in frames."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from actionprompt.errors import InputError, unknown
from actionprompt.keypoints.layouts import Layout, layout_for, layouts

MOST_PEOPLE = 100
"""In one frame: a file with more is no file of people to lift."""
SPARSEST = 10
"""Times how many there are: frame numbers further apart are no frames of one video."""
STRAY = 50
"""How far a point is from the middle of its person at most: a person is about four such sizes high."""
ELSEWHERE = 1000
"""How far a person is from where people are otherwise at most, in the same sizes."""
MOST_SURE = 10.0
"""Middle confidence: detectors are at 1, some at up to 5, percentages far above."""

USUAL_RATE = 30.0
"""Frames a second of most videos."""


@dataclass(frozen=True)
class Detections:
    """People seen in the frames of one video."""

    frame: Int[np.ndarray, " d"]
    """From 0."""
    person: tuple[str, ...]
    """Who, in each detection; empty where the file does not say."""
    points: Float[np.ndarray, "d p 2"]
    confidence: Float[np.ndarray, "d p"]
    """0 to 1, or somewhat more, as detectors give it; 1 where the file says nothing."""
    layout: str | None = None
    """The layout's name, where the file says it or its format fixes it."""
    size: tuple[int, int] | None = None
    """Width and height of the image, where the file says it."""
    times: Float[np.ndarray, " n"] | None = None
    """Seconds of every frame, rising, where they are known; None: the frames are equally spaced."""
    own: Float[np.ndarray, "d p 3"] | None = None
    """The detector's own 3D where it gives one: camera axes, metres, from between the hips."""

    @property
    def seconds(self) -> Float[np.ndarray, " d"]:
        """When each detection was made; at 30 frames a second where nothing else is known."""
        return self.frame / USUAL_RATE if self.times is None else self.times[self.frame]

    @cached_property
    def missing(self) -> Bool[np.ndarray, "d p"]:
        """Points that were not found, or so far off that they are mistakes."""
        missing = not_found(self.points, self.confidence)
        return missing | _stray(self.points, missing)


def not_found(points: Float[np.ndarray, "*d p 2"], confidence: Float[np.ndarray, "*d p"]) -> Bool[np.ndarray, "*d p"]:
    """Which points are missing, by the ways that detectors say so: confidence 0, at (0, 0) or not a number."""
    nowhere = ~np.isfinite(points).all(-1) | (points == 0).all(-1)
    missing: Bool[np.ndarray, "*d p"] = nowhere | ~(confidence > 0)
    return missing


def seem_pixels(found: Float[np.ndarray, "n 2"]) -> bool:
    """Whether points are too far from 0 for coordinates relative to an image."""
    return float(np.abs(found).max()) >= 3


def check_unit(found: Float[np.ndarray, "n 2"], units: str, where: str) -> None:
    """Tells pixels from normalised coordinates.

    Args:
        found: at least one point.
        units: as ``data.keypoints.Units``.
        where: for errors.

    Raises:
        InputError: coordinates that such units do not give.
    """
    largest = float(np.abs(found).max())
    if units == "pixels" and not seem_pixels(found):
        raise InputError(
            f"{where}: no coordinate is further than {largest:.3g} from 0, so they are not pixels; say "
            "--keypoints.units relative (0 to 1) or screen (width -1 to 1)."
        )
    if units != "pixels" and largest > 10:
        raise InputError(f"{where}: coordinates up to {largest:.4g} are not {units}; they seem to be pixels.")


def check_confidence(detections: Detections, where: str) -> None:
    """Tells confidences from percentages and raw scores.

    Raises:
        InputError: confidences far above 1.
    """
    found = detections.confidence[~detections.missing]
    if found.size and (middle := float(np.median(found))) > MOST_SURE:
        raise InputError(
            f"{where}: the middle confidence of the points is {middle:.4g}, and 1 means sure: bring them to 0 to 1 "
            "(divide percentages by 100)."
        )


def _stray(points: Float[np.ndarray, "d p 2"], missing: Bool[np.ndarray, "d p"]) -> Bool[np.ndarray, "d p"]:
    """Points that are nowhere near their person, or whose person is nowhere near where people are.

    The size of the image need not be known: a person's size is the median distance of their points from their middle.
    """
    stray = np.zeros_like(missing)
    some = ~missing.all(1)
    if not some.any():
        return stray
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.where(missing[some, :, None], np.nan, points[some])
        middle = np.nanmedian(found, axis=1)
        off = np.linalg.norm(found - middle[:, None], axis=-1)
        own = np.nanmedian(off, axis=1)
        usual = np.median(own)
        elsewhere = np.linalg.norm(middle - np.median(middle, axis=0), axis=-1) > ELSEWHERE * usual
        stray[some] = (off > STRAY * np.maximum(own, usual)[:, None]) | elsewhere[:, None]
    return stray & ~missing if usual > 0 else np.zeros_like(missing)


def collect(
    rows: Sequence[tuple[int, str, Any]], where: str, *, layout: str | None, size: tuple[int, int] | None = None
) -> Detections:
    """Detections from (frame, person, numbers) rows; numbers are x, y, confidence of each point, flat or nested.

    Raises:
        InputError: no rows, rows of unequal length, something that is no number, or too many people.
    """
    if not rows:
        raise InputError(f"{where} holds no detected people.")
    first = np.size(rows[0][2])
    if odd := [frame for frame, _, numbers in rows if np.size(numbers) != first]:
        raise InputError(f"{where}, frame {odd[0]}: a person has another number of points than the first one.")
    try:
        table = np.array([np.ravel(numbers) for _, _, numbers in rows], dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where} has keypoints that are no numbers.") from error
    if first == 0 or first % 3:
        raise InputError(f"{where} has {first} numbers per person instead of x, y, confidence for every point.")
    points = table.reshape(len(rows), -1, 3)
    frames = np.array([frame for frame, _, _ in rows])
    check_frames(frames, where)
    return Detections(frames, tuple(row[1] for row in rows), points[..., :2], points[..., 2], layout, size)


def check_frames(frames: Int[np.ndarray, " d"], where: str) -> None:
    """Refuses what is no video of people.

    Raises:
        InputError: more people in a frame than a video of people shows, or frame numbers far apart.
    """
    check_span(frames.tolist(), where)
    most = int(np.bincount((frames - frames.min()).astype(int)).max())
    if most > MOST_PEOPLE:
        raise InputError(
            f"{where} has {most:,} people in one frame, and at most {MOST_PEOPLE} can be lifted: keep those you need."
        )


def layout_of(detections: Detections, wanted: str | None, where: str) -> Layout:
    """The layout of the points: as said by the user, by the file, or by their number.

    Raises:
        InputError: an unknown layout, another number of points than it has, or a number that fits none or several.
    """
    known, said = layouts(), detections.layout
    if wanted is not None and wanted not in known:
        raise unknown("layout", wanted, known)
    if said is not None and said not in known:
        raise InputError(f"{where} says that its layout is {said!r}: there are {', '.join(known)}.")
    if wanted is not None and said is not None and wanted != said:
        raise InputError(f"{where} says that its layout is {said}, not {wanted}.")
    return layout_for(detections.points.shape[1], wanted or said, where)


def frame_numbers(names: Sequence[Any], where: str) -> list[int]:
    """Frames of images called by these names: the last number in each, as ``from_zero``; else their order.

    Raises:
        InputError: names that differ before the number, or numbers that are no frames of one video.
    """
    found = [re.fullmatch(r"(.*?)(\d+)\D*", str(name).rpartition(".")[0] or str(name), re.DOTALL) for name in names]
    matches = [match for match in found if match]
    if len(matches) < len(found):
        order = {name: i for i, name in enumerate(dict.fromkeys(map(str, names)))}
        return [order[str(name)] for name in names]
    videos = list(dict.fromkeys(match[1] for match in matches))
    if len(videos) > 1:
        raise InputError(
            f"{where} has images of {len(videos)} videos, whose names begin with {videos[0]!r} and {videos[1]!r}: give "
            "the keypoints of one."
        )
    return from_zero([int(match[2]) for match in matches], where)


def from_zero(numbers: Sequence[int], where: str, *, ones: bool = True) -> list[int]:
    """Frames as a file numbers them; from its lowest number where that is too high, as in a part of a long video.

    Args:
        numbers: of the frames.
        where: for errors.
        ones: a file whose lowest number is 1 counts from 1.

    Raises:
        InputError: numbers below 0, or too far apart.
    """
    check_span(numbers, where)
    first = min(numbers, default=0)
    if first < 0:
        raise InputError(f"{where} has a frame {first}: frames are numbered from 0.")
    start = first if (ones and first == 1) or first >= _widest(len(numbers)) else 0
    return [number - start for number in numbers]


def check_span(numbers: Sequence[int], where: str) -> None:
    """Tells the frames of a video from pictures.

    Raises:
        InputError: numbers too far apart.
    """
    if numbers and max(numbers) - min(numbers) >= _widest(len(numbers)):
        raise InputError(
            f"{where} has {len(numbers):,} frame numbers between {min(numbers):,} and {max(numbers):,}: these are "
            "pictures, not the frames of a video; give the keypoints of one video."
        )


def _widest(count: int) -> int:
    """From where so many frame numbers are too far apart."""
    return SPARSEST * count + 1000
