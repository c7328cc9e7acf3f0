"""Where a virtual camera stands and what its lens is like."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from actionprompt.camera import conjugate, rotate
from actionprompt.data.cameras import H36M_LENSES, H36M_PLACEMENTS
from actionprompt.data.config import VirtualCamerasCfg

ASPECTS = (9 / 16, 3 / 4, 1.0, 16 / 9)
"""Heights over widths of pictures; the last one is a phone held upright."""
FARTHER, FARTHEST = 1.25, 50.0
"""The camera moves away by this factor until the take is in the picture, and at most to this distance, metres."""

Draw = Callable[[str], float]
"""A number in [0, 1) for each question."""


@dataclass(frozen=True)
class Viewpoint:
    """One virtual camera."""

    name: str
    intrinsic: Float[Tensor, " 9"]
    """As in ``camera.project``."""
    orientation: Float[Tensor, " 4"]
    """The unit quaternion from camera axes to world axes."""
    translation: Float[Tensor, " 3"]
    """The camera's place in the world, metres."""
    width: int
    """The width of the picture, pixels."""

    def see(self, world: Float[Tensor, "n j 3"]) -> Float[Tensor, "n j 3"]:
        """World points in camera axes; one product for all, each axis in one piece: twice as fast."""
        axes = rotate(conjugate(self.orientation), torch.eye(3)).mT
        rows = rearrange(world, "n j d -> d (n j)").contiguous()
        return rearrange(axes @ rows - axes @ self.translation[:, None], "d (n j) -> n j d", j=world.shape[1])


def viewpoints(cfg: VirtualCamerasCfg, world: Float[Tensor, "n j 3"], draw: Draw) -> list[Viewpoint]:
    """The cameras that film a take, whose middle stands at the origin."""
    if cfg.viewpoints == "varied":
        return [_varied(f"varied{i}", world, partial(_numbered, draw, i)) for i in range(cfg.cameras)]
    places = H36M_PLACEMENTS["S9"]
    return [
        Viewpoint(lens.name, lens.intrinsic(), place.orientation(), place.translation(), lens.width)
        for lens, place in zip(H36M_LENSES[: cfg.cameras], places[: cfg.cameras], strict=True)
    ]


def _numbered(draw: Draw, camera: int, what: str) -> float:
    """A question of one camera."""
    return draw(f"{what}{camera}")


def _varied(name: str, world: Float[Tensor, "n j 3"], draw: Draw) -> Viewpoint:
    """A camera as people hold or place them: 0.2 to 2.6 m high, aimed at the body, hardly rolled, any usual lens.

    Phones see 50 to 80 degrees along the picture's longer side. The person's height takes 45 to 90 % of the picture's
    shorter side or more, as far as the whole take stays in the picture.
    """
    aspect = ASPECTS[int(len(ASPECTS) * draw("aspect"))]
    angle = math.radians(50 + 30 * draw("angle"))
    focal = max(1.0, aspect) / math.tan(angle / 2)
    height, aim, roll = 0.2 + 2.4 * draw("height"), 0.7 + 0.5 * draw("aim"), math.radians(10 * draw("roll") - 5)
    distance = max(1.8, focal * 1.8 / ((0.45 + 0.45 * draw("size")) * 2 * min(1.0, aspect)))
    toward = 2 * math.pi * draw("azimuth")
    intrinsic = torch.tensor([focal, focal, 0, 0, 0, 0, 0, 0, 0])
    some = world[:: max(1, world.shape[0] // 50)]
    while True:
        place = np.array([distance * math.cos(toward), distance * math.sin(toward), height])
        orientation = _look(place, np.array([0, 0, aim]), roll)
        view = Viewpoint(name, intrinsic, orientation, torch.from_numpy(place).float(), 1000)
        if distance > FARTHEST or _inside(view.see(some), focal, aspect):
            return view
        distance *= FARTHER


def _look(place: Float[np.ndarray, " 3"], target: Float[np.ndarray, " 3"], roll: float) -> Float[Tensor, " 4"]:
    """The orientation of a camera that looks at a target, z being up in the world."""
    from scipy.spatial.transform import Rotation

    forward = (target - place) / np.linalg.norm(target - place)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(forward, right), forward], axis=1)  # columns: camera x, y (down), z in the world
    turned = Rotation.from_matrix(axes) * Rotation.from_euler("z", roll)
    x, y, z, w = turned.as_quat()
    return torch.tensor([w, x, y, z], dtype=torch.float32)


def _inside(pose: Float[Tensor, "n j 3"], focal: float, aspect: float) -> bool:
    x, y, depth = pose.unbind(-1)
    near = bool((depth > 0.3).all())
    return near and bool((focal * x.abs() < depth).all()) and bool((focal * y.abs() < aspect * depth).all())
