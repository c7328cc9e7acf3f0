"""A real, calibrated video as numbers: world points that several cameras agree on, and what a detector saw in each."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import read_npz
from actionprompt.keypoints.detections import Detections
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.read import people
from actionprompt.keypoints.timing import resample
from actionprompt.video.people import People, at_rate


class View(NamedTuple):
    """One camera's part of the video."""

    name: str
    points: Float[np.ndarray, "n p 2"]
    """What the detector saw, pixels."""
    confidence: Float[np.ndarray, "n p"]
    own: Float[np.ndarray, "n p 3"] | None
    """The detector's own 3D, metres, camera axes."""
    truth: Float[np.ndarray, "n p 3"]
    """The points in the camera's axes, metres."""
    intrinsic: Float[np.ndarray, "3 3"]
    size: tuple[int, int]
    up: Float[np.ndarray, " 3"]
    """Against gravity, camera axes."""

    @property
    def perfect(self) -> Float[np.ndarray, "n p 2"]:
        """The projection of the truth, pixels."""
        image = self.truth @ self.intrinsic.T
        points: Float[np.ndarray, "n p 2"] = image[..., :2] / image[..., 2:]
        return points

    def turned(self, rotation: Float[np.ndarray, "3 3"], points: Float[np.ndarray, "n p 2"]) -> "View":
        """The same people as the camera would see them were it turned: rays and truth turn alike."""
        rays = np.concatenate([points, np.ones_like(points[..., :1])], -1) @ np.linalg.inv(self.intrinsic).T
        image = rays @ rotation.T @ self.intrinsic.T
        return self._replace(
            points=image[..., :2] / image[..., 2:], truth=self.truth @ rotation.T, own=None, up=rotation @ self.up
        )


@dataclass(frozen=True)
class RealVideo:
    """A calibrated video."""

    views: tuple[View, ...]
    layout: str
    fps: float


def read_real(path: Path) -> RealVideo:
    """Reads a calibrated video's numbers (``shared/data/real`` describes the keys).

    Raises:
        InputError: no such file, or one without the points of some camera.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}: name the .npz file of a calibrated video with --data.path.")
    found = read_npz(path)
    names = [key.removesuffix("/keypoints") for key in found if key.endswith("/keypoints")]
    if "world" not in found or "layout" not in found or "fps" not in found or not names:
        raise InputError(
            f"{path} is not a calibrated video: it needs the arrays world, layout, fps and, for each camera,"
            " CAMERA/keypoints, CAMERA/confidence, CAMERA/K, CAMERA/R, CAMERA/t and CAMERA/size."
        )
    try:
        return RealVideo(tuple(_view(found, name) for name in names), str(found["layout"]), float(found["fps"]))
    except KeyError as error:
        raise InputError(f"{path} has no array {error}, which each of its cameras needs.") from error


def _view(found: dict[str, np.ndarray], name: str) -> View:
    """One camera's arrays."""
    rotation, shift = found[f"{name}/R"].astype(float), found[f"{name}/t"].astype(float).reshape(3)
    own = found.get(f"{name}/detector_world")
    width, height = (int(side) for side in found[f"{name}/size"])
    return View(
        name,
        found[f"{name}/keypoints"].astype(float),
        found[f"{name}/confidence"].astype(float),
        None if own is None else own.astype(float),
        found["world"].astype(float) @ rotation.T + shift,
        found[f"{name}/K"].astype(float),
        (width, height),
        rotation[:, 2],  # the world's z
    )


def found_people(video: RealVideo, view: View, fps: float, *, perfect: bool = False, repair: bool = True) -> People:
    """The person of a view as a detector finds them, at some frame rate."""
    n = view.points.shape[0]
    detections = Detections(
        np.arange(n),
        ("1",) * n,
        view.perfect if perfect else view.points,
        np.ones_like(view.confidence) if perfect else view.confidence,
        video.layout,
        view.size,
        np.arange(n) / video.fps,
        None if perfect else view.own,
    )
    return at_rate(people(detections, view.name, repair=repair), np.arange(n) / video.fps, fps)


def true_joints(video: RealVideo, points: Float[np.ndarray, "n p 3"], fps: float) -> Float[np.ndarray, "m 17 3"]:
    """Points of the video as the 17 joints at some frame rate."""
    joints = layouts()[video.layout].weights() @ points
    return resample(np.arange(points.shape[0]) / video.fps, joints, fps)[1]
