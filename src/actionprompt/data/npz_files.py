"""The ``.npz`` files that 2D-to-3D lifters share, and one camera's view of what they hold.

``data_3d_<set>.npz``: ``positions_3d[subject][recording]``, (n, joints, 3), world axes with z up, metres.
``data_2d_<set>_<keypoints>.npz``: ``positions_2d[subject][recording]``, one array a camera, pixels.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Shaped
from torch import Tensor

from actionprompt.camera import conjugate, normalise_screen, rotate
from actionprompt.data import noise
from actionprompt.data.cameras import Placement
from actionprompt.data.clip import Clip
from actionprompt.data.config import DetectorCfg
from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import read_npz

Points = Shaped[np.ndarray, "_ _ _"]
"""As read: (frames, joints, 2 or 3); nameless axes, since videos in one list differ in length."""
SIMULATED = "simulated"
"""What to call the 2D of a simulated detector instead of a file's."""
Positions3D = dict[str, dict[str, Points]]
Positions2D = dict[str, dict[str, list[Points]]]


class Files(NamedTuple):
    """A 3D file, and the 2D file that goes with it."""

    path_3d: Path
    path_2d: Path
    world: Positions3D
    pixels: Positions2D


def read_files(folder: Path, name: str, keypoints: str) -> Files:
    """The files of a data set, which are called ``name``; ``simulated`` keypoints are made from those called ``gt``.

    Raises:
        InputError: a file is missing, or another kind of file.
    """
    path_3d = file_3d(folder, name)
    path_2d = file_2d(folder, name, "gt" if keypoints == SIMULATED else keypoints)
    return Files(path_3d, path_2d, read_3d(path_3d), read_2d(path_2d))


def read_3d(path: Path) -> Positions3D:
    """World positions by subject and recording.

    Raises:
        InputError: no such file, or another layout.
    """
    subjects = _positions(path, "positions_3d")
    for subject, recording, points in _each(subjects):
        if not _is_points(points, 3):
            raise InputError(f"{path}: {subject} {recording} is {_what(points)} instead of (frames, joints, 3).")
    return subjects


def read_2d(path: Path) -> Positions2D:
    """Pixel positions by subject and recording, one array per camera.

    Raises:
        InputError: no such file, or another layout.
    """
    subjects = _positions(path, "positions_2d")
    for subject, recording, views in _each(subjects):
        if not isinstance(views, list | tuple | np.ndarray):
            raise InputError(f"{path}: {subject} {recording} is {_what(views)} instead of one array per camera.")
        for view in views:
            if not _is_points(view, 2):
                raise InputError(f"{path}: {subject} {recording} holds {_what(view)} instead of (frames, joints, 2).")
    return subjects


def file_2d(folder: Path, name: str, keypoints: str) -> Path:
    """The 2D file of some keypoints.

    Raises:
        InputError: it is not there; the message lists those that are.
    """
    path = folder / f"data_2d_{name}_{keypoints}.npz"
    if not path.is_file():
        have = [file.stem.removeprefix(f"data_2d_{name}_") for file in sorted(folder.glob(f"data_2d_{name}_*.npz"))]
        hint = f"set keypoints to {' or '.join(have)}" if have else f"put {path.name} there"
        raise InputError(f"{folder} has no 2D joints {keypoints!r} ({path.name}): {hint}.")
    return path


def file_3d(folder: Path, name: str) -> Path:
    """The 3D file.

    Raises:
        InputError: it is not there.
    """
    path = folder / f"data_3d_{name}.npz"
    if not path.is_file():
        raise InputError(f"{folder} holds no {path.name}: give the folder with the prepared files.")
    return path


def check_metres(points: Points, where: str) -> None:
    """Tells metres from millimetres, and people from empty frames, by how far apart a person's joints are.

    Raises:
        InputError: further than any person's, not finite, or all in one place in some frame.
    """
    if not points.size:
        raise InputError(f"{where} has no frames of 3D: prepare the files again.")
    size = np.ptp(points, axis=1).max(axis=1)
    spread = float(size.max())
    if not np.isfinite(spread) or not np.isfinite(points).all():
        raise InputError(f"{where} has NaN or infinite 3D joints: prepare the files again.")
    if not 0.2 < spread < 10:
        raise InputError(f"{where}: a person {spread:.4g} m large; the 3D joints must be in metres.")
    if (size < 0.2).any():
        raise InputError(
            f"{where}: frame {size.argmin()} shows nobody, all 3D joints are within {size.min():.2g} m: leave out "
            "frames without valid motion capture."
        )


