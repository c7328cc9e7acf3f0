"""Lifters on disk: baking, saving and loading."""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from actionprompt.encoders.config import NetworkCfg
from actionprompt.encoders.network import check_made_again
from actionprompt.errors import InputError
from actionprompt.files import whole
from actionprompt.model.atp import ATP
from actionprompt.model.classes import bake_classes
from actionprompt.model.config import FixedClassesCfg, LifterCfg, TextPromptCfg
from actionprompt.model.lifter import Lifter
from actionprompt.serialise import from_data, to_data
from actionprompt.trust import trusting

FORMAT = "actionprompt-lifter-1"


def bake(lifter: Lifter) -> Lifter:
    """A copy for inference whose class embeddings T are stored numbers: no text encoder, bit-equal answers.

    The paper: "the optimized text prompt embeddings of all the actions are saved locally".
    """
    cfg, state = lifter.cfg, lifter.state_dict()
    if lifter.apm is not None and isinstance(lifter.apm.recogniser, ATP):
        assert isinstance(cfg, LifterCfg)
        assert cfg.apm is not None
        assert isinstance(cfg.apm.recogniser, TextPromptCfg)
        fixed = bake_classes(lifter.apm.recogniser.classes)
        fixed_cfg = FixedClassesCfg(dim=fixed.dim, source=fixed.source)
        cfg = replace(cfg, apm=replace(cfg.apm, recogniser=replace(cfg.apm.recogniser, classes=fixed_cfg)))
        prefix = "apm.recogniser.classes."
        state = {k: v for k, v in state.items() if not k.startswith(prefix)}
        state |= {prefix + k: v for k, v in fixed.state_dict().items()}
    baked = cfg.around(deepcopy(lifter.encoder), lifter.actions, lifter.metadata).to(next(lifter.parameters()))
    baked.load_state_dict(state)
    return baked.eval()


def save(lifter: Lifter, path: Path | str) -> None:
    """Writes weights and settings as one safetensors file, atomically. A text encoder's frozen weights stay out.

    Raises:
        InputError: the file cannot be written there, or holds a network that could not be made again.
    """
    path = Path(path)
    if isinstance(lifter.cfg.encoder, NetworkCfg):
        check_made_again(lifter.encoder, lifter.cfg.encoder)
    header = {
        "format": FORMAT,
        "settings": to_data(lifter.cfg),
        "num_joints": lifter.num_joints,
        "actions": list(lifter.actions),
        "metadata": lifter.metadata,
    }
    state = {k: v.detach().cpu().contiguous() for k, v in lifter.state_dict().items()}
    try:
        with whole(path) as part:
            save_file(state, part, {"actionprompt": json.dumps(header)})
    except (OSError, SafetensorError) as error:
        raise InputError(f"The model cannot be written to {path}: {error}.") from error


def load(path: Path | str, *, trust: Sequence[str] = ()) -> Lifter:
    """A lifter from its file, in evaluation mode, on the CPU; strict.

    Args:
        path: the file.
        trust: packages whose classes the file may name: a network that is not of this package is imported from there.

    Raises:
        InputError: no such file, not a lifter's file, tensors that do not fit the stored settings, or a network of a
            package that is not trusted.
    """
    with trusting(*trust):
        return _load(path)


def _load(path: Path | str) -> Lifter:
    path = Path(path)
    header, state = _read(path)
    try:
        settings, joints, actions = header["settings"], int(header["num_joints"]), list(header["actions"])
        lifter = from_data(settings, LifterCfg, "settings").build(joints, actions, metadata_of(header))
        lifter.to(next(weight.dtype for weight in state.values() if weight.is_floating_point()))
        lifter.load_state_dict({_present_name(key): value for key, value in state.items()})
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, ArithmeticError, RuntimeError, StopIteration) as error:
        what = " ".join(str(error).split())
        raise InputError(f"{path}: the weights do not fit the stored settings: {what}") from error
    if not all(value.isfinite().all() for value in state.values()):
        raise InputError(f"{path} holds weights that are not numbers: its training diverged, or the file is damaged.")
    return lifter.eval()


def metadata_of(header: Mapping[str, Any]) -> dict[str, str]:
    """The facts in a model file's header; files of version 0.1.0 call them ``about``."""
    return dict(header["metadata"] if "metadata" in header else header["about"])


def _present_name(key: str) -> str:
    """A weight's name; in files of version 0.1.0 the decoder's stand beside the prompts and not in it."""
    prefix, found, rest = key.partition("apm.pose_prompt.")
    decoder = found and rest.partition(".")[0] in ("down", "layers", "up")
    return f"{prefix}{found}trans_decoder.{rest}" if decoder else key


def _is_pickle(path: Path) -> bool:
    """Whether the file begins as ``torch.save`` begins, in its old or its new format."""
    with path.open("rb") as file:
        return file.read(2) in (b"PK", b"\x80\x02")


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A model file's header and tensors."""
    if not path.is_file():
        known = "" if path.suffix else " (models by name and runs' folders: actionprompt.hub.shipped.open_lifter)"
        raise InputError(f"There is no model file {path}{known}.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError) as error:
        what = f"it is not a safetensors file: {error}"
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
