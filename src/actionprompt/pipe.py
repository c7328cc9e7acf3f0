"""Live lifting through a pipe: 2D joints as JSON lines in, 3D poses and actions as JSON lines out, as they come.

A line in is ``{"keypoints": [[x, y], ...]}`` (or the bare list), one person's points of one frame; a point may have a
confidence as third number, and a point that is null, of confidence 0 or not a number is missing: the last place where
it was seen stands for it. A line out is ``{"frame": 7, "pose": [[x, y, z], ...], "action": "walking", "probability":
0.93}``: metres, camera axes, root-relative, Human3.6M's 17 joints; ``pose`` is null as long as not every point that is
needed has been seen once.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.camera import normalise_screen
from actionprompt.data.keypoints import Units
from actionprompt.data.layouts import Layout, layouts
from actionprompt.errors import InputError, unknown
from actionprompt.model import Lifter
from actionprompt.skeleton import H36M_17
from actionprompt.stream import Stream, StreamResult

FAR = 5.0
"""On the normalised screen, whose image is 2 wide: no joint of a person in the picture is further from its middle."""


@dataclass
class PointReader:
    """One person's points, line by line, to Human3.6M's 17 joints on the normalised screen."""

    layout: str | None = None
    """A name in ``layouts()``; None: by the number of points of the first line."""
    size: tuple[int, int] | None = None
    """Width and height of the image in pixels."""
    units: Units = "pixels"
    chosen: Layout | None = None
    seen: Float[np.ndarray, "p 2"] = field(default_factory=lambda: np.empty((0, 2)))
    """Where each point was last."""

    def __post_init__(self) -> None:
        if self.layout is not None and self.layout not in layouts():
            raise unknown("layout", self.layout, layouts())
        if self.units != "screen" and self.size is None:
            raise InputError(f"Coordinates in {self.units} need the image's size: give --keypoints.size WIDTH HEIGHT.")
        if self.size is not None and min(self.size) < 1:
            raise InputError(f"An image of {self.size[0]} x {self.size[1]} pixels cannot be: both must be positive.")

    def read(self, line: str, number: int) -> Float[Tensor, "17 2"] | None:
        """The joints of a line; None while a point that is needed has never been seen.

        Raises:
            InputError: the line is no JSON, holds no points, or holds another number of points than the first one.
        """
        points, known = self._points(line, number)
        layout = self.chosen = self.chosen or self._layout(points.shape[0])
        if points.shape[0] not in layout.counts:
            raise InputError(
                f"Line {number} has {points.shape[0]} points and the layout {layout.name} {layout.counts[0]}."
            )
        if not self.seen.size:
            self.seen = np.full(points.shape, np.nan)
        self.seen[known] = points[known]
        used = self.seen[: len(layout.points)]
        if np.isnan(used[layout.needed]).any():
            return None
        joints = torch.from_numpy(layout.weights() @ np.nan_to_num(used)).float()
        if self.size is not None and self.units != "screen":
            scale = self.size if self.units == "relative" else (1, 1)
            joints = normalise_screen(joints * joints.new_tensor(scale), *self.size)
        if not float(joints.abs().max()) < FAR:
            raise InputError(
                f"Line {number} has joints far outside the image ({self.units}"
                + (f", {self.size[0]} x {self.size[1]} pixels" if self.size else "")
                + "): another size or unit is right."
            )
        return joints

    def _points(self, line: str, number: int) -> tuple[Float[np.ndarray, "p 2"], Any]:
        try:
            found = json.loads(line)
            rows = found.get("keypoints") if isinstance(found, dict) else found
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
        return table, np.isfinite(table).all(1) & (confidence > 0)

    def _layout(self, count: int) -> Layout:
        known = layouts()
        if self.layout is not None:
            return known[self.layout]
        fitting = [layout for layout in known.values() if count in layout.counts]
        if len(fitting) != 1:
            names = ", ".join(f"{one.name} {one.counts[0]}" for one in known.values())
            raise InputError(
                f"Frames of {count} points: say which layout they are (--keypoints.layout); there are {names}."
            )
        return fitting[0]


def lift_lines(lifter: Lifter, lines: Iterable[str], reader: PointReader, lag: int = 0) -> Iterator[str]:
    """Answers, each as soon as its frame can be answered.

    Args:
        lifter: a baked lifter of Human3.6M's 17 joints.
        lines: JSON lines; empty ones are skipped.
        reader: what the points are.
        lag: frames of look-ahead, as in :class:`actionprompt.stream.Stream`.

    Raises:
        InputError: a line that cannot be read (its number is said), or a model of other joints.
    """
    if lifter.num_joints != H36M_17.num_joints:
        raise InputError(f"The model lifts {lifter.num_joints} joints; points become Human3.6M's 17: use such a model.")
    stream, waiting, frames = Stream(lifter, lag), 0, 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        joints = reader.read(line, number)
        if joints is None:
            yield json.dumps({"frame": frames, "pose": None})
            waiting = frames + 1
        elif (result := stream.push(joints)) is not None:
            yield _answer(result, waiting, lifter)
        frames += 1
    for result in stream.flush():
        yield _answer(result, waiting, lifter)


def _answer(result: StreamResult, offset: int, lifter: Lifter) -> str:
    answer: dict[str, object] = {
        "frame": offset + result.frame,
        "pose": [[round(x, 5) for x in joint] for joint in result.pose.tolist()],
    }
    if result.action >= 0:
        answer["action"] = lifter.actions[result.action]
        answer["probability"] = round(float(result.probability[result.action]), 4)
    return json.dumps(answer)
