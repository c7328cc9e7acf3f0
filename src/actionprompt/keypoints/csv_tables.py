"""Keypoints in CSV tables: a line a frame and person, or a line a point; DeepLabCut, SLEAP, MediaPipe, spreadsheets."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from actionprompt.errors import InputError
from actionprompt.keypoints.deeplabcut import read_deeplabcut
from actionprompt.keypoints.detections import Detections, collect
from actionprompt.keypoints.frame_numbers import clocked, from_zero
from actionprompt.keypoints.names import known_names
from actionprompt.keypoints.text import read_text

SCORES = ("confidence", "score", "visibility", "likelihood", "conf", "prob", "presence", "c", "v", "s", "p")
FRAME = ("frame", "frame idx", "frame id", "frame index", "frame number", "frame no", "frameid", "frame num", "frames")
PERSON = ("person", "person id", "track", "track id", "individual", "person idx", "pid", "subject")
TIME = {"time": 1.0, "time s": 1.0, "seconds": 1.0, "timestamp": 1.0, "timestamp s": 1.0, "t": 1.0,
        "time ms": 1e3, "timestamp ms": 1e3, "milliseconds": 1e3, "ms": 1e3}  # fmt: skip
POINT = ("landmark", "landmark name", "landmark id", "landmark index", "keypoint", "keypoint name", "joint", "bodypart",
         "point", "name", "landmark idx", "keypoint id", "joint name")  # fmt: skip
"""Columns of a table with a line for every point."""
KINECT = 100
"""Numbers in a line of KIMORE: 25 joints of a Kinect v2, each x, y, z and whether it was seen."""


@dataclass
class _Table:
    """Cells of a CSV file below its head."""

    path: Path
    head: list[str]
    """The name of the form in plain words."""
    lines: list[list[str]]
    first: int
    """The number of the first of the lines in the file."""
    comma: bool = False
    """Whether decimals have a comma."""
    numbers: dict[str, list[float]] = field(default_factory=dict)

    def column(self, name: str) -> list[float]:
        """A column as numbers; an empty cell is NaN."""
        if name not in self.numbers:
            at = self.head.index(name)
            cells = [line[at] for line in self.lines]
            if self.comma:
                cells = [cell.replace(",", ".") for cell in cells]
            try:
                self.numbers[name] = [float(cell) if cell and not cell.isspace() else float("nan") for cell in cells]
            except ValueError:
                self._explain(cells)
        return self.numbers[name]

    def texts(self, names: Sequence[str]) -> list[str]:
        """The first of these columns that there is, as it is; nothing where there is none."""
        name = next((name for name in names if name in self.head), None)
        if name is None:
            return [""] * len(self.lines)
        at = self.head.index(name)
        return [line[at].strip() for line in self.lines]

    def _explain(self, cells: Sequence[str]) -> NoReturn:
        bad, cell = next((i, cell) for i, cell in enumerate(cells) if cell.strip() and not _is_number(cell))
        raise InputError(
            f"{self.path}, line {self.first + bad} has a cell that is missing or no number: {cell[:40]!r}."
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def read_csv(path: Path) -> Detections:
    """A table with a line per person and frame: frame, maybe person, and for each point its x, y and maybe confidence.

    Columns are called after the points: ``left_hip_x``, ``left_hip_y``, ``left_hip_confidence``, in any usual spelling
    (``left_hip.x``, ``LHip_x``, ``x_left_hip``, ``x11``), separated by commas, semicolons or tabs. Frames count from 0.
    DeepLabCut's head of three or four lines and tables with a line for every point are read as well.

    Raises:
        InputError: no such table, columns from which no body follows, or cells that are not numbers.
    """
    rows, comma = _cells(path)
    if not rows:
        raise InputError(f"{path} is empty: it should hold a table of keypoints.")
    _refuse_kinect(rows, path)
    if rows[0][1][0].strip().lower() == "scorer":
        return read_deeplabcut(rows, path)
    if rows[0][1][0].strip().lower() == "format version":
        raise InputError(
            f"{path} is an export of Motive (OptiTrack), which is 3D already: export C3D, TRC or BVH from Motive, and "
            "give that as --truth, or to --data mocap."
        )
    head = _head(rows[0][1], path)
    lines = [cells for _, cells in rows[1:]]
    for number, cells in rows[1:]:
        if len(cells) < len(head):
            raise InputError(f"{path}, line {number} has fewer cells than the head: is the file cut off?")
    table = _Table(path, head, lines, rows[0][0] + 1, comma)
    if {"x", "y"} <= set(head) and any(name in head for name in POINT):
        return _long(table)
    return _wide(table)


def _cells(path: Path) -> tuple[list[tuple[int, list[str]]], bool]:
    """Lines that are not empty with their numbers, and whether decimals have a comma."""
    text = read_text(path)
    begin = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(";\t,", key=lambda sign: (begin.count(sign), sign == ","))
    try:
        listed = list(csv.reader(text.splitlines(), delimiter=separator))
    except csv.Error as error:
        raise InputError(f"Cannot read {path} ({error}).") from error
    rows = [(number, cells) for number, cells in enumerate(listed, 1) if any(cell.strip() for cell in cells)]
    sample = [cell for _, cells in rows[1:3] for cell in cells]
    comma = separator != "," and any(re.fullmatch(r"-?\d+,\d+", cell.strip()) for cell in sample)
    return rows, comma


def _refuse_kinect(rows: Sequence[tuple[int, list[str]]], path: Path) -> None:
    """KIMORE's tables have no head."""
    cells = [cell for cell in rows[0][1] if cell.strip()]
    if len(cells) >= KINECT and all(re.fullmatch(r"\s*-?[\d.]+(e-?\d+)?\s*", cell, re.IGNORECASE) for cell in cells):
        raise InputError(
            f"{path} has no head, and {len(cells)} numbers in a line: 25 joints of a Kinect v2 as KIMORE has them "
            "(x, y, z, state), which are 3D already; lift the 2D keypoints of a colour video instead."
        )


