"""Parameters of a model at the paper's own size, counted without training or storing it."""

from dataclasses import replace

from actionprompt.model.config import FixedClassesCfg, LifterCfg, TextPromptCfg

JOINTS, ACTIONS = 17, 15
"""Human3.6M's."""


def count(cfg: LifterCfg, joints: int = JOINTS, actions: int = ACTIONS) -> int:
    """Trainable numbers of the finished model: the class embeddings are stored, the text encoder is gone."""
    import torch

    if cfg.apm is not None and isinstance(cfg.apm.recogniser, TextPromptCfg):
        stored = replace(cfg.apm.recogniser, classes=FixedClassesCfg())  # as wide as CLIP's
        cfg = replace(cfg, apm=replace(cfg.apm, recogniser=stored))
    with torch.device("meta"):
        lifter = cfg.build(joints, [str(k) for k in range(actions)])
    return sum(parameter.numel() for parameter in lifter.parameters())
