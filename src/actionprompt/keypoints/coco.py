"""COCO's annotations and results, and what else writes lists like them: AlphaPose, PoseTrack, MMPose's instances."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actionprompt.errors import InputError
from actionprompt.keypoints.detections import Detections, collect
from actionprompt.keypoints.frame_numbers import EXPORTED, Frames, check_span, frames_of, from_zero
from actionprompt.keypoints.names import names_of

Row = tuple[int, str, Any]
NUMBERS = {"coco": "coco17", "h36m": "h36m17"}
"""Layouts by the name of the data set in MMPose's files."""


def annotations(content: Mapping[str, Any], where: str) -> Detections:
    """Annotations beside a list of images, which are the frames; or with frames of their own."""
    images = content.get("images") or []
    people = [person for person in content["annotations"] if person.get("keypoints")]
    names = names_of(content.get("categories"))
    frames = _image_frames(images, where) if images else None
    if frames is None:
        listed = frames_of([_own_frame(person, where) for person in people], where)
    else:
        known, times = frames
        if unknown := [person["image_id"] for person in people if person["image_id"] not in known]:
            raise InputError(
                f"{where}: a person is annotated in image {unknown[0]}, which is not in the list of images."
            )
        listed = Frames([known[person["image_id"]] for person in people], times)
    rows = [
        (frame, person_name(person), _visible(person["keypoints"]))
        for frame, person in zip(listed.numbers, people, strict=True)
    ]
    sizes = {(image["width"], image["height"]) for image in images if "width" in image and "height" in image}
    if len(sizes) > 1:
        raise InputError(f"{where} has images of {len(sizes)} sizes: these are not frames of one video.")
    size = next(iter(sizes), None)
    return collect(rows, where, names=names, times=listed.times, guess=usual_17(rows), size=size)


def _own_frame(person: Mapping[str, Any], where: str) -> Any:
    for key in ("frame_id", "image_id"):
        if person.get(key) is not None:
            return person[key]
    raise InputError(f"{where} lists no images, and a person in it has neither `frame_id` nor `image_id`.")


def _image_frames(images: Sequence[Mapping[str, Any]], where: str) -> tuple[dict[Any, int], Any]:
    """The frame of each image by its id, and the frames' times where they are known.

    Its ``frame_id``; else the number in its ``file_name``; else its place in the order of ids.
    """
    ids = [image["id"] for image in images]
    check_once("image", ids, where)
    videos = sorted({str(image.get("video_id", image.get("vid_id", ""))) for image in images} - {"", "None"})
    if len(videos) > 1:
        raise InputError(f"{where} has images of videos {videos[0]} and {videos[1]}: give a file of one video.")
    known = [int(image["frame_id"]) for image in images if image.get("frame_id") is not None]
    if not known:
        return _by_file_name(images, where) or ({name: frame for frame, name in enumerate(sorted(ids))}, None)
    if len(known) < len(ids):
        raise InputError(f"{where} has a frame_id in {len(known):,} of {len(ids):,} images: give it in all or none.")
    check_once("frame", known, where)
    return dict(zip(ids, from_zero(known, where), strict=True)), None


def _by_file_name(images: Sequence[Mapping[str, Any]], where: str) -> tuple[dict[Any, int], Any] | None:
    """Frames by the numbers in the images' names; None if there are none, or one twice."""
    names = [EXPORTED.sub("", str(image.get("file_name", "")).rpartition(".")[0]) for image in images]
    if not all(any(letter.isdigit() for letter in name) for name in names) or len(set(names)) < len(names):
        return None
    found = frames_of([f"{name}.png" for name in names], where)
    return dict(zip((image["id"] for image in images), found.numbers, strict=True)), found.times


def results(content: Sequence[Mapping[str, Any]], where: str, names: Sequence[str] | None = None) -> Detections:
    """COCO results and AlphaPose: a list of people with the name or number of their image."""
    frames = frames_of([person["image_id"] for person in content], where)
    rows = [
        (frame, person_name(person), person["keypoints"]) for frame, person in zip(frames.numbers, content, strict=True)
    ]
    return collect(rows, where, names=names, times=frames.times, guess=usual_17(rows))


def mmpose(content: Sequence[Mapping[str, Any]], where: str, about: Mapping[str, Any]) -> Detections:
    """A list of all frames with their instances, the first one the video's; points and scores stand apart."""
    rows: list[Row] = []
    numbers = [int(frame.get("frame_id", number)) for number, frame in enumerate(content)]
    check_once("frame", numbers, where)
    check_span(numbers, where)
    start = min(numbers, default=0)
    for number, frame in zip(numbers, content, strict=True):
        for person in frame["instances"]:
            points = np.asarray(person["keypoints"], dtype=float)
            if points.ndim == 2 and points.shape[1] > 2:
                raise lifted_already(where, "MMPose")
            scores = np.asarray(person.get("keypoint_scores", np.ones(points.shape[0])), dtype=float)
            rows.append((number - start, person_name(person), np.column_stack([points[:, :2], scores])))
    return collect(rows, where, names=_mmpose_names(about), guess=NUMBERS.get(about.get("dataset_name", "")))


def _mmpose_names(about: Mapping[str, Any]) -> list[str] | None:
    """The names of the points in the order of their numbers, where MMPose's ``meta_info`` says them."""
    said = about.get("keypoint_id2name")
    if not isinstance(said, Mapping) or not said:
        return None
    return [str(said[key]) for key in sorted(said, key=int)]


def lifted_already(where: str, tool: str) -> InputError:
    """The refusal of files whose points have a depth."""
    return InputError(
        f"{where} holds joints in 3D of {tool}, which need no lifting: give the 2D keypoints that they were made from."
    )


def usual_17(rows: Sequence[Row]) -> str | None:
    """COCO's own formats hold COCO's own 17 points, where the number fits."""
    return "coco17" if rows and np.size(rows[0][2]) == 3 * 17 else None


def _visible(numbers: Any) -> Any:
    """COCO annotates visibility: 0 not there, 1 hidden, 2 seen; hidden points count as found, with confidence 0.5."""
    points = np.asarray(numbers, dtype=float).reshape(-1, 3)
    points[:, 2] /= 2
    return points


def person_name(person: Mapping[str, Any]) -> str:
    """Who it is, under the names that trackers use."""
    for key in ("track_id", "idx", "person_id", "instance_id", "id_"):
        value = np.ravel(person[key]) if person.get(key) is not None else np.array([])
        if value.size == 1 and value[0] != -1:
            return f"{value[0]:g}" if isinstance(value[0], float) else str(value[0])
    return ""


def check_once(what: str, listed: Sequence[Any], where: str) -> None:
    """Refuses a list of frames or images that has one of them twice, as two videos joined have."""
    if len(set(listed)) < len(listed):
        twice = next(name for name, count in Counter(listed).items() if count > 1)
        raise InputError(f"{where} has {what} {twice} twice: give a file of one video.")
