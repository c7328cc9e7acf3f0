"""The Action Prompt Module (paper, section II).

``recognise`` is ATP (or a plain classifier): which action does the shallow feature Z0 show? ``refine`` is APP: the
final feature Zd attends to the learned pose prompts of that action. The letters are the paper's; axis letters are in
:mod:`actionprompt.encoders.base`.
"""

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from actionprompt.errors import InputError
from actionprompt.model.app import APP, Selection
from actionprompt.model.atp import ATP, ActionClassifier


class APM(nn.Module):
    """ATP and APP on any encoder that gives Z0 (b f0 c0) and Zd (b *tokens c)."""

    def __init__(
        self,
        recogniser: ATP | ActionClassifier,
        pose_prompt: APP | None,
        selection: Selection,
        num_actions: int,
    ) -> None:
        """Joins the parts, which :meth:`actionprompt.model.config.APMCfg.build` makes.

        Args:
            recogniser: from Z0 to the classification vector y.
            pose_prompt: the refinement of Zd, or None.
            selection: whose prompts are used where the action is recognised.
            num_actions: K.
        """
        super().__init__()
        self.recogniser, self.pose_prompt = recogniser, pose_prompt
        self.selection, self.num_actions = selection, num_actions

    def recognise(self, z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b k"]:
        """The classification vector y, as logits: softmax gives the probabilities of Eq. 5."""
        y: Tensor = self.recogniser(z0)
        return y

    def choose(self, y: Float[Tensor, "*b k"], selection: Selection | None = None) -> Float[Tensor, "*b k"]:
        """The weights of the actions' prompts where actions are recognised (selection None: as the settings say)."""
        return (selection or self.selection).weights(y)

    def weights_of(self, action: Int[Tensor, "*b"], like: Float[Tensor, "..."]) -> Float[Tensor, "*b k"]:
        """The weights of known actions: 1 for each item's own, in the precision of ``like``, which has as many items.

        Raises:
            InputError: not one whole number an item, or (on the CPU) a number that is not an action's.
        """
        if not isinstance(action, Tensor):
            raise InputError(f"The actions are a {type(action).__name__}: a tensor of their numbers is needed.")
        if action.shape != like.shape[: action.ndim] or action.ndim < 1 or action.is_floating_point():
            raise InputError(
                f"APM needs one action, a whole number, for each of {like.shape[0]} items; "
                f"got {action.dtype} of shape {tuple(action.shape)}."
            )
        if (
            action.device.type == "cpu"
            and action.numel()
            and not bool(((action >= 0) & (action < self.num_actions)).all())
        ):
            raise InputError(f"Actions are numbered from 0 to {self.num_actions - 1}; got {action.tolist()}.")
        return F.one_hot(action.long(), self.num_actions).to(like.dtype)

    def refine(
        self, zd: Float[Tensor, "b *tokens c"], weights: Float[Tensor, "b k"], selection: Selection | None = None
    ) -> Float[Tensor, "b *tokens c"]:
        """Zd_bar with the prompts of the actions as they are weighted; Zd itself where there is no APP.

        Args:
            zd: the encoder's final features.
            weights: a weight for each item's every action, from ``selection.weights(y)`` or :meth:`weights_of`.
            selection: how the weights were chosen; None: as the model's settings say.
        """
        if self.pose_prompt is None:
            return zd
        refined: Tensor = self.pose_prompt(zd, weights, selection or self.selection)
        return refined
