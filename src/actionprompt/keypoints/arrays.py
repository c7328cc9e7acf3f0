"""Keypoints in arrays (.npz, .npy)."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from actionprompt.errors import InputError
from actionprompt.files import whole
from actionprompt.formats.npz_pickle import read_npy, read_npz
from actionprompt.keypoints.detections import Detections, check_frames, check_third, collect
from actionprompt.keypoints.layouts import Layout

FIELD_LAYOUTS = {"coco": "coco17", "h36m": "h36m17"}
"""Layout names in the metadata of the field's files."""


def read_arrays(path: Path) -> Detections:
    """An .npz file of ours or the field's, or a plain .npy array.

    Ours: ``keypoints`` (frames, points, 2 to 4) or (people, frames, points, 2 to 4), maybe ``confidence``, ``layout``,
    ``size`` (width, height) and ``fps``; or what ``write_arrays`` writes. Four values are MediaPipe's x, y, z,
    visibility. The field's: ``positions_2d[video]["custom"]`` and ``metadata``; Detectron2's lists of people in frames,
    and ``reconstruction``, Human3.6M's 17 joints.

    Raises:
        InputError: not such a file.
    """
    content = {"keypoints": read_npy(path)} if path.suffix == ".npy" else read_npz(path)
    if "positions_2d" in content:
        return _field(content, path)
    if {"pose", "axes"} <= set(content):
        raise InputError(
            f"{path} is lifted already: `actionprompt view {shlex.quote(str(path))}` shows it; lift what it was made "
            "from."
        )
    if "keypoints" not in content and "reconstruction" in content:
        return _from_array(np.asarray(content["reconstruction"]), None, path, "h36m17", None)
    if "keypoints" not in content:
        raise InputError(f"{path} has no array `keypoints` but {', '.join(content) or 'nothing'}.")
    points = np.asarray(content["keypoints"])
    scores = content.get("confidence")
    size = _read_size(content["size"], path) if "size" in content else None
    layout = str(content["layout"]) if "layout" in content else None
    if {"frame", "times"} <= set(content):
        return _from_detector(content, path, layout, size)
    if points.dtype == object:
        return _detectron2(points, path, _table(content, "metadata", path))
    return _at_rate(_from_array(points, scores, path, layout, size), content.get("fps"), path)


def _at_rate(detections: Detections, fps: Any, path: Path) -> Detections:
    """With the times of a constant rate, where the file says it."""
    if fps is None:
        return detections
    rate = np.ravel(np.asarray(fps))
    if rate.size != 1 or rate.dtype.kind not in "iuf" or not 1 <= rate[0] < 10000:
        raise InputError(f"{path}: `fps` must be frames a second, and is {rate.tolist()}.")
    return replace(detections, times=np.arange(int(detections.frame.max()) + 1) / float(rate[0]))


def _detectron2(points: Any, path: Path, about: Mapping[Any, Any]) -> Detections:
    """Detectron2's people by frame and class, as the field saves them: (people, 4, points).

    The four are x, y, a raw score and a probability. People are the last class; a frame without them has an empty list.
    """
    rows = []
    for frame, classes in enumerate(points):
        people = np.asarray(classes[-1] if np.ndim(classes) or isinstance(classes, list) else classes)
        if people.size == 0:
            continue
        if people.ndim != 3 or people.shape[1] not in (3, 4):
            raise InputError(f"{path}, frame {frame}: people have shape {people.shape} instead of (people, 4, points).")
        rows += [(frame, "", person[[0, 1, -1]].T) for person in people.astype(float)]
    size = _read_size([about["w"], about["h"]], path) if {"w", "h"} <= set(about) else None
    return collect(rows, str(path), guess="coco17", size=size)


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
    assert not isinstance(detections.layout, Layout), "detectors have known layouts"
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
            f"{path} is not a file of detections: it needs keypoints (detections, points, 2), confidence (detections, "
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
        raise InputError(f"{path}: positions_2d holds something that is not a list of arrays.")
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
    if points.ndim != 4 or points.shape[-1] not in (2, 3, 4) or points.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: keypoints are {points.dtype} of shape {points.shape} instead of (frames, points, 2 to 4) or "
            "(people, frames, points, 2 to 4)."
        )
    if scores is None:
        scores = points[..., -1] if points.shape[-1] > 2 else np.ones(points.shape[:3])
        check_third(np.concatenate([points[..., :2], scores[..., None]], axis=-1), str(path))
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
