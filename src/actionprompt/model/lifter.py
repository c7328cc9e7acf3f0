"""A lifter: an encoder with or without APM."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from actionprompt.encoders.base import Encoder
from actionprompt.errors import InputError
from actionprompt.model.apm import APM
from actionprompt.model.app import Selection
from actionprompt.model.atp import ATP
from actionprompt.model.forward import ForwardPass

BEYOND = 50.0
"""No joint on the normalised screen is so far off, in half widths of the picture."""


class Lifted(NamedTuple):
    """What a lifter answers for a batch of windows."""

    pose: Float[Tensor, "b t j 3"]
    """Camera axes, root-relative, metres."""
    logits: Float[Tensor, "b k"] | None
    """The classification vector y; None without APM."""


class Lifter(nn.Module):
    """2D windows in, 3D poses and action logits out.

    ``actions`` names the classes; ``metadata`` holds facts that travel with the weights (skeleton, frame rate, training
    data) and is what other parts check a pairing against. The methods beside ``forward`` are the parts of
    :class:`actionprompt.model.forward.ForwardPass`.
    """

    def __init__(
        self,
        cfg: Any,
        encoder: Encoder,
        apm: APM | None,
        tap: int,
        num_joints: int,
        actions: Sequence[str],
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Joins the parts, which :meth:`actionprompt.model.config.LifterCfg.build` makes.

        Args:
            cfg: the settings that built them, for saving.
            encoder: the pose encoder.
            apm: the Action Prompt Module, or None.
            tap: the encoder's layer that gives Z0.
            num_joints: joints of a pose.
            actions: the class names.
            metadata: facts that travel with the weights.
        """
        super().__init__()
        self.cfg, self.tap, self.num_joints = cfg, tap, num_joints
        self.actions, self.metadata = tuple(actions), dict(metadata or {})
        self.encoder, self.apm = encoder, apm

    def forward(
        self,
        x: Float[Tensor, "b f j i"],
        action: Int[Tensor, " b"] | None = None,
        selection: Selection | None = None,
    ) -> Lifted:
        """Lifts windows of 2D joints on the normalised screen.

        Args:
            x: the windows.
            action: class indices, when they are known (training; Table VIII). None: the recognised action is used.
            selection: whose prompts are used where the action is recognised; None: as the settings say.
        """
        self.check(x)
        answer = ForwardPass(self, x, selection=selection)
        weights = None if action is None or self.apm is None else self.apm.weights_of(action, x)
        return Lifted(answer.pose(weights), answer.logits)

    def check(self, x: Float[Tensor, "b f j i"]) -> None:
        """Stops what is not a batch of windows for this model.

        Raises:
            InputError: no tensor, other axes, joints or channels, too few frames, another precision, or (in use, on the
                CPU) what :func:`check_screen` says.
        """
        if not isinstance(x, Tensor):
            raise InputError(f"The windows are a {type(x).__name__}: torch.as_tensor makes the tensor of it.")
        window = self.encoder.window
        if x.ndim != 4 or tuple(x.shape[2:]) != (self.num_joints, window.channels) or x.shape[1] < window.frames:
            raise InputError(
                f"The model lifts windows of shape (windows, {window.frames} frames, {self.num_joints}, "
                f"{window.channels}); got {tuple(x.shape)}."
            )
        precision = next(self.parameters()).dtype
        if x.dtype != precision and not torch.is_autocast_enabled(x.device.type):
            raise InputError(f"The windows are {x.dtype} and the model is {precision}: x.to({precision}).")
        if not (self.training or x.is_cuda or torch.compiler.is_compiling()):
            check_screen(x)

    def encode(
        self, views: Float[Tensor, "v b f j i"]
    ) -> tuple[Float[Tensor, "v b f0 c0"], Float[Tensor, "v b *tokens c"]]:
        """Z0 and Zd of every view's windows."""
        z0, zd = self.encoder.encode(views.flatten(0, 1), self.tap)
        return z0.unflatten(0, views.shape[:2]), zd.unflatten(0, views.shape[:2])

    def recognise(self, z0: Float[Tensor, "v b f0 c0"]) -> Float[Tensor, "v b k"] | None:
        """The classification vector y; None without APM."""
        return None if self.apm is None else self.apm.recognise(z0.flatten(0, 1)).unflatten(0, z0.shape[:2])

    def choose(self, y: Float[Tensor, "b k"], selection: Selection | None) -> Float[Tensor, "b k"]:
        """The weights of the actions' prompts."""
        assert self.apm is not None
        return self.apm.choose(y, selection)

    def refine(
        self, zd: Float[Tensor, "v b *tokens c"], weights: Float[Tensor, "b k"], selection: Selection | None
    ) -> Float[Tensor, "v b *tokens c"]:
        """Zd_bar."""
        assert self.apm is not None
        refined = self.apm.refine(zd.flatten(0, 1), weights.repeat(zd.shape[0], 1), selection)
        return refined.unflatten(0, zd.shape[:2])

    def head(self, zd: Float[Tensor, "v b *tokens c"]) -> Float[Tensor, "v b t j 3"]:
        """The poses Y."""
        return self.encoder.head(zd.flatten(0, 1)).unflatten(0, zd.shape[:2])

    @property
    def prompts(self) -> list[nn.Parameter]:
        """The learned prompts: text contexts or free class embeddings, and pose prompts."""
        return [p for name, p in self.named_parameters() if name.endswith((".contexts", ".embeddings", ".prompts"))]

    @property
    def text_source(self) -> str:
        """Where the class embeddings come from, for reports; empty without ATP."""
        recogniser = None if self.apm is None else self.apm.recogniser
        return recogniser.classes.source if isinstance(recogniser, ATP) else ""


def check_screen(x: Float[Tensor, "*b j i"]) -> None:
    """Tells pixels from coordinates on the normalised screen.

    Raises:
        InputError: they are pixels, or not numbers.
    """
    if not bool(x.isfinite().all()):
        raise InputError("The 2D joints hold NaN or infinite coordinates: interpolate missing detections first.")
    if x.numel() and (farthest := float(x[..., :2].abs().amax())) > BEYOND:
        raise InputError(
            f"The 2D joints reach {farthest:.0f}: are they pixels? The normalised screen is -1 to 1 wide "
            "(camera.normalise_screen)."
        )


def model_rate(lifter: Lifter) -> float:
    """Frames per second of the motion that a model was trained on."""
    return float(lifter.metadata.get("fps", "50"))
