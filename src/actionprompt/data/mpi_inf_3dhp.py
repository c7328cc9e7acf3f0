"""MPI-INF-3DHP (Mehta et al. 2017) in the files that lifters share: two ``.npz`` with pickled dicts.

There are no actions in these files. Test sequences TS1 to TS6 stand in their place, so that tables have a row for each
and averages are over sequences; APM needs actions and cannot learn here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actionprompt.camera import normalise_screen
from actionprompt.data.clip import Clip, Corpus
from actionprompt.data.config import MPIINF3DHPCfg
from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import read_npz
from actionprompt.skeleton import H36M_17

TO_H36M = [14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4]
"""Where Human3.6M's joints are among the file's."""
TRAIN_SIZE = (2048, 2048)
TEST_SIZES = {
    **dict.fromkeys(("TS1", "TS2", "TS3", "TS4"), (2048, 2048)),
    **dict.fromkeys(("TS5", "TS6"), (1920, 1080)),
}
"""Pictures in pixels."""
FPS = 25.0
"""The frame rate of the test sequences; training sequences have 25 or 50."""


def load_mpi_inf_3dhp(cfg: MPIINF3DHPCfg) -> Corpus:
    """Reads both files.

    Raises:
        InputError: a file is missing or another kind of file.
    """
    train, test = (_content(cfg.path / f"data_{split}_3dhp.npz") for split in ("train", "test"))
    clips = [*_training(train, cfg.path), *_testing(test, cfg.path)]
    subjects = dict.fromkeys(clip.subject for clip in clips)
    return Corpus(
        name="MPI-INF-3DHP",
        skeleton=H36M_17,
        fps=FPS,
        actions=tuple(dict.fromkeys(clip.action for clip in clips)),
        clips=tuple(clips),
        train_subjects=tuple(subject for subject in subjects if not subject.startswith("TS")),
        test_subjects=tuple(subject for subject in subjects if subject.startswith("TS")),
        facts={"source": "MPI-INF-3DHP (Mehta et al. 2017), licensed for research", "2D": "ground truth of the files"},
    )


def _content(path: Path) -> Mapping[str, Any]:
    content = read_npz(path).get("data")
    if not isinstance(content, Mapping) or not content:
        raise InputError(f"{path} is not a file of MPI-INF-3DHP as lifters share it: there are no sequences in `data`.")
    return content


def _training(sequences: Mapping[str, Any], path: Path) -> Iterator[Clip]:
    for name, content in sequences.items():
        cameras = content[0] if isinstance(content, (list, tuple, np.ndarray)) and len(content) else None
        if not isinstance(cameras, Mapping):
            raise InputError(f"{path}: the training sequence {name!r} holds no cameras.")
        subject, _, number = str(name).partition(" ")
        for camera, recorded in cameras.items():
            yield _clip(recorded, TRAIN_SIZE, f"{path}: {name}", subject, number or subject, str(name), str(camera))


def _testing(sequences: Mapping[str, Any], path: Path) -> Iterator[Clip]:
    for name, recorded in sequences.items():
        if name not in TEST_SIZES:
            raise InputError(f"{path}: the test sequence {name!r} is not one of {', '.join(TEST_SIZES)}.")
        yield _clip(recorded, TEST_SIZES[name], f"{path}: {name}", name, name, name, "")


def _clip(recorded: Any, size: tuple[int, int], where: str, subject: str, action: str, name: str, camera: str) -> Clip:
    """One camera's view of a sequence."""
    try:
        pixels, points = (torch.from_numpy(np.array(recorded[key], np.float32)) for key in ("data_2d", "data_3d"))
        valid = torch.from_numpy(np.array(recorded["valid"])).flatten().bool() if "valid" in recorded else None
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where} lacks 2D or 3D joints ({error}).") from error
    if pixels.shape[1:] != (17, 2) or points.shape != (pixels.shape[0], 17, 3):
        raise InputError(
            f"{where} has 2D of shape {tuple(pixels.shape)} and 3D of {tuple(points.shape)}: 17 joints belong there."
        )
    pose = points[:, TO_H36M] / 1000
    return Clip(
        normalise_screen(pixels[:, TO_H36M], *size),
        pose - pose[:, :1],
        pose[:, 0],
        action=action,
        subject=subject,
        name=name,
        camera=camera,
        counted=valid,
    )
