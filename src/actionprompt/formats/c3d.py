"""Marker trajectories in C3D files, and the rigid bodies of Theia3D's."""

from pathlib import Path

import numpy as np

from actionprompt.errors import InputError
from actionprompt.formats.c3d_file import C3DFile, Parameters, read_file, texts
from actionprompt.formats.recording import AXES, METRES, Recording, Up


def read_c3d(path: Path) -> Recording:
    """Reads a file, in its own unit; markers that were lost are NaN.

    Rigid bodies (Theia3D) become points at their origins, where a file has no markers.

    Raises:
        InputError: no such file, not a C3D file, no markers or bodies, or an unknown unit.
    """
    file = read_file(path)
    points = file.points[..., :3].copy()
    points[(file.points[..., 3] < 0) | (points == 0).all(-1) | ~np.isfinite(points).all(-1)] = np.nan
    names = _labels(file.parameters, "POINT", points.shape[1])
    if not points.size:
        points, names = _bodies(file)
    if not points.size:
        raise InputError(f"{path} holds no marker trajectories.")
    return Recording(tuple(names), points, file.rate, _up(file.parameters), _unit(file.parameters, path))


def _labels(parameters: Parameters, group: str, count: int) -> list[str]:
    """The names of the first ``count`` points: LABELS, and from the 256th on LABELS2, LABELS3, ..."""
    labels = texts(parameters, f"{group}:LABELS")
    more = 2
    while len(labels) < count and (further := texts(parameters, f"{group}:LABELS{more}")):
        labels += further
        more += 1
    return (labels + [""] * count)[:count]


def _bodies(file: C3DFile) -> tuple[np.ndarray, list[str]]:
    """Rigid bodies' origins; Theia3D's names end in ``_4X4``."""
    names = _labels(file.parameters, "ROTATION", file.rotations.shape[1])
    return file.rotations[..., :3, 3], [name.removesuffix("_4X4").removesuffix("_4x4") for name in names]


def _up(parameters: Parameters) -> Up:
    """The letter of Y_SCREEN, the axis that points up on the screen, whatever its sign (Qualisys writes -Z); else z."""
    said = "".join(texts(parameters, "POINT:Y_SCREEN")[:1]).strip("+- ").lower()
    return AXES.get(said, "z")


def _unit(parameters: Parameters, path: Path) -> float | None:
    """Metres per unit; None where the file does not say.

    Raises:
        InputError: a unit that is unknown.
    """
    said = "".join(texts(parameters, "POINT:UNITS")[:1]).strip().lower()
    if not said:
        return None
    if said in METRES:
        return METRES[said]
    cut = {metres for word, metres in METRES.items() if len(said) > 2 and word.startswith(said)}
    if len(cut) != 1:
        raise InputError(f"{path} has its markers in {said!r}; known units are {', '.join(METRES)} (or say data.unit).")
    return cut.pop()
