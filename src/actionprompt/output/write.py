"""Writes lifted motion; the file's suffix chooses the format. Files appear whole or not at all."""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from actionprompt.errors import InputError, unknown
from actionprompt.files import keep_partial, whole, why_not
from actionprompt.output.track import LiftedTrack
from actionprompt.output.writers import Format, WriteCfg, WriteJob, formats


def write(
    tracks: Sequence[LiftedTrack], path: Path, format: str | None = None, settings: WriteCfg | None = None
) -> list[Path]:
    """Writes all people of a video; formats that hold one person get a file each: ``run-person1.bvh``.

    Args:
        tracks: at least one, all seen by one camera.
        path: the file; its folder is made if need be.
        format: a key of :func:`formats`; None: the path's suffix.
        settings: what formats leave open.

    Returns:
        The files.

    Raises:
        InputError: a format that nobody writes, a motion that it cannot hold, a missing library, or a file that cannot
            be written, on a full disk for example: then no file of this call appears, and what was written of the one
            that failed is kept beside it under a name ending in ``.partial``.
    """
    name = _format(path, format)
    writer = formats()[name]
    _check(tracks)
    together = writer.several or len(tracks) == 1
    files = {path: tracks} if together else dict(zip(_own(path, name, tracks), ([t] for t in tracks), strict=True))
    try:
        with ExitStack() as stack:
            for file, people in files.items():
                part = stack.enter_context(whole(file))
                _save(writer, WriteJob(people, tracks, file.name, settings or WriteCfg()), part, file)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {why_not(error)}; choose another place.") from error
    return list(files)


def _format(path: Path, format: str | None) -> str:
    known = formats()
    if format is None:
        file = path.name.lower()  # report.html is a report, as walk.report.html is
        suffixes = sorted((name for name in known if file.endswith(f".{name}") or file == name), key=len)
        if not suffixes:
            listed = ", ".join(f".{name}" for name in known)
            raise InputError(f"Nothing writes {path.name}: the name must end in one of {listed}.")
        format = suffixes[-1]
    if format not in known:
        raise unknown("output format", format, known)
    return format


def _check(tracks: Sequence[LiftedTrack]) -> None:
    if not tracks:
        raise InputError("There is nobody to write: no person was found.")
    people = [track.person for track in tracks]
    if twice := [person for person in people if people.count(person) > 1]:
        raise InputError(f"Two tracks are called person {twice[0]}: each needs a name of its own.")
    assert len({tuple(track.up) for track in tracks}) == 1, "one camera has one up"


def _own(path: Path, format: str, tracks: Sequence[LiftedTrack]) -> list[Path]:
    """Each person's file; the format's whole suffix, which may have dots, stays at the end.

    Names that become the same one as a file's (``a/b``, ``a?b``, ``A_B``) are numbered.
    """
    names: dict[str, str] = {}
    for track in tracks:
        plain = name = re.sub(r"[^\w.-]+", "_", track.person)[:100]
        number = 1
        while name.casefold() in names:
            number += 1
            name = f"{plain}-{number}"
        names[name.casefold()] = name
    known = path.name.lower().endswith(f".{format}")
    suffix = path.name[-len(format) - 1 :] if known else path.suffix
    return [path.with_name(f"{path.name.removesuffix(suffix)}-person{name}{suffix}") for name in names.values()]


def _save(writer: Format, job: WriteJob, part: Path, path: Path) -> None:
    """Writes a file under its temporary name; if that fails, what is there stays under a name that says so."""
    try:
        writer.write(job, part)
    except OSError as error:
        kept = keep_partial(part, path)
        raise InputError(
            f"Cannot write {path}: {why_not(error)}{kept}; free some space or choose another place."
        ) from error
