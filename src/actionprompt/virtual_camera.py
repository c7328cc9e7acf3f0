"""A virtual camera that looks at the person: 2D joints as it would see them, and the way back for 3D poses.

Where a person stands in the picture, and how the camera is rolled, changes the rays but not the pose. So the network
never sees either: in every frame the rays are turned so that the one through the middle of the person's box becomes
the optical axis. The camera's roll is undone first, where it is known; its pitch is kept, since only it tells how the
ground lies. All virtual cameras have the same lens, whatever filmed the video.

Camera axes: x right, y down, z forward. Everything is a pure function of tensors, batched, and asks no device anything.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from actionprompt.skeleton import H36M_17

VIEW = 65.0
"""Degrees that the virtual camera's lens sees along a picture's width; also what an unknown lens is taken for."""
FOCAL = 1 / math.tan(math.radians(VIEW / 2))
"""Its focal length on the normalised screen, whose width is [-1, 1]."""
SECONDS = 1.0
"""The camera follows the person smoothly: over this time about each frame."""
CAUSAL_SECONDS = 0.25
"""Live, the middle of the past counts, with weights that fall to 1/e within this time."""
UPRIGHT = math.radians(10)
"""A body that leans less than this says nothing of the camera's roll."""
LYING = math.radians(45)
"""A body that leans more than this lies: the camera is not rolled."""
SHORT = 256
"""Sequences of so many frames are smoothed by one product with a matrix."""
NEAREST = 0.05
"""Rays almost at a right angle to the optical axis are cut off at this depth."""
BONES = tuple(
    (H36M_17.joints.index(a), H36M_17.joints.index(b))
    for side in ("left", "right")
    for limb in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
    for a, b in ((f"{side} {limb[0]}", f"{side} {limb[1]}"), (f"{side} {limb[1]}", f"{side} {limb[2]}"))
) + tuple((H36M_17.joints.index(f"{a} shoulder"), H36M_17.joints.index(f"{a} hip")) for a in ("left", "right"))
"""Bones whose mean length on the screen is the person's size there (limbs and both sides of the trunk)."""
ANKLES = tuple(H36M_17.joints.index(f"{side} ankle") for side in ("left", "right"))
SHOULDERS = tuple(H36M_17.joints.index(f"{side} shoulder") for side in ("left", "right"))


class Looked(NamedTuple):
    """What the virtual camera sees."""

    keypoints: Float[Tensor, "*b f j 2"]
    """2D joints on the virtual camera's normalised screen; the person is in the middle."""
    rotation: Float[Tensor, "*b f 3 3"]
    """By which real camera axes are turned into virtual ones, frame by frame: X_virtual = R X_real."""
    zoom: Float[Tensor, "*b f"]
    """By how much the virtual camera's focal length is multiplied (1 without zoom)."""


def focal_length(width: int | float, height: int | float, view: float = VIEW) -> float:
    """The focal length, on the normalised screen, of a lens that sees ``view`` degrees along the longer side."""
    return max(1.0, height / width) / math.tan(math.radians(view / 2))


def look_at_person(
    keypoints: Float[Tensor, "*b f j 2"],
    focal: Float[Tensor, "*#b"] | float = FOCAL,
    *,
    fps: Float[Tensor, "*#b"] | float = 50.0,
    roll: Float[Tensor, "*#b"] | float = 0.0,
    causal: bool = False,
    size: float | None = None,
) -> Looked:
    """The joints as a virtual camera sees them that looks at the person in every frame.

    Args:
        keypoints: 2D joints on the normalised screen (width [-1, 1], y divided by the width too), the principal point
            in the middle; consecutive frames, of a window or of a whole sequence.
        focal: the real camera's focal length in those units (``focal_length``).
        fps: frames a second.
        roll: radians by which the real camera is rolled about its axis, clockwise as seen from behind it; undone.
            ``guess_roll`` guesses it.
        causal: use past frames only.
        size: zoom so that the mean bone is as long on the screen (None: the same lens for all).
    """
    straight = rays(keypoints, focal, roll)
    rotation, turned = look(straight, smooth(box_middle(straight), fps, causal))
    screen = FOCAL * turned[..., :2] / turned[..., 2:].clamp_min(NEAREST)
    rotation = rotation @ about_axis(_like(roll, keypoints))[..., None, :, :]
    zoom = torch.ones_like(screen[..., 0, 0])
    if size is not None:
        zoom = size / smooth(bone_length(screen)[..., None], fps, causal)[..., 0].clamp_min(1e-4)
        screen = screen * zoom[..., None, None]
    return Looked(screen, rotation, zoom)


