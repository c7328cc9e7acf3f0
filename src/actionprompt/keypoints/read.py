"""Anyone's 2D keypoints: files of common detectors become sequences of Human3.6M's 17 joints, ready to be lifted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.camera import normalise_screen
from actionprompt.errors import InputError
from actionprompt.keypoints.detections import Detections, check_confidence, check_unit, layout_of
from actionprompt.keypoints.json_formats import FORMATS, is_openpose, read_json, read_openpose
from actionprompt.keypoints.layouts import Layout
from actionprompt.keypoints.table_formats import read_arrays, read_csv
from actionprompt.keypoints.tracks import complete, link

Units = Literal["pixels", "relative", "screen"]
"""Pixels; shares of width and height, 0 to 1 (MediaPipe); or the normalised screen, width -1 to 1."""


@dataclass(frozen=True)
class Track:
    """One person's joints in consecutive frames."""

    person: str
    first: int
    """The frame of the file that the track begins with."""
    keypoints: Float[Tensor, "n 17 2"]
    """On the normalised screen, in the order of ``H36M_17``."""
    confidence: Float[Tensor, "n 17"]
    """The least of the points that a joint follows from; 0 where one of them was interpolated."""
    interpolated: int
    """How many of the detector's points were missing and are interpolated in time, of those that joints follow from."""
    repairs: tuple[str, ...] = ()
    """What else of the detector's points was put right, one line each."""
    own: Float[Tensor, "n 17 3"] | None = None
    """The joints as the detector itself places them in space: camera axes, metres, from the pelvis."""


@dataclass(frozen=True)
class KeypointFile:
    """What a keypoint file holds."""

    tracks: tuple[Track, ...]
    """People, who is seen longest first."""
    layout: str
    size: tuple[int, int]
    dropped: tuple[str, ...]
    """People who cannot be lifted, one sentence each."""
    times: Float[np.ndarray, " n"] | None = None
    """Seconds of every frame, where the file says them."""


def read_keypoints(
    path: Path, *, layout: str | None = None, size: tuple[int, int] | None = None, units: Units = "pixels"
) -> KeypointFile:
    """Reads people's 2D joints from JSON (COCO, AlphaPose, OpenPose, MMPose), NPZ, NPY or CSV.

    Args:
        path: the file; a folder for OpenPose.
        layout: the detector's layout, where the file does not say it (a name in ``layouts()``).
        size: width and height of the image in pixels, where the file does not say it.
        units: what the coordinates are.

    Raises:
        InputError: no keypoint file, another number of points than the layout's, no image size, coordinates in
            another unit than said, confidences far above 1, too many people, or nobody whose joints are all found at
            least once.
    """
    return people(read_detections(path), str(path), layout=layout, size=size, units=units)


def people(
    detections: Detections,
    where: str,
    *,
    layout: str | None = None,
    size: tuple[int, int] | None = None,
    units: Units = "pixels",
    repair: bool = True,
) -> KeypointFile:
    """Detections, of a file or a video, as one gapless track per person; ``where`` names them in errors.

    With ``repair``, what is wrong for a moment is put right (``continuity``).

    Raises:
        InputError: as ``read_keypoints``.
    """
    chosen = layout_of(detections, layout, where)
    width, height = _size(detections, size, units, where)
    _check_units(detections, units, width, height, where)
    tracks, dropped = [], []
    for person, track in link(detections, where):
        sequence, why = complete(detections, track, chosen, repair=repair)
        if sequence is None:
            dropped.append(f"Person {person} ({len(track)} frames): {why}.")
            continue
        points = torch.from_numpy(chosen.weights() @ sequence.points).float()
        screen = to_screen(points, units, (width, height))
        interpolated = int(sequence.filled[:, chosen.needed].sum())
        confidence = _confidence(sequence.confidence, chosen)
        first, own = int(detections.frame[track[0]]), _own_joints(sequence.own, chosen)
        tracks.append(Track(person, first, screen, confidence, interpolated, sequence.repairs, own))
    if not tracks:
        raise InputError(f"{where} shows nobody who can be lifted. {dropped[0]}")
    return KeypointFile(tuple(tracks), chosen.name, (width, height), tuple(dropped), detections.times)


