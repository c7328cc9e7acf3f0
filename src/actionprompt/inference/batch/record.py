"""What is known of each source: one small file a source, from which the manifest is made, whoever lifted it."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from actionprompt.errors import InputError
from actionprompt.files import write_text
from actionprompt.inference.batch.quality import Quality
from actionprompt.untrusted import cell, parse_json

FOLDER = ".actionprompt"
"""In the output folder: the records."""


@dataclass(frozen=True)
class Record:
    """One source: done, or failed and why."""

    source: str
    name: str
    """Of its outputs below the output folder."""
    state: Literal["done", "failed"]
    key: str
    """Of content, settings, model and version: what was made with the same key need not be made again."""
    stamp: tuple[int, int, str]
    """Size, time of change and digest of the source, so that an unchanged file is not read again."""
    seconds: float = 0.0
    """That the work took."""
    people: int = 0
    frames: int = 0
    """Lifted, of all people together."""
    quality: Quality = field(default_factory=Quality)
    files: tuple[str, ...] = ()
    """Below the output folder."""
    error: str = ""
    """What went wrong."""
    note: str = ""
    """What there is to know: who was left out and why."""


def place(folder: Path, name: str) -> Path:
    """Where the record of a name lies."""
    return folder / FOLDER / f"{name}.json"


def read_record(folder: Path, name: str) -> Record | None:
    """The record of a name; None if there is none that can be read."""
    try:
        data = parse_json(place(folder, name).read_bytes())
        data |= {"quality": Quality(**data["quality"]), "files": tuple(data["files"]), "stamp": tuple(data["stamp"])}
        return Record(**data)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_record(folder: Path, record: Record) -> None:
    """Writes a record, whole or not at all."""
    write_text(place(folder, record.name), json.dumps(asdict(record), indent=1, ensure_ascii=False) + "\n")


def is_finished(folder: Path, record: Record | None, key: str) -> bool:
    """Whether what a record says is made still holds: for this key, all files there."""
    return (
        record is not None
        and record.state == "done"
        and record.key == key
        and all((folder / file).is_file() for file in record.files)
    )


def stamp_of(path: Path, known: Record | None) -> tuple[int, int, str]:
    """Size, time of change and digest of a file or folder; read only where it changed since the record.

    Raises:
        InputError: it cannot be read.
    """
    try:
        files = sorted(f for f in path.iterdir() if f.is_file()) if path.is_dir() else [path]
        facts = [file.stat() for file in files]
        size, changed = sum(f.st_size for f in facts), max((f.st_mtime_ns for f in facts), default=0)
        if known is not None and tuple(known.stamp[:2]) == (size, changed):
            return size, changed, known.stamp[2]
        return size, changed, digest(files)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error


def digest(files: Iterable[Path]) -> str:
    """SHA-256 over the contents of files, in their order."""
    total = hashlib.sha256()
    for file in files:
        one = hashlib.sha256()
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                one.update(block)
        total.update(one.digest())
    return total.hexdigest()


def key_of(content: str, settings: dict[str, Any]) -> str:
    """The digest of a source's content and of everything else that its outputs depend on."""
    return hashlib.sha256(json.dumps([content, settings], sort_keys=True, default=str).encode()).hexdigest()


def rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    """The manifest's rows; a number that is not known is None."""
    qualities = [f.name for f in fields(Quality)]
    return [
        {
            "source": r.source,
            "state": r.state,
            "seconds": round(r.seconds, 2),
            "people": r.people,
            "frames": r.frames,
            **{name: _short(getattr(r.quality, name)) for name in qualities},
            "error": r.error,
            "note": r.note,
            "files": list(r.files),
        }
        for r in records
    ]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose texts no spreadsheet takes for formulas."""
    return {name: cell(value) if isinstance(value, str) else value for name, value in row.items()}


def write_manifest(folder: Path, records: Sequence[Record]) -> None:
    """``manifest.csv`` and ``manifest.json``: a row for each source."""
    table = rows(records)
    text = io.StringIO()
    names = [*rows([_EXAMPLE])[0]]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_cells(row | {"files": " ".join(row["files"])}) for row in table)
    write_text(folder / "manifest.csv", text.getvalue())
    document = {"format": "actionprompt-manifest", "version": 1, "sources": table}
    write_text(folder / "manifest.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")


_EXAMPLE = Record("", "", "done", "", (0, 0, ""))
