"""Human3.6M in the field's files: 15 actions, 7 subjects, 4 cameras, 50 frames/s (Ionescu et al. 2014)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from actionprompt.data import noise
from actionprompt.data.cameras import H36M_LENSES, H36M_PLACEMENTS
from actionprompt.data.clip import Clip, Corpus
from actionprompt.data.config import Human36MCfg
from actionprompt.data.npz_files import (
    SIMULATED,
    Points,
    Positions2D,
    Positions3D,
    check_cameras,
    check_metres,
    describe_2d,
    read_files,
    view,
)
from actionprompt.data.pairing import check_lacking, check_projection
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17

ACTIONS = {
    "Directions": "directions",
    "Discussion": "discussion",
    "Eating": "eating",
    "Greeting": "greeting",
    "Phoning": "phoning",
    "Photo": "taking photo",
    "Posing": "posing",
    "Purchases": "purchases",
    "Sitting": "sitting",
    "SittingDown": "sitting down",
    "Smoking": "smoking",
    "Waiting": "waiting",
    "WalkDog": "walking dog",
    "Walking": "walking",
    "WalkTogether": "walking together",
}
"""The files' names, and the same as people write them (a text encoder reads them)."""
OFFICIAL = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog", "WalkingTogether": "WalkTogether"}
"""Names of the official release that the field's files shorten."""
TRAIN = ("S1", "S5", "S6", "S7", "S8")
TEST = ("S9", "S11")
TAIL = ("posing", "sitting down", "sitting")
"""The hard actions of P3."""
CORRUPT = ("S11", "Directions")
"""One of its four videos is damaged; the field leaves out all four."""
DAMAGED = (("S9", "Greeting"), ("S9", "SittingDown 1"), ("S9", "Waiting 1"))
"""Their 3D drifts away from the images (official: act 5 subact 2, act 10 subact 2, act 13 subact 1)."""
KEPT = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
"""The joints of the 32 in the files that are not copies of others, in the order of ``H36M_17``."""
NOSE, THORAX, HEAD_TOP = (H36M_17.joints.index(name) for name in ("nose", "thorax", "head top"))
FPS = 50.0
LENSES = {lens.name: lens for lens in H36M_LENSES}


def load_human36m(cfg: Human36MCfg) -> Corpus:
    """Reads the files and views every take from its four cameras.

    Raises:
        InputError: a file is missing or another kind of file, or 2D and 3D do not belong together.
    """
    noise.check(cfg.detector)
    path_3d, path_2d, world, pixels = read_files(cfg.path, "h36m", cfg.keypoints)
    check_names(world, path_3d)
    joints = joints_2d(pixels, path_2d)
    dropped = {CORRUPT: "one of its videos is damaged"}
    dropped |= dict.fromkeys(DAMAGED, "its 3D drifts away from the images") if cfg.exclude_damaged else {}
    clips = tuple(_clips(world, pixels, set(dropped), path_2d))
    if not clips:
        raise InputError(f"{path_3d} holds no take of {', '.join((*TRAIN, *TEST))}.")
    check_pairs(clips, cfg.keypoints, joints, str(path_2d))
    if cfg.keypoints == SIMULATED:
        clips = tuple(noise.detected(clip, H36M_17, cfg.detector, FPS) for clip in clips)
    present = {clip.subject for clip in clips}
    nose = ", the missing nose put halfway between thorax and head top" if joints == 16 else ""
    return Corpus(
        name="Human3.6M",
        skeleton=H36M_17,
        fps=FPS,
        actions=tuple(ACTIONS.values()),
        clips=clips,
        train_subjects=tuple(s for s in TRAIN if s in present),
        test_subjects=tuple(s for s in TEST if s in present),
        tail=TAIL,
        dropped=tuple(f"{subject} {name}: {why}." for (subject, name), why in dropped.items()),
        facts={
            "source": "Human3.6M (Ionescu et al. 2014), licensed for academic use",
            "2D": f"{describe_2d(path_2d, cfg.keypoints, cfg.detector)}, {joints} joints{nose}",
        },
    )


def check_pairs(clips: Sequence[Clip], keypoints: str, joints: int, where: str) -> None:
    """Refuses 2D that does not belong to the 3D; ``gt`` must be its projection.

    Raises:
        InputError: another camera, recording or joint order, or 16 joints that lack another one than the nose.
    """
    made_up = NOSE if joints == 16 else None
    if made_up is not None:
        check_lacking(clips, LENSES, where, made_up, H36M_17.joints)
    exact = keypoints in ("gt", SIMULATED)
    drifting = [f"{subject} {name}" for subject, name in DAMAGED]
    check_projection(clips, LENSES, where, exact=exact, drifting=drifting, made_up=made_up, mirror=H36M_17.mirror)


