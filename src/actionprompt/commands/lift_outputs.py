"""Names of outputs that nobody named: after the source, and never those of another source."""

from hashlib import sha256
from itertools import count
from pathlib import Path

from actionprompt.errors import InputError

SUFFIXES = (".html", ".npz")
"""What is written if nothing else is said."""
LOOKED_AT = 1 << 20
"""Bytes at the beginning of a source by which it is known again."""
MADE_FROM = "made from "


def fingerprint(source: Path) -> str:
    """A line for the notes of an output, by which it is known again what it was made from."""
    known = sha256()
    for file in sorted(source.iterdir())[:100] if source.is_dir() else [source]:
        if file.is_file():
            known.update(f"{file.name} {file.stat().st_size} ".encode())
            with file.open("rb") as content:
                known.update(content.read(LOOKED_AT if file == source else 1024))
    return f"{MADE_FROM}{source.name} ({known.hexdigest()[:16]})"


def default_outs(source: Path, made_from: str) -> tuple[Path, ...]:
    """A page and arrays in this folder, under a name that no other source has taken.

    Args:
        source: what is lifted.
        made_from: its fingerprint, which outputs carry.
    """
    for number in count(1):
        stem = f"{source.stem or source.resolve().name}-3d" + (f"-{number}" if number > 1 else "")
        if _free(stem, made_from):
            return tuple(Path(f"{stem}{suffix}") for suffix in SUFFIXES)
    raise AssertionError("numbers do not end")


def _free(stem: str, made_from: str) -> bool:
    """Whether nothing is called so, or only what was made from the same source."""
    arrays = [file for file in Path().glob("*.npz") if file.stem == stem or file.stem.startswith(f"{stem}-person")]
    pages = [file for file in Path().glob("*.html") if file.stem == stem or file.stem.startswith(f"{stem}-person")]
    if not arrays:
        return not pages
    return all(made_from in _notes(file) for file in arrays)


def _notes(file: Path) -> list[str]:
    from actionprompt.formats.npz_pickle import read_arrays

    try:
        return [str(note) for note in read_arrays(file, {"notes"}.__contains__)["notes"].ravel()]
    except (InputError, OSError, KeyError):
        return []
