"""An articulated figure: joint angles in, the 17 joints of Human3.6M's layout out (forward kinematics).

Body axes: x to the figure's right, y ahead, z up. Angles are in degrees, one column per name in
:data:`CHANNELS`, zero when the figure stands straight with hanging arms.
"""

from dataclasses import astuple, dataclass

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

TRUNK = ("lean", "bend", "twist", "nod", "turn")
"""Bowing forward, to the right, shoulders to the left; the head's nod and turn."""
LIMBS = ("thigh", "spread", "toe", "knee", "arm", "out", "roll", "elbow")
"""Thigh forward, outward, toes inward, knee bent; upper arm forward, outward, rolled inward, elbow bent.

Legs are measured against the vertical, arms against the chest.
"""
CHANNELS = (*TRUNK, *(f"r_{name}" for name in LIMBS), *(f"l_{name}" for name in LIMBS))
_LIMITS = (
    *((-40, 130), (-40, 40), (-60, 60), (-50, 60), (-80, 80)),
    *((-45, 120), (-15, 60), (-45, 45), (1, 150), (-60, 180), (-20, 175), (-100, 90), (2, 150)) * 2,
)  # fmt: skip


@dataclass(frozen=True)
class Body:
    """Lengths in metres."""

    hip: float
    """The distance from the middle of the pelvis to a hip."""
    thigh: float
    shin: float
    ankle: float
    """Height of the ankle above the floor."""
    lumbar: float
    """The length from the pelvis to the spine joint."""
    chest: float
    """The length from the spine joint to the base of the neck."""
    shoulder: float
    """The distance from the base of the neck to a shoulder, sideways."""
    upper: float
    """Upper arm."""
    fore: float
    """Forearm."""
    head: float
    """The length from the base of the neck to the top of the head."""

    @classmethod
    def of_stature(cls, height: float) -> "Body":
        """Average proportions of an adult (after Drillis and Contini 1966), ``height`` in metres."""
        shares = (0.068, 0.243, 0.246, 0.039, 0.135, 0.155, 0.098, 0.172, 0.148, 0.182)
        return cls(*(height * share for share in shares))

    def scaled(self, factors: Float[Tensor, " lengths"]) -> "Body":
        """The body with each length multiplied by its factor."""
        return Body(*(a * b for a, b in zip(astuple(self), factors.tolist(), strict=True)))


def limit(angles: Float[Tensor, "n channels"]) -> Float[Tensor, "n channels"]:
    """Angles within what a person's joints allow: knees and elbows bend one way only."""
    low, high = angles.new_tensor(_LIMITS).unbind(-1)
    return angles.clamp(low, high)


def mirrored(angles: Float[Tensor, "n channels"]) -> Float[Tensor, "n channels"]:
    """The same motion as a left-hander performs it."""
    trunk, right, left = torch.split(angles, [len(TRUNK), len(LIMBS), len(LIMBS)], dim=-1)
    return torch.cat([trunk * trunk.new_tensor([1, -1, -1, 1, -1]), left, right], dim=-1)


def turn(degrees: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b 3 3"]:
    """The rotation R = Rx Ry Rz by three angles."""
    (sx, sy, sz), (cx, cy, cz) = degrees.deg2rad().sin().unbind(-1), degrees.deg2rad().cos().unbind(-1)
    rows = (
        (cy * cz, -cy * sz, sy),
        (cx * sz + sx * sy * cz, cx * cz - sx * sy * sz, -sx * cy),
        (sx * sz - cx * sy * cz, sx * cz + cx * sy * sz, cx * cy),
    )
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def forward(body: Body, angles: Float[Tensor, "n channels"]) -> Float[Tensor, "n 17 3"]:
    """Joint positions in body axes, metres, with the pelvis at the origin."""
    lean, bend, twist, nod, look = angles[:, : len(TRUNK)].unbind(-1)
    limbs = rearrange(angles[:, len(TRUNK) :], "n (side limb) -> n side limb", side=2)  # right, left
    side = angles.new_tensor([1, -1])
    zero = torch.zeros_like(lean)

    pelvis = turn(torch.stack([-0.55 * lean, 0.1 * bend, -0.15 * twist], dim=-1))
    back = pelvis @ turn(torch.stack([-0.3 * lean, 0.4 * bend, 0.5 * twist], dim=-1))
    chest = back @ turn(torch.stack([-0.15 * lean, 0.5 * bend, 0.65 * twist], dim=-1))
    skull = chest @ turn(torch.stack([-nod, zero, look], dim=-1))
    spine = pelvis @ angles.new_tensor([0, 0, body.lumbar])
    thorax = spine + back @ angles.new_tensor([0, 0, body.chest])
    nose = thorax + skull @ angles.new_tensor([0, 0.3 * body.head, 0.5 * body.head])
    top = thorax + skull @ angles.new_tensor([0, 0.06 * body.head, body.head])

    hip = torch.stack([pelvis[..., 0] * body.hip, pelvis[..., 0] * -body.hip], dim=1)
    legs = _limb(hip, turn(_hinge(limbs[..., :3], side)), -limbs[..., 3], body.thigh, body.shin)
    raised = (limbs[..., 4:6].abs().amax(-1) - 30).clamp(0) * -side
    collar = chest[:, None] @ turn(pad(0.12 * raised[..., None], (1, 1)))  # follows a raised arm
    shoulder = thorax[:, None] + collar[..., 0] * (side * body.shoulder)[:, None]
    upper = chest[:, None] @ turn(_hinge(limbs[..., 4:7], side))
    arms = _limb(shoulder, upper, limbs[..., 7], body.upper, body.fore)
    left_first = arms.flip(1).flatten(1, 2)
    middle = torch.stack([spine, thorax, nose, top], dim=1)
    return torch.cat([torch.zeros_like(middle[:, :1]), legs.flatten(1, 2), middle, left_first], dim=1)


def _hinge(limb: Float[Tensor, "n 2 3"], side: Float[Tensor, "2"]) -> Float[Tensor, "n 2 3"]:
    """Forward, outward, inward as turns about x, y and z: the last two are opposite on the two sides."""
    return torch.stack([limb[..., 0], -side * limb[..., 1], side * limb[..., 2]], dim=-1)


def _limb(
    start: Float[Tensor, "n 2 3"],
    frame: Float[Tensor, "n 2 3 3"],
    bend: Float[Tensor, "n 2"],
    near: float,
    far: float,
) -> Float[Tensor, "n 2 3 3"]:
    """Three joints of the right and the left limb, which hangs down its frame's z and bends about its x."""
    lower = frame @ turn(pad(bend[..., None], (0, 2)))
    middle = start - frame[..., 2] * near
    return torch.stack([start, middle, middle - lower[..., 2] * far], dim=2)
