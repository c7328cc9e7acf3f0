"""Keypoints in JSON, told apart by their keys, and folders of them; and ultralytics' folders of labels."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from actionprompt.errors import InputError
from actionprompt.keypoints import coco
from actionprompt.keypoints.coco import Row, check_once
from actionprompt.keypoints.detections import Detections, collect
from actionprompt.keypoints.frame_numbers import Frames, frames_of
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.person_forms import read_people
from actionprompt.keypoints.text import read_text

FORMATS = "COCO (annotations or results), AlphaPose, OpenPose (a folder of *_keypoints.json) or MMPose"
SENSORS = {
    "k4abt_sdk_version": "Azure Kinect Body Tracking (32 joints, millimetres)",
    "body_list": "Stereolabs' ZED (joints in 3D)",
}
"""Keys that name recordings of sensors, whose joints are in 3D."""
OPENPOSE = ("pose_keypoints_2d", "pose_keypoints")
"""OpenPose's name for points, now and in 2017."""
BOX = 5
"""Numbers before the points in a line of ultralytics: class and box."""


def read_json(path: Path) -> Detections:
    """One JSON file of any known format, told apart by its keys.

    Raises:
        InputError: not JSON, or no keypoint file.
    """
    content = _parse(path)
    with explained(path):
        found = _known(content, str(path))
    if found is not None:
        return found
    if content == []:
        raise InputError(f"{path} holds no detected people.")
    raise InputError(f"{path} is not a keypoint file: expected {FORMATS}.")


def _known(content: Any, where: str) -> Detections | None:
    first = content[0] if isinstance(content, list) and content else {}
    table = content if isinstance(content, Mapping) else {}
    if isinstance(table.get("data"), list) and table["data"] and _is_result(table["data"][0]):  # ST-GCN's wrapping
        return coco.results(table["data"], where)
    if "annotations" in table:
        return coco.annotations(table, where)
    if "instance_info" in table:
        return coco.mmpose(table["instance_info"], where, table.get("meta_info") or {})
    if "people" in table:
        return collect(openpose_rows(0, table), where)
    if isinstance(first, Mapping) and "instances" in first:
        return coco.mmpose(content, where, {})
    if _is_result(first) and isinstance(first["keypoints"], list):
        return coco.results(content, where)
    _refuse_sensors(table, where)
    return read_people(content, where)


def _is_result(person: Any) -> bool:
    return isinstance(person, Mapping) and {"image_id", "keypoints"} <= person.keys()


def _refuse_sensors(table: Mapping[str, Any], where: str) -> None:
    inner = next((value for value in table.values() if isinstance(value, Mapping)), {})
    for key, what in SENSORS.items():
        if key in table or key in inner:
            raise InputError(
                f"{where} is a recording of {what}: these are 3D already; lift the sensor's colour video instead."
            )


def is_folder(folder: Path) -> bool:
    """Whether a folder holds OpenPose's or another program's files, one a frame."""
    return folder.is_dir() and bool(_files(folder))


def _files(folder: Path) -> list[Path]:
    """OpenPose's files; else numbered JSON; else numbered text files of ultralytics."""
    for pattern in ("*_keypoints.json", "*.json", "*.txt"):
        found = sorted(folder.glob(pattern))
        if numbered := [file for file in found if re.search(r"\d", file.stem)]:
            return numbered
    return []


def read_folder(folder: Path) -> Detections:
    """A folder with a file a frame, of OpenPose, its relatives, or ultralytics.

    Raises:
        InputError: a file of another kind, files of several videos, or nobody in any.
    """
    files = _files(folder)
    ends = re.compile(r"(_keypoints|\.predictions|\.jpe?g|\.png)+$")
    frames = frames_of([f"{ends.sub('', file.stem)}.json" for file in files], str(folder))
    check_once("frame", frames.numbers, str(folder))
    if files[0].suffix == ".txt":
        return _read_labels(files, frames, str(folder))
    rows: list[Row] = []
    for frame, file in zip(frames.numbers, files, strict=True):
        content = _parse(file)
        with explained(file):
            rows += _frame_rows(frame, content, file)
    with explained(folder):
        return collect(rows, str(folder), times=frames.times, guess=None)


def _frame_rows(frame: int, content: Any, file: Path) -> list[Row]:
    """The people of one frame."""
    if isinstance(content, Mapping) and isinstance(content.get("people"), list):
        return openpose_rows(frame, content)
    found = None if isinstance(content, Mapping) and "people" in content else read_people(content, str(file))
    if found is None and content not in ([], {}):
        raise InputError(f"{file} is not a frame of OpenPose: it has no list `people`.")
    if found is None:
        return []
    numbers = np.concatenate([found.points, found.confidence[..., None]], axis=-1)
    return [(frame, person, points) for person, points in zip(found.person, numbers, strict=True)]


def openpose_rows(frame: int, content: Mapping[str, Any]) -> list[Row]:
    """One frame: 25 points are BODY_25 or BODY_25B, 17, 18 or 135 another model's."""
    rows = []
    for person in content["people"]:
        name = np.ravel(person.get("person_id", [-1]))
        known = name.size and int(name[0]) >= 0
        key = next((key for key in OPENPOSE if key in person), OPENPOSE[0])
        rows.append((frame, str(int(name[0])) if known else "", person[key]))
    return rows


def _read_labels(files: list[Path], frames: Frames, where: str) -> Detections:
    """Ultralytics' labels: a line a person, of class, box, points, and maybe confidence and number of the person."""
    lines = [
        (frame, file, line.split())
        for frame, file in zip(frames.numbers, files, strict=True)
        for line in read_text(file).splitlines()
        if line.strip()
    ]
    if not lines:
        raise InputError(f"{where} holds no detected people.")
    try:
        table = np.array([[float(cell) for cell in cells] for _, _, cells in lines])
    except ValueError as error:
        raise InputError(f"{where} has no labels of ultralytics, which are lines of as many numbers each.") from error
    points, extra = _label_points(table, where)
    names = table[:, -1].astype(int).astype(str) if extra else [""] * len(lines)
    rows = [(frame, str(name), one) for (frame, _, _), name, one in zip(lines, names, points, strict=True)]
    return collect(rows, where, times=frames.times, guess=coco.usual_17(rows), units="relative")


def _label_points(table: Any, where: str) -> tuple[Any, bool]:
    """The points of each line, and whether it ends with the number of the person."""
    counts = {count for layout in layouts().values() for count in layout.counts}
    for width in (3, 2):
        for extra in (0, 1, 2):
            numbers = table.shape[1] - BOX - extra
            if numbers > 0 and numbers % width == 0 and numbers // width in counts:
                points = table[:, BOX : BOX + numbers].reshape(len(table), -1, width)
                if width == 2:
                    points = np.concatenate([points, np.ones((*points.shape[:2], 1))], axis=-1)
                last = table[:, -1]
                return points, extra == 2 or (extra == 1 and bool((last == np.round(last)).all() and last.max() > 0))
    raise InputError(
        f"{where} has lines of {table.shape[1]} numbers: labels of ultralytics have a class, a box of four and three "
        "for each point of a known layout."
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Says of a file that goes on otherwise than it begins that it is malformed."""
    try:
        yield
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
        raise InputError(f"{path} looks like a keypoint file, but is malformed ({why}).") from error


def _parse(path: Path) -> Any:
    """JSON, or a line of JSON for every frame."""
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            if len(lines) > 1:
                return [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            pass
        raise InputError(f"{path} is not JSON ({error}): expected keypoints of {FORMATS}.") from error
