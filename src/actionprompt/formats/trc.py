"""Marker trajectories as text (.trc): OpenSim's, Cortex's, Pose2Sim's, OpenCap's, and this package's own."""

from pathlib import Path

import numpy as np

from actionprompt.errors import InputError
from actionprompt.formats.recording import METRES, Recording

HEAD = 5
"""Lines before the numbers."""


def read_trc(path: Path) -> Recording:
    """Reads a file: y up, as OpenSim has it; an empty cell is a lost marker.

    Raises:
        InputError: not a TRC file, one that is cut off, or one in pixels.
    """
    lines = _lines(path)
    if len(lines) <= HEAD or not lines[0].startswith("PathFileType"):
        raise InputError(f"{path} is not a TRC file: it does not begin with PathFileType and five lines of head.")
    about = dict(zip(lines[1].split(), lines[2].split(), strict=False))
    names = [name.strip() for name in lines[3].split("\t")[2:] if name.strip()]
    try:
        rate, unit = float(about["DataRate"]), METRES[about["Units"].lower()]
        numbers = _numbers(lines[HEAD:], len(names))
    except (KeyError, ValueError) as error:
        raise InputError(f"{path} is not a TRC file that can be read ({error}).") from error
    if not numbers.size or not 0 < rate < 1e5:
        raise InputError(f"{path} holds no marker trajectories.")
    if (told := about.get("NumFrames", "")).isdigit() and int(told) > numbers.shape[0]:
        raise InputError(f"{path} is cut off: it holds {numbers.shape[0]} of its {told} frames.")
    points = numbers[:, 2:].reshape(numbers.shape[0], -1, 3)
    return Recording(tuple(names), points, rate, "y", unit, first=float(numbers[0, 1]))


def _numbers(lines: list[str], markers: int) -> np.ndarray:
    """Frame, time and three numbers a marker; cells that are empty or missing at the end are NaN."""
    width = 2 + 3 * markers
    cells = [line.split("\t") for line in lines if line.strip()]
    rows = [[float(cell) if cell.strip() else np.nan for cell in (row + [""] * width)[:width]] for row in cells]
    return np.array(rows).reshape(-1, width)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}; check the file and its permissions.") from error
