"""The one reader of ``.npz`` and ``.npy`` files, also of those that hold pickled objects, as the field's data files do.

Nothing that such a file says is executed: of all that a pickle can name, only numpy's arrays, numbers and types are
known here, and even those are rebuilt by this file's own code. What a file would take unpacked is known before memory
is spent on it, and entries that nobody asks for are not unpacked.
"""

import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from jaxtyping import Shaped

from actionprompt.errors import InputError
from actionprompt.formats.pickled import Budget, Unfinished, unpickle
from actionprompt.untrusted import said

T = TypeVar("T")
Array = Shaped[np.ndarray, "..."]

KINDS = "biufSU"
"""Plain numbers and texts; objects (``O``) are lists of what else is known."""
ALWAYS, RATIO = 2**28, 64
"""An archive may unpack to 256 MiB, or to 64 times its own size where that is more: motion shrinks to a half or so."""


def read_npz(path: Path, wanted: Callable[[str], bool] | None = None) -> dict[str, Any]:
    """Entries of an ``.npz`` file: arrays, and the dicts, lists and texts around them.

    Args:
        path: the file.
        wanted: whether an entry of a name is to be unpacked; None: all are.

    Raises:
        InputError: no such file, not an .npz file, a damaged one, one that holds other objects, or one that would
            unpack to a size that no such file has.
    """
    return _explained(path, lambda: _archive(path, wanted))


def read_npy(path: Path) -> Any:
    """What an ``.npy`` file holds: an array, or the object in an array of no dimensions.

    Raises:
        InputError: as ``read_npz``.
    """
    return _explained(path, lambda: _single(path))


def read_pickle(path: Path) -> Any:
    """What a ``.pkl`` file holds: dicts, lists, texts, numbers and arrays; all else is refused, and nothing is run.

    Raises:
        InputError: as ``read_npz``.
    """
    return _explained(path, lambda: _pickled(path))


def _pickled(path: Path) -> Any:
    with path.open("rb") as file:
        bounded = Bounded(file, path.stat().st_size)
        return unpickle(bounded, _Names(path, bounded.left).find)  # type: ignore[arg-type]


def read_arrays(path: Path, wanted: Callable[[str], bool] | None = None) -> dict[str, Array]:
    """Entries of an ``.npz`` file that holds plain arrays and nothing else.

    Raises:
        InputError: as ``read_npz``, or an entry that is not an array.
    """
    found = read_npz(path, wanted)
    if odd := [name for name, value in found.items() if not isinstance(value, np.ndarray)]:
        raise InputError(f"{path}: {odd[0]} is not an array of numbers or texts.")
    return found


def check_archive(archive: zipfile.ZipFile, path: Path, wanted: Callable[[str], bool] | None = None) -> None:
    """Refuses an archive whose members would take more memory than they can be worth.

    Args:
        archive: an open archive.
        path: its file.
        wanted: whether a member of a name will be unpacked; None: all will.

    Raises:
        InputError: it is larger unpacked than is allowed, or packed in a way that hides what it takes.
    """
    members = [info for info in archive.infolist() if wanted is None or wanted(info.filename)]
    size, most = sum(info.file_size for info in members), max(ALWAYS, RATIO * path.stat().st_size)
    if size > most:
        raise InputError(
            f"{path} is not read: it would unpack to {size / 1e6:,.0f} MB, and a file of its size may to "
            f"{most / 1e6:,.0f} MB."
        )
    if odd := [i for i in members if i.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)]:
        raise InputError(f"{path} is not read: {odd[0].filename} is packed otherwise than numpy does.")


class Bounded:
    """A file that gives no more than it has, whatever it is asked for."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self.left = file, size

    def read(self, count: int = -1) -> bytes:
        """The next bytes."""
        content = self._file.read(self.left if count < 0 else min(count, self.left))
        self.left -= len(content)
        return content

    def readline(self) -> bytes:
        """The next bytes up to a line's end."""
        line = self._file.readline(self.left)
        self.left -= len(line)
        return line


def _archive(path: Path, wanted: Callable[[str], bool] | None) -> dict[str, Any]:
    entries = {}
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        names = [name for name in names if wanted is None or wanted(name.removesuffix(".npy"))]
        check_archive(archive, path, set(names).__contains__)
        for name in names:
            size = archive.getinfo(name).file_size
            with archive.open(name) as file:
                entries[name.removesuffix(".npy")] = _entry(Bounded(file, size), path)
    return entries


def _single(path: Path) -> Any:
    with path.open("rb") as file:
        return _entry(Bounded(file, path.stat().st_size), path)


