"""The training loss L = L_P + lambda * L_A (paper, section II-C), and the pose losses L_P of the baselines."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from actionprompt.metrics import joint_error, mpjpe, n_mpjpe, velocity_error
from actionprompt.model.lifter import Lifted
from actionprompt.skeleton import HUMANEVA_15, Skeleton
from actionprompt.training.config import JointLossCfg, MotionLossCfg, PoseLossCfg, SequenceLossCfg

PUBLISHED_HUMANEVA = (1.0, 1.0, 2.5, 2.5, 1.0, 2.5, 2.5, 1.0, 1.5, 1.5, 4.0, 4.0, 1.5, 4.0, 4.0)
"""Human3.6M's weights with two entries struck out, which puts leg weights on arms."""
PoseLoss = Callable[[Float[Tensor, "b t j 3"], Float[Tensor, "b t j 3"]], Float[Tensor, ""]]
"""From predicted and target poses to L_P."""


class Loss(NamedTuple):
    """The loss and its parts, for the log."""

    total: Float[Tensor, ""]
    pose: Float[Tensor, ""]
    """MPJPE, metres, whatever L_P is."""
    action: Float[Tensor, ""]
    """L_A, nats; zero without APM."""


def joint_loss(predicted: Float[Tensor, "b t j 3"], target: Float[Tensor, "b t j 3"]) -> Float[Tensor, ""]:
    """L_P; the root joint counts, with target zero, as in the baselines."""
    return mpjpe(predicted, target).mean()  # Eq. 4


def loss(
    lifted: Lifted,
    target: Float[Tensor, "b t j 3"],
    action: Int[Tensor, " b"],
    weight: float,
    pose_loss: PoseLoss = joint_loss,
) -> Loss:
    """L_P + lambda * L_A, lambda being ``weight``."""
    objective, pose = pose_loss(lifted.pose, target), joint_loss(lifted.pose.detach(), target)
    if lifted.logits is None:
        return Loss(objective, pose, pose.new_zeros(()))
    label = F.cross_entropy(lifted.logits, action)  # Eq. 6
    return Loss(objective + weight * label, pose, label)


def build_pose_loss(cfg: PoseLossCfg, skeleton: Skeleton) -> PoseLoss:
    """The pose loss that a recipe asks for."""
    match cfg:
        case JointLossCfg():
            return joint_loss
        case MotionLossCfg():
            published = cfg.weights == "published" and skeleton.name == HUMANEVA_15.name
            return _motion_loss(cfg, list(PUBLISHED_HUMANEVA) if published else joint_weights(skeleton))
        case SequenceLossCfg():
            return _sequence_loss(cfg)


def _motion_loss(cfg: MotionLossCfg, weights: list[float]) -> PoseLoss:
    """MixSTE's: W-MPJPE + TCL + MPJVE (Zhang et al. 2022, section 3.4), in metres."""

    @cache
    def there(device: torch.device, dtype: torch.dtype) -> Float[Tensor, " j"]:
        return torch.tensor(weights, device=device, dtype=dtype)  # once: a recorded step copies nothing to the GPU

    def motion_loss(predicted: Float[Tensor, "b t j 3"], target: Float[Tensor, "b t j 3"]) -> Float[Tensor, ""]:
        w = there(predicted.device, predicted.dtype)
        weighted = (w * joint_error(predicted, target)).mean()
        smooth = (w[:, None] * predicted.diff(dim=-3).square()).mean()
        return weighted + cfg.smoothness * smooth + cfg.velocity * velocity_error(predicted, target).mean()

    return motion_loss


def _sequence_loss(cfg: SequenceLossCfg) -> PoseLoss:
    """MotionBERT's: MPJPE + 0.5 N-MPJPE + 20 velocity (Zhu et al. 2023, section 3.3), in metres."""

    def sequence_loss(predicted: Float[Tensor, "b t j 3"], target: Float[Tensor, "b t j 3"]) -> Float[Tensor, ""]:
        scaled = n_mpjpe(predicted, target).mean()
        return (
            joint_loss(predicted, target)
            + cfg.scaled * scaled
            + cfg.velocity * velocity_error(predicted, target).mean()
        )

    return sequence_loss


def joint_weights(skeleton: Skeleton) -> list[float]:
    """MixSTE's weights of the joints by their anatomy: the farther from the trunk, the heavier.

    On Human3.6M's layout these are the published ones; on HumanEva's they are not (see ``PUBLISHED_HUMANEVA``).
    """
    heavy = {"knee": 2.5, "ankle": 2.5, "shoulder": 1.5, "elbow": 4.0, "wrist": 4.0, "head top": 1.5, "head": 1.5}
    return [heavy.get(joint.removeprefix("left ").removeprefix("right "), 1.0) for joint in skeleton.joints]
