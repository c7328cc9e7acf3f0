"""Makes the field's Human3.6M files from the official download, and from other people's detections.

The official site gives one archive per subject, ``Poses_D3_Positions_S1.tgz`` and so on; extracted, each holds
``S1/MyPoseFeatures/D3_Positions/<take>.cdf``. The 2D "ground truth" is what the cameras would see of it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actionprompt.camera import denormalise_screen, project
from actionprompt.data.cameras import H36M_LENSES, H36M_PLACEMENTS
from actionprompt.data.human36m import CORRUPT, KEPT, NOSE, OFFICIAL, TEST, TRAIN, action_of, joints_2d
from actionprompt.data.npz_files import Points, Positions2D, Positions3D, camera_axes
from actionprompt.errors import InputError
from actionprompt.files import unwritable, whole
from actionprompt.formats.npz_pickle import read_npy
from actionprompt.skeleton import H36M_17

METADATA = {"num_joints": 17, "keypoints_symmetry": [list(H36M_17.left), list(H36M_17.right)], "layout_name": "h36m"}
SUBJECTS = (*TRAIN, *TEST)


def prepare(source: Path, out: Path) -> list[Path]:
    """Writes ``data_3d_h36m.npz`` and ``data_2d_h36m_gt.npz`` from the official ``.cdf`` files below a folder.

    Raises:
        InputError: no such files, a file that is not one, cdflib is not installed, or ``out`` cannot be written.
    """
    world = read_official(source)
    screen = {
        subject: {name: project_take(points, subject) for name, points in takes.items()}
        for subject, takes in world.items()
    }
    return [
        write(out / "data_3d_h36m.npz", positions_3d=world),
        write(out / "data_2d_h36m_gt.npz", positions_2d=screen, metadata=METADATA),
    ]


def prepare_hrnet(source: Path, out: Path) -> tuple[Path, list[str]]:
    """Writes ``data_2d_h36m_hr.npz`` from EvoSkeleton's ``twoDPose_HRN_train.npy`` and ``twoDPose_HRN_test.npy``.

    Returns:
        The file, and which of the two was not there.

    Raises:
        InputError: no such files, files of another layout or without takes, or a take that a camera lacks.
    """
    files = [source / f"twoDPose_HRN_{part}.npy" for part in ("train", "test")]
    there = [file for file in files if file.is_file()]
    if not there:
        raise InputError(f"{source} holds neither {files[0].name} nor {files[1].name}.")
    takes: dict[tuple[str, str], dict[str, Points]] = {}
    for file in there:
        for subject, name, camera, points in _detections(file):
            takes.setdefault((subject, name), {})[camera] = points
    ids = [lens.name for lens in H36M_LENSES]
    screen: Positions2D = {}
    for (subject, name), views in sorted(takes.items()):
        if (subject, name) == CORRUPT:
            continue
        if missing := [camera for camera in ids if camera not in views]:
            raise InputError(f"{source}: {subject} {name} lacks camera {', '.join(missing)}.")
        screen.setdefault(subject, {})[name] = [views[camera] for camera in ids]
    if not screen:
        raise InputError(f"{source}: no take of Human3.6M in {' or '.join(file.name for file in there)}.")
    joints = joints_2d(screen, source)
    path = write(out / "data_2d_h36m_hr.npz", positions_2d=screen, metadata=METADATA | {"num_joints": joints})
    return path, [file.name for file in files if file not in there]


def read_official(source: Path) -> Positions3D:
    """World positions of the official files, in metres, without the corrupt take.

    Raises:
        InputError: no such files, a file that is not one, or cdflib is not installed.
    """
    files = [file for file in sorted(source.rglob("*.cdf")) if file.parent.name == "D3_Positions"]
    if not files:
        raise InputError(f"{source} holds no D3_Positions/*.cdf, at any depth: extract Poses_D3_Positions_*.tgz there.")
    world: Positions3D = {}
    for file in files:
        subject = next((part for part in reversed(file.parts[:-1]) if re.fullmatch(r"S\d+", part)), "")
        name = short_name(file.stem)
        if subject not in SUBJECTS or action_of(name) is None:
            raise InputError(
                f"{file} is not a take of Human3.6M: expected S1/.../D3_Positions/Directions.cdf or alike."
            )
        if name in (takes := world.setdefault(subject, {})):
            raise InputError(f"{file} is there twice: keep one {subject} {name} below {source}.")
        if (subject, name) != CORRUPT:
            takes[name] = _read_cdf(file)
    return world


def short_name(name: str) -> str:
    """The field's name of an official take: ``TakingPhoto 1`` becomes ``Photo 1``."""
    word, space, number = name.replace("_", " ").partition(" ")
    return OFFICIAL.get(word, word) + space + number


def project_take(points: Points, subject: str) -> list[Points]:
    """Pixels of the 17 joints in each of the four cameras, lens distortion included."""
    world = torch.from_numpy(np.ascontiguousarray(points[:, KEPT]))
    views = []
    for lens, place in zip(H36M_LENSES, H36M_PLACEMENTS[subject], strict=True):
        seen = project(camera_axes(world, place), lens.intrinsic())
        views.append(denormalise_screen(seen, lens.width, lens.height).numpy())
    return views


def write(path: Path, **entries: Any) -> Path:
    """Writes a file of the field's layout, whose entries are pickled; ``npz_pickle`` reads it back without unpickling.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with whole(path) as part:
            np.savez_compressed(part, **entries)
    except OSError as error:
        raise unwritable("What was prepared", path, error) from error
    return path


def _read_cdf(file: Path) -> Points:
    """One take: (n, 32, 3) in metres."""
    try:
        import cdflib
    except ImportError as error:
        raise InputError(f"{file}: .cdf files need cdflib: pip install 'actionprompt[human36m]'.") from error
    try:
        pose = np.asarray(cdflib.CDF(str(file)).varget("Pose"), dtype=np.float32)
    except Exception as error:  # the library raises many kinds
        raise InputError(f"{file} is not a .cdf file of Human3.6M ({error}).") from error
    if pose.size == 0 or pose.shape[-1] != 96:
        raise InputError(f"{file}: Pose has shape {pose.shape} instead of (1, frames, 96).")
    return pose.reshape(-1, 32, 3) / 1000


def _detections(file: Path) -> list[tuple[str, str, str, Points]]:
    """EvoSkeleton's entries: (subject, take, camera, points)."""
    content = read_npy(file)
    if not isinstance(content, Mapping):
        raise InputError(f"{file} is not a table of detections by subject, action and sequence.")
    found = []
    for key, value in content.items():
        match = re.match(r"(.+?)\.(\d{8})", str(key[2])) if isinstance(key, tuple) and len(key) == 3 else None
        points: Points = np.asarray(value) if isinstance(value, np.ndarray) else np.empty((0, 0, 0))
        if match is None or action_of(short_name(match[1])) is None:
            raise InputError(f"{file} has an entry {key!r}; expected (1, 'Directions', 'Directions 1.54138969.h5').")
        if points.ndim != 2 or points.shape[1] != 64 or points.dtype.kind != "f":
            raise InputError(f"{file}: {key!r} has shape {points.shape} instead of (frames, 64).")
        if not np.isfinite(points).all():
            raise InputError(f"{file}: {key!r} has NaN or infinite pixels.")
        joints = points.reshape(-1, 32, 2)[:, KEPT].astype(np.float32)
        nose = (joints[:, NOSE] != 0).any()
        found.append(
            (f"S{key[0]}", short_name(match[1]), match[2], joints if nose else np.delete(joints, NOSE, axis=1))
        )
    return found
