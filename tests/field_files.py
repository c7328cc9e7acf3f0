"""Files in the layout that lifters share, made by code: random people before the real cameras."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actionprompt.camera import denormalise_screen, project, world_to_camera
from actionprompt.data.cameras import H36M_LENSES, H36M_PLACEMENTS
from actionprompt.data.human36m import KEPT
from actionprompt.data.humaneva import PLACEMENTS

Content = dict[str, dict[str, Any]]
HUMANEVA_CHUNKS = {"Walking 1 chunk0": 9, "Walking 1 chunk2": 4, "Jog 1 chunk0": 5, "Box 1 chunk1": 3}
HUMANEVA_SUBJECTS = tuple(f"{part}/S{i}" for part in ("Train", "Validate") for i in (1, 2, 3))


def person(frames: int, joints: int, seed: int) -> np.ndarray:
    """Smooth joints within an arm's length of somebody who stands near the origin; world axes, metres."""
    random = np.random.default_rng(seed)
    place = random.uniform([-1, -1, 0.9], [1, 1, 1.1]) + random.uniform(-0.7, 0.7, (joints, 3))
    swing = 0.1 * np.sin(np.arange(frames)[:, None, None] / 9 + random.uniform(0, 6, (joints, 3)))
    return (place + swing).astype(np.float32)


def pixels(world: np.ndarray, subject: str, camera: int) -> np.ndarray:
    """Human3.6M's projection with distortion, in pixels: what the field calls 2D ground truth."""
    lens, place = H36M_LENSES[camera], H36M_PLACEMENTS[subject][camera]
    points = world_to_camera(torch.from_numpy(world), place.orientation(), place.translation())
    return denormalise_screen(project(points, lens.intrinsic()), lens.width, lens.height).numpy()


def human36m(
    recordings: Mapping[tuple[str, str], int], longer: Iterable[tuple[str, str]] = ()
) -> tuple[Content, Content]:
    """3D and 2D of recordings (subject, name) of so many frames; the 2D of some goes on for seven more."""
    world: Content = {}
    screen: Content = {}
    for seed, ((subject, name), frames) in enumerate(recordings.items()):
        points = person(frames + 7 * ((subject, name) in longer), 32, seed)
        world.setdefault(subject, {})[name] = points[:frames]
        screen.setdefault(subject, {})[name] = [pixels(points[:, KEPT], subject, c) for c in range(4)]
    return world, screen


def humaneva(
    subjects: Iterable[str] = HUMANEVA_SUBJECTS,
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """3D and 2D of short chunks."""
    world = {
        s: {name: person(n, 15, 10 * i + j) for j, (name, n) in enumerate(HUMANEVA_CHUNKS.items())}
        for i, s in enumerate(subjects)
    }
    screen = {
        s: {name: [humaneva_pixels(chunk, s, camera) for camera in range(3)] for name, chunk in names.items()}
        for s, names in world.items()
    }
    return world, screen


def humaneva_pixels(world: np.ndarray, subject: str, camera: int) -> np.ndarray:
    """Through a lens of a usual focal length (the files have no lenses)."""
    place = PLACEMENTS[subject[-2:]][camera]
    points = world_to_camera(torch.from_numpy(world), place.orientation(), place.translation()).numpy()
    return (points[..., :2] / points[..., 2:] * 700 + [320, 240 + camera]).astype(np.float32)


def save(folder: Path, name: str, world: object = None, keypoints: str = "gt", screen: object = None) -> Path:
    """Writes ``data_3d_<name>.npz`` and ``data_2d_<name>_<keypoints>.npz`` as preparation scripts do."""
    if world is not None:
        np.savez_compressed(folder / f"data_3d_{name}.npz", positions_3d=world)
    if screen is not None:
        metadata = {"num_joints": 17, "keypoints_symmetry": [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]}
        np.savez_compressed(folder / f"data_2d_{name}_{keypoints}.npz", positions_2d=screen, metadata=metadata)
    return folder