def _explained(path: Path, read: Callable[[], T]) -> T:
    """Reads, and says what is wrong with a file in the user's words."""
    try:
        return read()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is not an .npz file, or it is cut off: copy or download it again.") from error
    except InputError:
        raise
    except Exception as error:  # whatever a damaged file makes of a parser
        raise InputError(f"{path} is damaged ({type(error).__name__}: {said(error)}): get it again.") from error


def _entry(file: Bounded, path: Path) -> Any:
    """One array, or the object in an array of no dimensions."""
    shape, by_column, kind = _header(file)
    if not kind.hasobject:
        if kind.kind not in KINDS:
            raise ValueError(f"arrays of type {kind}")
        if (size := math.prod(shape) * kind.itemsize) > file.left:
            raise ValueError(f"{size} bytes are announced and {file.left} are there")
        flat = np.frombuffer(file.read(), kind, count=math.prod(shape))
        return flat.reshape(shape, order="F" if by_column else "C")
    content = unpickle(file, _Names(path, file.left).find)  # type: ignore[arg-type]
    return content.item() if isinstance(content, np.ndarray) and content.ndim == 0 else content


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type."""
    version = np.lib.format.read_magic(file)
    v1, v2 = np.lib.format.read_array_header_1_0, np.lib.format.read_array_header_2_0
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = v1(file) if version == (1, 0) else v2(file)
    return header


@dataclass
class _Type(Unfinished):
    """Stands for a numpy type; what the file says of it beyond name and byte order is ignored."""

    name: str
    order: str = "<"

    def build(self, state: Any) -> "_Type":
        """The type with its byte order."""
        self.order = str(state[1])
        return self

    def numpy(self) -> np.dtype[Any]:
        """The type."""
        plain: np.dtype[Any] = np.dtype(self.name)
        if plain.kind not in KINDS:
            raise ValueError(f"arrays of type {self.name}")
        return plain.newbyteorder(">") if self.order == ">" else plain


class _Names:
    """The six names that numpy's arrays need, under numpy 1's and numpy 2's module names."""

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.budget = path, Budget(4 * size + 2**20)

    def find(self, module: str, name: str) -> Any:
        """The stand-in for a name.

        Raises:
            InputError: any other name.
        """
        known: dict[tuple[str, str], Any] = {
            ("numpy.multiarray", "_reconstruct"): lambda *_: _Array(self),
            ("numpy.multiarray", "scalar"): self.scalar,
            ("numpy.numeric", "_frombuffer"): self.frombuffer,
            ("numpy", "ndarray"): lambda *_: _Array(self),
            ("numpy", "dtype"): lambda name, *_: _Type(str(name)),
            ("_codecs", "encode"): self.encode,
        }
        key = module.replace("numpy._core", "numpy").replace("numpy.core", "numpy"), name
        if key not in known:
            raise InputError(
                f"{self.path} holds an object of {module}.{name} where only arrays belong: no data "
                "preparation made it, and it is not read."
            )
        return known[key]

    def array(self, shape: tuple[int, ...], kind: Any, by_column: Any, data: Any) -> Array:
        """An array; numbers are views of the bytes that were read."""
        if kind.name.startswith("O"):
            return self._objects(tuple(shape), list(data))
        flat = np.frombuffer(self._raw(data), kind.numpy())
        return flat.reshape(shape, order="F" if by_column else "C")

    def frombuffer(self, data: Any, kind: Any, shape: tuple[int, ...], order: str) -> Array:
        """What numpy's pickles of protocol 5 call to make an array."""
        return self.array(shape, kind, order == "F", data)

    def scalar(self, kind: Any, data: Any) -> Any:
        """What numpy's pickles call to make a number."""
        return np.frombuffer(self._raw(data), kind.numpy())[0]

    def encode(self, text: str, encoding: str) -> bytes:
        """How protocol 2 writes bytes."""
        if encoding not in ("latin1", "latin-1"):
            raise ValueError(f"encoding {encoding}")
        return self._raw(text)

    def _objects(self, shape: tuple[int, ...], data: list[Any]) -> Array:
        self.budget.spend(8 * len(data))
        if math.prod(shape) != len(data):
            raise ValueError(f"an array of shape {shape} with {len(data)} entries")
        made = np.empty(len(data), dtype=object)
        for i, value in enumerate(data):  # one by one: numpy would look into lists
            made[i] = value
        return made.reshape(shape)

    def _raw(self, data: Any) -> bytes:
        if isinstance(data, str):
            self.budget.spend(len(data))
            return data.encode("latin-1")
        if not isinstance(data, bytes | bytearray):
            raise ValueError(f"numbers in a {type(data).__name__}")
        return bytes(data)


class _Array(Unfinished):
    """Stands for an array until it is filled."""

    def __init__(self, names: _Names) -> None:
        self._names = names

    def build(self, state: Any) -> Array:
        """The array."""
        _, shape, kind, by_column, data = state
        return self._names.array(shape, kind, by_column, data)
