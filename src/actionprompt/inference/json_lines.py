"""Live lifting through a pipe: 2D joints as JSON lines in, 3D poses and actions as JSON lines out, as they come.

A line in is ``{"keypoints": [[x, y], ...]}`` (or the bare list), one person's points of one frame; a point may have a
confidence as third number, and a point that is null, at (0, 0), of confidence 0 or not a number is missing: the last
place where it was seen stands for it. No points (``[]`` or null), or only missing ones, mean that nobody is there. A
line may have a ``"time"`` (or ``"timestamp"``) in seconds, or a ``"frame"`` that counts at the rate of the lines; lines
without come at the model's frame rate, or at one that is said. A line that is not after the one before is left out; a
clock that starts over begins a new sequence.

A line out is ``{"frame": 7, "time": 0.14, "pose": [[x, y, z], ...], "action": "walking", "probability": 0.93}``:
metres, camera axes, root-relative, Human3.6M's 17 joints; ``root_approximate`` is where the pelvis is, ``confidence``
how sure the detector is of each joint (0: not seen in this frame; 1 where nothing is known of it). With times or a
frame rate, answers come at the model's rate, which is what their frames count, and say their time; once nobody was
there for over a second, one of them has ``pose`` null. Without, there is one answer for every line, whose ``pose`` is
null from then on. The same holds as long as not every point that is needed has been seen once. Who comes next begins a
new sequence, of which nothing is known yet.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from actionprompt.errors import InputError, unknown
from actionprompt.inference.json_line import JsonLine, parse
from actionprompt.inference.live import Live, LiveAnswer, LiveCfg
from actionprompt.keypoints.detections import Units, check_unit, not_found
from actionprompt.keypoints.last_known import LastKnownKeypoints
from actionprompt.keypoints.layouts import Layout, layout_for, layouts
from actionprompt.keypoints.read import to_screen
from actionprompt.keypoints.timing import is_gap
from actionprompt.model.lifter import Lifter, model_rate

FAR = 5.0
"""On the normalised screen, whose image is 2 wide: no joint of a person in the picture is further from its middle."""
OUT_OF_ORDER = 0.5
"""Seconds: lines that are earlier by more, and go on from there, are of a clock that started over."""
MOST_GAPS = 5
"""So many steps of over a second at the beginning are not seconds."""


class Frame(NamedTuple):
    """A line that was read."""

    joints: Float[Tensor, "17 3"] | None
    """On the normalised screen, and confidence; None: nobody is there, or a needed point has never been seen."""
    time: float | None
    """Seconds; None: it comes at the model's rate."""
    restarted: bool = False
    """Whether the clock started over."""


@dataclass
class PointReader:
    """One person's points, line by line, to Human3.6M's 17 joints on the normalised screen."""

    layout: str | None = None
    """A name in ``layouts()``; None: by the number of points of the first line that has some."""
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
        self._held: LastKnownKeypoints | None = None
        self._checked = False
        """Whether the unit was."""
        self._times = Times(self.fps)

    def read(self, text: str | bytes, number: int, usual: float = 50.0) -> Frame | None:
        """The joints of a line, and when they were seen; None: its time is not after that of the line before.

        Args:
            text: the line.
            number: of the line, from 1, for errors.
            usual: lines per second where nothing says it: the model's frames.

        Raises:
            InputError: the line is not JSON or not a list of points, holds another number of points than the first one,
                or coordinates in another unit than said; or its time is none or contradicts ``fps``.
        """
        line = parse(text, number)
        points, known = line.points, ~not_found(line.points, line.confidence)
        moment = self._times.read(line, number, bool(known.any()), usual)
        if moment is None:
            return None
        time, restarted = moment
        if restarted:
            self._held = None
        if not known.any():
            return Frame(None, time, restarted)
        held = self._layout_held(points.shape[0], number)
        sure = np.concatenate([points, line.confidence[:, None]], axis=1)
        joints = held.joints(sure, known, self._times.lines / usual if time is None else time)
        return Frame(None if joints is None else self._screen(joints, points, known, number), time, restarted)

    def notes(self) -> list[str]:
        """What is new to tell about the lines."""
        notes, self._times.notes = self._times.notes, []
        return notes

    def _layout_held(self, count: int, number: int) -> LastKnownKeypoints:
        """The points held so far, of a person of so many points."""
        if self.chosen is None:
            self.chosen = layout_for(count, self.layout, f"Line {number}")
        if count not in self.chosen.counts:
            raise InputError(
                f"Line {number} has {count} points, and the lines before are {self.chosen.name}, which has "
                f"{self.chosen.counts[0]}."
            )
        if self._held is None:
            self._held = LastKnownKeypoints(self.chosen)
        return self._held

    def _screen(
        self,
        joints: Float[Tensor, "17 3"],
        points: Float[np.ndarray, "p 2"],
        known: Bool[np.ndarray, " p"],
        number: int,
    ) -> Float[Tensor, "17 3"]:
        if not self._checked:  # later ones may be few points in a corner
            check_unit(points[known], self.units, f"Line {number}")
            self._checked = True
        screen = to_screen(joints[:, :2], self.units, self.size)
        if not float(screen.abs().max()) < FAR:
            raise InputError(
                f"Line {number} has joints far outside the image ({self.units}"
                + (f", {self.size[0]} x {self.size[1]} pixels" if self.size else "")
                + "): another size or unit is right."
            )
        return torch.cat([screen, joints[:, 2:]], dim=1)


