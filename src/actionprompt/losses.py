"""The training loss L = L_P + lambda * L_A (paper, section II-C)."""

from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from actionprompt.metrics import mpjpe
from actionprompt.model import Lifted


class Loss(NamedTuple):
    """The loss and its parts, for the log."""

    total: Float[Tensor, ""]
    pose: Float[Tensor, ""]
    """L_P, metres."""
    action: Float[Tensor, ""]
    """L_A, nats; zero without APM."""


def loss(lifted: Lifted, target: Float[Tensor, "b t j 3"], action: Int[Tensor, " b"], weight: float) -> Loss:
    """Eqs. 4 and 6; the root joint counts, with target zero, as in the baselines."""
    pose = mpjpe(lifted.pose, target).mean()  # Eq. 4
    if lifted.logits is None:
        return Loss(pose, pose, pose.new_zeros(()))
    label = F.cross_entropy(lifted.logits, action)  # Eq. 6
    return Loss(pose + weight * label, pose, label)
