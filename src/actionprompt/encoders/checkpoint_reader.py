"""Reads other people's weight files: tensors come out, and nothing that the file says is executed."""

import pickletools
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from actionprompt.errors import InputError


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The weights of a network in a ``.safetensors``, ``.npz`` (``state/<key>``) or ``torch.save`` file.

    Of a training checkpoint, the network is what lies under ``model_pos`` (the baselines' authors save their
    epoch, optimiser and numpy random state beside it).

    Raises:
        InputError: no such file, not a weight file, weights of something else than a network, or a file that
            wants to run code.
    """
    if not path.is_file():
        raise InputError(f"There is no weight file {path}.")
    try:
        content = _read(path)
    except UnpicklingError as error:
        raise InputError(f"{path} is refused: it holds no weights, or code to run beside them.") from error
    except PermissionError as error:
        raise InputError(f"{path} may not be read: permission denied.") from error
    except Exception as error:  # whatever a parser makes of a foreign file
        raise InputError(
            f"{path} cannot be read as weights: it is not a whole .safetensors, .npz or PyTorch file."
        ) from error
    return network_of(content, str(path))


def network_of(content: object, where: str) -> dict[str, Tensor]:
    """The network's weights in a checkpoint's content, by key, without the ``module.`` of a wrapped network.

    Raises:
        InputError: there are none.
    """
    if isinstance(content, Mapping) and isinstance(content.get("model_pos"), Mapping):
        content = content["model_pos"]
    if not isinstance(content, Mapping) or not content or not all(isinstance(k, str) for k in content):
        raise InputError(f"{where} does not hold a network's weights by name, nor a checkpoint with `model_pos`.")
    if odd := [key for key, value in content.items() if not isinstance(value, Tensor)]:
        raise InputError(f"{where} has something other than weights under '{odd[0]}', and no `model_pos`.")
    wrapped = all(key.startswith("module.") for key in content)
    return {key.removeprefix("module.") if wrapped else key: value for key, value in content.items()}


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        return load_file(path)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return {k.removeprefix("state/"): torch.from_numpy(arrays[k]) for k in arrays if k.startswith("state/")}
    with torch.serialization.safe_globals(_stand_ins(path)):
        return torch.load(path, map_location="cpu", weights_only=True)


class Inert:
    """Stands for whatever else a checkpoint names (numpy's random state): takes everything, does nothing."""

    def __new__(cls, *_args: object, **_kwargs: object) -> "Inert":
        """An empty object."""
        return super().__new__(cls)

    def __init__(self, *_args: object, **_kwargs: object) -> None: ...

    def __setstate__(self, _state: object) -> None: ...


def _stand_ins(path: Path) -> list[Any]:
    """An inert class for each name in the file; torch's own types keep their meaning, ``os`` is refused."""
    with path.open("rb") as file:
        names = set(_names(file))
    return [type(name, (Inert,), {"__module__": module}) for module, name in sorted(names)]


def _names(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Module and name of all that the pickles of a ``torch.save`` file (an archive, or the old form) use."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            record = next(name for name in archive.namelist() if name.endswith("data.pkl"))
            with archive.open(record) as pickle:
                yield from _names_in_pickle(pickle)
        return
    file.seek(0)
    for _ in ("magic number", "protocol", "system", "content", "storage keys"):
        yield from _names_in_pickle(file)


def _names_in_pickle(file: Any) -> Iterator[tuple[str, str]]:
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name == "GLOBAL":
            assert isinstance(argument, str)
            module, _, name = argument.partition(" ")
            yield _renamed(module, name)


def _renamed(module: str, name: str) -> tuple[str, str]:
    """Python 3's names for Python 2's, as torch's reader sees them."""
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    return NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
