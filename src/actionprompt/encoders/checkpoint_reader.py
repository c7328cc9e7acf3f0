"""Reads other people's weight files: tensors come out, and nothing that the file says is executed."""

import zipfile
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import Bounded, check_archive, read_arrays
from actionprompt.formats.pickled import Inert, unpickle
from actionprompt.untrusted import said

SYSTEM = frozenset(
    ("ctypes", "importlib", "nt", "os", "posix", "pty", "runpy", "shutil", "socket", "subprocess", "sys")
)
"""Modules that no weights name."""
KINDS = {
    "BFloat16Storage": torch.bfloat16, "BoolStorage": torch.bool, "ByteStorage": torch.uint8,
    "CharStorage": torch.int8, "DoubleStorage": torch.float64, "FloatStorage": torch.float32,
    "HalfStorage": torch.float16, "IntStorage": torch.int32, "LongStorage": torch.int64, "ShortStorage": torch.int16,
}  # fmt: skip


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
    except _Refused as error:
        raise InputError(f"{path} is refused: it holds no weights, or code to run beside them ({error}).") from error
    except PermissionError as error:
        raise InputError(f"{path} may not be read: permission denied.") from error
    except Exception as error:  # whatever a parser makes of a foreign file
        raise InputError(
            f"{path} cannot be read as weights: it is not a whole .safetensors, .npz or PyTorch file ({said(error)})."
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
        found = read_arrays(path, lambda name: name.startswith("state/"))
        return {key.removeprefix("state/"): torch.from_numpy(value.copy()) for key, value in found.items()}
    return _archive(path) if zipfile.is_zipfile(path) else _stream(path)


class _Refused(ValueError):
    """A file that names what no weights need."""


def _archive(path: Path) -> Any:
    """What ``torch.save`` wrote: an archive of one pickle and a member for each storage."""
    with zipfile.ZipFile(path) as archive:
        check_archive(archive, path)
        record = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        folder, known = record.removesuffix("data.pkl"), dict[str, Tensor]()

        def storage(reference: Any) -> Tensor:
            _, kind, key, *_ = reference
            if key not in known:
                known[key] = _numbers(archive.read(f"{folder}data/{key}"), kind)
            return known[key]

        with archive.open(record) as file:
            return unpickle(Bounded(file, archive.getinfo(record).file_size), _find, storage)  # type: ignore[arg-type]


def _stream(path: Path) -> Any:
    """The form before PyTorch 1.6: five pickles (the fourth is the content), then the storages one after another."""
    kinds: dict[str, Any] = {}

    def note(reference: Any) -> Inert:
        _, kind, key, *_ = reference
        kinds[key] = kind
        return Inert()

    with path.open("rb") as opened:
        file: Any = Bounded(opened, path.stat().st_size)
        for _ in ("magic number", "protocol", "system"):
            unpickle(file, _find)
        content = opened.tell()
        unpickle(file, _find, note)
        storages = {str(key): _next_storage(file, kinds[key]) for key in unpickle(file, _find)}
        opened.seek(content)
        again: Any = Bounded(opened, path.stat().st_size - content)
        return unpickle(again, _find, lambda reference: storages[reference[2]])


def _next_storage(file: Bounded, kind: torch.dtype) -> Tensor:
    count = int.from_bytes(file.read(8), "little") * kind.itemsize
    if count > file.left:
        raise ValueError(f"{count} bytes are announced and {file.left} are there")
    return _numbers(file.read(count), kind)


def _numbers(content: bytes, kind: Any) -> Tensor:
    if not isinstance(kind, torch.dtype):
        raise ValueError("weights of an unknown type")
    return torch.frombuffer(bytearray(content), dtype=kind) if content else torch.empty(0, dtype=kind)


def _find(module: str, name: str) -> Any:
    """Of all names only those of tensors mean anything; what else a checkpoint names (numpy's random state) does not.

    Raises:
        _Refused: a name of the operating system.
    """
    if module.partition(".")[0] in SYSTEM:
        raise _Refused(f"{module}.{name}")
    known: dict[tuple[str, str], Callable[..., Any]] = {
        ("collections", "OrderedDict"): lambda *_: {},
        ("torch._utils", "_rebuild_tensor_v2"): _view,
        ("torch._utils", "_rebuild_parameter"): lambda value, *_: value,
    }
    if module == "torch" and name in KINDS:
        return KINDS[name]
    return known.get((module, name), Inert)


def _view(storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Any:
    """A tensor over some of a storage's numbers; no number is there twice, so that a copy takes no more than the file.

    Raises:
        ValueError: it is larger than its storage.
    """
    if isinstance(storage, Inert):
        return storage
    if prod(size) > storage.numel():
        raise ValueError(f"a tensor of shape {tuple(size)} over {storage.numel()} numbers")
    return torch.as_strided(storage, size, stride, offset)
