"""Several sources of motion capture as one: the same joints, one vocabulary of actions, subjects told apart."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from actionprompt.data import cmu, hdm05, mocap, uiprmd
from actionprompt.data.cache import Converted, cached
from actionprompt.data.clip import Corpus, Take
from actionprompt.data.config import EverydayCfg, MocapCfg
from actionprompt.data.motion_files import MotionFile
from actionprompt.data.virtual_cameras import describe, film, frame_rate
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17

FPS = 50.0
"""Frames a second of every source."""
UIPRMD = {
    "deep squat": "squatting",
    "hurdle step": "stepping over a hurdle",
    "inline lunge": "lunging",
    "side lunge": "lunging",
    "sit to stand": "sitting down and standing up",
    "standing active straight leg raise": "raising a leg",
    "standing shoulder abduction": "raising an arm",
    "standing shoulder extension": "raising an arm",
    "standing shoulder internal-external rotation": "rotating an arm",
    "standing shoulder scaption": "raising an arm",
}
"""UI-PRMD's movements in everyday words."""
HDM05 = {
    "put an object down on the floor": "picking up",
    "touch the knee with the opposite elbow": "exercising",
    "grab something high up": "reaching",
    "hop on both legs": "jumping",
    "jog in a circle": "running",
    "kick to the front": "kicking",
    "lie down on the floor": "lying down and getting up",
    "rotate both arms backward": "exercising",
    "sneak": "sneaking",
    "squat": "squatting",
    "throw a basketball": "throwing",
}
"""HDM05-11's classes in everyday words."""


@dataclass(frozen=True)
class Source:
    """One source's takes in the common vocabulary; names and subjects begin with the source's name."""

    name: str
    source: str
    """Where it comes from, and its licence's sentence."""
    takes: tuple[Take, ...]
    test: tuple[str, ...]
    dropped: tuple[str, ...]


def load_everyday(cfg: EverydayCfg) -> Corpus:
    """Reads, converts and films the takes of all sources.

    Raises:
        InputError: no source, one that is missing or damaged, or two sources of one name.
    """
    parts = read(cfg)
    takes = [take for part in parts for take in part.takes]
    test = {subject for part in parts for subject in part.test}
    train = tuple(sorted({take.subject for take in takes} - test))
    takes, actions, untrained = cmu.trained_actions(takes, train)
    if not train:
        raise InputError("All subjects are for testing: none is left to train on.")
    return Corpus(
        name="everyday",
        skeleton=H36M_17,
        fps=frame_rate(cfg.virtual_cameras, FPS),
        actions=actions,
        clips=tuple(film(takes, H36M_17, cfg.virtual_cameras, train, FPS)),
        takes=tuple(takes),
        filming=cfg.virtual_cameras,
        train_subjects=train,
        test_subjects=tuple(sorted({take.subject for take in takes} & test)),
        dropped=(*(line for part in parts for line in part.dropped), *untrained),
        facts={"source": "; ".join(f"{part.name}: {part.source}" for part in parts), **describe(cfg.virtual_cameras)},
    )


def read(cfg: EverydayCfg) -> list[Source]:
    """The sources that are given, in order.

    Raises:
        InputError: none is given, one is missing or damaged, or two have one name.
    """
    parts = [read_part() for read_part in _readers(cfg)]
    if not parts:
        raise InputError("Give at least one source: --data.uiprmd, --data.cmu, --data.hdm05 or --data.mocap.")
    for i, part in enumerate(parts):
        if part.name in [before.name for before in parts[:i]]:
            raise InputError(f"Two sources are called {part.name}, so that their subjects are too: rename one table.")
    return parts


def _readers(cfg: EverydayCfg) -> list[Callable[[], Source]]:
    given = ((cfg.uiprmd, _uiprmd), (cfg.cmu, _cmu), (cfg.hdm05, _hdm05))
    readers: list[Callable[[], Source]] = [partial(reader, cfg) for path, reader in given if path is not None]
    return readers + [partial(_mocap, table) for table in cfg.mocap]


def _uiprmd(cfg: EverydayCfg) -> Source:
    assert cfg.uiprmd is not None
    converted = uiprmd.read(cfg.uiprmd, cfg.variants)
    return _part("uiprmd", "UI-PRMD (Vakanski et al. 2018), public domain", converted, uiprmd.TEST, UIPRMD)


def _cmu(cfg: EverydayCfg) -> Source:
    assert cfg.cmu is not None
    return _part("cmu", cmu.SOURCE, cmu.read(cfg.cmu, FPS), cfg.cmu_test, {})


def _hdm05(cfg: EverydayCfg) -> Source:
    """HDM05's clips with the joints of the rig ``acclaim``, as CMU's have them, not those of ``hdm05_17``."""
    assert cfg.hdm05 is not None
    motions = hdm05.find(cfg.hdm05)
    trials = [cmu.Trial(m.name, m.actor, m.action, MotionFile(m.amc, m.asf)) for m in motions]
    files = {m.name: m.amc for m in motions} | {f"{m.actor}.asf": m.asf for m in motions}
    converted = cached("hdm05-acclaim-1", files, lambda: cmu.convert(trials, (), FPS))
    return _part(
        "hdm05", "The data used in this project was obtained from HDM05 (CC BY-SA 3.0)", converted, hdm05.TEST, HDM05
    )


def _mocap(table: Path) -> Source:
    converted, _, test = mocap.read(MocapCfg(table))
    return _part(table.stem, f"motion capture named in {table.name}", converted, test, {})


def _part(name: str, source: str, converted: Converted, test: Collection[str], words: dict[str, str]) -> Source:
    """A source's takes with its name before theirs and before their subjects', in the common words."""
    takes = tuple(
        replace(t, name=f"{name}/{t.name}", subject=f"{name}-{t.subject}", action=words.get(t.action, t.action))
        for t in converted.takes
    )
    return Source(name, source, takes, tuple(f"{name}-{s}" for s in test), converted.dropped)
