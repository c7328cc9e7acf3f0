"""Keypoints in JSON: COCO annotations and results, AlphaPose, OpenPose, MMPose."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from actionprompt.data.detections import Detections, collect, frame_numbers
from actionprompt.errors import InputError

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
    try:
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
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(
            f"{path} looks like a keypoint file, but is malformed ({type(error).__name__}: {error})."
        ) from error
    if content == []:
        raise InputError(f"{path} holds no detected people.")
    raise InputError(f"{path} is no keypoint file: expected {FORMATS}.")


def is_openpose(folder: Path) -> bool:
    """Whether a folder holds OpenPose's files, one a frame."""
    return folder.is_dir() and next(folder.glob("*_keypoints.json"), None) is not None


def read_openpose(folder: Path) -> Detections:
    """A folder of OpenPose's files.

    Raises:
        InputError: a file that is not OpenPose's, or nobody in any.
    """
    files = sorted(folder.glob("*_keypoints.json"))
    rows: list[Row] = []
    for frame, file in zip(
        frame_numbers([f.stem.removesuffix("_keypoints") + ".json" for f in files]), files, strict=True
    ):
        content = _parse(file)
        if not isinstance(content, Mapping) or not isinstance(content.get("people"), list):
            raise InputError(f"{file} is not a frame of OpenPose: it has no list `people`.")
        rows += _openpose(frame, content)
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
    """Annotations beside a list of images, which are the frames in their order."""
    images = sorted(content.get("images", []), key=lambda image: image.get("frame_id", image["id"]))
    frames = {image["id"]: frame for frame, image in enumerate(images)}
    people = [person for person in content["annotations"] if person.get("keypoints")]
    if unknown := [person["image_id"] for person in people if person["image_id"] not in frames]:
        raise InputError(f"{where}: a person is annotated in image {unknown[0]}, which is not in the list of images.")
    rows = [(frames[person["image_id"]], _name(person), _visible(person["keypoints"])) for person in people]
    sizes = {(image["width"], image["height"]) for image in images if "width" in image and "height" in image}
    if len(sizes) > 1:
        raise InputError(f"{where} has images of {len(sizes)} sizes: these are no frames of one video.")
    return collect(rows, where, layout=_coco17(rows), size=next(iter(sizes), None))


def _results(content: list[Mapping[str, Any]], where: str) -> Detections:
    """COCO results and AlphaPose: a list of people with the name or number of their image."""
    frames = frame_numbers([person["image_id"] for person in content])
    rows = [(frame, _name(person), person["keypoints"]) for frame, person in zip(frames, content, strict=True)]
    return collect(rows, where, layout=_coco17(rows))


def _mmpose(content: list[Mapping[str, Any]], where: str, layout: str | None) -> Detections:
    """A list of frames with their instances; points and scores stand apart."""
    rows: list[Row] = []
    for number, frame in enumerate(content):
        for person in frame["instances"]:
            points = np.asarray(person["keypoints"], dtype=float)
            scores = np.asarray(person.get("keypoint_scores", np.ones(points.shape[0])), dtype=float)
            rows.append((int(frame.get("frame_id", number)), _name(person), np.column_stack([points[:, :2], scores])))
    start = min((row[0] for row in rows), default=0)
    rows = [(frame - start, name, numbers) for frame, name, numbers in rows]
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


def _parse(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}): expected keypoints of {FORMATS}.") from error
