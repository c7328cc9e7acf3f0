"""Xsens's .mvnx: the segments' origins, frame by frame; metres, z up."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.formats.recording import Recording

TOP = "pTopOfHead"
"""The point of the head's segment that is called ``Head_Top`` here."""


def read_mvnx(path: Path) -> Recording:
    """Reads a file; its first frames (types identity, tpose) are calibration and left out.

    Raises:
        InputError: not an .mvnx file, one without motion, or one of an upper body, whose legs nobody measured.
    """
    root = _root(path)
    subject = _first(root, "subject")
    if subject is None:
        raise InputError(f"{path} is not an Xsens file: it has no subject.")
    if (configuration := subject.get("configuration", "FullBody")) != "FullBody":
        raise InputError(f"{path} was recorded as {configuration}: the legs in it were not measured; use FullBody.")
    names = [segment.get("label", "") for segment in _all(subject, "segment")]
    frames = [frame for frame in _all(subject, "frame") if frame.get("type") == "normal"]
    if not frames or not names:
        raise InputError(f"{path} holds no motion: it has no frames of type normal.")
    try:
        rate = float(subject.get("frameRate", ""))
        places = np.array([_floats(frame, "position") for frame in frames]).reshape(len(frames), len(names), 3)
        top = _top_of_head(subject, frames, names, places)
    except (ValueError, IndexError) as error:
        raise InputError(f"{path} is not an Xsens file that can be read ({error}).") from error
    if not 0 < rate < 1e5:
        raise InputError(f"{path} says {rate:g} frames a second.")
    points = places if top is None else np.concatenate([places, top[:, None]], axis=1)
    return Recording((*names, *(["Head_Top"] if top is not None else [])), points, rate, "z")


def rotated(quaternion: Float[np.ndarray, "n 4"], vector: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "n 3"]:
    """A vector turned by unit quaternions w, x, y, z."""
    w, axis = quaternion[:, :1], quaternion[:, 1:]
    twice = 2 * np.cross(axis, vector)
    turned: Float[np.ndarray, "n 3"] = vector + w * twice + np.cross(axis, twice)
    return turned


def _top_of_head(
    subject: ElementTree.Element,
    frames: list[ElementTree.Element],
    names: list[str],
    places: Float[np.ndarray, "n s 3"],
) -> Float[np.ndarray, "n 3"] | None:
    """Where the head's topmost point is; None where the file does not have it."""
    head = next((segment for segment in _all(subject, "segment") if segment.get("label") == "Head"), None)
    points = [] if head is None else [point for point in _all(head, "point") if point.get("label") == TOP]
    if not points:
        return None
    turns = np.array([_floats(frame, "orientation") for frame in frames]).reshape(len(frames), -1, 4)
    index = names.index("Head")
    return places[:, index] + rotated(turns[:, index], np.array(_floats(points[0], "pos_b")))


def _root(path: Path) -> ElementTree.Element:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}; check the file and its permissions.") from error
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise InputError(f"{path} defines entities, which no Xsens file does: it is not read.")
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not an .mvnx file, or is cut off ({error}).") from error


def _all(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """The elements of a name below, whatever the namespace."""
    return [found for found in element.iter() if found.tag.rpartition("}")[2] == name]


def _first(element: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next(iter(_all(element, name)), None)


def _floats(element: ElementTree.Element, name: str) -> list[float]:
    found = _first(element, name)
    if found is None or not found.text:
        raise ValueError(f"there is no {name}")
    return [float(word) for word in found.text.split()]
