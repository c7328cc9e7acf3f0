"""What keypoint files hold, whatever their format: people seen in frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from actionprompt.errors import InputError
from actionprompt.keypoints.frame_numbers import check_span
from actionprompt.keypoints.layouts import Layout
from actionprompt.keypoints.names import arranged

MOST_PEOPLE = 100
"""The most people in one frame: a file with more is not a file of people to lift."""
STRAY = 50
"""How far a point is from the middle of its person at most: a person is about four such sizes high."""
BODY = 33
"""Points of the body, which come before those of face and hands."""
ELSEWHERE = 1000
"""How far a person is from where people are otherwise at most, in the same sizes."""
MOST_SURE = 10.0
"""Middle confidence: detectors are at 1, some at up to 5, percentages far above."""

MOST_NEGATIVE = 0.02
"""Share of third values below 0, from where they are not confidences (raw scores of SimCC may be a little below)."""

SMALLEST = 3.0
"""Pixels: people who are smaller are none in a picture."""

USUAL_RATE = 30.0
"""Frames a second of most videos."""


Units = Literal["pixels", "relative", "screen"]
"""Pixels; shares of width and height, 0 to 1 (MediaPipe); or the normalised screen, width -1 to 1."""


@dataclass(frozen=True)
class Detections:
    """People seen in the frames of one video."""

    frame: Int[np.ndarray, " d"]
    """The frame, counted from 0."""
    person: tuple[str, ...]
    """Who, in each detection; empty where the file does not say."""
    points: Float[np.ndarray, "d p 2"]
    confidence: Float[np.ndarray, "d p"]
    """0 to 1, or somewhat more, as detectors give it; 1 where the file says nothing."""
    layout: str | Layout | None = None
    """The layout, or its name, where the file says it or its format fixes it."""
    size: tuple[int, int] | None = None
    """Width and height of the image, where the file says it."""
    times: Float[np.ndarray, " n"] | None = None
    """Seconds of every frame, rising, where they are known; None: the frames are equally spaced."""
    own: Float[np.ndarray, "d p 3"] | None = None
    """The detector's own 3D where it gives one: camera axes, metres, from between the hips."""
    guess: str | None = None
    """The layout that files of this format usually have; what the user says comes first."""
    units: Units | None = None
    """Where the format fixes it."""
    notes: tuple[str, ...] = ()
    """What had to be understood or left out, one sentence each."""

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
    """Which points are missing, by the ways that detectors say so.

    Confidence 0, at (0, 0) or (-1, -1), or not a (finite) number.
    """
    nowhere = ~np.isfinite(points).all(-1) | (points == 0).all(-1) | (points == -1).all(-1)
    missing: Bool[np.ndarray, "*d p"] = nowhere | ~(confidence > 0) | (confidence == np.inf)
    return missing


def seem_pixels(found: Float[np.ndarray, "n 2"]) -> bool:
    """Whether points are too far from 0 for coordinates relative to an image."""
    return float(np.abs(found).max()) >= 3


def check_unit(found: Float[np.ndarray, "n 2"], units: Units, where: str) -> None:
    """Tells pixels from normalised coordinates.

    Args:
        found: at least one point.
        units: what they should be.
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


def check_people(detections: Detections, units: Units, where: str) -> None:
    """Tells people in a picture from people in metres, whose places may be metres away.

    Raises:
        InputError: people smaller than three pixels.
    """
    shown = np.flatnonzero(~detections.missing.all(1))
    shown = shown[:: max(1, shown.size // 500)]  # the middle one of so many is that of all
    seen = np.where(detections.missing[shown, :, None], np.nan, detections.points[shown])
    if units != "pixels" or not seen.size:
        return
    size = float(np.median(np.fmax.reduce(seen, axis=1) - np.fmin.reduce(seen, axis=1), axis=0).max())
    if size < SMALLEST:
        raise InputError(
            f"{where}: people are {size:.3g} high or wide, which is not a size in pixels; metres of joints in 3D need "
            "no lifting, and shares of the picture are --keypoints.units relative."
        )


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
        middle = np.nanmedian(found[:, :BODY], axis=1)
        off = np.linalg.norm(found - middle[:, None], axis=-1)
        own = np.nanmedian(off[:, :BODY], axis=1)
        usual = np.median(own)
        elsewhere = np.linalg.norm(middle - np.median(middle, axis=0), axis=-1) > ELSEWHERE * usual
        stray[some] = (off > STRAY * np.maximum(own, usual)[:, None]) | elsewhere[:, None]
    return stray & ~missing if usual > 0 else np.zeros_like(missing)


def collect(
    rows: Sequence[tuple[int, str, Any]],
    where: str,
    *,
    names: Sequence[str] | None = None,
    times: Float[np.ndarray, " n"] | None = None,
    **known: Any,
) -> Detections:
    """Detections from (frame, person, numbers) rows; numbers are x, y, confidence of each point, flat or nested.

    A row without numbers is nobody. Points that the file names come in the order of the layout that they make.

    Args:
        rows: of the file.
        where: the file, for errors.
        names: what the file calls its points, where it does.
        times: seconds of every frame, where the file says them.
        known: other fields of ``Detections``.

    Raises:
        InputError: nobody, rows of unequal length, something that is not a number, or too many people.
    """
    rows = [row for row in rows if row[2] is not None and len(row[2])]
    if not rows:
        raise InputError(f"{where} holds no detected people.")
    first = np.size(rows[0][2])
    if odd := [frame for frame, _, numbers in rows if np.size(numbers) != first]:
        raise InputError(f"{where}, frame {odd[0]}: a person has another number of points than the first one.")
    try:
        table = np.array([np.ravel(numbers) for _, _, numbers in rows], dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where} has keypoints that are not numbers.") from error
    if first % 3:
        raise InputError(f"{where} has {first} numbers per person instead of x, y, confidence for every point.")
    points = table.reshape(len(rows), -1, 3)
    frames = np.array([frame for frame, _, _ in rows])
    check_frames(frames, where)
    check_third(points, where)
    if names is not None:
        known["layout"], points = arranged(points, names, where)
    return Detections(frames, tuple(row[1] for row in rows), points[..., :2], points[..., 2], times=times, **known)


def check_third(points: Float[np.ndarray, "*d p 3"], where: str) -> None:
    """Tells x, y, confidence from x, y, z.

    Raises:
        InputError: third values below 0.
    """
    if not (points[..., 2] < 0).any():
        return
    third = points[..., 2][np.isfinite(points).all(-1) & (points != 0).any(-1) & (points[..., :2] != -1).any(-1)]
    if third.size and float(np.mean(third < 0)) > MOST_NEGATIVE:
        raise InputError(
            f"{where}: the third value of a point is below 0 in {np.mean(third < 0):.0%} of them, so it is z and not a "
            "confidence: leave it out, or give x, y, z, visibility (four values, .npy or .npz)."
        )


def check_frames(frames: Int[np.ndarray, " d"], where: str) -> None:
    """Refuses what is not a video of people.

    Raises:
        InputError: more people in a frame than a video of people shows, or frame numbers far apart.
    """
    check_span(frames.tolist(), where)
    most = int(np.bincount((frames - frames.min()).astype(int)).max())
    if most > MOST_PEOPLE:
        raise InputError(
            f"{where} has {most:,} people in one frame, and at most {MOST_PEOPLE} can be lifted: keep those you need."
        )