def action_of(name: str) -> str | None:
    """The action of a take by its exact name, or None: the first word, whatever number follows it."""
    word = name.split(" ")[0]
    return ACTIONS.get(OFFICIAL.get(word, word))


def check_names(world: Positions3D, path: Path) -> None:
    """Refuses what is not Human3.6M.

    Raises:
        InputError: an unknown subject, an unknown action, or the same take under two names.
    """
    for subject, takes in world.items():
        if subject not in H36M_PLACEMENTS:
            raise InputError(f"{path} holds a subject {subject!r} beside {', '.join(H36M_PLACEMENTS)}.")
        seen: dict[str, str] = {}
        for name in takes:
            if action_of(name) is None:
                raise InputError(f"{path}: {subject} performs {name!r}; the actions are {', '.join(ACTIONS)}.")
            word, _, number = name.partition(" ")
            same = seen.setdefault(f"{OFFICIAL.get(word, word)} {number}", name)
            if same != name:
                raise InputError(f"{path}: {subject} has the same take as {same!r} and as {name!r}; keep one.")


def _clips(world: Positions3D, pixels: Positions2D, dropped: set[tuple[str, str]], path_2d: Path) -> Iterator[Clip]:
    """Every take from its four cameras; what has been used is let go, which halves the memory needed."""
    for subject in (*TRAIN, *TEST):
        takes = world.get(subject, {})
        for name in sorted(takes):
            if (subject, name) not in dropped:
                views = pixels.get(subject, {}).pop(name, None)
                if views is None:
                    raise InputError(f"{path_2d} has no 2D of {subject} {name}, which has 3D.")
                yield from _take(takes.pop(name), views, subject, name, path_2d)


def _take(points: Points, views: list[Points], subject: str, name: str, path: Path) -> Iterator[Clip]:
    """One clip per camera."""
    where = f"{path}: {subject} {name}"
    check_cameras(views, len(H36M_LENSES), where)
    body = joints_17(points, f"{path.parent}: {subject} {name}")
    check_metres(body, f"{path.parent}: {subject} {name}")
    world = torch.from_numpy(np.array(body, dtype=np.float32))
    action = action_of(name)
    assert action is not None
    for lens, place, seen in zip(H36M_LENSES, H36M_PLACEMENTS[subject], views, strict=True):
        camera = f"{where}, camera {lens.name}"
        clip = view(world, with_nose(seen[..., :2], camera), place, lens.width, lens.height, camera)
        focal = float(lens.intrinsic()[0])
        yield replace(clip, action=action, subject=subject, name=f"{subject} {name}", camera=lens.name, focal=focal)


def joints_17(points: Points, where: str) -> Float[np.ndarray, "n 17 3"]:
    """The 17 joints of the 32 (or of the 17) in a file.

    Raises:
        InputError: another number of joints.
    """
    if points.shape[1] == 17:
        return points
    if points.shape[1] != 32:
        raise InputError(f"{where} has {points.shape[1]} 3D joints; Human3.6M's files have 32 (or the 17 of them).")
    return points[:, KEPT]


def joints_2d(pixels: Positions2D, path: Path) -> int:
    """How many joints every view has.

    Raises:
        InputError: some views have more than others.
    """
    counts: dict[int, str] = {}
    for subject, takes in pixels.items():
        for name, views in takes.items():
            for seen in views:
                counts.setdefault(seen.shape[1], f"{subject} {name}")
    if len(counts) > 1:
        found = " and ".join(f"{joints} 2D joints in {take}" for joints, take in sorted(counts.items()))
        raise InputError(f"{path} has {found}: give one kind of detections for all.")
    return next(iter(counts), 17)


def with_nose(points: Points, where: str) -> Float[np.ndarray, "n 17 2"]:
    """17 joints; for detections of 16 the nose, which they lack, halfway between thorax and head top.

    Raises:
        InputError: another number of joints.
    """
    if points.shape[1] == 17:
        return points
    if points.shape[1] != 16:
        raise InputError(f"{where} has {points.shape[1]} 2D joints: give Human3.6M's 17, or those without the nose.")
    nose = (points[:, THORAX] + points[:, HEAD_TOP - 1]) / 2
    return np.insert(points, NOSE, nose, axis=1)
