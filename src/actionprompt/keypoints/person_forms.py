"""People in JSON of any shape: lists in lists, tables by picture or by person, points flat, nested or named."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.keypoints.coco import lifted_already, person_name, usual_17
from actionprompt.keypoints.detections import Detections, collect, not_found
from actionprompt.keypoints.frame_numbers import frames_of
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.tracks import FARTHEST, distances

POINTS = (
    "keypoints", "pose_keypoints_2d", "pose_keypoints", "joints", "pose_landmarks", "poseLandmarks", "landmarks",
    "keypoints_2d", "keypoints2D", "pose",
)  # fmt: skip
"""What the points of a person are called."""
SCORES = (
    "keypoint_scores", "scores", "keypoints_scores", "keypoints_score", "keypoint_confidence", "score", "visible",
    "confidence", "conf",
)  # fmt: skip
"""What their confidences are called where they stand apart; single numbers are the person's."""
FRAMES = (
    "frame_id", "frame_index", "frame", "frame_idx", "frame_number", "image_id", "image_name", "file_name", "filename",
    "image",
)  # fmt: skip
TIMES = ("timestamp", "time", "timestamp_ms")
GROUPS = (
    "people", "instances", "predictions", "poses", "bodies", "persons", "skeleton", "annotations", "objects",
    "detections", "results", "frames", "instance_info", "data",
)  # fmt: skip
POINT_SCORES = ("score", "visibility", "confidence", "likelihood", "visible")


class Found(NamedTuple):
    """A person somewhere in the file."""

    frame: Any
    """The layout as the file calls it; None: it says nothing."""
    place: tuple[int, ...]
    """Where in the lists around it."""
    person: str
    points: Float[np.ndarray, "p 3"]
    names: tuple[str, ...] | None


def read_people(content: Any, where: str) -> Detections | None:
    """Everybody in a file; None if there is nobody whose form is known.

    Raises:
        InputError: people in 3D, people who cannot be put in the order of time, or points of unequal number.
    """
    found = list(_people(content, where))
    if not found:
        return None
    said = [one.frame is not None for one in found]
    if any(said) and not all(said):
        raise InputError(f"{where} says the frame of some people only.")
    times = None
    if all(said):
        frames = frames_of([one.frame for one in found], where)
        numbers, times = frames.numbers, frames.times
    else:
        numbers = _places(found)
    names = found[0].names
    if any(one.names != names for one in found):
        raise InputError(f"{where} names the points of some people in another order than those of others.")
    rows = [(number, one.person, one.points) for number, one in zip(numbers, found, strict=True)]
    return collect(rows, where, names=names, times=times, guess=usual_17(rows))


def _places(found: Sequence[Found]) -> list[int]:
    """Frames of people in a list of lists: the outer list's; in one list only, of one picture, or one in time."""
    if any(len(one.place) > 1 for one in found):
        return [one.place[0] for one in found]
    shapes = {one.points.shape for one in found}
    if len(found) < 3 or len(shapes) > 1:
        return [0] * len(found)
    points = np.stack([one.points for one in found])
    here = np.where(not_found(points[..., :2], points[..., 2])[..., None], np.nan, points[..., :2])
    steps = [float(distances(here[i : i + 1], here[i + 1 : i + 2])[0, 0]) for i in range(len(found) - 1)]
    return list(range(len(found))) if float(np.median(steps)) < FARTHEST / 2 else [0] * len(found)


def _people(node: Any, where: str, frame: Any = None, place: tuple[int, ...] = (), person: str = "") -> Iterator[Found]:
    if isinstance(node, list):
        for i, item in enumerate(node):
            if isinstance(item, list | Mapping):
                yield from _people(item, where, frame, (*place, i), person)
        return
    if not isinstance(node, Mapping):
        return
    own = next((node[key] for key in FRAMES if isinstance(node.get(key), int | str)), None)
    frame = own if frame is None else frame
    key = next((key for key in POINTS if _are_points(node.get(key))), None)
    if key is not None:
        named = person or person_name(node)
        for points, names in _tables(node[key], node, where):
            yield Found(frame, place, named, points, names)
        return
    groups = [node[key] for key in GROUPS if isinstance(node.get(key), list | Mapping)]
    for group in groups[:1]:
        listed = place or ((0,) if "image_id" in node else ())
        yield from _people(group, where, frame, listed if frame is None else (*listed, 0), person)
    if not groups:
        yield from _table_of_people(node, where, frame, place)


