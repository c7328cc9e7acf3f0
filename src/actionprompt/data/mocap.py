"""Anyone's own motion capture: ASF/AMC, BVH or C3D files, named in a table, become takes of 17 joints."""

import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from actionprompt.data import motion_files
from actionprompt.data.cache import Converted, cached
from actionprompt.data.clip import Corpus
from actionprompt.data.config import MocapCfg
from actionprompt.data.mocap_table import FPS, UNIT, Row, read_table, split
from actionprompt.data.motion_files import MotionFile
from actionprompt.data.virtual_cameras import describe, film, frame_rate
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17


def load_mocap(cfg: MocapCfg) -> Corpus:
    """Reads, converts and films the takes.

    Raises:
        InputError: a table or file that is not what it should be; the message says which and why.
    """
    converted, train, test = read(cfg)
    present = {take.subject for take in converted.takes}
    trained = {take.action for take in converted.takes if take.subject in train}
    if trained and (never := sorted({take.action for take in converted.takes} - trained)):
        raise InputError(
            f"{cfg.path}: no training take shows {', '.join(never)}, so that nothing can recognise it: leave its test "
            "takes out, or train on some."
        )
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
    rigs = {row.rig or cfg.rig for row in rows}
    files |= {"": cfg.path} | {f"rig {rig}": Path(rig) for rig in rigs if Path(rig).is_file()}
    key = blake2b(settings.encode(), digest_size=4).hexdigest()
    return cached(f"mocap-3-{key}", files, lambda: convert(rows, cfg)), train, test


def check(cfg: MocapCfg) -> None:
    """Refuses settings that make no sense.

    Raises:
        InputError: an impossible frame rate or unit.
    """
    for name, rate in (("fps", cfg.fps), ("acclaim_fps", cfg.acclaim_fps)):
        if not FPS[0] <= rate <= FPS[1]:
            raise InputError(f"data.{name} is {rate}: it must be between 1 and 1000 frames a second.")
    if cfg.unit is not None and not UNIT[0] <= cfg.unit <= UNIT[1]:
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
    said = {row.name for row in rows if row.up or cfg.up != "auto"}
    lying = [name for one in found for name in one.lying if name not in said]
    if len(lying) > len(takes) / 2:
        raise InputError(
            f"In most takes of {cfg.path} people do not stand: say with data.up, or in a column up, which axis "
            "points up."
        )
    facts = {"files": "; ".join(sorted({one.kind for one in found if one.kind}))}
    if mended := [one.mended for one in found if one.mended]:
        facts["mended"] = "; ".join(mended)
    if lying:
        facts["lying"] = f"{', '.join(lying)} (if people stand there, another axis points up: data.up, or a column up)"
    return Converted(takes, dropped, facts)


def motion_file(row: Row, cfg: MocapCfg) -> MotionFile:
    """The row's file with what the row and the settings say of it: the row comes first."""
    amc = row.file.suffix.lower() == ".amc"
    return MotionFile(
        row.file,
        row.skeleton,
        row.rig or cfg.rig,
        row.unit if amc or row.unit is not None else cfg.unit,
        row.up or cfg.up,
        row.fps or (cfg.acclaim_fps if amc else None),
    )
