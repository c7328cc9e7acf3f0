"""The table that names motion capture files: who does what in them, and which are for testing."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actionprompt.errors import InputError
from actionprompt.formats.motion import ENDINGS, skeleton_beside
from actionprompt.formats.recording import AXES, Up

COLUMNS = ("file", "subject", "action")
OPTIONAL = ("split", "skeleton", "rig", "up", "unit", "fps")
FPS = (1.0, 1000.0)
"""Least and most frames a second."""
UNIT = (1e-5, 10.0)
"""Shortest and longest unit of length, metres."""


@dataclass(frozen=True)
class Row:
    """One recording."""

    file: Path
    subject: str
    action: str
    split: str
    """train, test or empty."""
    skeleton: Path | None
    """The .asf of an .amc."""
    name: str
    """The file as the table names it, without its ending."""
    rig: str = ""
    """Which points are the joints; empty: as the settings say, as with what follows."""
    up: Up | None = None
    unit: float | None = None
    """Metres per unit of length."""
    fps: float | None = None


def read_table(path: Path) -> list[Row]:
    """Reads the table; files are named relative to it.

    Raises:
        InputError: no such table, a missing column, an empty or doubtful cell, or a file that is not there.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=";" if ";" in head else ",")
            columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
            lines = [(reader.line_num, line) for line in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"Cannot read the table {path} ({error}): give a CSV file of takes.") from error
    if missing := [column for column in COLUMNS if column not in columns]:
        needs = f"it needs {', '.join(COLUMNS)}, separated by commas"
        raise InputError(f"{path} has no column {', '.join(missing)}: {needs}.")
    if twice := [column for column in columns if columns.count(column) > 1]:
        raise InputError(f"{path} has two columns {twice[0]!r}: keep one.")
    if odd := [number for number, line in lines if None in line]:
        raise InputError(
            f"{path}, line {odd[0]} has more cells than there are columns: put quotes around a cell with a comma in it."
        )
    if unknown := [column for column in columns if column not in COLUMNS + OPTIONAL]:
        raise InputError(f"{path} has an unknown column {unknown[0]!r}: use {', '.join(COLUMNS + OPTIONAL)}.")
    cells = [(number, dict(zip(columns, map(_strip, line.values()), strict=True))) for number, line in lines]
    rows = [_row(line, f"{path}, line {number}", path.parent) for number, line in cells if any(line.values())]
    if not rows:
        raise InputError(f"{path} names no takes.")
    _check_names(rows, path)
    return rows


def split(rows: Sequence[Row], path: Path) -> tuple[list[Row], tuple[str, ...], tuple[str, ...]]:
    """The rows, training and test subjects. Without a column ``split``, the last third of the subjects are for testing.

    In the rows that come back, who is in both has two names, ``anna (train)`` and ``anna (test)``.

    Raises:
        InputError: one part of the split would be empty.
    """
    subjects = sorted({row.subject for row in rows})
    if not any(row.split for row in rows):
        if len(subjects) < 2:
            raise InputError(f"{path} has one subject only: say with a column split which takes are for testing.")
        tests = max(1, len(subjects) // 3)
        return list(rows), tuple(subjects[:-tests]), tuple(subjects[-tests:])
    parts = {part: {row.subject for row in rows if row.split == part} for part in ("train", "test")}
    both = parts["train"] & parts["test"]
    rows = [replace(r, subject=f"{r.subject} ({r.split})") if r.subject in both else r for r in rows]
    train, test = (tuple(sorted({r.subject for r in rows if r.split == part})) for part in ("train", "test"))
    if not train or not test:
        raise InputError(f"{path}: no take is for {'testing' if train else 'training'}; write train or test in split.")
    return list(rows), train, test


def _row(line: dict[str, str], where: str, folder: Path) -> Row:
    for column in COLUMNS:
        if not line.get(column):
            raise InputError(f"{where} says no {column}.")
    part = line.get("split", "").lower()
    if "split" in line and part not in ("train", "test"):
        raise InputError(f"{where}: split is {part!r}; write train or test.")
    file = folder / line["file"]
    if file.suffix.lower() not in ENDINGS:
        raise InputError(f"{where}: {line['file']} is none of {', '.join(ENDINGS)}.")
    if not file.is_file():
        raise InputError(f"{where}: there is no file {file}.")
    skeleton = _skeleton(file, line.get("skeleton", ""), folder) if file.suffix.lower() == ".amc" else None
    name = Path(line["file"]).with_suffix("").as_posix()
    return Row(
        file,
        line["subject"],
        " ".join(line["action"].split()),
        part,
        skeleton,
        name,
        _rig(line, folder),
        _up(line, where),
        _number(line, "unit", *UNIT, where),
        _number(line, "fps", *FPS, where),
    )


def _skeleton(amc: Path, named: str, folder: Path) -> Path:
    """The named skeleton, else the one beside the motion.

    Raises:
        InputError: there is none, or it is not clear which.
    """
    if not named:
        return skeleton_beside(amc)
    if not (folder / named).is_file():
        raise InputError(f"{amc} has no skeleton: there is no file {folder / named}.")
    return folder / named


def _number(line: dict[str, str], column: str, low: float, high: float, where: str) -> float | None:
    """The number in an optional column; None where it is empty.

    Raises:
        InputError: something else, or a number out of its range.
    """
    text = line.get(column, "")
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise InputError(f"{where}: {column} is {text!r}; write a number from {low:g} to {high:g}.")
    return value


def _up(line: dict[str, str], where: str) -> Up | None:
    text = line.get("up", "").lower()
    if text in ("", "auto"):
        return None
    if text not in AXES:
        raise InputError(f"{where}: up is {text!r}; write x, y or z, the axis that points up.")
    return AXES[text]


def _rig(line: dict[str, str], folder: Path) -> str:
    """A built-in rig's name, or a file relative to the table; empty: the settings say."""
    text = line.get("rig", "")
    return str(folder / text) if text and (folder / text).is_file() else text


def _check_names(rows: Sequence[Row], path: Path) -> None:
    """Refuses a file named twice, and one action spelled in two ways."""
    names: set[str] = set()
    spelled: dict[str, str] = {}
    for row in rows:
        if row.name in names:
            raise InputError(f"{path} names {row.name} twice.")
        names.add(row.name)
        key = row.action.lower().replace("-", " ").replace("_", " ")
        if (first := spelled.setdefault(key, row.action)) != row.action:
            raise InputError(f"{path} spells one action in two ways, {first!r} and {row.action!r}: choose one.")


def _strip(cell: object) -> str:
    return cell.strip() if isinstance(cell, str) else ""