def _table_of_people(node: Mapping[str, Any], where: str, frame: Any, place: tuple[int, ...]) -> Iterator[Found]:
    """A table by picture or frame; or by person, whose tables are by frame."""
    for key, value in node.items():
        if not isinstance(value, list | Mapping):
            continue
        if isinstance(value, Mapping) and not _is_person(value) and any(map(_is_person, value.values())):
            yield from (one for f, inner in value.items() for one in _people(inner, where, f, place, str(key)))
        else:
            yield from _people(value, where, key if frame is None else frame, place)


def _is_person(node: Any) -> bool:
    return isinstance(node, Mapping) and any(_are_points(node.get(key)) for key in POINTS)


def _are_points(value: Any) -> bool:
    """Whether a value is a list of numbers or points, or a table of them."""
    if isinstance(value, Mapping):
        return {"x", "y"} <= value.keys() or (bool(value) and all(_is_point(point) for point in value.values()))
    if not isinstance(value, list) or not value:
        return False
    if isinstance(value[0], list) and value[0] and isinstance(value[0][0], list | Mapping):
        return bool(_is_point(value[0][0]))  # several people
    return isinstance(value[0], int | float) or _is_point(value[0])


def _is_point(value: Any) -> bool:
    if isinstance(value, Mapping):
        return {"x", "y"} <= value.keys() or isinstance(value.get("position"), Mapping)
    return isinstance(value, list) and len(value) in (2, 3, 4) and all(isinstance(x, int | float) for x in value[:2])


def _tables(
    value: Any, person: Mapping[str, Any], where: str
) -> Iterator[tuple[Float[np.ndarray, "p 3"], tuple[str, ...] | None]]:
    """x, y, confidence of each point, and the points' names, of one person or several."""
    if isinstance(value, list) and isinstance(value[0], list) and value[0] and isinstance(value[0][0], list | Mapping):
        for one in value:
            yield from _tables(one, {}, where)
        return
    if isinstance(value, Mapping) and {"x", "y"} <= value.keys():
        scores = _apart(value, len(value["x"]))
        yield _joined(np.column_stack([value["x"], value["y"]]).astype(float), scores, where), None
        return
    names = tuple(map(str, value)) if isinstance(value, Mapping) else None
    points = list(value.values()) if isinstance(value, Mapping) else value
    if isinstance(points[0], Mapping):
        said = [point.get("name", point.get("part")) for point in points]
        names = tuple(map(str, said)) if names is None and all(said) else names
        yield np.array([_of_mapping(point) for point in points], dtype=float), names
        return
    yield _of_numbers(points, person, where), names


def _of_mapping(point: Mapping[str, Any]) -> tuple[float, float, float]:
    place = point.get("position", point)
    sure = next((point[key] for key in POINT_SCORES if point.get(key) is not None), 1.0)
    return float(place["x"]), float(place["y"]), float(sure)


def _of_numbers(points: list[Any], person: Mapping[str, Any], where: str) -> Float[np.ndarray, "p 3"]:
    """Flat or nested numbers, with confidences among them or apart."""
    table = np.array(points, dtype=float)
    if table.ndim == 2:
        return _joined(table, _apart(person, table.shape[0]), where)
    pairs, triples = table.size // 2, table.size // 3
    scores = _apart(person, pairs)
    counts = {count for layout in layouts().values() for count in layout.counts}
    if table.size % 2 == 0 and (scores is not None or table.size % 3 or (triples not in counts and pairs in counts)):
        return _joined(table.reshape(-1, 2), scores, where)
    if table.size % 3:
        raise InputError(f"{where} has {table.size} numbers per person instead of x, y, confidence for every point.")
    return table.reshape(-1, 3)


def _apart(person: Mapping[str, Any], count: int) -> Float[np.ndarray, " p"] | None:
    """Confidences in a list of their own."""
    for key in SCORES:
        if isinstance(person.get(key), list) and np.size(person[key]) == count:
            return np.ravel(np.array(person[key], dtype=float))
    return None


def _joined(
    table: Float[np.ndarray, "p d"], scores: Float[np.ndarray, " p"] | None, where: str
) -> Float[np.ndarray, "p 3"]:
    if table.shape[1] == 4:  # x, y, z, visibility of MediaPipe
        return table[:, [0, 1, 3]]
    if table.shape[1] == 3 and scores is not None:
        raise lifted_already(where, "another program")
    if table.shape[1] == 3:
        return table
    return np.column_stack([table, np.ones(table.shape[0]) if scores is None else scores])
