"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actionprompt.errors import InputError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; it becomes ``path`` if the block succeeds and is deleted if not.

    The folder is made if need be. The temporary name ends like the real one, for writers that look at it, and holds
    the process's number, so that two processes do not write to one file.

    Raises:
        OSError: the folder or the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def keep_partial(part: Path, path: Path) -> str:
    """Keeps what was written before the disk was full, say, under a name that says so; the words for the message."""
    if not part.exists() or not part.stat().st_size:
        return ""
    partial = path.with_name(f"{path.name}.partial")
    os.replace(part, partial)
    return f"; the part that fitted is in {partial.name}"


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8, with the line ends that the text has.

    Raises:
        OSError: the file cannot be written.
    """
    with whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def check_writable(path: Path) -> None:
    """Finds out before long work whether a file can be written at all.

    Raises:
        InputError: it is a folder, or its place cannot be written to.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; a file is to be written.")
    place = next(parent for parent in path.absolute().parents if parent.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise InputError(f"{path} cannot be written: {place} is no folder that this user may write to.")
