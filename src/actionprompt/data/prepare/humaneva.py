"""Makes the field's HumanEva-I files from what its MATLAB toolbox exports (docs/data.md says what to export)."""

import os
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float

from actionprompt.data.humaneva import ACTIONS, CAMERAS, SUBJECTS
from actionprompt.data.npz_files import Points, Positions2D, Positions3D
from actionprompt.data.prepare.human36m import write
from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import ALWAYS, RATIO
from actionprompt.skeleton import HUMANEVA_15
from actionprompt.untrusted import said

COMPRESSED = 15
"""The number of a packed variable in MATLAB's files."""
JOINTS = HUMANEVA_15.num_joints
METADATA = {
    "num_joints": JOINTS,
    "keypoints_symmetry": [list(HUMANEVA_15.left), list(HUMANEVA_15.right)],
    "layout_name": "humaneva15",
}
SPLIT = {
    "Walking": {"S1": (5, 590, 1203), "S2": (5, 438, 876), "S3": (5, 448, 939)},
    "Jog": {"S1": (5, 367, 740), "S2": (5, 398, 795), "S3": (5, 401, 842)},
    "ThrowCatch": {"S1": (5, 473, 945), "S2": (5, 550, 1128)},
    "Gestures": {"S1": (5, 395, 801), "S2": (5, 500, 901), "S3": (5, 533, 1102)},
    "Box": {"S1": (5, 385, 789), "S2": (5, 382, 734), "S3": (5, 512, 1021)},
}
"""The field's frames of trial 1: the first of Validate, the first of Train, the end. S3's ThrowCatch is damaged."""


def prepare(source: Path, out: Path) -> tuple[list[Path], list[str]]:
    """Writes ``data_3d_humaneva15.npz`` and ``data_2d_humaneva15_gt.npz``.

    Returns:
        The files, and the exported sequences that were not there.

    Raises:
        InputError: no exported sequence, one of another layout or length, or ``out`` cannot be written.
    """
    world: Positions3D = {}
    screen: Positions2D = {}
    missing = []
    for action, subjects in SPLIT.items():
        for subject, frames in subjects.items():
            files = sorted(source.rglob(f"{subject}_{action}_1.mat"))
            if not files:
                missing.append(f"{subject}_{action}_1.mat")
                continue
            if len(files) > 1:
                raise InputError(f"{files[1]} and {files[0]} are the same sequence: keep one of them.")
            pose, seen = read_export(files[0], frames[-1])
            for part, start, end in (("Validate", *frames[:2]), ("Train", *frames[1:])):
                for number, rows in chunks(np.isfinite(pose).all((1, 2)), start, end):
                    key, name = f"{part}/{subject}", f"{action} 1 chunk{number}"
                    world.setdefault(key, {})[name] = pose[rows] / np.float32(1000)
                    screen.setdefault(key, {})[name] = [camera[rows] for camera in seen]
    if not world:
        raise InputError(
            f"{source} holds no exported sequence such as {SUBJECTS[0]}_{next(iter(ACTIONS))}_1.mat, at any depth."
        )
    files = [
        write(out / "data_3d_humaneva15.npz", positions_3d=world),
        write(out / "data_2d_humaneva15_gt.npz", positions_2d=screen, metadata=METADATA),
    ]
    return files, missing


def chunks(valid: Bool[np.ndarray, " n"], start: int, end: int) -> Iterator[tuple[int, slice]]:
    """Runs of valid frames from ``start`` to before ``end``, numbered with the invalid runs between them."""
    edges = [start, *(np.flatnonzero(np.diff(valid[start:end])) + start + 1).tolist(), end]
    for number, (first, last) in enumerate(pairwise(edges)):
        if valid[first]:
            yield number, slice(first, last)


def _check_packed(file: Path) -> None:
    """Unpacks a MATLAB file's variables piece by piece, and counts before their reader makes arrays of them.

    Raises:
        InputError: they would take more memory than such a file can be worth.
    """
    most = max(ALWAYS, RATIO * file.stat().st_size)
    with file.open("rb") as opened:
        order: Literal["little", "big"] = "big" if opened.read(128)[126:128] == b"MI" else "little"
        while len(tag := opened.read(8)) == 8:
            kind, size = int.from_bytes(tag[:4], order), int.from_bytes(tag[4:], order)
            if kind != COMPRESSED:
                opened.seek(size, os.SEEK_CUR)
                continue
            unpack, rest = zlib.decompressobj(), opened.read(min(size, file.stat().st_size))
            while rest and not unpack.eof:
                most -= len(unpack.decompress(rest, 2**20))
                rest = unpack.unconsumed_tail
                if most < 0:
                    raise InputError(f"{file} is not read: it would unpack to a size that no recording has.")


def read_export(file: Path, frames: int) -> tuple[Float[np.ndarray, "n 15 3"], list[Points]]:
    """One sequence: world positions (millimetres, NaN where invalid), and pixels in each camera.

    Raises:
        InputError: not a MATLAB file, one without such arrays of so many frames, or invalid frames that are not NaN.
    """
    from scipy.io import loadmat

    try:
        _check_packed(file)
        content: dict[str, Any] = loadmat(file, variable_names=["pose", "screen"])
    except InputError:
        raise
    except NotImplementedError as error:
        raise InputError(f"{file} is in MATLAB's v7.3 format: save it with '-v7'.") from error
    except Exception as error:  # of many kinds
        raise InputError(f"{file} is not a MATLAB file that can be read ({said(error)}).") from error
    arrays = []
    for name, shape in (("pose", (JOINTS, 3)), ("screen", (JOINTS, 2))):
        array = np.asarray(content.get(name, ()))
        wanted = f"(frames, {JOINTS}, 3)" if name == "pose" else f"({len(CAMERAS)}, frames, {JOINTS}, 2)"
        dims = 3 if name == "pose" else 4
        if array.ndim != dims or array.dtype.kind != "f" or array.shape[-2:] != shape or array.shape[-3] < frames:
            raise InputError(
                f"{file}: `{name}` is {array.dtype} of shape {array.shape} instead of {wanted} with at least {frames} "
                "frames."
            )
        with np.errstate(over="ignore"):
            arrays.append(array.astype(np.float32))
        if np.isinf(arrays[-1]).any():
            raise InputError(f"{file}: `{name}` has infinite numbers: invalid frames must be NaN.")
    pose, screen = arrays
    if screen.shape[0] != len(CAMERAS) or screen.shape[1] != pose.shape[0]:
        raise InputError(
            f"{file}: `screen` has shape {screen.shape} instead of ({len(CAMERAS)}, {pose.shape[0]}, ...)."
        )
    valid = np.isfinite(pose).all((1, 2))
    if not np.isfinite(screen[:, valid]).all():
        raise InputError(f"{file}: `screen` has NaN or infinite pixels in frames whose `pose` is valid.")
    size = np.ptp(pose[valid], axis=1).max(axis=1)
    if not valid.any() or not 200 < float(size.max()) < 5000:
        raise InputError(f"{file}: `pose` shows nobody whose joints are in millimetres.")
    if (size < 200).any():
        row = np.flatnonzero(valid)[size.argmin()] + 1
        raise InputError(f"{file}: row {row} of `pose` shows nobody: invalid frames must be NaN, not zeros or alike.")
    return pose, list(screen)
