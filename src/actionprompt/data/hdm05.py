"""HDM05-11: eleven classes of short clips by five actors (Mueller et al., TR CG-2007-2, Univ. Bonn)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from actionprompt.data.cache import Converted, cached
from actionprompt.data.clip import Corpus, Take
from actionprompt.data.config import HDM05Cfg
from actionprompt.data.virtual_cameras import describe, film, frame_rate
from actionprompt.errors import InputError
from actionprompt.formats.acclaim import read_amc, read_asf
from actionprompt.formats.recording import check_size, resample, top_speed, z_up
from actionprompt.skeleton import HDM05_17

ACTIONS = {
    "depositFloorR": "put an object down on the floor",
    "elbowToKnee1RepsLelbowStart": "touch the knee with the opposite elbow",
    "grabHighR": "grab something high up",
    "hopBothLegs1hops": "hop on both legs",
    "jogLeftCircle4StepsRstart": "jog in a circle",
    "kickLFront1Reps": "kick to the front",
    "lieDownFloor": "lie down on the floor",
    "rotateArmsBothBackward1Reps": "rotate both arms backward",
    "sneak2StepsLStart": "sneak",
    "squat1Reps": "squat",
    "throwBasketball": "throw a basketball",
}
"""What the classes are called in file names, and what people call them."""
TRAIN = ("bd", "bk", "dg")
TEST = ("mm", "tr")
"""The split as shipped, by actor."""
BONES = (
    "root", "rhipjoint", "rfemur", "rtibia", "lhipjoint", "lfemur", "ltibia", "lowerback", "thorax",
    "upperneck", "head", "lclavicle", "lhumerus", "lwrist", "rclavicle", "rhumerus", "rwrist",
)  # fmt: skip
"""The bone whose end is the joint, in the order of ``HDM05_17``."""
SOURCE_FPS, FPS = 120.0, 50.0
FASTEST = 15.0
"""Metres a second; a joint that is faster has jumped, and its clip is dropped."""


@dataclass(frozen=True)
class MotionClass:
    """One clip's files, and what their names say."""

    name: str
    actor: str
    action: str
    amc: Path
    asf: Path


def load_hdm05(cfg: HDM05Cfg) -> Corpus:
    """Reads, converts and films the clips.

    Raises:
        InputError: nothing to read, or a file that is not what it should be.
    """
    converted = read(cfg.path)
    present = {take.subject for take in converted.takes}
    return Corpus(
        name="HDM05-11",
        skeleton=HDM05_17,
        fps=frame_rate(cfg.virtual_cameras, FPS),
        actions=tuple(ACTIONS.values()),
        clips=tuple(film(converted.takes, HDM05_17, cfg.virtual_cameras, TRAIN, FPS)),
        takes=converted.takes,
        filming=cfg.virtual_cameras,
        train_subjects=tuple(s for s in TRAIN if s in present),
        test_subjects=tuple(s for s in TEST if s in present),
        dropped=converted.dropped,
        facts={
            "source": "The data used in this project was obtained from HDM05 (CC BY-SA 3.0)",
            **describe(cfg.virtual_cameras),
            **converted.facts,
        },
    )


def read(path: Path) -> Converted:
    """The takes of all clips below a folder, from the cache where these files were read before.

    Raises:
        InputError: nothing to read, or a file that is not what it should be.
    """
    motions = find(path)
    skeletons = {f"{m.actor}.asf": m.asf for m in motions}
    return cached("hdm05-1", {m.name: m.amc for m in motions} | skeletons, lambda: convert(motions))


def find(path: Path) -> list[MotionClass]:
    """The clips of the eleven classes at any depth below a folder, in order; other classes are passed over.

    Raises:
        InputError: no folder, no clips, an actor without a skeleton, or two clips of the same name.
    """
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path} {what}: give the folder that holds HDM05's clips (HDM_*_120.amc).")
    skeletons = {asf.stem: asf for asf in sorted(path.rglob("*.asf"))}
    found: dict[str, MotionClass] = {}
    for amc in sorted(path.rglob("HDM_*.amc")):
        if (parsed := parse_name(amc)) is None or parsed[1] not in ACTIONS:
            continue
        actor, action = parsed
        beside = amc.with_name(f"HDM_{actor}.asf")
        asf = beside if beside.is_file() else skeletons.get(beside.stem)
        if asf is None:
            raise InputError(f"{amc} has no skeleton: put its actor's {beside.name} beside it.")
        motion = MotionClass(amc.stem, actor, ACTIONS[action], amc, asf)
        if (first := found.setdefault(motion.name, motion)) is not motion:
            raise InputError(f"{amc} and {first.amc} are the same clip: keep one of them below {path}.")
    if not found:
        raise InputError(
            f"{path} holds no HDM05-11 clips (HDM_<actor>_<class>_<take>_120.amc, at any depth; classes "
            f"{', '.join(ACTIONS)}): extract them there."
        )
    return [found[name] for name in sorted(found)]


def parse_name(file: Path) -> tuple[str, str] | None:
    """Actor and class of a clip by its name, or None if it is not one of the data set's."""
    match = re.fullmatch(rf"HDM_({'|'.join(TRAIN + TEST)})_([A-Za-z0-9]+)_\d+_120\.amc", file.name)
    return None if match is None else (match[1], match[2])


def convert(motions: Sequence[MotionClass]) -> Converted:
    """Joints at 50 frames/s, z up, metres; clips in which a joint jumps are left out.

    Raises:
        InputError: a file that is not what it should be, or nothing left after quality control.
    """
    rigs = {asf: read_asf(asf) for asf in {m.asf for m in motions}}
    takes, dropped = [], []
    for motion in motions:
        recording = read_amc(motion.amc, rigs[motion.asf], SOURCE_FPS)
        points = recording.points[:, joint_indices(recording.names, motion)]
        check_size(points, str(motion.asf), "the unit that it says")
        speed = top_speed(points, SOURCE_FPS)
        if speed > FASTEST:
            dropped.append(f"{motion.name}: a joint jumps at {speed:.0f} m/s (people stay below {FASTEST:.0f}).")
            continue
        pose = resample(z_up(points, recording.up), SOURCE_FPS, FPS).astype(np.float32)
        takes.append(Take(torch.from_numpy(pose), motion.action, motion.actor, motion.name))
    if not takes:
        raise InputError(f"No clip below {motions[0].amc.parent} can be used: {dropped[0]}")
    facts = {
        "clips": f"{len(motions)}, {len(dropped)} dropped",
        "frame rate": f"{SOURCE_FPS:.0f} to {FPS:.0f} frames/s by cubic interpolation of the joints",
    }
    return Converted(tuple(takes), tuple(dropped), facts)


def joint_indices(names: Sequence[str], motion: MotionClass) -> list[int]:
    """Where the 17 joints are among a recording's points.

    Raises:
        InputError: a bone is missing.
    """
    if missing := [bone for bone in BONES if bone not in names]:
        raise InputError(f"{motion.asf} has no bone {missing[0]}: it is not a skeleton of HDM05.")
    return [names.index(bone) for bone in BONES]