class Times:
    """When lines were seen: as they say, by their rate, or unknown."""

    def __init__(self, fps: float | None) -> None:
        self._fps = fps
        self.lines = 0
        """That were read."""
        self._before = -math.inf
        """Seconds of the line before, where it says them."""
        self._gaps: int | None = 0
        """Steps between lines with somebody, all of over a second; None: one was shorter."""
        self._anybody = False
        """Whether the line before shows somebody."""
        self._earlier: float | None = None
        """Seconds of the line before, if it was left out since it is earlier than those before."""
        self.notes: list[str] = []
        """What a user should know about the lines since the last look."""
        self._told: set[str] = set()

    def read(self, line: JsonLine, number: int, anybody: bool, usual: float) -> tuple[float | None, bool] | None:
        """Seconds of a line (None: it does not say it, and no rate is known), and whether the clock started over.

        None: the line is left out, since it is not after the line before.

        Raises:
            InputError: no seconds, or only some of the lines say it.
        """
        said = line.time
        if said is None and line.frame is not None:
            said = line.frame / (self._fps or usual)
        self.lines += 1
        if line.time is not None and self._fps is not None:
            raise InputError(f"Line {number} says its time, which counts: leave --keypoints.fps out.")
        if said is None:
            if self._before > -math.inf:
                raise InputError(f"Line {number} has no time, and the lines before have: give all or none of them one.")
            return (None if self._fps is None else (self.lines - 1) / self._fps), False
        if self.lines > 1 and self._before == -math.inf:
            raise InputError(f"Line {number} has a time, and the lines before have none: give all or none of them one.")
        restarted = self._restarts(said)
        if said <= self._before and not restarted:
            self._earlier = said
            self._note(f"Line {number} is at {said:g} s, not after the line before ({self._before:g} s): left out.")
            return None
        if restarted:
            self._note(f"Line {number}: the clock started over at {said:g} s, and so does the sequence.")
        elif anybody and self._anybody:
            self._check_step(said - self._before, number)
        self._before, self._anybody, self._earlier = said, anybody, None
        return said, restarted

    def _restarts(self, said: float) -> bool:
        """Whether this is the second line in a row that is well before the others and after the first of the two."""
        earlier = self._earlier
        return earlier is not None and earlier < said <= self._before and earlier < self._before - OUT_OF_ORDER

    def _note(self, sentence: str) -> None:
        """Says each kind of sentence once."""
        kind = sentence.partition(":")[2]
        if kind not in self._told:
            self.notes.append(sentence)
        self._told.add(kind)

    def _check_step(self, step: float, number: int) -> None:
        """Tells seconds from milliseconds."""
        if self._gaps is None:
            return
        self._gaps = self._gaps + 1 if is_gap(step) else None
        if self._gaps == MOST_GAPS:
            raise InputError(
                f"Line {number} is {step:g} s after the line before, and all lines until here are over a second apart, "
                'which is not motion: "time" must be in seconds, not milliseconds.'
            )


def lift_lines(
    lifter: Lifter,
    lines: Iterable[str | bytes],
    reader: PointReader,
    lag: int = 0,
    tell: Callable[[str], object] | None = None,
    use: LiveCfg | None = None,
) -> Iterator[LiveAnswer]:
    """Answers, each as soon as its frame can be answered; ``LiveAnswer.line`` is what goes out.

    Args:
        lifter: a baked lifter of Human3.6M's 17 joints.
        lines: JSON lines (bytes: UTF-8); empty ones are skipped.
        reader: what the points are.
        lag: frames of look-ahead, as in :class:`actionprompt.inference.stream.Stream`.
        tell: is told, in a sentence each, of lines that are left out and of a clock that starts over.
        use: what happens around the model.

    Raises:
        InputError: a line that cannot be read (its number is said), or a model of other joints.
    """
    live, usual = Live(lifter, lag, use), model_rate(lifter)
    for number, line in enumerate(lines, 1):
        if line.strip():
            frame = reader.read(line, number, usual)
            for note in reader.notes():
                (tell or (lambda _: None))(note)
            if frame is None:
                continue
            if frame.restarted:
                yield from live.restart()
            yield from live.push(frame.joints, frame.time)
    yield from live.end()