def read_detections(path: Path) -> Detections:
    """What is in a file of any known format.

    Raises:
        InputError: no such file, no keypoint file, or confidences far above 1.
    """
    detections = _read(path)
    check_confidence(detections, str(path))
    return detections


def _read(path: Path) -> Detections:
    if not path.exists():
        raise InputError(f"There is no keypoint file {path}.")
    if path.is_dir():
        if is_openpose(path):
            return read_openpose(path)
        raise InputError(f"{path} is a folder without OpenPose's *_keypoints.json: give a keypoint file.")
    readers = {".json": read_json, ".npz": read_arrays, ".npy": read_arrays, ".csv": read_csv}
    if path.suffix.lower() not in readers:
        raise InputError(f"{path} is no keypoint file: it must be .npz, .npy, .csv or .json of {FORMATS}.")
    return readers[path.suffix.lower()](path)


def _size(detections: Detections, size: tuple[int, int] | None, units: Units, where: str) -> tuple[int, int]:
    """Width and height: of the file, else as given."""
    if detections.size and size and detections.size != size:
        raise InputError(
            f"{where} says that its images have {detections.size[0]} x {detections.size[1]} pixels, not "
            f"{size[0]} x {size[1]}."
        )
    found = detections.size or size
    if found is None:
        if units == "screen":
            return 0, 0  # not needed: the screen's coordinates know the aspect ratio
        raise InputError(
            f"{where} does not say the size of its images: give width and height in pixels (--keypoints.size)."
        )
    if min(found) < 1:
        raise InputError(f"{where}: images of {found[0]} x {found[1]} pixels; both must be positive.")
    return found


def _check_units(detections: Detections, units: Units, width: int, height: int, where: str) -> None:
    """Tells pixels from normalised coordinates, and this image size from another.

    Raises:
        InputError: coordinates that such units do not give.
    """
    found = detections.points[~detections.missing]
    if not found.size:
        raise InputError(f"{where} holds no point that was found.")
    check_unit(found, units, where)
    if units == "screen" and found.min() >= 0 and found.max() <= 1:
        raise InputError(
            f"{where}: all points are between 0 and 1, in the lower right quarter of the screen; they seem to be "
            "relative: say --keypoints.units relative, or give pixels if the people are there."
        )
    x, y = np.median(found, axis=0)
    low, right, bottom = {"pixels": (0, width, height), "relative": (0, 1, 1), "screen": (-1, 1, 9)}[units]
    if not (low <= x <= right and (-9 if units == "screen" else 0) <= y <= bottom):
        raise InputError(
            f"{where}: the middle of all points, ({x:.4g}, {y:.4g}), is outside the image ({units}, {width} x {height} "
            "pixels): another size or unit is right."
        )


def to_screen(points: Float[Tensor, "*n j 2"], units: Units, size: tuple[int, int] | None) -> Float[Tensor, "*n j 2"]:
    """Points in some units on the normalised screen; the image's size in pixels is needed but for the screen's own."""
    if units == "screen":
        return points
    assert size is not None, f"{units} need the image's size"
    if units == "relative":
        points = points * points.new_tensor(size)
    return normalise_screen(points, *size)


def _own_joints(points: Float[np.ndarray, "n p 3"] | None, layout: Layout) -> Float[Tensor, "n 17 3"] | None:
    """The detector's own 3D as the 17 joints, from the pelvis."""
    if points is None:
        return None
    joints = torch.from_numpy(layout.weights() @ points).float()
    return joints - joints[:, :1]


def _confidence(confidence: Float[np.ndarray, "n p"], layout: Layout) -> Float[Tensor, "n 17"]:
    """The least confidence of the points that each joint follows from."""
    uses = layout.weights() != 0
    least = np.where(uses[None], confidence[:, None], np.inf).min(-1)
    return torch.from_numpy(least).float()
