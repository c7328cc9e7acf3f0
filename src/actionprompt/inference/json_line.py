"""One JSON line of a pipe: what it may hold, and what is wrong with one that cannot be read."""

import json
import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError

TIMES = ("time", "timestamp")
"""Seconds."""
FRAMES = ("frame", "frame_id", "frame_index")


class JsonLine(NamedTuple):
    """What a line says."""

    points: Float[np.ndarray, "p 2"]
    """The points as they are; NaN where there are none."""
    confidence: Float[np.ndarray, " p"]
    """1 where nothing is said."""
    time: float | None
    """Seconds."""
    frame: int | None = None
    """The frame as it is numbered."""


def parse(text: str | bytes, number: int) -> JsonLine:
    """A line ``{"keypoints": [[x, y] or [x, y, confidence] or null, ...], "time": seconds}``, or the bare list.

    ``timestamp`` is ``time`` as well; without either, a ``frame`` counts at the rate of the lines.

    Args:
        text: the line.
        number: of the line, from 1, for errors.

    Raises:
        InputError: it is something else.
    """
    found = _json(text, number)
    if isinstance(found, dict):
        if "keypoints" not in found:
            raise _wrong(number, 'it has no "keypoints"')
        rows = found["keypoints"]
        time = next((found[name] for name in TIMES if found.get(name) is not None), None)
        frame = next((found[name] for name in FRAMES if found.get(name) is not None), None)
    else:
        rows, time, frame = found, None, None
    if rows is not None and not isinstance(rows, list):
        raise _wrong(number, "there is no list of points")
    table = np.array([_point(row, number) for row in rows or []], dtype=float).reshape(-1, 3)
    return JsonLine(table[:, :2], table[:, 2], None if time is None else _time(time, number), _frame(frame, number))


def _json(text: str | bytes, number: int) -> Any:
    try:
        text = text.decode() if isinstance(text, bytes) else text
        return json.loads(text.removeprefix("\ufeff") if number == 1 else text)
    except UnicodeDecodeError as error:
        raise InputError(f"Line {number} is not text in UTF-8: write the lines in that encoding.") from error
    except json.JSONDecodeError as error:
        raise _wrong(number, f"it is not JSON ({error.msg} at character {error.pos + 1})") from error
    except RecursionError as error:
        raise _wrong(number, "lists are nested too deeply") from error
    except ValueError as error:  # Python reads no integers of thousands of digits
        raise _wrong(number, "a number in it is too large") from error


def _point(row: Any, number: int) -> tuple[float, float, float]:
    """x, y, confidence."""
    if row is None:
        return math.nan, math.nan, 0.0
    if not isinstance(row, list) or len(row) not in (2, 3):
        raise _wrong(number, f"a point in it is {_short(row)} instead of [x, y], [x, y, confidence] or null")
    x, y, confidence = (_number(value, number) for value in (*row, 1.0)[:3])
    return x, y, confidence


def _number(value: Any, number: int) -> float:
    """NaN for null."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(number, f"a point in it has {_short(value)} where a number belongs")
    try:
        return float(value)
    except OverflowError as error:
        raise _wrong(number, "a number in it is too large") from error


def _time(said: Any, number: int) -> float:
    try:
        if not isinstance(said, bool) and isinstance(said, int | float) and math.isfinite(said):
            return float(said)
    except OverflowError:  # an integer beyond all floats
        pass
    raise InputError(f"Line {number} has the time {_short(said)}: it must be a number of seconds.")


def _frame(said: Any, number: int) -> int | None:
    if said is None or (isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 1e12):
        return said
    raise InputError(f"Line {number} has the frame {_short(said)}: it must be a whole number, 0 or more.")


def _wrong(number: int, why: str) -> InputError:
    return InputError(
        f'Line {number} is not one frame of points, such as {{"keypoints": [[412.0, 230.5], ...]}}: {why}.'
    )


def _short(value: Any) -> str:
    """The value as JSON, or the beginning of it."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:36]} ..."
