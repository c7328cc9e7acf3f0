"""Where a training run's weights begin, if not at random: with those of its network's authors, or of another run."""

from pathlib import Path

from actionprompt.encoders.base import Encoder
from actionprompt.encoders.published_weights import layout_of, load_authors
from actionprompt.errors import InputError
from actionprompt.model.files import load
from actionprompt.model.lifter import Lifter
from actionprompt.training.run_folder import RunFolder


def model_file(path: Path) -> Path:
    """The model of a run's folder, or the file itself."""
    return RunFolder(path).model if path.is_dir() else path


def load_encoder(encoder: Encoder, path: Path, start: bool = True) -> str:
    """Gives an encoder the weights of its authors' checkpoint, or of a lifter of ours with the same encoder.

    Args:
        encoder: the network; it stays as it is where ``start`` is False.
        path: the file, or a run's folder.
        start: whether the run begins; if it goes on, the file is not needed any more.

    Returns:
        Where they are from, for reports.

    Raises:
        InputError: no such file, or one of another network.
    """
    if path.is_dir() or _is_ours(path):
        if start:
            _copy(load(model_file(path)).encoder, encoder, f"The encoder of {path}")
        return f"from {path.name}"
    if start:
        load_authors(encoder, path)
    return f"from {path.name}, in the layout of {layout_of(encoder).name}"


def load_weights(lifter: Lifter, path: Path) -> None:
    """Gives a lifter all weights of another one; text encoders stay, contexts start over where those are baked.

    Raises:
        InputError: no such file, another architecture, or other actions.
    """
    other = load(model_file(path))
    if other.actions != lifter.actions and lifter.apm is not None:
        raise InputError(f"{path} knows the actions {', '.join(other.actions)}, not {', '.join(lifter.actions)}.")
    _copy(other, lifter, str(path), spared="apm.recogniser.classes.")


def _is_ours(path: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    if path.suffix != ".safetensors" or not path.is_file():
        return False
    try:
        with safe_open(path, framework="pt") as file:
            return "actionprompt" in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _copy(source: Encoder | Lifter, target: Encoder | Lifter, where: str, spared: str = "") -> None:
    """Copies all tensors, but those below ``spared``, which one of them may have in another form."""
    theirs, ours = source.state_dict(), target.state_dict()
    if spared:
        theirs, ours = ({k: v for k, v in state.items() if not k.startswith(spared)} for state in (theirs, ours))
    odd = sorted({k for k in {*theirs, *ours} if k not in theirs or k not in ours or theirs[k].shape != ours[k].shape})
    if odd:
        here = f"shape {tuple(theirs[odd[0]].shape)}" if odd[0] in theirs else "nothing"
        need = f"shape {tuple(ours[odd[0]].shape)}" if odd[0] in ours else "no such weights"
        raise InputError(f"{where} does not fit this model: at '{odd[0]}' it has {here}, and this model has {need}.")
    target.load_state_dict({**target.state_dict(), **theirs})
