"""Converted takes on disk, keyed by the content of the files they came from, so that a second start is quick.

The folder may be deleted at any time. ``ACTIONPROMPT_CACHE`` names another one than the system's user cache.
"""

import json
import os
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import torch
from jaxtyping import Float
from platformdirs import user_cache_path
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from actionprompt.data.clip import Take
from actionprompt.errors import InputError
from actionprompt.files import whole
from actionprompt.untrusted import parse_json


@dataclass(frozen=True)
class Converted:
    """What a reader makes of its files, before filming."""

    takes: tuple[Take, ...]
    dropped: tuple[str, ...] = ()
    """What quality control left out, one sentence each."""
    facts: dict[str, str] = field(default_factory=dict)
    """What only the files can tell: counts, shares, measured lengths."""


def cached(reader: str, files: Mapping[str, Path], convert: Callable[[], Converted]) -> Converted:
    """``convert()``, or what it gave before for files of the same names and content.

    Args:
        reader: the reader's name and version (``uiprmd-1``); a new version converts again.
        files: what ``convert`` reads, under names that do not depend on the folder.
        convert: the slow way.

    Raises:
        InputError: a file cannot be read.
    """
    path = folder() / f"{reader}-{content_key(files)}.safetensors"
    if path.is_file() and (found := _read(path)) is not None:
        return found
    converted = convert()
    try:
        _write(path, converted)
    except (OSError, SafetensorError) as error:
        warnings.warn(
            f"Cannot keep converted files in {path.parent} ({error}), so the next start converts them again: "
            "set ACTIONPROMPT_CACHE to a folder that can be written.",
            stacklevel=2,
        )
    return converted


def folder() -> Path:
    """Where converted takes are kept."""
    chosen = os.environ.get("ACTIONPROMPT_CACHE")
    return Path(chosen) if chosen else user_cache_path("actionprompt")


def content_key(files: Mapping[str, Path]) -> str:
    """A digest of the files' names and bytes, whatever their order and folder."""
    with ThreadPoolExecutor() as pool:  # hashing and reading release the interpreter's lock
        digests = dict(zip(files, pool.map(_digest, files.values()), strict=True))
    return blake2b(json.dumps(sorted(digests.items())).encode(), digest_size=16).hexdigest()


def _digest(path: Path) -> str:
    """A digest of one file's bytes."""
    try:
        return blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}; check the file and its permissions.") from error


def _checksum(poses: Float[Tensor, "n j 3"]) -> str:
    """Guards against bytes that changed on disk."""
    return blake2b(poses.numpy().tobytes(), digest_size=16).hexdigest()


def _read(path: Path) -> Converted | None:
    """The stored takes, or None for a file that is damaged and will be written again."""
    try:
        with safe_open(path, framework="pt") as file:
            poses, about = file.get_tensor("poses"), parse_json(file.metadata()["converted"])
        if about["checksum"] != _checksum(poses):
            return None
        if not poses.isfinite().all():
            return None
        parts = poses.split([take.pop("frames") for take in about["takes"]])
        takes = tuple(Take(pose=pose, **take) for pose, take in zip(parts, about["takes"], strict=True))
        return Converted(takes, tuple(about["dropped"]), about["facts"])
    except Exception:  # whatever a damaged file makes of its readers
        return None


def _write(path: Path, converted: Converted) -> None:
    poses = torch.cat([take.pose for take in converted.takes]).contiguous()
    takes = [
        {"frames": t.pose.shape[0], "action": t.action, "subject": t.subject, "name": t.name} for t in converted.takes
    ]
    about = {
        "checksum": _checksum(poses),
        "takes": takes,
        "dropped": converted.dropped,
        "facts": converted.facts,
    }
    with whole(path) as part:
        save_file({"poses": poses}, part, metadata={"converted": json.dumps(about)})
