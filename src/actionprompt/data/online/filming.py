"""Windows of motion capture as new cameras see new bodies: the 2D input and the 3D answer of a training step.

Everything linear (the body's joints, mirror, yaw) is one matrix a window, so that all frames take one product.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt import virtual_camera
from actionprompt.data.config import VirtualCamerasCfg
from actionprompt.data.online.body import BodyMaker
from actionprompt.data.online.detector import SimulatedDetector
from actionprompt.data.online.draws import Draws
from actionprompt.data.online.studio import Studio, screen
from actionprompt.data.online.view import Cameras, draw_cameras, draw_lenses
from actionprompt.data.viewpoints import ASPECTS
from actionprompt.skeleton import Skeleton

STATURE = 1.7
"""Metres from head to foot of an adult of scale 1: 2D errors are shares of it."""
NEAREST = 0.2
"""Metres; nothing is nearer to a camera."""
ROLL_ERROR = math.radians(5)
"""How well a roll is known that is undone."""


class Filmed(NamedTuple):
    """A batch: what the network sees, and the poses in the axes of the camera that it sees with."""

    keypoints: Float[Tensor, "b f j 2"]
    pose: Float[Tensor, "b f j 3"]
    """Root-relative, metres."""
    confidence: Float[Tensor, "b f j"] | None = None
    """The simulated detector's; None: 2D is projected."""


class Scene(NamedTuple):
    """People before real cameras."""

    cameras: Cameras
    points: Float[Tensor, "b f 3 j"]
    """Joints in camera axes, metres."""
    height: Float[Tensor, " b"]
    """The height of the person on the normalised screen."""


class Filming:
    """Films batches of windows; its constants move to a device once."""

    def __init__(
        self,
        skeleton: Skeleton,
        cfg: VirtualCamerasCfg,
        frames: int,
        fps: float,
        *,
        mirror: bool = True,
        device: torch.device | str = "cpu",
    ) -> None:
        self.cfg, self.fps, self.skeleton = cfg.online, fps, skeleton
        self.bodies = BodyMaker(skeleton, cfg.online, mirror, device)
        self.detector = (
            SimulatedDetector(cfg.detector, skeleton, frames, fps, device) if cfg.keypoints == "simulated" else None
        )
        self.aspects = torch.tensor(ASPECTS, device=device)
        self.studio = Studio(cfg.online.aim, device) if cfg.online.cameras == "h36m" else None

    def __call__(self, world: Float[Tensor, "b f j 3"], draws: Draws) -> Filmed:
        """Films windows of world positions (z up, metres)."""
        with full_precision():
            scene = self.stage(world, draws)
            points, confidence = project(scene), None
            if self.detector is not None:
                points, confidence = self.detector(points, scene.height, draws)
            root = scene.points[..., self.skeleton.root, None]
            filmed = Filmed(points.mT, (scene.points - root).mT, confidence)
            return self.look(filmed, scene.cameras, draws) if self.cfg.virtual_camera else filmed

    def stage(self, world: Float[Tensor, "b f j 3"], draws: Draws) -> Scene:
        """Bodies, and cameras that see them."""
        bodies, side = self.bodies(draws)
        across = level_axes(draws.uniform(0, 2 * math.pi), side)
        points = transformed(world, bodies.joints, across)
        root = points[..., self.skeleton.root]
        middle = root.mean(1, keepdim=True)
        moving = draws.share(self.cfg.moving)[:, None, None]
        points = points - torch.where(moving, root, middle)[..., None]
        cameras = self.cameras(points, -middle[:, 0, 1], draws)
        seen = rotated(points + cameras.place[:, None, :, None], cameras.rotation)
        height = STATURE * bodies.scale * cameras.lens.focal / cameras.place.norm(dim=-1)
        return Scene(cameras, seen, height)

    def cameras(self, points: Float[Tensor, "b f 3 j"], height: Float[Tensor, " b"], draws: Draws) -> Cameras:
        """Cameras for people whose middle, the origin of the level axes, is so high above the floor."""
        if self.studio is not None:
            return self.studio(draws, height)
        lens = draw_lenses(self.cfg, draws, self.aspects)
        return draw_cameras(self.cfg, draws, lens, points.amin((1, 3)), points.amax((1, 3)))

    def look(self, filmed: Filmed, cameras: Cameras, draws: Draws) -> Filmed:
        """The same through the virtual camera that looks at the person."""
        lens = cameras.lens
        focal = torch.where(draws.share(self.cfg.lens_known), lens.focal, lens.longer * virtual_camera.FOCAL)
        told = cameras.rolled & draws.share(self.cfg.roll_undone)
        roll = torch.where(told, cameras.roll + draws.normal(ROLL_ERROR), torch.zeros_like(cameras.roll))
        looked = virtual_camera.look_at_person(filmed.keypoints, focal, fps=self.fps, roll=roll, size=self.cfg.size)
        return filmed._replace(keypoints=looked.keypoints, pose=virtual_camera.turn(filmed.pose, looked.rotation))


def level_axes(yaw: Float[Tensor, " b"], side: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    """World axes (z up) to level ones (x right, y down, z forward), turned by the yaw; mirrored where side is -1."""
    c, s, zero, one = yaw.cos(), yaw.sin(), torch.zeros_like(yaw), torch.ones_like(yaw)
    return torch.stack([side * c, -side * s, zero, zero, zero, -one, s, c, zero], -1).unflatten(-1, (3, 3))


def transformed(
    world: Float[Tensor, "b f j 3"], joints: Float[Tensor, "b j j"], axes: Float[Tensor, "b 3 3"]
) -> Float[Tensor, "b f 3 j"]:
    """New joints as weighted sums of the old ones, in other axes: one product for all frames of a window."""
    b, f, j, _ = world.shape
    both = torch.einsum("bij,bde->bjedi", joints, axes).reshape(b, 3 * j, 3 * j)
    return (world.reshape(b, f, 3 * j) @ both).view(b, f, 3, j)


def rotated(points: Float[Tensor, "b f 3 j"], rotation: Float[Tensor, "b 3 3"]) -> Float[Tensor, "b f 3 j"]:
    """All points of a window turned; written out, since products of so small matrices are slow."""
    x, y, z = points.unbind(2)
    rows = rotation[:, :, :, None, None].unbind(1)
    return torch.stack([row[:, 0] * x + row[:, 1] * y + row[:, 2] * z for row in rows], 2)


def project(scene: Scene) -> Float[Tensor, "b f 2 j"]:
    """Joints on the normalised screen."""
    intrinsic = scene.cameras.lens.intrinsic
    if intrinsic is not None:
        return screen(scene.points, intrinsic)
    depth = scene.points[..., 2:, :].clamp_min(NEAREST)
    return scene.cameras.lens.focal[:, None, None, None] * scene.points[..., :2, :] / depth


class full_precision:
    """Geometry in full single precision, whatever a run asks of its networks' products."""

    def __enter__(self) -> None:
        self.before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")

    def __exit__(self, *_: object) -> None:
        torch.set_float32_matmul_precision(self.before)
