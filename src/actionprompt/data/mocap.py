"""Anyone's own motion capture: ASF/AMC, BVH or C3D files, named in a table, become takes of 17 joints."""

import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from actionprompt.data import motion_files
from actionprompt.data.cache import Converted, cached
from actionprompt.data.clip import Corpus, Take
from actionprompt.data.config import MocapCfg
from actionprompt.data.mocap_table import Row, read_table, split
from actionprompt.data.motion_files import MotionFile
from actionprompt.data.virtual_cameras import describe, film, frame_rate
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17

STANDING = 0.3
"""Least uprightness of a take in which people stand, walk or sit."""


def load_mocap(cfg: MocapCfg) -> Corpus:
    """Reads, converts and films the takes.

    Raises:
        InputError: a table or file that is not what it should be; the message says which and why.
    """
    converted, train, test = read(cfg)
    present = {take.subject for take in converted.takes}
    return Corpus(
        name=cfg.path.stem,
        skeleton=H36M_17,
        fps=frame_rate(cfg.virtual_cameras, cfg.fps),
        actions=tuple(dict.fromkeys(take.action for take in converted.takes)),
        clips=tuple(film(converted.takes, H36M_17, cfg.virtual_cameras, train, cfg.fps)),
        takes=converted.takes,
        filming=cfg.virtual_cameras,
        train_subjects=tuple(s for s in train if s in present),
        test_subjects=tuple(s for s in test if s in present),
        dropped=converted.dropped,
        facts={
            "source": f"motion capture named in {cfg.path.name}",
            **describe(cfg.virtual_cameras),
            **converted.facts,
        },
    )


def read(cfg: MocapCfg) -> tuple[Converted, tuple[str, ...], tuple[str, ...]]:
    """The takes, from the cache where these files were read before, and the subjects for training and for testing.

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
    return cached(f"mocap-3-{key}", files, lambda: convert(rows, cfg)), train, test


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
    """Joints at the wanted frame rate, z up, metres; bad frames are mended, takes without sound ones left out.

    Raises:
        InputError: a file that is not what it should be, or nothing left after quality control.
    """
    found = [motion_files.convert(motion_file(row, cfg), row.action, row.subject, row.name, cfg.fps) for row in rows]
    takes = tuple(take for one in found for take in one.takes)
    dropped = tuple(one.dropped for one in found if one.dropped)
    if not takes:
        raise InputError(f"No take of {cfg.path} can be used: {dropped[0]}")
    lying = [take.name for take in takes if uprightness(take) < STANDING]
    if cfg.up == "auto" and len(lying) > len(takes) / 2:
        raise InputError(f"In most takes of {cfg.path} people do not stand: say with data.up which axis points up.")
    facts = {"files": "; ".join(sorted({one.kind for one in found if one.kind}))}
    if mended := [one.mended for one in found if one.mended]:
        facts["mended"] = "; ".join(mended)
    if lying:
        facts["lying"] = f"{', '.join(lying)} (if people stand there, another axis points up: data.up)"
    return Converted(takes, dropped, facts)


def motion_file(row: Row, cfg: MocapCfg) -> MotionFile:
    """The row's file with what the settings say of it."""
    fps = cfg.acclaim_fps if row.file.suffix.lower() == ".amc" else None
    return MotionFile(row.file, row.skeleton, cfg.rig, cfg.unit, cfg.up, fps)


def uprightness(take: Take) -> float:
    """How upright people are on average: 1 with the head straight above the feet, 0 lying, below 0 head down."""
    head, right, left = (H36M_17.joints.index(name) for name in ("head top", "right ankle", "left ankle"))
    axis = (take.pose[:, head] - (take.pose[:, right] + take.pose[:, left]) / 2).mean(0)
    return float(axis[2] / axis.norm())
