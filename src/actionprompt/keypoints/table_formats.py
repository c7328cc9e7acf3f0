"""Keypoints in arrays (.npz, .npy) and in CSV tables."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actionprompt.errors import InputError
from actionprompt.files import whole
from actionprompt.formats.npz_pickle import read_npy, read_npz
from actionprompt.keypoints.detections import Detections, check_frames, collect, from_zero
from actionprompt.keypoints.layouts import layouts

SCORES = ("confidence", "score", "visibility", "conf", "c", "v", "s")
FIELD_LAYOUTS = {"coco": "coco17", "h36m": "h36m17"}
"""Layout names in the metadata of the field's files."""


def read_arrays(path: Path) -> Detections:
    """An .npz file of ours or the field's, or a plain .npy array.

    Ours: ``keypoints`` (frames, points, 2 or 3) or (people, frames, points, 2 or 3), maybe ``confidence``,
    ``layout``, and ``size`` (width, height); or what ``write_arrays`` writes. The field's:
    ``positions_2d[video]["custom"]`` and ``metadata``.

    Raises:
        InputError: not such a file.
    """
    content = {"keypoints": read_npy(path)} if path.suffix == ".npy" else read_npz(path)
    if "positions_2d" in content:
        return _field(content, path)
    if {"pose", "axes"} <= set(content):
        raise InputError(f"{path} is lifted already: `actionprompt view {path}` shows it; lift what it was made from.")
    if "keypoints" not in content:
        raise InputError(f"{path} has no array `keypoints` but {', '.join(content) or 'nothing'}.")
    points = np.asarray(content["keypoints"])
    scores = content.get("confidence")
    size = _read_size(content["size"], path) if "size" in content else None
    layout = str(content["layout"]) if "layout" in content else None
    if {"frame", "times"} <= set(content):
        return _from_detector(content, path, layout, size)
    return _from_array(points, scores, path, layout, size)


def _read_size(said: Any, path: Path) -> tuple[int, int]:
    """Width and height, whole numbers of pixels."""
    numbers = np.ravel(np.asarray(said))
    whole_numbers = numbers.dtype.kind in "iuf" and numbers.size == 2 and bool((numbers == np.round(numbers)).all())
    if not whole_numbers or not np.isfinite(numbers).all():
        raise InputError(f"{path}: `size` must be width and height in pixels, and is {numbers.tolist()}.")
    return int(numbers[0]), int(numbers[1])


def write_arrays(detections: Detections, path: Path) -> None:
    """Writes detections as they are, so that people need not be looked for again.

    Arrays: ``keypoints`` (detections, points, 2), ``confidence`` (detections, points), ``frame`` (detections),
    ``times`` (frames; seconds), ``layout``, ``size``.

    Raises:
        OSError: the file cannot be written.
    """
    assert detections.times is not None, "a detector's frames have times"
    assert not any(detections.person), "nobody is followed yet"
    known = {"layout": detections.layout, "size": detections.size}
    with whole(path) as part:
        np.savez_compressed(
            part,
            allow_pickle=False,
            keypoints=detections.points,
            confidence=detections.confidence,
            frame=detections.frame,
            times=detections.times,
            **{name: np.array(value) for name, value in known.items() if value is not None},
        )


def _from_detector(
    content: Mapping[str, Any], path: Path, layout: str | None, size: tuple[int, int] | None
) -> Detections:
    """What ``write_arrays`` wrote."""
    points, sure = np.asarray(content["keypoints"]), np.asarray(content.get("confidence"))
    frame, times = np.asarray(content["frame"]), np.asarray(content["times"])
    fits = points.ndim == 3 and points.shape[-1] == 2 and points.size > 0 and sure.shape == points.shape[:2]
    fits = fits and frame.shape == points.shape[:1] and frame.dtype.kind in "iu" and times.ndim == 1
    numbers = fits and points.dtype.kind == sure.dtype.kind == times.dtype.kind == "f"
    rising = numbers and np.isfinite(times).all() and (np.diff(times) > 0).all()
    if not rising or frame.min() < 0 or frame.max() >= times.size:
        raise InputError(
            f"{path} is no file of detections: it needs keypoints (detections, points, 2), confidence (detections, "
            "points), the frame of each detection, and rising times of the frames."
        )
    check_frames(frame, str(path))
    return Detections(frame, ("",) * len(frame), points, sure, layout, size, times)


def _field(content: Mapping[str, Any], path: Path) -> Detections:
    """One video of a file that the field's scripts make of their own videos."""
    videos = content["positions_2d"]
    if not isinstance(videos, Mapping) or not all(isinstance(video, Mapping) for video in videos.values()):
        raise InputError(f"{path}: positions_2d is not a table of videos.")
    lists = [arrays for actions in videos.values() for arrays in actions.values()]
    if not all(isinstance(arrays, list | tuple) or np.ndim(arrays) > 0 for arrays in lists):
        raise InputError(f"{path}: positions_2d holds something that is no list of arrays.")
    views = [(video, view) for video, actions in videos.items() for arrays in actions.values() for view in arrays]
    if len(views) != 1:
        raise InputError(f"{path} holds {len(views)} videos: give a file with the keypoints of one.")
    video, points = views[0]
    about = _table(content, "metadata", path)
    sizes = _table(_table(about, "video_metadata", path), video, path)
    try:
        table = np.asarray(points)
        size = _read_size([sizes["w"], sizes["h"]], path) if {"w", "h"} <= set(sizes) else None
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path}: the keypoints or the size of {video} are lists of unequal length.") from error
    return _from_array(table, None, path, FIELD_LAYOUTS.get(str(about.get("layout_name"))), size)


