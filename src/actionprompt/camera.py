"""Pinhole cameras as the field's files describe them.

Camera axes: x right, y down, z forward. An orientation is the unit quaternion (w, x, y, z) that turns camera axes into
world axes; a translation is the camera's centre in the world, in the unit of the points. An intrinsic vector is
(fx, fy, cx, cy, k1, k2, k3, p1, p2) in normalised screen units: the image spans [-1, 1] in x and [-h/w, h/w] in y.
Leading dimensions broadcast everywhere, so one call can serve many cameras.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def rotate(quaternion: Float[Tensor, "*#b 4"], points: Float[Tensor, "*#b 3"]) -> Float[Tensor, "*b 3"]:
    """Rotates points by unit quaternions (w, x, y, z)."""
    w, axis = quaternion[..., :1], quaternion[..., 1:]
    axis, points = torch.broadcast_tensors(axis, points)
    t = 2 * torch.linalg.cross(axis, points)
    return points + w * t + torch.linalg.cross(axis, t)


def conjugate(quaternion: Float[Tensor, "*b 4"]) -> Float[Tensor, "*b 4"]:
    """The inverse rotation."""
    return quaternion * quaternion.new_tensor([1, -1, -1, -1])


def world_to_camera(
    points: Float[Tensor, "*#b 3"], orientation: Float[Tensor, "*#b 4"], translation: Float[Tensor, "*#b 3"]
) -> Float[Tensor, "*b 3"]:
    """World points in camera axes: X_c = R(q^-1) (X_w - t)."""
    return rotate(conjugate(orientation), points - translation)


def camera_to_world(
    points: Float[Tensor, "*#b 3"], orientation: Float[Tensor, "*#b 4"], translation: Float[Tensor, "*#b 3"]
) -> Float[Tensor, "*b 3"]:
    """Camera points in world axes: X_w = R(q) X_c + t."""
    return rotate(orientation, points) + translation


def project(points: Float[Tensor, "*#b 3"], intrinsic: Float[Tensor, "*#b 9"]) -> Float[Tensor, "*b 2"]:
    """Camera points on the normalised screen, with radial (k1..k3) and tangential (p1, p2) distortion.

    As in the field's protocol the undistorted ray is clamped to [-1, 1].
    """
    fx, fy, cx, cy, k1, k2, k3, p1, p2 = intrinsic.unbind(-1)
    x, y = (points[..., :2] / points[..., 2:]).clamp(-1, 1).unbind(-1)
    r2 = x * x + y * y
    stretch = 1 + r2 * (k1 + r2 * (k2 + r2 * k3)) + p1 * x + p2 * y
    return torch.stack([fx * (x * stretch + p1 * r2) + cx, fy * (y * stretch + p2 * r2) + cy], dim=-1)


def project_linear(points: Float[Tensor, "*#b 3"], intrinsic: Float[Tensor, "*#b 9"]) -> Float[Tensor, "*b 2"]:
    """Camera points on the normalised screen, without distortion (same clamp as :func:`project`)."""
    xy = (points[..., :2] / points[..., 2:]).clamp(-1, 1)
    return intrinsic[..., :2] * xy + intrinsic[..., 2:4]


def normalise_screen(pixels: Float[Tensor, "*b 2"], width: int | float, height: int | float) -> Float[Tensor, "*b 2"]:
    """Pixels to the normalised screen: the width becomes [-1, 1], the aspect ratio is kept."""
    scaled = pixels / width * 2  # a fraction also where pixels are whole numbers
    return scaled - scaled.new_tensor([1, height / width])


def denormalise_screen(points: Float[Tensor, "*b 2"], width: int | float, height: int | float) -> Float[Tensor, "*b 2"]:
    """The inverse of :func:`normalise_screen`: pixels."""
    points = points.to(torch.result_type(points, 1.0))
    return (points + points.new_tensor([1, height / width])) * width / 2
