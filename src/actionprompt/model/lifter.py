"""A lifter: an encoder with or without APM; baking, saving and loading it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from jaxtyping import Float, Int
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from actionprompt.errors import InputError
from actionprompt.files import whole
from actionprompt.model.apm import APM, TextPrompt
from actionprompt.model.classes import bake_classes
from actionprompt.model.config import LifterCfg, TextPromptCfg
from actionprompt.serialise import from_data, to_data

__all__ = ["Lifted", "Lifter", "LifterCfg", "bake", "load", "save"]

FORMAT = "actionprompt-lifter-1"


class Lifted(NamedTuple):
    """What a lifter answers for a batch of windows."""

    pose: Float[Tensor, "b t j 3"]
    """Camera axes, root-relative, metres."""
    logits: Float[Tensor, "b k"] | None
    """The classification vector y; None without APM."""


class Lifter(nn.Module):
    """2D windows in, 3D poses and action logits out.

    ``actions`` names the classes; ``about`` holds facts that travel with the weights (skeleton, frame rate, training
    data) and is what other parts check a pairing against.
    """

    def __init__(
        self,
        cfg: LifterCfg,
        num_joints: int,
        actions: Sequence[str],
        about: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.cfg = cfg
        self.num_joints = num_joints
        self.actions = tuple(actions)
        self.about = dict(about or {})
        self.encoder = cfg.encoder.build(num_joints)
        self.apm = None
        self.tap = 1
        if cfg.apm is not None:
            if not 1 <= cfg.apm.tap <= self.encoder.num_taps:
                raise InputError(f"APM's tap must be 1 to {self.encoder.num_taps} for this encoder; got {cfg.apm.tap}.")
            self.tap = cfg.apm.tap
            self.apm = APM(cfg.apm, self.encoder.shallow_dim, self.encoder.final_dim, self.actions)

    def forward(self, x: Float[Tensor, "b f j i"], action: Int[Tensor, " b"] | None = None) -> Lifted:
        """Lifts windows of 2D joints on the normalised screen.

        Args:
            x: the windows.
            action: class indices, when they are known (training; Table VIII). None: the recognised action is used.
        """
        z0, zd = self.encoder.encode(x, self.tap)
        if self.apm is None:
            return Lifted(self.encoder.head(zd), None)
        y = self.apm.recognise(z0)
        chosen = self.apm.choose(y) if action is None else action
        return Lifted(self.encoder.head(self.apm.refine(zd, chosen)), y)

    @property
    def prompts(self) -> list[nn.Parameter]:
        """The learned prompts: text contexts or free class embeddings, and pose prompts."""
        return [p for name, p in self.named_parameters() if name.endswith((".contexts", ".embeddings", ".prompts"))]

    @property
    def text_source(self) -> str:
        """Where the class embeddings come from, for reports; empty without ATP."""
        recogniser = None if self.apm is None else self.apm.recogniser
        return recogniser.classes.source if isinstance(recogniser, TextPrompt) else ""


def bake(lifter: Lifter) -> Lifter:
    """A copy for inference whose class embeddings T are stored numbers: no text encoder, bit-equal answers.

    The paper: "the optimized text prompt embeddings of all the actions are saved locally".
    """
    cfg, state = lifter.cfg, lifter.state_dict()
    if lifter.apm is not None and isinstance(lifter.apm.recogniser, TextPrompt):
        assert cfg.apm is not None
        assert isinstance(cfg.apm.recogniser, TextPromptCfg)
        fixed_cfg, fixed = bake_classes(lifter.apm.recogniser.classes)
        cfg = replace(cfg, apm=replace(cfg.apm, recogniser=replace(cfg.apm.recogniser, classes=fixed_cfg)))
        prefix = "apm.recogniser.classes."
        state = {k: v for k, v in state.items() if not k.startswith(prefix)}
        state |= {prefix + k: v for k, v in fixed.state_dict().items()}
    baked = Lifter(cfg, lifter.num_joints, lifter.actions, lifter.about).to(next(lifter.parameters()))
    baked.load_state_dict(state)
    return baked.eval()


def save(lifter: Lifter, path: Path | str) -> None:
    """Writes weights and settings as one safetensors file, atomically. A text encoder's frozen weights stay out.

    Raises:
        InputError: the file cannot be written there.
    """
    path = Path(path)
    header = {
        "format": FORMAT,
        "settings": to_data(lifter.cfg),
        "num_joints": lifter.num_joints,
        "actions": list(lifter.actions),
        "about": lifter.about,
    }
    state = {k: v.detach().cpu().contiguous() for k, v in lifter.state_dict().items()}
    try:
        with whole(path) as part:
            save_file(state, part, {"actionprompt": json.dumps(header)})
    except (OSError, SafetensorError) as error:
        raise InputError(f"The model cannot be written to {path}: {error}.") from error


def load(path: Path | str) -> Lifter:
    """A lifter from its file, in evaluation mode, on the CPU; strict.

    Raises:
        InputError: no such file, not a lifter's file, or tensors that do not fit the stored settings.
    """
    path = Path(path)
    header, state = _read(path)
    try:
        settings, joints, actions = header["settings"], int(header["num_joints"]), list(header["actions"])
        lifter = Lifter(from_data(settings, LifterCfg, "settings"), joints, actions, dict(header["about"]))
        lifter.to(next(weight.dtype for weight in state.values() if weight.is_floating_point()))
        lifter.load_state_dict(state)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, ArithmeticError, RuntimeError, StopIteration) as error:
        what = " ".join(str(error).split())
        raise InputError(f"{path}: the weights do not fit the stored settings: {what}") from error
    if not all(value.isfinite().all() for value in state.values()):
        raise InputError(f"{path} holds weights that are not numbers: its training diverged, or the file is damaged.")
    return lifter.eval()


def _is_pickle(path: Path) -> bool:
    """Whether the file begins as ``torch.save`` begins, in its old or its new format."""
    with path.open("rb") as file:
        return file.read(2) in (b"PK", b"\x80\x02")


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A model file's header and tensors."""
    if not path.is_file():
        raise InputError(f"There is no model file {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError) as error:
        what = f"it is no safetensors file: {error}"
        if _is_pickle(path):
            what = "it is a PyTorch file (the baselines' checkpoints go into `actionprompt train --encoder-weights`)"
        raise InputError(f"{path} is not a model file of actionprompt; {what}.") from error
    if "actionprompt" not in metadata:
        raise InputError(f"{path} is a safetensors file without a lifter's settings: was it saved by another program?")
    try:
        header = dict(json.loads(metadata["actionprompt"]))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: the lifter's settings are damaged: {error}.") from error
    if header.get("format") != FORMAT:
        raise InputError(f"{path} has the format {header.get('format')}; this version reads {FORMAT}.")
    return header, state
