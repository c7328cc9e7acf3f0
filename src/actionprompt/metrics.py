"""The field's errors as pure functions: one number per pose, in the unit of the input.

Nothing in here averages over poses; :mod:`actionprompt.evaluation.evaluate` does that, in one place.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.skeleton import Skeleton

Pose = Float[Tensor, "*b j 3"]
Error = Float[Tensor, "*b"]


def joint_error(predicted: Pose, target: Pose) -> Float[Tensor, "*b j"]:
    """Euclidean distance of each joint."""
    return (predicted - target).norm(dim=-1)


def mpjpe(predicted: Pose, target: Pose) -> Error:
    """Mean per-joint position error of each pose (the paper's P1; Eq. 4)."""
    return joint_error(predicted, target).mean(-1)


def pck(predicted: Pose, target: Pose, threshold: float = 0.15) -> Error:
    """Share of each pose's joints that are within 150 mm (Mehta et al. 2017); the threshold is in the input's unit."""
    return (joint_error(predicted, target) <= threshold).double().mean(-1)


def auc(predicted: Pose, target: Pose, most: float = 0.15, steps: int = 31) -> Error:
    """The mean PCK over thresholds 0, 5, ... 150 mm."""
    thresholds = torch.linspace(0, most, steps, dtype=torch.float64, device=predicted.device)
    return (joint_error(predicted, target).double()[..., None] <= thresholds).double().mean((-2, -1))


def depth_error(predicted: Pose, target: Pose) -> Error:
    """Mean absolute error along the camera's depth axis of each pose (D-MPJPE, the paper's P2)."""
    return (predicted[..., 2] - target[..., 2]).abs().mean(-1)


def p_mpjpe(predicted: Pose, target: Pose) -> Error:
    """MPJPE after the best similarity transform (rotation, translation, scale) of each pose.

    Computed in float64, since the singular values of near-planar poses nearly coincide. NaN where a coordinate is.
    """
    known = (predicted.isfinite() & target.isfinite()).all(-1).all(-1)[..., None, None]
    x, y = (torch.where(known, pose.double(), 0.0) for pose in (target, predicted))
    mu_x, mu_y = x.mean(-2, keepdim=True), y.mean(-2, keepdim=True)
    x0, y0 = x - mu_x, y - mu_y
    tiny = torch.finfo(x.dtype).tiny
    norm_x = x0.square().sum((-2, -1), keepdim=True).sqrt().clamp_min(tiny)
    norm_y = y0.square().sum((-2, -1), keepdim=True).sqrt().clamp_min(tiny)
    u, s, vt = torch.linalg.svd((x0 / norm_x).mT @ (y0 / norm_y))
    sign = torch.linalg.det(u @ vt).sign()  # a reflection is not a rotation
    flip = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], dim=-1)
    rotation = vt.mT @ (flip[..., None] * u.mT)
    scale = (s * flip).sum(-1)[..., None, None] * norm_x / norm_y
    aligned = scale * (y0 @ rotation) + mu_x
    return mpjpe(torch.where(known, aligned, torch.nan), x).to(predicted.dtype)


def n_mpjpe(predicted: Pose, target: Pose) -> Error:
    """MPJPE after the best scale of each pose (Rhodin et al. 2018): the error that is not body size."""
    scale = (target * predicted).sum((-2, -1)) / predicted.square().sum((-2, -1)).clamp_min(1e-12)
    return mpjpe(scale[..., None, None] * predicted, target)


def velocity_error(predicted: Float[Tensor, "*b n j 3"], target: Float[Tensor, "*b n j 3"]) -> Float[Tensor, "*b n-1"]:
    """MPJPE of the frame-to-frame difference (MPJVE); one number per pair of neighbouring frames."""
    return mpjpe(predicted.diff(dim=-3), target.diff(dim=-3))


def acceleration_error(
    predicted: Float[Tensor, "*b n j 3"], target: Float[Tensor, "*b n j 3"]
) -> Float[Tensor, "*b n-2"]:
    """MPJPE of the second difference between frames; one number for each three neighbouring frames."""
    return mpjpe(predicted.diff(n=2, dim=-3), target.diff(n=2, dim=-3))


def true_lengths(predicted: Pose, target: Pose, skeleton: Skeleton) -> Pose:
    """The prediction with the target's bone lengths, in its own directions: body size and shape are given."""
    mine, theirs = bones(predicted, skeleton), bones(target, skeleton)
    return _joined(mine * (theirs.norm(dim=-1) / _length(mine))[..., None], predicted, skeleton)


def true_directions(predicted: Pose, target: Pose, skeleton: Skeleton) -> Pose:
    """The prediction with the target's bone directions, in its own lengths: the posture is given."""
    mine, theirs = bones(predicted, skeleton), bones(target, skeleton)
    return _joined(theirs * (mine.norm(dim=-1) / _length(theirs))[..., None], predicted, skeleton)


def true_depth_signs(predicted: Pose, target: Pose, skeleton: Skeleton) -> Pose:
    """The prediction with each bone pointing to or from the camera as the target's does: the flip ambiguity is gone."""
    mine, theirs = bones(predicted, skeleton), bones(target, skeleton)
    depth = mine[..., 2].abs() * theirs[..., 2].sign()
    return _joined(torch.stack([mine[..., 0], mine[..., 1], depth], dim=-1), predicted, skeleton)


def bones(pose: Pose, skeleton: Skeleton) -> Float[Tensor, "*b bones 3"]:
    """Child minus parent, in the order of ``skeleton.bones``."""
    parents, children = (list(ends) for ends in zip(*skeleton.bones, strict=True))
    return pose[..., children, :] - pose[..., parents, :]


def _joined(parts: Float[Tensor, "*b bones 3"], like: Pose, skeleton: Skeleton) -> Pose:
    """The pose of some bones, its root where that of ``like`` is."""
    joints = {skeleton.root: like[..., skeleton.root, :]}
    while len(joints) < skeleton.num_joints:  # parents need not come before their children
        for i, (parent, child) in enumerate(skeleton.bones):
            if parent in joints and child not in joints:
                joints[child] = joints[parent] + parts[..., i, :]
    return torch.stack([joints[j] for j in range(skeleton.num_joints)], dim=-2)


def _length(parts: Float[Tensor, "*b bones 3"]) -> Float[Tensor, "*b bones"]:
    return parts.norm(dim=-1).clamp_min(1e-9)
