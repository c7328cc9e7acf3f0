"""Which frame of a video a file means: by a number, by the name of a picture, or by the time in that name."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError

SPARSEST = 10
"""Times how many there are: frame numbers further apart are not frames of one video."""
CLOCKS = {13: 1e3, 16: 1e6, 19: 1e9}
"""Digits of a computer's clock, since 1970, and how many of its units are a second."""
FASTEST, SLOWEST = 0.0005, 2.0
"""Seconds from one frame to the next of a recording."""
EXPORTED = re.compile(r"[_.](?:jpe?g|png|bmp)\.rf\.[0-9A-Za-z]+$")
"""What Roboflow appends to the name of a picture."""


class Frames(NamedTuple):
    """Frames of one video."""

    numbers: list[int]
    """The frames from 0, one for each that was listed."""
    times: Float[np.ndarray, " n"] | None = None
    """Seconds of every frame, where the names are times."""


def frames_of(names: Sequence[Any], where: str) -> Frames:
    """Frames of images called by these names: the last number in each, as ``from_zero``; else their order.

    Raises:
        InputError: names that differ before the number, or numbers that are not frames of one video.
    """
    found = [_match(str(name)) for name in names]
    matches = [match for match in found if match]
    if len(matches) < len(found):
        order = {name: i for i, name in enumerate(dict.fromkeys(map(str, names)))}
        return Frames([order[str(name)] for name in names])
    videos = list(dict.fromkeys(match[1] for match in matches))
    if len(videos) > 1:
        raise InputError(
            f"{where} has images of {len(videos)} videos, whose names begin with {videos[0]!r} and {videos[1]!r}: give "
            "the keypoints of one."
        )
    numbers = [int(match[2]) for match in matches]
    return clocked(numbers) or Frames(from_zero(numbers, where))


def _match(name: str) -> re.Match[str] | None:
    stem = EXPORTED.sub("", name.rpartition(".")[0] or name)
    return re.fullmatch(r"(.*?)(\d+)\D*", stem, re.DOTALL)


def clocked(numbers: Sequence[int]) -> Frames | None:
    """Frames that are numbered by a computer's clock, with their times; None if these are not such numbers."""
    distinct = sorted(set(numbers))
    unit = CLOCKS.get(len(str(distinct[0]))) if distinct and distinct[0] > 0 else None
    if unit is None or len(distinct) < 2:
        return None
    times = np.array([number - distinct[0] for number in distinct]) / unit
    if not FASTEST <= float(np.median(np.diff(times))) <= SLOWEST:
        return None
    place = {number: i for i, number in enumerate(distinct)}
    return Frames([place[number] for number in numbers], times)


def from_zero(numbers: Sequence[int], where: str, *, ones: bool = True) -> list[int]:
    """Frames as a file numbers them; from its lowest number where that is too high, as in a part of a long video.

    Args:
        numbers: of the frames.
        where: for errors.
        ones: a file whose lowest number is 1 counts from 1.

    Raises:
        InputError: numbers below 0, too far apart, or so regular and so far apart that they are milliseconds.
    """
    check_span(numbers, where)
    first = min(numbers, default=0)
    if first < 0:
        raise InputError(f"{where} has a frame {first}: frames are numbered from 0.")
    _check_milliseconds(numbers, where)
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


def _check_milliseconds(numbers: Sequence[int], where: str) -> None:
    """Refuses numbers that are always 16 to 100 apart, and never quite the same: frames of 10 to 60 a second in ms."""
    steps = np.diff(sorted(set(numbers)))
    if steps.size < 8 or steps.max() > 1000:
        return
    usual = float(np.median(steps))
    if 8 <= usual <= 200 and np.ptp(steps) > 0 and float(np.mean(np.abs(steps - usual) <= 2)) > 0.7 and steps.min() > 3:
        raise InputError(
            f"{where} has frame numbers {steps.min()} to {steps.max()} apart, which are milliseconds rather than "
            "frames: number the frames 0, 1, 2, or give them as times (seconds)."
        )


def _widest(count: int) -> int:
    """From where so many frame numbers are too far apart."""
    return SPARSEST * count + 1000
