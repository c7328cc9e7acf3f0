"""Anyone's 2D keypoints: files of common detectors become sequences of Human3.6M's 17 joints, ready to be lifted."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.camera import normalise_screen
from actionprompt.errors import InputError
from actionprompt.keypoints.arrays import read_arrays
from actionprompt.keypoints.csv_tables import read_csv
from actionprompt.keypoints.detections import Detections, Units, check_confidence, check_people, check_unit
from actionprompt.keypoints.feet import feet_of
from actionprompt.keypoints.json_formats import FORMATS, is_folder, read_folder, read_json
from actionprompt.keypoints.layout_choice import layout_of
from actionprompt.keypoints.layouts import Layout
from actionprompt.keypoints.told import contradicts, told_of
from actionprompt.keypoints.tracks import complete, link
from actionprompt.skeleton import H36M_17

AGAINST = (
    "Left and right of person {}'s body contradict the face: where the picture is mirrored and the names are not, as "
    "in colour points of a Kinect v2, say --mirror."
)


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
    feet: Float[Tensor, "n 4 3"] | None = None
    """Heels and toes (``keypoints.feet.FEET``), where the detector has them: x and y on the screen, confidence."""


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
    """Seconds of every frame, where the file or the caller says them."""
    assumed: bool = False
    """Whether the times are an assumption."""
    notes: tuple[str, ...] = ()
    """What a user should know about the people in it, one sentence each."""


def read_keypoints(
    path: Path,
    *,
    layout: str | None = None,
    size: tuple[int, int] | None = None,
    units: Units = "pixels",
    fps: float | None = None,
    usual: float | None = None,
    times: Float[np.ndarray, " n"] | None = None,
    mirrored: bool = False,
) -> KeypointFile:
    """Reads people's 2D joints from JSON, NPZ, NPY or CSV of many programs (docs/video.md lists them).

    Args:
        path: the file; a folder for OpenPose.
        layout: the detector's layout, where the file does not say it (a name in ``layouts()``).
        size: width and height of the image in pixels, where the file does not say it.
        units: what the coordinates are.
        fps: frames a second, where the file does not say its times.
        usual: frames a second to assume where nobody says them.
        mirrored: whether the picture is, so that left and right change places.
        times: seconds of the frames of the video that it belongs to, instead.

    Raises:
        InputError: no keypoint file, another number of points than the layout's, no image size, coordinates in
            another unit than said, confidences far above 1, too many people, or nobody whose joints are all found at
            least once.
    """
    detections = read_detections(path)
    if detections.times is None:
        assumed = fps is None and times is None
        detections = replace(detections, times=_times(detections, usual if assumed else fps, times))
        found = people(detections, str(path), layout=layout, size=size, units=units, mirrored=mirrored)
        return replace(found, assumed=assumed)
    return people(detections, str(path), layout=layout, size=size, units=units, mirrored=mirrored)


def _times(
    detections: Detections, fps: float | None, known: Float[np.ndarray, " n"] | None
) -> Float[np.ndarray, " n"] | None:
    """Seconds of the frames: a video's own, which go on at its average rate; or equally spaced."""
    count = int(detections.frame.max()) + 1
    if known is None or known.size < 2:
        return None if fps is None else np.arange(count) / fps
    step = float(known[-1] - known[0]) / (known.size - 1)
    return np.concatenate([known, known[-1] + step * np.arange(1, count - known.size + 1)])


def people(
    detections: Detections,
    where: str,
    *,
    layout: str | None = None,
    size: tuple[int, int] | None = None,
    units: Units = "pixels",
    repair: bool = True,
    mirrored: bool = False,
) -> KeypointFile:
    """Detections, of a file or a video, as one gapless track per person; ``where`` names them in errors.

    With ``repair``, what is wrong for a moment is put right (``continuity``).

    Raises:
        InputError: as ``read_keypoints``.
    """
    chosen = layout_of(detections, layout, where)
    units = detections.units or units
    width, height = _size(detections, size, units, where)
    _check_units(detections, units, width, height, where)
    tracks, dropped, notes = [], [], []
    linked = link(detections, where)
    for person, track in linked.people:
        sequence, why = complete(detections, track, chosen, repair=repair)
        if sequence is None:
            dropped.append(f"Person {person} ({len(track)} frames): {why}.")
            continue
        points = torch.from_numpy(chosen.weights() @ sequence.points).float()
        screen = to_screen(points, units, (width, height))
        interpolated = int(sequence.filled[:, chosen.needed].sum())
        confidence = torch.from_numpy(chosen.joint_confidence(sequence.confidence)).float()
        first, own = int(detections.frame[track[0]]), _own_joints(sequence.own, chosen)
        feet = _feet(feet_of(sequence, chosen), units, (width, height))
        against = contradicts(chosen, sequence.points, sequence.missing)
        if mirrored:
            screen, confidence, own = _unmirrored(screen, confidence, own, names=not against)
            feet = None if feet is None else _unmirrored_feet(feet, names=not against)
            notes.append(f"Person {person} is mirrored{'; left and right keep their names' * against}.")
        elif against:
            notes.append(AGAINST.format(person))
        tracks.append(Track(person, first, screen, confidence, interpolated, sequence.repairs, own, feet))
        notes += told_of(person, screen.numpy(), confidence.numpy(), (width, height))
    if not tracks:
        raise InputError(f"{where} shows nobody who can be lifted. {dropped[0]}")
    told = (*detections.notes, *linked.notes, *notes)
    return KeypointFile(tuple(tracks), chosen.name, (width, height), tuple(dropped), detections.times, notes=told)


def _unmirrored(
    screen: Float[Tensor, "n 17 2"], confidence: Float[Tensor, "n 17"], own: Float[Tensor, "n 17 3"] | None, names: bool
) -> tuple[Float[Tensor, "n 17 2"], Float[Tensor, "n 17"], Float[Tensor, "n 17 3"] | None]:
    """Joints of a mirrored picture; left and right change names too, unless they already contradict the face."""
    order = list(H36M_17.mirror) if names else list(range(H36M_17.num_joints))
    flip = screen.new_tensor([-1.0, 1.0, 1.0])
    return (screen * flip[:2])[:, order], confidence[:, order], None if own is None else (own * flip)[:, order]


def _unmirrored_feet(feet: Float[Tensor, "n 4 3"], names: bool) -> Float[Tensor, "n 4 3"]:
    """Heels and toes of a mirrored picture."""
    put_right = feet * feet.new_tensor([-1.0, 1.0, 1.0])
    return put_right[:, [2, 3, 0, 1]] if names else put_right


def _feet(feet: Float[Tensor, "n 4 3"] | None, units: Units, size: tuple[int, int]) -> Float[Tensor, "n 4 3"] | None:
    """Heels and toes on the normalised screen."""
    if feet is None:
        return None
    return torch.cat([to_screen(feet[..., :2], units, size), feet[..., 2:]], dim=-1)


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
        if is_folder(path):
            return read_folder(path)
        raise InputError(
            f"{path} is a folder without OpenPose's *_keypoints.json or other numbered files: give a keypoint file."
        )
    readers = {".json": read_json, ".npz": read_arrays, ".npy": read_arrays, ".csv": read_csv}
    if path.suffix.lower() not in readers:
        raise InputError(f"{path} is not a keypoint file: it must be .npz, .npy, .csv or .json of {FORMATS}.")
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
    check_people(detections, units, where)
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
