"""UI-PRMD's files: finding them, what their names say, and reading one.

One line a frame, 39 Vicon markers x (x, y, z) in millimetres, 100 frames/s, z up; a missing marker is 0,0,0.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.formats.markers import MARKERS

COLUMNS = 3 * len(MARKERS)
FARTHEST = 1e5
"""Millimetres from the origin: no laboratory is larger."""


@dataclass(frozen=True, order=True)
class Episode:
    """One file: one repetition of a movement."""

    subject: int
    movement: int
    incorrect: bool
    number: int
    path: Path

    @property
    def take(self) -> str:
        """The recording that the episode was cut from."""
        return f"m{self.movement:02d}_s{self.subject:02d}" + "_inc" * self.incorrect

    @property
    def name(self) -> str:
        """Unique among the files."""
        return f"m{self.movement:02d}_s{self.subject:02d}_e{self.number:02d}" + "_inc" * self.incorrect


def find(path: Path, variants: Sequence[str]) -> list[Episode]:
    """The files of some variants at any depth below a folder, in order; Kinect's files are passed over.

    Raises:
        InputError: no folder, no files, or two files of the same name.
    """
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path} {what}: give the folder that holds UI-PRMD's extracted `Segmented Movements`.")
    found: dict[str, Episode] = {}
    for file in sorted(path.rglob("*")):
        episode = parse_name(file)
        if episode is None or "kinect" in map(str.lower, file.relative_to(path).parts):
            continue
        if (first := found.setdefault(episode.name, episode)) is not episode:
            raise InputError(f"{file} and {first.path} are the same episode: keep one of them below {path}.")
    if not variants:
        raise InputError("data.variants is empty: use correct, incorrect or both.")
    for variant in variants:
        if not any(e.incorrect == (variant == "incorrect") for e in found.values()):
            pattern = "mAA_sBB_eCC_positions" + "_inc" * (variant == "incorrect") + ".txt"
            raise InputError(
                f"{path} holds no {variant} Vicon movements ({pattern}, at any depth): extract them there."
            )
    return sorted(e for e in found.values() if ("incorrect" if e.incorrect else "correct") in variants)


def parse_name(file: Path) -> Episode | None:
    """What a file is by its name, or None if it is not one of the data set's."""
    match = re.fullmatch(r"m(0[1-9]|10)_s(0[1-9]|10)_e(\d\d)_positions(_inc)?\.txt", file.name, re.IGNORECASE)
    if match is None:
        return None
    movement, subject, number = map(int, match.groups()[:3])
    return Episode(subject, movement, match[4] is not None, number, file)


def read_markers(path: Path) -> Float[np.ndarray, "n 39 3"]:
    """One file's markers in metres, gaps as zeros.

    Raises:
        InputError: empty, truncated, another number of columns, not numbers, NaN or infinite.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # "input contained no data"
            table = np.loadtxt(path, delimiter=",", ndmin=2, comments=None)
    except (ValueError, UserWarning, OSError) as error:
        raise InputError(f"{path}{_fault(path)}") from error
    if table.shape[1] != COLUMNS or not (np.abs(table) <= FARTHEST).all():
        raise InputError(f"{path}{_fault(path)}")
    return table.reshape(-1, len(MARKERS), 3) / 1000


def _fault(path: Path) -> str:
    """What is wrong with a file that is wrong, as the end of a sentence that begins with its path."""
    lines = [(n, line.split(",")) for n, line in enumerate(_text(path).splitlines(), 1) if line.strip()]
    if not lines:
        return f" is empty: it should hold {COLUMNS} numbers a line; extract it from the archive again."
    last = lines[-1][0] if len(lines) > 1 else None
    for number, fields in lines:
        if len(fields) != COLUMNS:
            if number == last and len(fields) < COLUMNS and len(lines[0][1]) == COLUMNS:
                return (
                    f", line {number} is cut off after {len(fields)} of {COLUMNS} numbers: "
                    "extract it from the archive again."
                )
            if len(fields) == 1 and len(re.split(r"[\s;]+", fields[0].strip())) > 1:
                return f", line {number} has no commas: its {COLUMNS} numbers must be separated by commas."
            return (
                f", line {number} has {len(fields)} columns instead of {COLUMNS} "
                f"({len(MARKERS)} Vicon markers x, y, z in millimetres)."
            )
        for column, text in enumerate(fields):
            if not _is_place(text):
                return (
                    f", line {number}: {MARKERS[column // 3]} {'xyz'[column % 3]} is {text.strip()[:20]!r} instead of "
                    f"a number of millimetres within {FARTHEST / 1000:g} m (a missing marker is 0,0,0)."
                )
    return f" is not a table of {COLUMNS} numbers a line: extract it from the archive again."


def _text(path: Path) -> str:
    """The file's text, whatever bytes it holds."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}; check the file and its permissions.") from error


def _is_place(text: str) -> bool:
    """Whether it is a coordinate within the laboratory."""
    try:
        return abs(float(text)) <= FARTHEST
    except ValueError:
        return False
