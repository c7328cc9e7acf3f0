"""Anyone's own motion capture: ASF/AMC, BVH or C3D files, named in a table, become takes of 17 joints."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from actionprompt.data.cache import Converted, cached
from actionprompt.data.clip import Corpus, Take
from actionprompt.data.config import MocapCfg
from actionprompt.data.film import describe, film, frame_rate
from actionprompt.data.mocap_table import Row, read_table, split
from actionprompt.errors import InputError
from actionprompt.formats.acclaim import read_amc, read_asf
from actionprompt.formats.bvh import read_bvh
from actionprompt.formats.c3d import read_c3d
from actionprompt.formats.recording import Recording, check_size, leg_length, resample, top_speed, z_up
from actionprompt.formats.rigs import Rig, choose, plain, to_h36m
from actionprompt.skeleton import H36M_17

FASTEST = 15.0
"""Metres a second; a joint that is faster has jumped, and its take is dropped."""
STANDING = 0.3
"""Least uprightness of a take in which people stand, walk or sit."""
UNITS = (1.0, 0.0254 / 0.45, 0.0254, 0.01, 0.001)
"""Metres per unit, of the units that BVH files come in: metres, Acclaim's, inches, centimetres, millimetres."""
LEG = (0.55, 1.15)
"""Thigh and shank together, metres: from a child of ten to a very tall adult."""


def load(cfg: MocapCfg) -> Corpus:
    """Reads, converts and films the takes.

    Raises:
        InputError: a table or file that is not what it should be; the message says which and why.
    """
    check(cfg)
    rows, train, test = split(read_table(cfg.path), cfg.path)
    settings = json.dumps([cfg.rig, cfg.unit, cfg.up, cfg.acclaim_fps, cfg.fps])
    files = {f"{row.name}{row.file.suffix}": row.file for row in rows}
    files |= {f"{row.name}.asf": row.skeleton for row in rows if row.skeleton}
    files |= {"": cfg.path} | ({"rig": Path(cfg.rig)} if Path(cfg.rig).is_file() else {})
    key = blake2b(settings.encode(), digest_size=4).hexdigest()
    converted = cached(f"mocap-2-{key}", files, lambda: convert(rows, cfg))
    present = {take.subject for take in converted.takes}
    return Corpus(
        name=cfg.path.stem,
        skeleton=H36M_17,
        fps=frame_rate(cfg.film, cfg.fps),
        actions=tuple(dict.fromkeys(row.action for row in rows)),
        clips=tuple(film(converted.takes, H36M_17, cfg.film, train, cfg.fps)),
        train_subjects=tuple(s for s in train if s in present),
        test_subjects=tuple(s for s in test if s in present),
        dropped=converted.dropped,
        facts={
            "source": f"motion capture named in {cfg.path.name}",
            **describe(cfg.film),
            **converted.facts,
        },
    )


def check(cfg: MocapCfg) -> None:
    """Refuses settings that make no sense.

    Raises:
        InputError: an impossible frame rate or unit.
    """
    for name, rate in (("fps", cfg.fps), ("acclaim_fps", cfg.acclaim_fps)):
        if not 1 <= rate <= 1000:
            raise InputError(f"data.{name} is {rate}: it must be between 1 and 1000 frames a second.")
    if cfg.unit is not None and not 1e-5 <= cfg.unit <= 10:
        raise InputError(f"data.unit is {cfg.unit}: a unit of length is between 0.00001 and 10 metres.")


def convert(rows: Sequence[Row], cfg: MocapCfg) -> Converted:
    """Joints at the wanted frame rate, z up, metres; takes with jumps or lost markers are left out.

    Raises:
        InputError: a file that is not what it should be, or nothing left after quality control.
    """
    takes, dropped, notes = [], [], set()
    for row in rows:
        recording = read(row, cfg)
        rig = choose(recording.names, cfg.rig, str(row.file))
        if lost := lost_points(recording, rig):
            dropped.append(f"{row.name}: {', '.join(lost)} is missing in every frame.")
            continue
        joints = z_up(to_h36m(recording.points, recording.names, rig), recording.up)
        unit = unit_of(joints, row, cfg)
        check_size(joints * unit, str(row.file), "the unit that it says, or that data.unit says")
        if (speed := top_speed(joints * unit, recording.fps)) > FASTEST:
            dropped.append(f"{row.name}: a joint jumps at {speed:.0f} m/s (people stay below {FASTEST:.0f}).")
            continue
        notes.add(f"{row.file.suffix[1:].lower()}, rig {rig.name}, {unit:.4g} m a unit, {recording.fps:.4g} frames/s")
        pose = resample(joints * unit, recording.fps, cfg.fps).astype(np.float32)
        takes.append(Take(torch.from_numpy(pose), row.action, row.subject, row.name))
    if not takes:
        raise InputError(f"No take of {cfg.path} can be used: {dropped[0]}")
    lying = [take.name for take in takes if uprightness(take) < STANDING]
    if cfg.up == "auto" and len(lying) > len(takes) / 2:
        raise InputError(f"In most takes of {cfg.path} people do not stand: say with data.up which axis points up.")
    facts = {"files": "; ".join(sorted(notes))}
    if lying:
        facts["lying"] = f"{', '.join(lying)} (if people stand there, another axis points up: data.up)"
    return Converted(tuple(takes), tuple(dropped), facts)


def read(row: Row, cfg: MocapCfg) -> Recording:
    """One file; the points of a BVH file are still in its unit."""
    ending = row.file.suffix.lower()
    if ending == ".c3d":
        recording = read_c3d(row.file)
    elif ending == ".bvh":
        recording = read_bvh(row.file, unit=1.0)
    else:
        assert row.skeleton is not None
        recording = read_amc(row.file, read_asf(row.skeleton), cfg.acclaim_fps)
    return recording if cfg.up == "auto" else replace(recording, up=cfg.up)


def lost_points(recording: Recording, rig: Rig) -> list[str]:
    """The points that the rig needs and no frame has."""
    gone = np.isnan(recording.points).any(-1).all(0)
    return [name for name, lost in zip(recording.names, gone, strict=True) if lost and plain(name) in rig.points]


def unit_of(joints: Float[np.ndarray, "n 17 3"], row: Row, cfg: MocapCfg) -> float:
    """Metres per unit of the joints: as set, or the unit in which the legs are as long as a person's.

    Raises:
        InputError: in no known unit are they.
    """
    if row.file.suffix.lower() != ".bvh":
        return 1.0
    if cfg.unit is not None:
        return cfg.unit
    length = leg_length(joints)
    for unit in UNITS:
        if LEG[0] <= length * unit <= LEG[1]:
            return unit
    raise InputError(
        f"{row.file}: the right leg is {length:.4g} units long, in no common unit a person's leg; "
        "say with data.unit how many metres a unit is."
    )


def uprightness(take: Take) -> float:
    """How upright people are on average: 1 with the head straight above the feet, 0 lying, below 0 head down."""
    head, right, left = (H36M_17.joints.index(name) for name in ("head top", "right ankle", "left ankle"))
    axis = (take.pose[:, head] - (take.pose[:, right] + take.pose[:, left]) / 2).mean(0)
    return float(axis[2] / axis.norm())
