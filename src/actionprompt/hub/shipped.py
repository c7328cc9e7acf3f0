"""Trained lifters by name: those that come with the package, and any other by its file or its run's folder."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from actionprompt.errors import InputError, unknown
from actionprompt.training.run_folder import RunFolder

if TYPE_CHECKING:
    from actionprompt.model.lifter import Lifter

DEFAULT = "vpose+apm"
"""What ``lift`` and ``demo`` use where no model is named."""


class Shipped(NamedTuple):
    """A lifter inside the package; its model card is docs/models.md."""

    file: Path
    metadata: Mapping[str, str]
    """What it was trained on and how, as stored in the file."""
    actions: tuple[str, ...]
    settings: Mapping[str, Any]


def shipped() -> dict[str, Shipped]:
    """The lifters that come with the package, by name; their headers are read, not their weights."""
    folder = Path(str(files("actionprompt") / "hub" / "weights"))
    return {file.stem: _look(file) for file in sorted(folder.glob("*.safetensors"))}


def find(name: str) -> Path:
    """The file of a lifter.

    Args:
        name: a shipped lifter's name, a model file, or a run's folder.

    Raises:
        InputError: none of them.
    """
    known = shipped()
    if name in known:
        return known[name].file
    path = Path(name)
    if path.is_dir():
        model = RunFolder(path).model
        if not model.exists():
            raise InputError(f"{path} holds no trained model: there is no {model.name} in it.")
        return model
    if path.exists():
        return path
    if path.suffix or len(path.parts) > 1:
        raise InputError(f"There is no model file {name}; models that come with the package: {', '.join(known)}.")
    raise unknown("model", name, known)


def open_lifter(name: str) -> "Lifter":
    """The lifter of that name or file, or that of a published checkpoint (.bin, .pth, .pt, .npz).

    Raises:
        InputError: as :func:`find`, or a file that is none.
    """
    from actionprompt.model.files import load
    from actionprompt.model.published import is_published, load_published

    path = find(name)
    return load_published(path) if is_published(path) else load(path)


def _look(file: Path) -> Shipped:
    """The header of a safetensors file: eight bytes of length, then JSON."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(json.loads(stream.read(length))["__metadata__"]["actionprompt"])
    facts = header["metadata" if "metadata" in header else "about"]
    return Shipped(file, facts, tuple(header["actions"]), header["settings"])
