"""Cameras of a batch: where they stand, how they are turned, what lens they have."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from actionprompt.data.config import OnlineCfg
from actionprompt.data.online.draws import Draws
from actionprompt.data.viewpoints import ASPECTS

DOWN = (math.radians(-25), math.radians(45))
"""Cameras look down on people by at least and at most so much (negative: up)."""
MARGIN = 0.9
"""How near to the picture's edge, of half its size, the person's middle comes."""
CLEARANCE = 0.8
"""Metres from the camera to the nearest point of the person."""


class Lenses(NamedTuple):
    """What lenses see, one a window."""

    focal: Float[Tensor, " b"]
    """On the normalised screen."""
    aspect: Float[Tensor, " b"]
    """The picture's height over its width."""
    intrinsic: Float[Tensor, "b 9"] | None = None
    """As in ``camera.project``; None: a pinhole in the picture's middle."""

    @property
    def longer(self) -> Float[Tensor, " b"]:
        """The picture's longer side over its width."""
        return self.aspect.clamp_min(1)


class Cameras(NamedTuple):
    """Cameras, one a window; level axes are x right, y down, z away from the camera, about the person's middle."""

    lens: Lenses
    rotation: Float[Tensor, "b 3 3"]
    """Level axes to camera axes."""
    place: Float[Tensor, "b 3"]
    """The person's middle, seen from the camera, in level axes."""
    roll: Float[Tensor, " b"]
    rolled: Bool[Tensor, " b"]
    """Those that are rolled on purpose."""


def draw_lenses(cfg: OnlineCfg, draws: Draws, aspects: Float[Tensor, " n"]) -> Lenses:
    """Lenses of any usual field of view, and pictures of the usual shapes."""
    aspect = aspects.index_select(0, draws.uniform(0, len(ASPECTS)).long().clamp_max(len(ASPECTS) - 1))
    view = draws.uniform(math.radians(cfg.view[0]), math.radians(cfg.view[1]))
    return Lenses(aspect.clamp_min(1) / (view / 2).tan(), aspect)


def draw_cameras(
    cfg: OnlineCfg, draws: Draws, lens: Lenses, low: Float[Tensor, "b 3"], high: Float[Tensor, "b 3"]
) -> Cameras:
    """Cameras for people who move within the box from ``low`` to ``high`` (level axes, about their middle)."""
    distance = _distance(cfg, draws, lens, low, high)
    down = (math.radians(cfg.elevation[0]) + draws.normal(math.radians(cfg.elevation[1]))).clamp(*DOWN)
    centred = draws.share(cfg.centred)
    across, along = _place_on_screen(cfg, draws, lens, centred, distance, (high - low) / 2)
    pitch, pan = aim(down, across / lens.focal, along / lens.focal)
    rolled = draws.share(cfg.rolled) & ~centred
    unlevel = draws.normal(math.radians(cfg.unlevel)) * torch.where(centred, 0.5, 1.0)
    roll = torch.where(rolled, draws.uniform(-1, 1) * math.radians(cfg.roll), unlevel)
    place = torch.stack([torch.zeros_like(down), distance * down.sin(), distance * down.cos()], -1)
    return Cameras(lens, about_z(roll) @ about_x(pitch) @ about_y(pan), place, roll, rolled)


def aim(
    down: Float[Tensor, " b"], across: Float[Tensor, " b"], along: Float[Tensor, " b"]
) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """A level camera's pitch and pan with which a point is at (across, along) on the plane z = 1.

    The line of sight to the point goes down by ``down``; that does not change, however the camera is turned.
    """
    length = (across**2 + along**2 + 1).sqrt()
    x, y, z = across / length, along / length, 1 / length
    pitch = torch.asin((down.sin() / (1 - x**2).sqrt()).clamp(-1, 1)) - torch.atan2(y, z)
    return pitch, torch.atan2(x, z * pitch.cos() - y * pitch.sin())


def _distance(
    cfg: OnlineCfg, draws: Draws, lens: Lenses, low: Float[Tensor, "b 3"], high: Float[Tensor, "b 3"]
) -> Float[Tensor, " b"]:
    """A distance as the settings say, and far enough to have the whole window in the picture."""
    near, far = draws.uniform(*cfg.distance), draws.logarithmic(cfg.distance[1], cfg.farthest)
    wanted = torch.where(draws.share(cfg.far), far, near)
    width, height, depth = ((high - low) / 2).unbind(-1)
    fits = lens.focal * width.maximum(depth).maximum((height + 0.1) / lens.aspect)
    return wanted.maximum(fits).maximum(torch.maximum(high[:, 2].abs(), low[:, 2].abs()) + CLEARANCE)


def _place_on_screen(
    cfg: OnlineCfg,
    draws: Draws,
    lens: Lenses,
    centred: Bool[Tensor, " b"],
    distance: Float[Tensor, " b"],
    half: Float[Tensor, "b 3"],
) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """Where on the normalised screen the person's middle is: near the middle, or anywhere with the person inside."""
    reach = lens.focal / distance
    room_x = (1 - reach * half[:, 0]).clamp(0, MARGIN)
    room_y = (lens.aspect - reach * half[:, 1]).clamp_min(0).minimum(MARGIN * lens.aspect)
    beside, above = draws.normal(cfg.aim) * reach, draws.normal(cfg.aim) * reach
    x = torch.where(centred, beside, draws.uniform(-1, 1) * room_x)
    y = torch.where(centred, above, draws.uniform(-1, 1) * room_y)
    return x.clamp(-room_x, room_x), y.clamp(-room_y, room_y)


def about_x(angle: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    """To the axes of a camera that looks down by the angle."""
    c, s, zero, one = _parts(angle)
    return torch.stack([one, zero, zero, zero, c, -s, zero, s, c], -1).unflatten(-1, (3, 3))


def about_y(angle: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    """To the axes of a camera turned to its left by the angle, which moves what it sees to the right."""
    c, s, zero, one = _parts(angle)
    return torch.stack([c, zero, s, zero, one, zero, -s, zero, c], -1).unflatten(-1, (3, 3))


def about_z(angle: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    """To the axes of a camera rolled clockwise by the angle."""
    c, s, zero, one = _parts(angle)
    return torch.stack([c, s, zero, -s, c, zero, zero, zero, one], -1).unflatten(-1, (3, 3))


def _parts(angle: Float[Tensor, " b"]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