def _table(of: Mapping[Any, Any], name: Any, path: Path) -> Mapping[Any, Any]:
    """A table in a table; an empty one where there is none."""
    found = of.get(name, {})
    if not isinstance(found, Mapping):
        raise InputError(f"{path}: `{name}` is {type(found).__name__} instead of a table (dict).")
    return found


def _from_array(points: Any, scores: Any, path: Path, layout: str | None, size: tuple[int, int] | None) -> Detections:
    """Detections of arrays with one or more people, each in every frame."""
    if 0 in points.shape:
        raise InputError(f"{path} holds no keypoints: the array has shape {points.shape}.")
    if points.ndim == 3:
        points = points[None]
        scores = None if scores is None else np.asarray(scores)[None]
    if points.ndim != 4 or points.shape[-1] not in (2, 3) or points.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: keypoints are {points.dtype} of shape {points.shape} instead of (frames, points, 2 or 3) or "
            "(people, frames, points, 2 or 3)."
        )
    if scores is None:
        scores = points[..., 2] if points.shape[-1] == 3 else np.ones(points.shape[:3])
    if np.shape(scores) != points.shape[:3]:
        raise InputError(f"{path}: confidence has shape {np.shape(scores)}, keypoints {points.shape}.")
    people, frames = points.shape[:2]
    return Detections(
        np.tile(np.arange(frames), people),
        tuple(str(p) for p in range(people) for _ in range(frames)),
        points[..., :2].reshape(people * frames, -1, 2).astype(float),
        np.asarray(scores, dtype=float).reshape(people * frames, -1),
        layout,
        size,
    )


def read_csv(path: Path) -> Detections:
    """A table with a line per person and frame: frame, maybe person, and for each point its x, y and maybe confidence.

    Columns are called after the points: ``left_hip_x``, ``left_hip_y``, ``left_hip_confidence``. Frames count from 0.

    Raises:
        InputError: no such table, columns of no known layout, or cells that are no numbers.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = _columns(reader.fieldnames or (), path)
            lines = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"Cannot read {path} ({error}).") from error
    if not columns:
        raise InputError(f"{path} is empty: it should hold a table of keypoints.")
    points = {name[:-2] for name in columns if name.endswith(" x")}
    fitting = [layout for layout in layouts().values() if set(layout.points) <= points]
    if not fitting:
        raise InputError(
            f"{path} has columns for {', '.join(sorted(points)) or 'no point'}: expected `left_hip_x`, "
            f"`left_hip_y` and so on, for the points of {', '.join(layouts())}."
        )
    layout = max(fitting, key=lambda layout: len(layout.points))
    if lacking := [point for point in layout.points if f"{point} y" not in columns]:
        raise InputError(f"{path} has a column `{lacking[0]} x` but no column `{lacking[0]} y`.")
    names = {point: [f"{point} x", f"{point} y", *(f"{point} {s}" for s in SCORES)] for point in layout.points}
    rows = []
    for number, line in enumerate(lines, 2):
        if None in line.values():
            raise InputError(f"{path}, line {number} has fewer cells than the head: is the file cut off?")
        try:
            cells = [[_number(line[columns[n]]) for n in names[point] if n in columns][:3] for point in layout.points]
            frame = int(line[columns["frame"]]) if "frame" in columns else number - 2
        except (ValueError, KeyError) as error:
            raise InputError(f"{path}, line {number} has a cell that is missing or no number ({error}).") from error
        person = line[columns["person"]].strip() if "person" in columns else ""
        rows.append((frame, person, [cell if len(cell) == 3 else [*cell, 1.0] for cell in cells]))
    frames = from_zero([row[0] for row in rows], str(path), ones=False)
    rows = [(frame, person, cells) for frame, (_, person, cells) in zip(frames, rows, strict=True)]
    return collect(rows, str(path), layout=layout.name)


def _columns(head: Sequence[str], path: Path) -> dict[str, str]:
    """The names in the head by their plain form."""
    columns: dict[str, str] = {}
    for name in head:
        plain = _plain(name)
        if plain and plain in columns:
            raise InputError(f"{path} has the column `{name}` twice.")
        columns[plain] = name
    return columns


def _plain(name: str) -> str:
    return " ".join(name.strip().lower().replace("_", " ").split())


def _number(cell: str | None) -> float:
    """A cell; an empty one is a point that was not found."""
    return float(cell) if cell and cell.strip() else float("nan")
