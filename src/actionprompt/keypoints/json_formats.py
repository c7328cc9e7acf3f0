"""Keypoints in JSON: COCO annotations and results, AlphaPose, OpenPose, MMPose."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from actionprompt.errors import InputError
from actionprompt.keypoints.detections import Detections, check_span, collect, frame_numbers, from_zero

FORMATS = "COCO (annotations or results), AlphaPose, OpenPose (a folder of *_keypoints.json) or MMPose"
Row = tuple[int, str, Any]


def read_json(path: Path) -> Detections:
    """One JSON file of any known format, told apart by its keys.

    Raises:
        InputError: not JSON, or no keypoint file.
    """
    content = _parse(path)
    where = str(path)
    first = content[0] if isinstance(content, list) and content else {}
    with _explained(path):
        if isinstance(content, Mapping) and "annotations" in content:
            return _coco(content, where)
        if isinstance(content, Mapping) and "instance_info" in content:
            about = content.get("meta_info", {}).get("dataset_name", "")
            return _mmpose(content["instance_info"], where, {"coco": "coco17", "h36m": "h36m17"}.get(about))
        if isinstance(content, Mapping) and "people" in content:
            return collect(_openpose(0, content), where, layout=None)
        if isinstance(first, Mapping) and "instances" in first:
            return _mmpose(content, where, None)
        if isinstance(first, Mapping) and {"image_id", "keypoints"} <= first.keys():
            return _results(content, where)
    if content == []:
        raise InputError(f"{path} holds no detected people.")
    raise InputError(f"{path} is no keypoint file: expected {FORMATS}.")


def is_openpose(folder: Path) -> bool:
    """Whether a folder holds OpenPose's files, one a frame."""
    return folder.is_dir() and next(folder.glob("*_keypoints.json"), None) is not None


def read_openpose(folder: Path) -> Detections:
    """A folder of OpenPose's files.

    Raises:
        InputError: a file that is not OpenPose's, files of several videos, or nobody in any.
    """
    files = sorted(folder.glob("*_keypoints.json"))
    frames = frame_numbers([f.stem.removesuffix("_keypoints") + ".json" for f in files], str(folder))
    _check_once("frame", frames, str(folder))
    rows: list[Row] = []
    for frame, file in zip(frames, files, strict=True):
        content = _parse(file)
        if not isinstance(content, Mapping) or not isinstance(content.get("people"), list):
            raise InputError(f"{file} is not a frame of OpenPose: it has no list `people`.")
        with _explained(file):
            rows += _openpose(frame, content)
    with _explained(folder):
        return collect(rows, str(folder), layout=None)


def _openpose(frame: int, content: Mapping[str, Any]) -> list[Row]:
    """One frame: 25 points are BODY-25, 17 or 18 another model's."""
    rows = []
    for person in content["people"]:
        name = np.ravel(person.get("person_id", [-1]))
        known = name.size and int(name[0]) >= 0
        rows.append((frame, str(int(name[0])) if known else "", person["pose_keypoints_2d"]))
    return rows


def _coco(content: Mapping[str, Any], where: str) -> Detections:
    """Annotations beside a list of images, which are the frames."""
    images = content.get("images", [])
    frames = _image_frames(images, where)
    people = [person for person in content["annotations"] if person.get("keypoints")]
    if unknown := [person["image_id"] for person in people if person["image_id"] not in frames]:
        raise InputError(f"{where}: a person is annotated in image {unknown[0]}, which is not in the list of images.")
    rows = [(frames[person["image_id"]], _name(person), _visible(person["keypoints"])) for person in people]
    sizes = {(image["width"], image["height"]) for image in images if "width" in image and "height" in image}
    if len(sizes) > 1:
        raise InputError(f"{where} has images of {len(sizes)} sizes: these are no frames of one video.")
    return collect(rows, where, layout=_coco17(rows), size=next(iter(sizes), None))


def _image_frames(images: Sequence[Mapping[str, Any]], where: str) -> dict[Any, int]:
    """The frame of each image by its id: its ``frame_id``, or where they have none its place in the order of ids."""
    ids = [image["id"] for image in images]
    _check_once("image", ids, where)
    videos = sorted({str(image.get("video_id", image.get("vid_id", ""))) for image in images} - {"", "None"})
    if len(videos) > 1:
        raise InputError(f"{where} has images of videos {videos[0]} and {videos[1]}: give a file of one video.")
    known = [int(image["frame_id"]) for image in images if image.get("frame_id") is not None]
    if not known:
        return {name: frame for frame, name in enumerate(sorted(ids))}
    if len(known) < len(ids):
        raise InputError(f"{where} has a frame_id in {len(known):,} of {len(ids):,} images: give it in all or none.")
    _check_once("frame", known, where)
    return dict(zip(ids, from_zero(known, where), strict=True))


def _results(content: list[Mapping[str, Any]], where: str) -> Detections:
    """COCO results and AlphaPose: a list of people with the name or number of their image."""
    frames = frame_numbers([person["image_id"] for person in content], where)
    rows = [(frame, _name(person), person["keypoints"]) for frame, person in zip(frames, content, strict=True)]
    return collect(rows, where, layout=_coco17(rows))


def _mmpose(content: list[Mapping[str, Any]], where: str, layout: str | None) -> Detections:
    """A list of all frames with their instances, the first one the video's; points and scores stand apart."""
    rows: list[Row] = []
    numbers = [int(frame.get("frame_id", number)) for number, frame in enumerate(content)]
    _check_once("frame", numbers, where)
    check_span(numbers, where)
    start = min(numbers, default=0)
    for number, frame in zip(numbers, content, strict=True):
        for person in frame["instances"]:
            points = np.asarray(person["keypoints"], dtype=float)
            scores = np.asarray(person.get("keypoint_scores", np.ones(points.shape[0])), dtype=float)
            rows.append((number - start, _name(person), np.column_stack([points[:, :2], scores])))
    return collect(rows, where, layout=layout)


def _coco17(rows: list[Row]) -> str | None:
    """COCO's own formats hold COCO's own 17 points, where the number fits."""
    return "coco17" if rows and np.size(rows[0][2]) == 3 * 17 else None


def _visible(numbers: Any) -> Any:
    """COCO annotates visibility: 0 not there, 1 hidden, 2 seen; hidden points count as found, with confidence 0.5."""
    points = np.asarray(numbers, dtype=float).reshape(-1, 3)
    points[:, 2] /= 2
    return points


def _name(person: Mapping[str, Any]) -> str:
    """Who it is, under the names that trackers use."""
    for key in ("track_id", "idx", "person_id", "instance_id"):
        value = np.ravel(person[key]) if person.get(key) is not None else np.array([])
        if value.size == 1 and value[0] != -1:
            return str(value[0])
    return ""


def _check_once(what: str, listed: Sequence[Any], where: str) -> None:
    """Refuses a list of frames or images that has one of them twice, as two videos joined have."""
    if len(set(listed)) < len(listed):
        twice = next(name for name, count in Counter(listed).items() if count > 1)
        raise InputError(f"{where} has {what} {twice} twice: give a file of one video.")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Says of a file that goes on otherwise than it begins that it is malformed."""
    try:
        yield
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(
            f"{path} looks like a keypoint file, but is malformed ({type(error).__name__}: {error})."
        ) from error


def _parse(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}): expected keypoints of {FORMATS}.") from error