def turn_back(pose: Float[Tensor, "*b f j 3"], rotation: Float[Tensor, "*#b f 3 3"]) -> Float[Tensor, "*b f j 3"]:
    """Root-relative poses from the virtual camera's axes into the real one's: the inverse of ``turn``."""
    return pose @ rotation


def turn(pose: Float[Tensor, "*b f j 3"], rotation: Float[Tensor, "*#b f 3 3"]) -> Float[Tensor, "*b f j 3"]:
    """Root-relative poses from the real camera's axes into the virtual one's: what a network is to answer."""
    return pose @ rotation.mT


def guess_roll(
    keypoints: Float[Tensor, "*b f j 2"], focal: Float[Tensor, "*#b"] | float = FOCAL
) -> Float[Tensor, "*b"]:
    """The camera's roll in radians as the body tells it: 0, or where people lean by more than 10 degrees, so much.

    The median over all frames of the direction from the ankles to the shoulders, as a camera that looks at the person
    sees it. Who leans by more than 45 degrees lies, and the camera is taken for level.
    """
    screen = look_at_person(keypoints, focal).keypoints
    up = screen[..., SHOULDERS, :].mean(-2) - screen[..., ANKLES, :].mean(-2)
    lean = torch.atan2(up[..., 0], -up[..., 1]).median(-1).values
    rolled = (lean.abs() > UPRIGHT) & (lean.abs() < LYING)
    return torch.where(rolled, -lean, torch.zeros_like(lean))


def rays(
    keypoints: Float[Tensor, "*b f j 2"], focal: Float[Tensor, "*#b"] | float, roll: Float[Tensor, "*#b"] | float = 0.0
) -> Float[Tensor, "*b f j 3"]:
    """The rays through the joints, with z = 1, in the axes of the camera with its roll undone."""
    focal, roll = (_like(number, keypoints)[..., None, None] for number in (focal, roll))
    x, y = (keypoints / focal[..., None]).unbind(-1)
    return _vectors(roll.cos() * x - roll.sin() * y, roll.sin() * x + roll.cos() * y, torch.ones_like(x))


def box_middle(ray: Float[Tensor, "*b f j 3"]) -> Float[Tensor, "*b f 2"]:
    """The middle of the box around the joints, where z = 1."""
    return torch.stack([(part.amin(-1) + part.amax(-1)) / 2 for part in ray[..., :2].unbind(-1)], -1)


def bone_length(screen: Float[Tensor, "*b f j 2"]) -> Float[Tensor, "*b f"]:
    """The root mean square length of the bones on the screen: the person's size there, nearly whatever the pose."""
    first, second = (list(ends) for ends in zip(*BONES, strict=True))
    return (screen[..., first, :] - screen[..., second, :]).square().sum(-1).mean(-1).sqrt()


