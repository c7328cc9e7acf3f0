"""What the lifter sees in use: a virtual camera that looks at the person, and the way back for its answers.

Where people stand in the picture changes the rays and not the pose; models saw them in the middle, and err by twice as
much a tenth of the picture's width aside. :mod:`actionprompt.virtual_camera` turns the rays; here it meets a lifter,
for whole sequences and frame by frame.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt import virtual_camera
from actionprompt.model.lifter import Lifter
from actionprompt.virtual_camera import Looked


@dataclass(frozen=True)
class RealCamera:
    """What is known of the camera that filmed."""

    focal: float = virtual_camera.FOCAL
    """Focal length on the normalised screen, whose width is 2 (``virtual_camera.focal_length``)."""
    roll: float = 0.0
    """Radians by which it is turned clockwise."""
    fps: float = 50.0
    """Frames a second of the 2D joints."""


USUAL_SIZE = 0.18
"""Bones' mean length on the screen, to which people are zoomed for models that were trained without a virtual camera:
the size at which they saw most people (P1 on held-out subjects 60 -> 52 mm UI-PRMD, 155 -> 152 mm CMU)."""


def zoomed_size(lifter: Lifter) -> float | None:
    """The size to which the virtual camera zooms people for a lifter; None: it does not zoom."""
    said = lifter.metadata.get("virtual_camera_size", "")
    return float(said) if said else None if trained_looking(lifter) else USUAL_SIZE


def trained_looking(lifter: Lifter) -> bool:
    """Whether the lifter was trained with a virtual camera that looks at the person."""
    return lifter.metadata.get("virtual_camera", "") == "1"


def look(lifter: Lifter, keypoints: Float[Tensor, "n j 2"], camera: RealCamera) -> Looked:
    """A sequence as the lifter's virtual camera sees it."""
    return virtual_camera.look_at_person(
        keypoints, camera.focal, fps=camera.fps, roll=camera.roll, size=zoomed_size(lifter)
    )


class CausalVirtualCamera:
    """The virtual camera frame by frame, causal: where it looks is a memory of the person's places, which fades.

    Equal to ``virtual_camera.look_at_person(..., causal=True)``, in constant time and memory.
    """

    def __init__(self, lifter: Lifter, camera: RealCamera) -> None:
        self._camera, self._size = camera, zoomed_size(lifter)
        self._fade = math.exp(-1 / (camera.fps * virtual_camera.CAUSAL_SECONDS))
        self._middle, self._bone = _Memory(self._fade), _Memory(self._fade)

    def push(self, keypoints: Float[Tensor, "j 2"]) -> Looked:
        """One more frame, as the virtual camera sees it."""
        x = keypoints[None]
        ray = virtual_camera.rays(x, self._camera.focal, self._camera.roll)
        middle = self._middle.push(virtual_camera.box_middle(ray))
        rotation, turned = virtual_camera.look(ray, middle)
        screen = virtual_camera.FOCAL * turned[..., :2] / turned[..., 2:].clamp_min(virtual_camera.NEAREST)
        rotation = rotation @ virtual_camera.about_axis(x.new_tensor(self._camera.roll))
        zoom = torch.ones_like(screen[..., 0, 0])
        if self._size is not None:
            zoom = self._size / self._bone.push(virtual_camera.bone_length(screen)).clamp_min(1e-4)
        return Looked(screen[0] * zoom, rotation[0], zoom[0])


class _Memory:
    """A mean of all values so far, in which each counts less the older it is."""

    def __init__(self, fade: float) -> None:
        self._fade = fade
        self._sum: Tensor | None = None
        self._count = 0.0

    def push(self, value: Tensor) -> Tensor:
        """The mean with one more value."""
        self._sum = value if self._sum is None else self._fade * self._sum + value
        self._count = self._fade * self._count + 1
        return self._sum / self._count
