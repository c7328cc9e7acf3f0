"""Lifters on disk: baking, saving and loading."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor

from actionprompt.encoders.config import NetworkCfg
from actionprompt.encoders.network import check_made_again
from actionprompt.errors import InputError
from actionprompt.files import unwritable, whole
from actionprompt.model.atp import ATP
from actionprompt.model.check import check_baked, check_sizes, check_weights, check_window, needs_text
from actionprompt.model.classes import bake_classes
from actionprompt.model.config import FixedClassesCfg, LifterCfg, TextPromptCfg
from actionprompt.model.lifter import Lifter
from actionprompt.serialise import from_data, to_data
from actionprompt.tensors import Damaged, read_tensors, write_tensors
from actionprompt.trust import trusting
from actionprompt.untrusted import said

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
    try:
        with whole(path, durable=True) as part:
            write_tensors(part, lifter.state_dict(), "actionprompt", header)
    except (OSError, SafetensorError) as error:
        raise unwritable("The model", path, error) from error


def load(path: Path | str, *, trust: Sequence[str] = (), text_encoder: bool = False) -> Lifter:
    """A lifter from its file, in evaluation mode, on the CPU; strict.

    Args:
        path: the file.
        trust: packages whose classes the file may name: a network that is not of this package is imported from there.
        text_encoder: whether a lifter that is not baked may load the text encoder that its file names, from this
            machine or the network.

    Raises:
        InputError: no such file, not a lifter's file, tensors that do not fit the stored settings, a network of a
            package that is not trusted, or a lifter that needs a text encoder.
    """
    with trusting(*trust):
        return _load(path, text_encoder)


def _load(path: Path | str, text_encoder: bool) -> Lifter:
    path = Path(path)
    header, state = _read(path)
    try:
        settings, joints, actions = header["settings"], int(header["num_joints"]), [*map(str, header["actions"])]
        check_sizes(settings)
        cfg, metadata = from_data(settings, LifterCfg, "settings"), metadata_of(header)
        named = {_present_name(key): value for key, value in state.items()}
        check_window(cfg)
        if not text_encoder:
            check_baked(cfg)
        if not needs_text(cfg) and not isinstance(cfg.encoder, NetworkCfg):
            check_weights(lambda: cfg.build(joints, actions, metadata), named)
        lifter = cfg.build(joints, actions, metadata)
        lifter.to(next(weight.dtype for weight in state.values() if weight.is_floating_point()))
        lifter.load_state_dict(named)
        finite = all(value.isfinite().all() for value in state.values())
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (LookupError, TypeError, ValueError, ArithmeticError, RuntimeError, StopIteration, AssertionError) as error:
        raise InputError(f"{path}: the weights do not fit the stored settings: {said(error)}.") from error
    if not finite:
        raise InputError(f"{path} holds weights that are not numbers: its training diverged, or the file is damaged.")
    return lifter.eval()


def metadata_of(header: Mapping[str, Any]) -> dict[str, str]:
    """The facts in a model file's header; files of version 0.1.0 call them ``about``."""
    found = dict(header["metadata"] if "metadata" in header else header["about"])
    return {str(name): str(value) for name, value in found.items()}


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
        header, state = read_tensors(path, "actionprompt")
    except Damaged as error:
        raise InputError(f"{path} is damaged: {error}; get it again.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: the lifter's settings are damaged: {said(error)}.") from error
    except (SafetensorError, OSError) as error:
        what = f"it is not a safetensors file: {error}"
        if _is_pickle(path):
            what = "it is a PyTorch file (the baselines' checkpoints go into `actionprompt train --encoder-weights`)"
        raise InputError(f"{path} is not a model file of actionprompt; {what}.") from error
    if header is None:
        raise InputError(f"{path} is a safetensors file without a lifter's settings: was it saved by another program?")
    if header.get("format") != FORMAT:
        raise InputError(f"{path} has the format {header.get('format')}; this version reads {FORMAT}.")
    return header, state
