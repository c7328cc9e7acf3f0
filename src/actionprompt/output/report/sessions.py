"""Several sessions side by side: a folder of lifted motion as one page."""

import html
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from actionprompt.analysis.angles import SIDES
from actionprompt.errors import InputError
from actionprompt.output.npz import read_lifted
from actionprompt.output.report.page import document, grid, spoken
from actionprompt.output.report.summary import ERROR, LIMBS, TRUNK, Summary, summary


class Session(NamedTuple):
    """One person in one file."""

    name: str
    """The file below the folder, without its ending."""
    said: Summary


def sessions(folder: Path) -> tuple[list[Session], list[str]]:
    """What a folder holds, in the order of names, and a sentence for each file that could not be read.

    Raises:
        InputError: no such folder, or nothing lifted in it.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}: `actionprompt lift ... --out-dir {folder.name}` makes one.")
    found, odd = [], []
    for path in sorted(folder.rglob("*.npz")):
        if path.name.endswith(".angles.npz") or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            found.append(Session(path.relative_to(folder).with_suffix("").as_posix(), summary(read_lifted(path))))
        except InputError as error:
            odd.append(str(error))
    if not found:
        why = f" ({odd[0]})" if odd else ""
        raise InputError(f"{folder} holds no lifted motion (.npz of `actionprompt lift`){why}.")
    return found, odd


def sessions_page(folder: Path, found: Sequence[Session], odd: Sequence[str], today: date | None = None) -> str:
    """The page's text."""
    title = f"Sessions in {folder.resolve().name}"
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="soft">{len(found)} sessions. Report of {(today or date.today()).isoformat()}, made by actionprompt '
        "from one camera's picture each: no medical device, no diagnosis.</p>",
        "<h2>Sessions</h2>",
        grid(("session", "person", "seconds", "main action", "unknown", "guessed joints"), map(_about, found)),
        "<h2>Repetitions</h2>",
        grid(("session", "count", "driven by", "duration s", "range °", "peak speed °/s"), map(_repeated, found)),
        *_ranges(found),
    ]
    if odd:
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in odd)
        body += ["<h2>Files that could not be read</h2>", f"<ul>{lines}</ul>"]
    return document(title, body)


def _about(session: Session) -> tuple[str, ...]:
    track, said = session.said.track, session.said
    shown = track.shown
    main = max(dict.fromkeys(shown), key=shown.count) if shown else ""
    unknown = "" if said.unknown is None else f"{said.unknown:.0%}"
    return (session.name, track.person, f"{track.num_frames / track.fps:.1f}", main, unknown,
            f"{1 - track.seen.mean():.0%}")  # fmt: skip


def _repeated(session: Session) -> tuple[str, ...]:
    found = session.said.repetitions
    if not found:
        return (session.name, "0", session.said.why_none, "", "", "")
    measured = np.array([(one.duration, one.range_of_motion, one.peak_speed) for one in found])
    (duration, size, speed), (longer, wider, faster) = measured.mean(0), measured.std(0)
    return (session.name, str(len(found)), spoken(session.said.driving), f"{duration:.2f} ± {longer:.2f}",
            f"{size:.0f} ± {wider:.0f}", f"{speed:.0f} ± {faster:.0f}")  # fmt: skip


def _ranges(found: Sequence[Session]) -> list[str]:
    """Ranges of motion: a table each of both sides and of the trunk, a row a session."""
    limbs = [limb for limb in LIMBS if any(f"left_{limb}" in one.said.angles for one in found)]
    sides = [
        [one.name, *(_both(one.said, limb) for limb in limbs)] for one in found
    ]  # fmt: skip
    trunk = [[one.name, *(f"{one.said.range(name).size:.0f}" for name in TRUNK)] for one in found]
    usual = ["usual error", *(f"{ERROR[name]:.0f}" if name in ERROR else "" for name in limbs)]
    return [
        "<h2>Range of motion, left / right, degrees</h2>",
        grid(("session", *map(spoken, limbs)), [*sides, usual]),
        "<h2>Range of motion of the trunk, degrees</h2>",
        grid(("session", *map(spoken, TRUNK)), [*trunk, ["usual error", *(f"{ERROR[name]:.0f}" for name in TRUNK)]]),
        '<p class="soft">A difference between sessions that is not larger than the usual error says nothing.</p>',
    ]


def _both(said: Summary, limb: str) -> str:
    names = [f"{side}_{limb}" for side in SIDES]
    return " / ".join(f"{said.range(name).size:.0f}" for name in names) if set(names) <= said.angles.keys() else ""
