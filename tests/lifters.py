"""Small lifters with random weights that show every part: large gammas, peaked softmaxes, BN statistics."""

import torch
from hypothesis import strategies as st
from torch import nn

from actionprompt.encoders.config import MixSTECfg, VPoseCfg
from actionprompt.encoders.layers import BatchNorm
from actionprompt.model.atp import PoseToText
from actionprompt.model.config import (
    APMCfg,
    LearnedClassesCfg,
    LifterCfg,
    OneHotCfg,
    PoolCfg,
    PosePromptCfg,
    PoseToTextCfg,
    SoftCfg,
    TCNCfg,
    TextPromptCfg,
)
from actionprompt.model.lifter import Lifter
from actionprompt.skeleton import Skeleton

TRIPOD = Skeleton("tripod", ("root", "left", "right"), (-1, 0, 0), left=(1,), right=(2,))
ACTIONS = ("walk", "sit", "wave", "jump")


ATP = TextPromptCfg(LearnedClassesCfg(12), TCNCfg(1), PoseToTextCfg(heads=2, dim=8))
APP = PosePromptCfg(depth=1, dim=8, length=5, heads=2)
MIXSTE = MixSTECfg(frames=5, dim=8, depth=2, heads=2)


def config(widths=(3, 3, 3), apm=APMCfg(ATP, APP), **encoder) -> LifterCfg:
    return LifterCfg(VPoseCfg(widths, channels=8, **encoder), apm)


projectors = st.one_of(st.just(PoolCfg()), st.builds(TCNCfg, st.integers(1, 3)))
text_prompts = st.builds(
    lambda projector, p2t, dim, width: TextPromptCfg(LearnedClassesCfg(dim), projector, p2t, width=width),
    projectors,
    st.sampled_from([None, PoseToTextCfg(2, 8), PoseToTextCfg(1, 16)]),
    st.sampled_from([4, 12]),
    st.sampled_from([None, 3]),
)
SOFT = PosePromptCfg(depth=2, dim=4, length=3, heads=2, selection=SoftCfg())
pose_prompts = st.sampled_from([None, APP, PosePromptCfg(depth=2, dim=4, length=3, heads=1), SOFT])


@st.composite
def configs(draw) -> LifterCfg:
    widths = draw(st.sampled_from([(3, 3, 3), (3, 3), (5, 3), (3, 5), (1, 3, 3), (3, 1, 3), (7,), (1,), (5, 5)]))
    apm = APMCfg(
        draw(st.one_of(text_prompts, st.builds(OneHotCfg, projectors))),
        draw(pose_prompts),
        tap=draw(st.integers(1, len(widths))),
    )
    return config(widths, draw(st.sampled_from([None, apm, apm, apm])), causal=draw(st.booleans()))


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
