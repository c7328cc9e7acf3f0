"""The Action Prompt Module (paper, section II).

``recognise`` is ATP (or a plain classifier): which action does the shallow feature Z0 show? ``refine`` is APP: the
final feature Zd attends to the learned pose prompts of that action. The letters are the paper's; axis letters are in
:mod:`actionprompt.encoders.base`.
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.errors import InputError
from actionprompt.model.app import Action, PosePrompt, PromptDecoder, attend_all, attend_chosen
from actionprompt.model.atp import ActionProjector, OneHot, PoseToText, TextPrompt
from actionprompt.model.config import (
    APMCfg,
    FixedClassesCfg,
    LearnedClassesCfg,
    OneHotCfg,
    PoolCfg,
    PosePromptCfg,
    PoseToTextCfg,
    TCNCfg,
    TextClassesCfg,
    TextPromptCfg,
)

__all__ = [
    "APM",
    "APMCfg",
    "ActionProjector",
    "FixedClassesCfg",
    "LearnedClassesCfg",
    "OneHot",
    "OneHotCfg",
    "PoolCfg",
    "PosePrompt",
    "PosePromptCfg",
    "PoseToText",
    "PoseToTextCfg",
    "PromptDecoder",
    "TCNCfg",
    "TextClassesCfg",
    "TextPrompt",
    "TextPromptCfg",
    "attend_all",
    "attend_chosen",
]


class APM(nn.Module):
    """ATP and APP on any encoder that gives Z0 (b f0 c0) and Zd (b *tokens c)."""

    def __init__(self, cfg: APMCfg, shallow_dim: int, final_dim: int, actions: Sequence[str]) -> None:
        super().__init__()
        if len(set(actions)) != len(actions) or len(actions) < 2:
            raise InputError(f"APM needs at least two different actions to tell apart; got {list(actions)}.")
        recogniser = OneHot if isinstance(cfg.recogniser, OneHotCfg) else TextPrompt
        self.recogniser: nn.Module = recogniser(cfg.recogniser, shallow_dim, actions)  # type: ignore[arg-type]
        app = cfg.pose_prompt
        self.pose_prompt = None if app is None else PosePrompt(app, final_dim, len(actions))
        self.soft = app is not None and app.selection == "soft"

    def recognise(self, z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b k"]:
        """The classification vector y, as logits: softmax gives the probabilities of Eq. 5."""
        y: Tensor = self.recogniser(z0)
        return y

    def choose(self, y: Float[Tensor, "*b k"]) -> Action:
        """What ``refine`` is to use of a classification vector: the likeliest action, or the probabilities of all."""
        return y.softmax(-1) if self.soft else y.argmax(-1)

    def refine(self, zd: Float[Tensor, "b *tokens c"], action: Action) -> Float[Tensor, "b *tokens c"]:
        """Zd_bar for each item's action, or for all as probable as they are; Zd itself where there is no APP."""
        if self.pose_prompt is None:
            return zd
        refined: Tensor = self.pose_prompt(zd, action)
        return refined
