"""Live lifting through a pipe: 2D joints as JSON lines in, 3D poses and actions as JSON lines out, as they come.

A line in is ``{"keypoints": [[x, y], ...]}`` (or the bare list), one person's points of one frame; a point may have a
confidence as third number, and a point that is null, of confidence 0 or not a number is missing: the last place where
it was seen stands for it. A line may have a ``"time"`` in seconds; lines without one come at the model's frame rate, or
at one that is said.

A line out is ``{"frame": 7, "time": 0.14, "pose": [[x, y, z], ...], "action": "walking", "probability": 0.93}``:
metres, camera axes, root-relative, Human3.6M's 17 joints; ``pose`` is null as long as not every point that is needed
has been seen once. With times or a frame rate, answers come at the model's rate, which is what their frames count, and
say their time; without, there is one for every line.
"""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from actionprompt.data.held import Held
from actionprompt.data.keypoints import Units, to_screen
from actionprompt.data.layouts import Layout, layout_for, layouts
from actionprompt.errors import InputError, unknown
from actionprompt.live import Live, LiveAnswer
from actionprompt.model import Lifter

FAR = 5.0
"""On the normalised screen, whose image is 2 wide: no joint of a person in the picture is further from its middle."""


class Frame(NamedTuple):
    """A line that was read."""

    joints: Float[Tensor, "17 2"] | None
    """On the normalised screen; None while a point that is needed has never been seen."""
    time: float | None
    """Seconds; None: it comes at the model's rate."""


@dataclass
class PointReader:
    """One person's points, line by line, to Human3.6M's 17 joints on the normalised screen."""

    layout: str | None = None
    """A name in ``layouts()``; None: by the number of points of the first line."""
    size: tuple[int, int] | None = None
    """Width and height of the image in pixels."""
    units: Units = "pixels"
    fps: float | None = None
    """Lines per second; None: as they say, else as many as the model's frames."""
    chosen: Layout | None = None

    def __post_init__(self) -> None:
        if self.layout is not None and self.layout not in layouts():
            raise unknown("layout", self.layout, layouts())
        if self.units != "screen" and self.size is None:
            raise InputError(f"Coordinates in {self.units} need the image's size: give --keypoints.size WIDTH HEIGHT.")
        if self.size is not None and min(self.size) < 1:
            raise InputError(f"An image of {self.size[0]} x {self.size[1]} pixels cannot be: both must be positive.")
        if self.fps is not None and not 1 <= self.fps < 10000:
            raise InputError(f"--keypoints.fps is {self.fps}: it must be a number from 1 to 10,000.")
        self._held: Held | None = None
        self._lines, self._before = 0, -math.inf

    def read(self, line: str, number: int) -> Frame:
        """The joints of a line, and when they were seen.

        Raises:
            InputError: the line is no JSON, holds no points, or holds another number of points than the first one; or
                its time is none, not after the one before, or contradicts ``fps``.
        """
        points, known, time = self._parsed(line, number)
        if self.chosen is None or self._held is None:
            self.chosen = layout_for(points.shape[0], self.layout, f"Line {number}")
            self._held = Held(self.chosen)
        elif points.shape[0] not in self.chosen.counts:
            raise InputError(
                f"Line {number} has {points.shape[0]} points, and the lines before are {self.chosen.name}, which has "
                f"{self.chosen.counts[0]}."
            )
        time = self._time(time, number)
        joints = self._held.joints(points, known)
        if joints is None:
            return Frame(None, time)
        screen = to_screen(joints, self.units, self.size)
        if not float(screen.abs().max()) < FAR:
            raise InputError(
                f"Line {number} has joints far outside the image ({self.units}"
                + (f", {self.size[0]} x {self.size[1]} pixels" if self.size else "")
                + "): another size or unit is right."
            )
        return Frame(screen, time)

    def _parsed(self, line: str, number: int) -> tuple[Float[np.ndarray, "p 2"], Bool[np.ndarray, " p"], Any]:
        try:
            found = json.loads(line)
            rows, time = (found.get("keypoints"), found.get("time")) if isinstance(found, dict) else (found, None)
            if not isinstance(rows, list):
                raise TypeError("there is no list of points")
            table = np.array([[np.nan] * 2 if row is None else row[:2] for row in rows], dtype=float)
            confidence = np.array([row[2] if row is not None and len(row) > 2 else 1.0 for row in rows], dtype=float)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise InputError(
                f'Line {number} is not one frame of points, such as {{"keypoints": [[412.0, 230.5], ...]}}: {error}.'
            ) from error
        if table.ndim != 2 or table.shape[1] != 2:
            raise InputError(f"Line {number} holds {table.shape[0]} points without x and y.")
        return table, np.isfinite(table).all(1) & (confidence > 0), time

    def _time(self, said: Any, number: int) -> float | None:
        """When a line was seen, of what it says."""
        self._lines += 1
        if said is not None and self.fps is not None:
            raise InputError(f"Line {number} says its time, which counts: leave --keypoints.fps out.")
        if said is None:
            if self._before > -math.inf:
                raise InputError(f"Line {number} has no time, and the lines before have: give all or none of them one.")
            return None if self.fps is None else (self._lines - 1) / self.fps
        if self._lines > 1 and self._before == -math.inf:
            raise InputError(f"Line {number} has a time, and the lines before have none: give all or none of them one.")
        if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
            raise InputError(f"Line {number} has the time {said!r}: it must be a number of seconds.")
        if said <= self._before:
            raise InputError(f"Line {number} is at {said} s, which is not after the line before ({self._before} s).")
        self._before = float(said)
        return self._before


def lift_lines(lifter: Lifter, lines: Iterable[str], reader: PointReader, lag: int = 0) -> Iterator[LiveAnswer]:
    """Answers, each as soon as its frame can be answered; ``LiveAnswer.line`` is what goes out.

    Args:
        lifter: a baked lifter of Human3.6M's 17 joints.
        lines: JSON lines; empty ones are skipped.
        reader: what the points are.
        lag: frames of look-ahead, as in :class:`actionprompt.stream.Stream`.

    Raises:
        InputError: a line that cannot be read (its number is said), or a model of other joints.
    """
    live = Live(lifter, lag)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        joints, time = reader.read(line, number)
        if joints is None:
            yield live.blank(time)
        else:
            yield from live.push(joints, time)
    yield from live.end()
