"""The one reader of ``.npz`` files that hold pickled objects, as the field's data files do.

Nothing that such a file says is executed: of all that a pickle can name, only numpy's arrays, numbers and
types are known here, and even those are rebuilt by this file's own code.
"""

import math
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Shaped

from actionprompt.errors import InputError

T = TypeVar("T")
Array = Shaped[np.ndarray, "..."]

KINDS = "biufSU"
"""Plain numbers and texts; objects (``O``) are lists of what else is known."""


def read_npz(path: Path) -> dict[str, Any]:
    """Every entry of an ``.npz`` file: arrays, and the dicts, lists and texts around them.

    Raises:
        InputError: no such file, not an .npz file, a damaged one, or one that holds other objects.
    """
    return _explained(path, _archive)


def read_npy(path: Path) -> Any:
    """What an ``.npy`` file holds: an array, or the object in an array of no dimensions.

    Raises:
        InputError: as ``read_npz``.
    """
    return _explained(path, _single)


def read_pickle(path: Path) -> Any:
    """What a ``.pkl`` file holds: dicts, lists, texts, numbers and arrays; all else is refused, and nothing is run.

    Raises:
        InputError: as ``read_npz``.
    """
    return _explained(path, _pickled)


def _pickled(path: Path) -> Any:
    with path.open("rb") as file:
        return _resolve(_Reader(file, path).load())


def _archive(path: Path) -> dict[str, Any]:
    entries = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                with archive.open(name) as file:
                    entries[name.removesuffix(".npy")] = _entry(file, path)
    return entries


def _single(path: Path) -> Any:
    with path.open("rb") as file:
        return _entry(file, path)


def _explained(path: Path, read: Callable[[Path], T]) -> T:
    """Reads, and says what is wrong with a file in the user's words."""
    try:
        return read(path)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is not an .npz file, or it is cut off: copy or download it again.") from error
    except InputError:
        raise
    except Exception as error:  # whatever a damaged pickle makes of a parser
        raise InputError(f"{path} is damaged ({type(error).__name__}: {error}): get it again.") from error


def _entry(file: Any, path: Path) -> Any:
    """One array, or the object in an array of no dimensions."""
    version = np.lib.format.read_magic(file)
    v1, v2 = np.lib.format.read_array_header_1_0, np.lib.format.read_array_header_2_0
    shape, by_column, kind = v1(file) if version == (1, 0) else v2(file)
    if not kind.hasobject:
        flat = np.frombuffer(file.read(), kind, count=math.prod(shape))
        return flat.reshape(shape, order="F" if by_column else "C")
    content = _resolve(_Reader(file, path).load())
    return content.item() if isinstance(content, np.ndarray) and content.ndim == 0 else content


@dataclass
class _Type:
    """Stands for a numpy type; what the file says of it beyond name and byte order is ignored."""

    name: str
    order: str = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = str(state[1])

    def numpy(self) -> np.dtype[Any]:
        """The type."""
        plain: np.dtype[Any] = np.dtype(self.name)
        if plain.kind not in KINDS:
            raise ValueError(f"arrays of type {self.name}")
        return plain.newbyteorder(">") if self.order == ">" else plain


@dataclass
class _Array:
    """Stands for an array until all of the file is read."""

    state: tuple[Any, ...] = ()
    done: Array | None = field(default=None)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def numpy(self) -> Array:
        """The array, made once however often it occurs; numbers are views of the bytes that were read."""
        if self.done is None:
            _, shape, kind, by_column, data = self.state
            if kind.name.startswith("O"):
                self.done = np.empty(shape, dtype=object)
                self.done.ravel()[:] = [_resolve(value) for value in data]
            else:
                raw = data.encode("latin-1") if isinstance(data, str) else data
                flat = np.frombuffer(raw, kind.numpy())
                self.done = flat.reshape(shape, order="F" if by_column else "C")
        return self.done


def _resolve(value: Any) -> Any:
    """The value with arrays in place of what stood for them."""
    if isinstance(value, _Array):
        return value.numpy()
    if isinstance(value, dict):
        return {key: _resolve(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_resolve(item) for item in value)
    return value


def _reconstruct(kind: type, shape: tuple[int, ...], code: bytes) -> _Array:
    """What numpy's pickles call to begin an array, before they fill it."""
    return _Array()


def _frombuffer(data: bytes | bytearray, kind: _Type, shape: tuple[int, ...], order: str) -> _Array:
    """What numpy's pickles of protocol 5 call to make an array."""
    return _Array((1, shape, kind, order == "F", bytes(data)))


def _scalar(kind: _Type, data: bytes | str) -> Any:
    """What numpy's pickles call to make a number."""
    raw = data.encode("latin-1") if isinstance(data, str) else data
    return np.frombuffer(raw, kind.numpy())[0]


def _type(name: str, *_: Any) -> _Type:
    """What numpy's pickles call to begin a type."""
    return _Type(str(name))


def _encode(text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"encoding {encoding}")
    return text.encode("latin-1")


class _Reader(pickle.Unpickler):
    """Knows the six names that numpy's arrays need, under numpy 1's and numpy 2's module names."""

    def __init__(self, file: Any, path: Path) -> None:
        super().__init__(file, encoding="latin1")
        self.path = path

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a name.

        Raises:
            InputError: any other name.
        """
        known: dict[tuple[str, str], Any] = {
            ("numpy.multiarray", "_reconstruct"): _reconstruct,
            ("numpy.multiarray", "scalar"): _scalar,
            ("numpy.numeric", "_frombuffer"): _frombuffer,
            ("numpy", "ndarray"): _Array,
            ("numpy", "dtype"): _type,
            ("_codecs", "encode"): _encode,
        }
        key = module.replace("numpy._core", "numpy").replace("numpy.core", "numpy"), name
        if key not in known:
            raise InputError(
                f"{self.path} holds an object of {module}.{name} where only arrays belong: no data "
                "preparation made it, and it is not read."
            )
        return known[key]