def _head(cells: Sequence[str], path: Path) -> list[str]:
    """The names in the head in plain words."""
    head: list[str] = []
    for cell in cells:
        plain = " ".join(re.sub(r"[_.\-:/\s]+", " ", cell.strip().lstrip("\ufeff").lower()).split())
        if plain and plain in head:
            raise InputError(f"{path} has the column `{cell}` twice.")
        head.append(plain)
    return head


def _wide(table: _Table) -> Detections:
    """A line for every person in a frame."""
    points = _points(table.head)
    path = table.path
    named = [name for name in points if "y" in points[name] or "x" in points[name]]
    if found := next((name for name in named if "y" not in points[name] or "x" not in points[name]), None):
        has, lacks = ("x", "y") if "x" in points[found] else ("y", "x")
        raise InputError(f"{path} has a column `{found} {has}` but no column `{found} {lacks}`.")
    names = known_names(named, path)
    columns = []
    for name in named:
        score = next((points[name][score] for score in SCORES if score in points[name]), None)
        sure = [1.0] * len(table.lines) if score is None else table.column(score)
        columns.append(np.stack([table.column(points[name]["x"]), table.column(points[name]["y"]), sure], -1))
    each = np.stack(columns, axis=1) if table.lines else np.zeros((0, len(named), 3))
    frames, times = _frames(table)
    people = _persons(table)
    rows = [(frame, person, one) for frame, person, one in zip(frames, people, each, strict=True)]
    return collect(rows, str(path), names=names, times=times)


def _persons(table: _Table) -> list[str]:
    return table.texts(PERSON)


def _frames(table: _Table) -> tuple[list[int], Any]:
    """The frame of each line, and the frames' times where a column says them."""
    name = next((name for name in FRAME if name in table.head), None)
    clock = next((name for name in TIME if name in table.head), None)
    if clock is not None:
        return _timed(table, clock, name)
    if name is None:
        return list(range(len(table.lines))), None
    said = table.column(name)
    if not np.isfinite(said).all() or not (np.array(said) == np.round(said)).all():
        bad = next(i for i, value in enumerate(said) if not np.isfinite(value) or value != round(value))
        raise InputError(
            f"{table.path}, line {table.first + bad} has a cell that is missing or no number (frame {said[bad]:g})."
        )
    numbers = [int(value) for value in said]
    if (found := clocked(numbers)) is not None:
        return found.numbers, found.times
    return from_zero(numbers, str(table.path), ones=False), None


def _timed(table: _Table, clock: str, name: str | None) -> tuple[list[int], Any]:
    """Frames by the order of their times."""
    seconds = np.array(table.column(clock)) / TIME[clock]
    if not np.isfinite(seconds).all():
        raise InputError(f"{table.path} has lines without a time: give all or none of them one.")
    distinct, places = np.unique(seconds, return_inverse=True)
    if name is not None and len(set(table.column(name))) != distinct.size:
        raise InputError(f"{table.path} has {distinct.size:,} times for {len(set(table.column(name))):,} frames.")
    usual = float(np.median(np.diff(distinct))) if distinct.size > 1 else 0.0
    scale = next(scale for scale in (1.0, 1e3, 1e6, 1e9) if usual / scale <= 1.0 or scale == 1e9)
    return places.tolist(), (distinct - distinct[0]) / scale


def _points(head: Sequence[str]) -> dict[str, dict[str, str]]:
    """Points with their columns by what they hold."""
    found: dict[str, dict[str, str]] = {}
    for column in head:
        for name, axis in _parts(column):
            if name and (axis in ("x", "y", "z") or axis in SCORES):
                found.setdefault(name, {}).setdefault(axis, column)
                break
    return {name: axes for name, axes in found.items() if "x" in axes or "y" in axes}


def _parts(column: str) -> list[tuple[str, str]]:
    """Ways to read a column as a point and what it holds of it: ``left hip x``, ``x left hip``, ``x11``."""
    words = column.split()
    if len(words) < 2:
        match = re.fullmatch(r"([a-z]+?)(\d+)", column)
        return [(match[2], match[1])] if match else []
    return [(" ".join(words[:-1]), words[-1]), (" ".join(words[1:]), words[0])]


def _long(table: _Table) -> Detections:
    """A line for every point of a person in a frame."""
    points = table.texts(POINT)
    x, y = table.column("x"), table.column("y")
    score = next((name for name in SCORES if name in table.head), None)
    sure = [1.0] * len(points) if score is None else table.column(score)
    frames, times = _frames(table)
    people = _persons(table)
    order = sorted(set(points), key=int) if all(point.isdecimal() for point in points) else list(dict.fromkeys(points))
    place = {point: i for i, point in enumerate(order)}
    bodies: dict[tuple[int, str], Any] = {}
    for frame, person, point, *numbers in zip(frames, people, points, x, y, sure, strict=True):
        body = bodies.setdefault((frame, person), np.full((len(order), 3), np.nan))
        if not np.isnan(body[place[point], 2]):
            raise InputError(f"{table.path} has the point {point} twice in frame {frame}.")
        body[place[point]] = numbers
    rows = [(frame, person, body) for (frame, person), body in bodies.items()]
    names = None if all(point.isdecimal() for point in order) else known_names(order, table.path)
    return collect(rows, str(table.path), names=names, times=times)
