"""Small lifters with random weights that show every part: large gammas, peaked softmaxes, BN statistics."""

import torch
from torch import nn

from actionprompt.apm import PoseToText
from actionprompt.config import LifterCfg
from actionprompt.encoders.layers import BatchNorm
from actionprompt.model import Lifter
from actionprompt.skeleton import Skeleton

TRIPOD = Skeleton("tripod", ("root", "left", "right"), (-1, 0, 0), left=(1,), right=(2,))
ACTIONS = ("walk", "sit", "wave", "jump")


def random_lifter(cfg: LifterCfg, seed: int = 0, sharp: float = 30.0) -> Lifter:
    """A lifter of three joints and four actions in evaluation mode; ``sharp`` scales P2T's scores."""
    torch.manual_seed(seed)
    lifter = cfg.build(TRIPOD.num_joints, ACTIONS)
    for module in lifter.modules():
        if isinstance(module, BatchNorm):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.normal_(module.bias, std=0.1)
        if isinstance(module, PoseToText):
            module.query.weight.data *= sharp
    for name, parameter in lifter.named_parameters():
        if name.endswith(("gamma", "prompts", "embeddings")):
            nn.init.normal_(parameter, mean=float(name.endswith("gamma")), std=0.5)
    return lifter.eval()


def walk(n: int, seed: int = 0) -> torch.Tensor:
    """2D joints of three, on a random walk: smooth, but never at rest."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(n, 3, 2, generator=generator)
    return (0.3 * steps.cumsum(0) / max(1, n) ** 0.5 + 0.3 * steps).float()
