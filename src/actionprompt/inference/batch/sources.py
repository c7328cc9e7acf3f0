"""Files, folders and patterns as a list of sources, each with a name of its own below the output folder."""

import glob
import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from actionprompt.errors import InputError
from actionprompt.keypoints.json_formats import is_folder
from actionprompt.video.pictures import is_pictures

VIDEO_SUFFIXES = (
    ".mp4",
    ".mov",
    ".mkv",
    ".avi",
    ".webm",
    ".m4v",
    ".mpg",
    ".mpeg",
    ".ts",
    ".mts",
    ".m2ts",
    ".wmv",
    ".flv",
    ".ogv",
    ".mxf",
    ".gif",
    ".3gp",
    ".insv",
    ".lrv",
)
"""What counts as a video in a folder or a pattern; a file that is named may be called anything."""
KEYPOINT_SUFFIXES = (".npz", ".npy", ".csv", ".json")


class Source(NamedTuple):
    """One video, keypoint file, or folder of their frames."""

    path: Path
    """Absolute, since it may be lifted by a process in another folder."""
    name: str
    """Of its outputs, without a suffix and with slashes: ``day1/run``."""
    shown: str
    """The path as it was given."""


def is_many(given: Sequence[str]) -> bool:
    """Whether several sources are meant: more than one word, a pattern, or a folder of sources."""
    if len(given) != 1:
        return True
    path = Path(given[0])
    return (not path.exists() and glob.has_magic(given[0])) or (path.is_dir() and not _is_source(path))


def find_sources(given: Sequence[str], skip: Path) -> list[Source]:
    """All sources, in the order of their names.

    A folder stands for the videos in it and below, or, if there are none, for its keypoint files; a folder of JSON
    files (as OpenPose writes it) or of pictures, without videos, is one source where it is named itself. Outputs keep
    the path that was given if it leads down from here; of other paths, what lies below the last folder that was named.

    Args:
        given: files, folders and patterns (``*``, ``?``, ``[...]``, ``**``).
        skip: the output folder, in which nothing is looked for.

    Raises:
        InputError: nothing matches, or two sources would have one output.
    """
    found: dict[Path, Source] = {}
    for word in given:
        for path, name in _matches(word, skip.resolve()):
            found.setdefault(path.resolve(), Source(path.absolute(), name, str(path)))
    sources = sorted(found.values(), key=lambda source: source.name)
    for one, other in pairwise(sources):
        if one.name == other.name:
            raise InputError(f"{one.shown} and {other.shown} would both be written to {one.name}: lift them apart.")
    return sources


def _matches(word: str, skip: Path) -> Iterator[tuple[Path, str]]:
    exists = Path(word).exists()
    if not exists and not glob.has_magic(word):
        raise InputError(f"There is no file or folder {word}.")
    places = [word] if exists else sorted(glob.glob(word, recursive=True))
    anchor = _anchor(word, exists)
    known = (*VIDEO_SUFFIXES, *KEYPOINT_SUFFIXES)
    kept = [p for place in places if (p := Path(place)).is_dir() or p.suffix.lower() in known or exists]
    files = [file for path in kept for file in _files(path, skip)]
    if not files:
        what = "holds no video and no keypoint file" if exists else "matches no video and no keypoint file"
        raise InputError(f"{word} {what}: give files, folders or patterns." if places else f"Nothing matches {word}.")
    for file in files:
        yield file, Path(os.path.relpath(file, anchor)).with_suffix("").as_posix()


def _anchor(word: str, exists: bool) -> Path:
    """The folder below which outputs keep their path."""
    plain = os.path.normpath(word)
    if not os.path.isabs(plain) and not plain.startswith(".."):
        return Path()
    fixed = Path(plain)
    while not exists and glob.has_magic(str(fixed)):
        fixed = fixed.parent
    return fixed.parent if exists or not fixed.is_dir() else fixed


def _files(path: Path, skip: Path) -> list[Path]:
    """The sources that a path stands for."""
    if not path.is_dir() or _is_source(path):
        return [path]
    below = [f for f in _walk(path, skip) if f.suffix.lower() in (*VIDEO_SUFFIXES, *KEYPOINT_SUFFIXES)]
    seen = [file for file in below if file.suffix.lower() in VIDEO_SUFFIXES]
    return seen or below


def _walk(folder: Path, skip: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and (Path(root) / f).resolve() != skip)
        yield from (Path(root) / name for name in sorted(files) if not name.startswith("."))


def _is_source(path: Path) -> bool:
    """Whether a folder is one source: pictures, or files of a frame each, and neither folders nor videos."""
    kinds = {"folder" if entry.is_dir() else entry.suffix.lower() for entry in path.iterdir()}
    labels = is_folder(path) and not kinds & set(KEYPOINT_SUFFIXES)  # ultralytics' text files
    frames = ".json" in kinds or labels or is_pictures(path)
    return frames and "folder" not in kinds and not kinds & set(VIDEO_SUFFIXES)