def smooth(
    value: Float[Tensor, "*b f d"], fps: Float[Tensor, "*#b"] | float, causal: bool = False
) -> Float[Tensor, "*b f d"]:
    """Weighted means in time: a raised cosine of ``SECONDS`` about each frame, or a decaying memory of the past.

    At the ends the frames that there are count.
    """
    frames = value.shape[-2]
    reach = min(frames - 1, _reach(fps, causal))
    if frames <= SHORT:
        time = torch.arange(frames, device=value.device, dtype=value.dtype)
        weight = _weight(time[:, None] - time, fps, causal)
        return (weight @ value) / weight.sum(-1, keepdim=True)
    weight = _weight(torch.arange(reach, -1 if causal else -reach - 1, -1, device=value.device), fps, causal)
    known = torch.cat([value, torch.ones_like(value[..., :1])], -1)
    pieces = torch.nn.functional.pad(known, (0, 0, reach, 0 if causal else reach)).unfold(-2, weight.shape[-1], 1)
    sums = (pieces @ weight.to(value)[..., None, :, None])[..., 0]
    return sums[..., :-1] / sums[..., -1:]


def _weight(ago: Shaped[Tensor, "*f"], fps: Float[Tensor, "*#b"] | float, causal: bool) -> Float[Tensor, "..."]:
    """How much a frame counts that is so many frames old (negative: still to come)."""
    rate = fps.reshape(*fps.shape, *(1,) * ago.ndim) if isinstance(fps, Tensor) else fps
    seconds = ago / rate
    if causal:
        return (-seconds.clamp_min(0) / CAUSAL_SECONDS).exp() * (ago >= 0)
    return (1 + (2 * math.pi * seconds / SECONDS).cos()) / 2 * (seconds.abs() < SECONDS / 2)


def _reach(fps: Float[Tensor, "*b"] | float, causal: bool) -> int:
    """Frames that count on each side; a tensor of rates is not asked (no device waits): 120 frames/s are covered."""
    rate = fps if isinstance(fps, int | float) else 120.0
    return math.ceil(rate * (16 * CAUSAL_SECONDS if causal else SECONDS / 2))


def look(
    ray: Float[Tensor, "*b f j 3"], middle: Float[Tensor, "*b f 2"]
) -> tuple[Float[Tensor, "*b f 3 3"], Float[Tensor, "*b f j 3"]]:
    """The rotation that turns the ray through ``middle`` to the axis (panned, then tilted), and the rays so turned.

    The product is written out: many products of small matrices are slow.
    """
    x, y = middle.unbind(-1)
    flat, length = (x * x + 1).sqrt(), (x * x + y * y + 1).sqrt()
    right = torch.stack([1 / flat, torch.zeros_like(x), -x / flat], -1)
    down = torch.stack([-x * y / (flat * length), flat / length, -y / (flat * length)], -1)
    forward = torch.stack([x / length, y / length, 1 / length], -1)
    axes = torch.stack([right, down, forward], -2)
    rx, ry, rz = ray.unbind(-1)
    rows = [row[..., None].unbind(-2) for row in (right, down, forward)]
    return axes, _vectors(*(a * rx + b * ry + c * rz for a, b, c in rows))


def _vectors(x: Float[Tensor, "*b"], y: Float[Tensor, "*b"], z: Float[Tensor, "*b"]) -> Float[Tensor, "*b 3"]:
    """Vectors of three numbers each; in memory all x, then all y, then all z, which makes work on them faster."""
    return torch.stack([x, y, z]).movedim(0, -1)


def about_axis(angle: Float[Tensor, "*b"]) -> Float[Tensor, "*b 3 3"]:
    """The rotation that undoes a roll about the optical axis: from the rolled camera's axes into the level one's."""
    c, s, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    return torch.stack([c, -s, zero, s, c, zero, zero, zero, one], -1).unflatten(-1, (3, 3))


def _like(
    number: Float[Tensor, "*#b"] | float, points: Float[Tensor, "*b f j d"], inner: int = 3
) -> Float[Tensor, "*#b"]:
    """A number or one per sequence, as a tensor like the points."""
    if isinstance(number, Tensor):
        return number.to(points)
    return points.new_full(points.shape[:-inner], number)
