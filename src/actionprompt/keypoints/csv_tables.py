"""Keypoints in CSV tables: a line a frame and person, or a line a point; DeepLabCut, SLEAP, MediaPipe, spreadsheets."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.keypoints.detections import Detections, collect
from actionprompt.keypoints.frame_numbers import clocked, frames_of, from_zero
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.names import arrangement
from actionprompt.keypoints.text import read_text

SCORES = ("confidence", "score", "visibility", "likelihood", "conf", "prob", "presence", "c", "v", "s", "p")
FRAME = ("frame", "frame idx", "frame id", "frame index", "frame number", "frame no", "frameid", "frame num", "frames")
PERSON = ("person", "person id", "track", "track id", "individual", "person idx", "pid", "subject")
TIME = {"time": 1.0, "time s": 1.0, "seconds": 1.0, "timestamp": 1.0, "timestamp s": 1.0, "t": 1.0,
        "time ms": 1e3, "timestamp ms": 1e3, "milliseconds": 1e3, "ms": 1e3}  # fmt: skip
POINT = ("landmark", "landmark name", "landmark id", "landmark index", "keypoint", "keypoint name", "joint", "bodypart",
         "point", "name", "landmark idx", "keypoint id", "joint name")  # fmt: skip
"""Columns of a table with a line for every point."""
FILLER = {"landmark", "kp", "keypoint", "point", "joint", "lm", "pose", "landmarks"}
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
        return _deeplabcut(rows, path)
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
    names = _known(named, path)
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


def _known(named: Sequence[str], path: Path) -> list[str] | None:
    """The points' names; None if they are numbers, in their order, of a layout that is told by how many there are.

    Raises:
        InputError: no body follows from such points.
    """
    numbers = [re.sub(r"[a-z ]", "", name) for name in named]
    words = {word for name in named for word in re.findall(r"[a-z]+", name)}
    if named and words <= FILLER and all(number.isdecimal() for number in numbers):
        listed = [int(number) for number in numbers]
        if listed == list(range(listed[0], listed[0] + len(listed))) and listed[0] in (0, 1):
            return None
    if not named or arrangement(named) is None:
        raise InputError(
            f"{path} has columns for {', '.join(sorted(named)) or 'no point'}: expected `left_hip_x`, "
            f"`left_hip_y` and so on, for the points of {', '.join(layouts())}."
        )
    return list(named)


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
    names = None if all(point.isdecimal() for point in order) else _known(order, table.path)
    return collect(rows, str(table.path), names=names, times=times)


def _deeplabcut(rows: Sequence[tuple[int, list[str]]], path: Path) -> Detections:
    """DeepLabCut's table: its head has lines for scorer, maybe individuals, body parts and coordinates.

    Its training labels have no likelihood, and the path of a picture instead of a frame number, in one cell or three.
    """
    head = {cells[0].strip().lower(): cells for _, cells in rows[:5]}
    if not {"bodyparts", "coords"} <= head.keys():
        raise InputError(f"{path} begins as DeepLabCut's tables do, but has no lines `bodyparts` and `coords`.")
    lead = next((i for i, cell in enumerate(head["coords"]) if cell.strip().lower() == "x"), 1)
    parts, coords = head["bodyparts"][lead:], [cell.strip().lower() for cell in head["coords"][lead:]]
    who = head["individuals"][lead:] if "individuals" in head else [""] * len(parts)
    body = [cells for _, cells in rows[list(head).index("coords") + 1 :]]
    try:
        cells = np.array([[float(cell) if cell.strip() else np.nan for cell in line[lead:]] for line in body])
    except ValueError as error:
        raise InputError(f"{path} has a cell that is not a number ({error}).") from error
    if not body or cells.shape[1:] != (len(parts),):
        raise InputError(f"{path} holds no detected people.")
    frames = _deeplabcut_frames([line[lead - 1].strip() for line in body], path)
    found = []
    for person in dict.fromkeys(who):
        names = list(dict.fromkeys(part for part, one in zip(parts, who, strict=True) if one == person))
        if arrangement(names) is None and len(set(who)) > 1:
            continue  # `single` holds objects that belong to nobody
        at = [[_where(parts, who, coords, (name, person, axis), path) for axis in ("x", "y")] for name in names]
        each = np.concatenate([cells[:, np.array(at)], _likelihood(cells, parts, who, coords, person, names)], -1)
        there = np.isfinite(each[..., :2]).all(-1)
        each[~there] = 0
        seen = there.any(1)
        found += [(frame, person, one) for frame, one, anything in zip(frames, each, seen, strict=True) if anything]
    if not found:
        _known(list(dict.fromkeys(parts)), path)
    return collect(found, str(path), names=_known(names if len(set(who)) == 1 else _common(parts, who), path))


def _deeplabcut_frames(names: Sequence[str], path: Path) -> list[int]:
    if all(re.fullmatch(r"\d+(\.0*)?", name) for name in names):
        return from_zero([int(float(name)) for name in names], str(path), ones=False)
    return frames_of([re.split(r"[/\\]", name)[-1] for name in names], str(path)).numbers


def _likelihood(
    cells: Float[np.ndarray, "n c"],
    parts: Sequence[str],
    who: Sequence[str],
    coords: Sequence[str],
    person: str,
    names: Sequence[str],
) -> Float[np.ndarray, "n p 1"]:
    """Each point's likelihood; 1 where the table says none, as in labels that people set."""
    place = {column: i for i, column in enumerate(zip(parts, who, coords, strict=True))}
    said = [place.get((name, person, "likelihood")) for name in names]
    each = np.stack([np.full(len(cells), np.nan) if i is None else cells[:, i] for i in said], 1)
    return np.where(np.isnan(each), 1.0, each)[..., None]


def _common(parts: Sequence[str], who: Sequence[str]) -> list[str]:
    """The body parts of the first person who has a body."""
    pairs = list(zip(parts, who, strict=True))
    listed = [list(dict.fromkeys(part for part, one in pairs if one == name)) for name in dict.fromkeys(who)]
    return next((names for names in listed if arrangement(names) is not None), listed[0])


def _where(
    parts: Sequence[str], who: Sequence[str], coords: Sequence[str], wanted: tuple[str, str, str], path: Path
) -> int:
    columns = zip(parts, who, coords, strict=True)
    found = next((i for i, column in enumerate(columns) if column == wanted), None)
    if found is None:
        raise InputError(f"{path} has no {wanted[2]} of {wanted[0]}.")
    return found
