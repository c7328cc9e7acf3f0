"""Lifted people made by code: a figure that walks before a tilted camera, with errors as a lifter makes them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from actionprompt.camera import project_linear
from actionprompt.data.figure import CHANNELS, Body, forward
from actionprompt.output import LiftedTrack
from actionprompt.skeleton import H36M_17

FPS = 50.0
FOCAL = 2.3
ACTIONS = ("walking", "sitting down", "waving")


def angles(frames: int, seed: int = 0) -> torch.Tensor:
    """Joint angles in degrees that sway about standing: knees and elbows bent by 15 to 75."""
    random = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / FPS
    sway = np.sin(2 * np.pi * random.uniform(0.3, 0.9, len(CHANNELS)) * time + random.uniform(0, 6, len(CHANNELS)))
    hinges = np.array([name.endswith(("knee", "elbow")) for name in CHANNELS])
    return torch.tensor(np.where(hinges, 45 + 30 * sway, 20 * sway))


def pose(frames: int = 40, seed: int = 0) -> np.ndarray:
    """Root-relative joints in camera axes, metres; the figure faces the camera and bones have constant lengths."""
    body = forward(Body.of_stature(1.75), angles(frames, seed)).numpy()  # x to its right, y ahead, z up
    return body @ np.array([[-1.0, 0, 0], [0, 0, -1], [0, -1, 0]])


def path(frames: int = 40) -> np.ndarray:
    """A walk to the camera's right and towards it, camera axes, metres."""
    along = np.arange(frames)[:, None] / FPS
    return np.array([-0.8, 0.2, 5.0]) + along * np.array([0.9, 0.0, -0.5])


def screen(points: np.ndarray) -> np.ndarray:
    """Points in camera axes on the normalised screen, without distortion."""
    intrinsic = torch.tensor([FOCAL, FOCAL, 0.05, -0.02, 0, 0, 0, 0, 0], dtype=torch.float64)
    return project_linear(torch.as_tensor(points), intrinsic).numpy()


def person(name: str = "1", frames: int = 40, noise: float = 0.0, seed: int = 0, **changes) -> LiftedTrack:
    """A track with a known root; ``noise`` in metres moves every joint independently."""
    random = np.random.default_rng(seed + 100)
    relative, root = pose(frames, seed), path(frames)
    keypoints = screen(relative + root[:, None])
    relative = relative + noise * random.normal(size=relative.shape) * (np.arange(17) > 0)[:, None]
    probability = random.dirichlet(np.ones(len(ACTIONS)), frames)
    track = LiftedTrack(
        name, 1.5, FPS, H36M_17, keypoints, relative,
        confidence=random.uniform(0.3, 1, (frames, 17)), root=root, actions=ACTIONS, probability=probability,
        size=(1920, 1080), notes=("model: none, made by code", "root path true"),
    )  # fmt: skip
    return replace(track, **changes)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