def check_pixels(points: Points, width: int, height: int, where: str) -> None:
    """Tells pixels from normalised coordinates, and this image size from another.

    Raises:
        InputError: coordinates that no detector gives for such an image, or that are not finite.
    """
    if not np.isfinite(points).all():
        raise InputError(f"{where} has NaN or infinite 2D joints: interpolate missing detections first.")
    largest = float(np.abs(points).max())
    if largest < 3:
        raise InputError(f"{where}: no 2D joint is further than {largest:.3g} from 0: they must be pixels.")
    middle = np.median(points, axis=(0, 1))
    if not (0 <= middle[0] <= width and 0 <= middle[1] <= height):
        raise InputError(
            f"{where}: the middle of the 2D joints, ({middle[0]:.4g}, {middle[1]:.4g}), is outside the image "
            f"of {width} x {height} pixels."
        )


def paired(pixels: Points, frames: int, where: str) -> Points:
    """The 2D of the frames that have 3D: videos may run on after the motion capture has stopped.

    Raises:
        InputError: fewer 2D frames than 3D frames.
    """
    if pixels.shape[0] < frames:
        raise InputError(f"{where} has {pixels.shape[0]} frames of 2D for {frames} of 3D: the files do not fit.")
    return pixels[:frames]


def camera_axes(world: Float[Tensor, "n j 3"], place: Placement) -> Float[Tensor, "n j 3"]:
    """World positions in camera axes, as ``camera.world_to_camera`` gives them, by one matrix product."""
    turn = rotate(conjugate(place.orientation()), torch.eye(3)).mT
    rows = rearrange(world, "n j d -> d (n j)").contiguous()
    pose = turn @ rows - turn @ place.translation()[:, None]
    return rearrange(pose, "d (n j) -> n j d", j=world.shape[1]).contiguous()


def view(world: Float[Tensor, "n j 3"], pixels: Points, place: Placement, width: int, height: int, where: str) -> Clip:
    """One camera's clip, without names: 3D relative to joint 0 in its axes, 2D on its normalised screen.

    Raises:
        InputError: fewer frames of 2D than of 3D, or 2D that is not in pixels of such an image.
    """
    seen = paired(pixels[..., :2], world.shape[0], where)
    check_pixels(seen, width, height, where)
    pose = camera_axes(world, place)
    root = pose[:, 0].clone()
    keypoints = torch.from_numpy(np.array(seen, dtype=np.float32))  # a copy
    return Clip(normalise_screen(keypoints, width, height), pose.sub_(root[:, None]), root)


def check_cameras(views: list[Points], count: int, where: str) -> None:
    """Refuses a recording that lacks a camera: which one it is, nothing says.

    Raises:
        InputError: another number of cameras.
    """
    if len(views) != count:
        raise InputError(f"{where} was seen by {len(views)} cameras instead of {count}.")


def describe_2d(path: Path, keypoints: str, detector: DetectorCfg) -> str:
    """Where the 2D comes from, for reports."""
    source = f"{noise.describe(detector)} over ground truth" if keypoints == SIMULATED else keypoints
    return f"{source} ({path.name})"


def _positions(path: Path, key: str) -> dict[str, dict[str, Any]]:
    content = read_npz(path)
    if key not in content:
        raise InputError(f"{path} has no {key!r} but {', '.join(content) or 'nothing'}: it is another kind of file.")
    subjects: dict[str, dict[str, Any]] = content[key]
    if not isinstance(subjects, dict) or not all(isinstance(value, dict) for value in subjects.values()):
        raise InputError(f"{path}: {key} is not a table of subjects and their recordings.")
    return subjects


def _each(subjects: dict[str, dict[str, Any]]) -> list[tuple[str, str, Any]]:
    return [(subject, name, value) for subject, names in subjects.items() for name, value in names.items()]


def _is_points(value: Any, dims: int) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim == 3 and value.shape[2] >= dims


def _what(value: Any) -> str:
    return f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
