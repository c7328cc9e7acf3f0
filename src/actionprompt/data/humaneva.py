"""HumanEva-I in the field's files: 15 joints, 3 subjects, 3 cameras, 60 frames/s (Sigal et al., IJCV 2010).

The official Train and Validate partitions of a subject are subjects of their own here, as in the files:
models train on ``Train/S1`` to ``Train/S3`` and are tested on ``Validate/S1`` to ``Validate/S3``.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from actionprompt.data import noise
from actionprompt.data.cameras import Placement
from actionprompt.data.clip import Clip, Corpus
from actionprompt.data.config import HumanEvaCfg
from actionprompt.data.npz_files import SIMULATED, Points, check_cameras, check_metres, describe_2d, read_files, view
from actionprompt.data.pairing import check_fit
from actionprompt.errors import InputError
from actionprompt.skeleton import HUMANEVA_15

ACTIONS = {
    "Walking": "walking",
    "Jog": "jogging",
    "Box": "boxing",
    "Gestures": "gesturing",
    "ThrowCatch": "throwing and catching",
}
"""The files' names, and what people call them."""
SUBJECTS = ("S1", "S2", "S3")
TRAIN = tuple(f"Train/{subject}" for subject in SUBJECTS)
TEST = tuple(f"Validate/{subject}" for subject in SUBJECTS)
CAMERAS = ("C1", "C2", "C3")
WIDTH, HEIGHT = 640, 480
FPS = 60.0

_S1 = (
    Placement((0.424207, -0.4983646, -0.5802981, 0.4847012), (4062.227, 663.2477, 1528.397)),
    Placement((0.6503354, -0.7481602, -0.0919284, 0.0941766), (844.8131, -3805.2092, 1504.9929)),
    Placement((0.0664734, -0.0690535, 0.7416416, -0.6639132), (-797.67377, 3916.3174, 1433.6602)),
)
PLACEMENTS = {
    "S1": _S1,
    "S2": (
        Placement((0.4214752, -0.4961493, -0.5838273, 0.4851187), (4112.9121, 626.4929, 1545.2988)),
        Placement((0.6501393, -0.7476588, -0.0954617, 0.0959808), (923.574, -3877.9243, 1504.5518)),
        Placement((0.0699353, -0.0712403, 0.7421637, -0.662742), (-781.4915, 3838.8853, 1444.9929)),
    ),
    "S3": _S1,
}
"""Where C1, C2 and C3 stood; not moved between S1 and S3."""


def load_humaneva(cfg: HumanEvaCfg) -> Corpus:
    """Reads the files and views every chunk of valid frames from the three cameras.

    Raises:
        InputError: a file is missing or another kind of file, or 2D and 3D do not belong together.
    """
    if unknown := [action for action in cfg.actions if action not in ACTIONS]:
        raise InputError(f"HumanEva-I has no action {unknown[0]!r}: it has {', '.join(ACTIONS)}.")
    noise.check(cfg.detector)
    path_3d, path_2d, world, pixels = read_files(cfg.path, "humaneva15", cfg.keypoints)
    chosen = [
        (subject, name)
        for subject in (*TRAIN, *TEST)
        for name in sorted(world.get(subject, {}))
        if _word(name, path_3d) in cfg.actions
    ]
    if not chosen:
        raise InputError(f"{path_3d} holds no {' or '.join(cfg.actions)} of {', '.join((*TRAIN, *TEST))}.")
    clips: list[Clip] = []
    for subject, name in chosen:
        if (views := pixels.get(subject, {}).get(name)) is None:
            raise InputError(f"{path_2d} has no 2D of {subject} {name}, which has 3D.")
        clips += _chunk(world[subject][name], views, subject, name, path_2d)
    check_fit(clips, str(path_2d))
    if cfg.keypoints == SIMULATED:
        clips = [noise.detected(clip, HUMANEVA_15, cfg.detector, FPS) for clip in clips]
    present = {clip.subject for clip in clips}
    return Corpus(
        name="HumanEva-I",
        skeleton=HUMANEVA_15,
        fps=FPS,
        actions=tuple(ACTIONS[action] for action in ACTIONS if action in cfg.actions),
        clips=tuple(clips),
        train_subjects=tuple(s for s in TRAIN if s in present),
        test_subjects=tuple(s for s in TEST if s in present),
        facts={
            "source": "HumanEva-I (Sigal et al. 2010), licensed for academic use",
            "2D": describe_2d(path_2d, cfg.keypoints, cfg.detector),
            "known fault": "the head joint is wrong in most frames of S3 walking (the field keeps them)",
        },
    )


def _word(name: str, path: Path) -> str:
    """The action of a recording such as ``Walking 1 chunk0``."""
    word = name.split(" ")[0]
    if word not in ACTIONS:
        raise InputError(f"{path}: there is a recording {name!r}; the actions are {', '.join(ACTIONS)}.")
    return word


def _chunk(points: Points, views: list[Points], subject: str, name: str, path: Path) -> Iterator[Clip]:
    """One clip per camera."""
    where = f"{path}: {subject} {name}"
    check_cameras(views, len(CAMERAS), where)
    check_joints(points, f"{path.parent}: {subject} {name}", "3D")
    check_metres(points, f"{path.parent}: {subject} {name}")
    world = torch.from_numpy(np.array(points, dtype=np.float32))
    for camera, place, seen in zip(CAMERAS, PLACEMENTS[subject[-2:]], views, strict=True):
        here = f"{where}, camera {camera}"
        check_joints(seen, here, "2D")
        clip = view(world, seen, place, WIDTH, HEIGHT, here)
        action = ACTIONS[name.split(" ")[0]]
        yield replace(clip, action=action, subject=subject, name=f"{subject} {name}", camera=camera)


def check_joints(points: Points, where: str, kind: str) -> None:
    """Refuses other layouts, such as the 17 joints of COCO detectors.

    Raises:
        InputError: another number of joints than 15.
    """
    if points.shape[1] != HUMANEVA_15.num_joints:
        raise InputError(
            f"{where} has {points.shape[1]} {kind} joints instead of {HUMANEVA_15.num_joints}: give files "
            "made for HumanEva's 15 joints."
        )
