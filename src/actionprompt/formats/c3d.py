"""Marker trajectories in C3D files, by the library ezc3d (extra ``mocap``)."""

from pathlib import Path

import numpy as np

from actionprompt.errors import InputError
from actionprompt.formats.recording import Recording, Up

METRES = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "in": 0.0254, "inch": 0.0254, "inches": 0.0254}


def read_c3d(path: Path, up: Up = "z") -> Recording:
    """Reads a file; markers that were lost are NaN. The format does not say which axis points up.

    Raises:
        InputError: no such file, not a C3D file, no markers, an unknown unit, or ezc3d is not installed.
    """
    try:
        import ezc3d
    except ImportError as error:
        raise InputError(f"{path}: C3D files need ezc3d: pip install 'actionprompt[mocap]'.") from error
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    try:
        content = ezc3d.c3d(str(path))
        about, points = content["parameters"]["POINT"], content["data"]["points"]
        residuals = content["data"]["meta_points"]["residuals"][0]
        labels = [label.rpartition(":")[2].strip() for label in about["LABELS"]["value"]]
        unit, rate = "".join(about["UNITS"]["value"][:1]).strip().lower(), float(about["RATE"]["value"][0])
    except Exception as error:  # the library raises many kinds
        raise InputError(f"{path} is not a C3D file that can be read ({error}).") from error
    if not points.size or rate <= 0:
        raise InputError(f"{path} holds no marker trajectories.")
    if (told := _frames_told(path)) > points.shape[-1]:
        raise InputError(f"{path} is cut off: it holds {points.shape[-1]} of its {told} frames.")
    if unit not in METRES:
        raise InputError(f"{path} has its markers in {unit!r}; known units are {', '.join(METRES)}.")
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise InputError(f"{path} has two markers called {twice[0]}: it must hold one person.")
    places = points[:3, : len(labels)].transpose(2, 1, 0) * METRES[unit]
    places[(residuals[: len(labels)].T < 0) | (places == 0).all(-1)] = np.nan
    return Recording(tuple(labels), places, rate, up)


def _frames_told(path: Path) -> int:
    """The number of frames that the header tells, which the library replaces by what it found; 0 if it cannot.

    (C3D's user guide: words 4 and 5; the parameter section's fourth byte tells the byte order, V is big-endian.)
    """
    with path.open("rb") as file:
        head = file.read(512)
        file.seek((head[0] - 1) * 512)
        order = ">" if file.read(4)[3:] == b"V" else "<"
    first, last = (int(word) for word in np.frombuffer(head, f"{order}u2")[3:5])
    return last - first + 1 if last < 2**16 - 1 else 0
