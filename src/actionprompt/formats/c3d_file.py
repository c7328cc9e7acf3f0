"""C3D files as they lie on disk: parameters and numbers, of Intel, DEC and MIPS machines (C3D user guide, 2008).

Everything is measured against the file's length before it is read, so that a damaged file costs a sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError

BLOCK = 512
PROCESSORS = {84: "<", 85: "vax", 86: ">"}
"""Byte orders by the fourth byte of the parameter section; DEC machines have floating point numbers of their own."""
MOST_FRAMES = 2**16 - 1
"""The header's frame numbers cannot be larger: longer recordings say so in TRIAL or by the file's length."""

Parameters = Mapping[str, "list[str] | list[float]"]
"""Values by ``GROUP:NAME``: texts, or numbers in the order of the file."""


@dataclass(frozen=True)
class C3DFile:
    """What a file holds."""

    parameters: Parameters
    rate: float
    """Frames a second."""
    points: Float[np.ndarray, "n p 4"]
    """x, y, z in the file's unit, and the residual: negative where a point was lost."""
    rotations: Float[np.ndarray, "m r 4 4"]
    """Rigid bodies' poses; r = 0 where the file has none."""


def read_file(path: Path) -> C3DFile:
    """Reads a file.

    Raises:
        InputError: no such file, not a C3D file, or one that is damaged or cut off.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}; check the file and its permissions.") from error
    if len(content) < 2 * BLOCK or content[1] != 0x50 or not content[0]:
        raise InputError(f"{path} is not a C3D file that can be read (its first bytes are others).")
    start = (content[0] - 1) * BLOCK
    section = content[start:]
    if len(section) < 4 or section[3] not in PROCESSORS:
        raise InputError(f"{path} is not a C3D file that can be read (its parameters are not where it says).")
    numbers = Numbers(content, PROCESSORS[section[3]])
    try:
        parameters = _parameters(numbers, start + 4, start + max(section[2], 1) * BLOCK)
        return _data(numbers, parameters, path)
    except InputError:  # which is a ValueError
        raise
    except (ValueError, LookupError, OverflowError) as error:
        raise InputError(f"{path} is not a C3D file that can be read ({error}).") from error


@dataclass(frozen=True)
class Numbers:
    """Reads numbers out of a file's bytes."""

    content: bytes
    order: str
    """``<``, ``>`` or ``vax``."""

    def integers(self, at: int, count: int, bytes_each: int = 2, signed: bool = True) -> np.ndarray:
        """Integers of one or two bytes."""
        kind = f"{'i' if signed else 'u'}{bytes_each}"
        return self._array(at, count, f"{'<' if self.order == 'vax' else self.order}{kind}")

    def floats(self, at: int, count: int) -> np.ndarray:
        """Floating point numbers of four bytes. DEC's have their halves exchanged and are four times as large."""
        if self.order != "vax":
            return self._array(at, count, f"{self.order}f4")
        halves = self._array(at, 2 * count, "<u2").reshape(-1, 2)[:, ::-1]
        return np.ascontiguousarray(halves).view("<f4").ravel() / 4

    def _array(self, at: int, count: int, kind: str) -> np.ndarray:
        size = np.dtype(kind).itemsize
        if at < 0 or count < 0 or at + count * size > len(self.content):
            raise ValueError("it is cut off")
        return np.frombuffer(self.content, kind, count, at)


def _parameters(numbers: Numbers, at: int, end: int) -> Parameters:
    """The parameter section's entries; it ends with an empty name or a step of zero."""
    groups: dict[int, str] = {}
    found: list[tuple[int, str, list[str] | list[float]]] = []
    while at + 2 <= min(end, len(numbers.content)):
        length, group = (int(n) for n in numbers.integers(at, 2, 1))
        name = numbers.content[at + 2 : at + 2 + abs(length)].decode("latin-1").strip().upper()
        at += 2 + abs(length)
        if not length or at + 2 > len(numbers.content):
            break
        step = int(numbers.integers(at, 1)[0])
        if group < 0:
            groups[-group] = name
        else:
            found.append((group, name, _value(numbers, at + 2)))
        if step <= 0:
            break
        at += step
    return {f"{groups.get(group, '')}:{name}": value for group, name, value in found}


def _value(numbers: Numbers, at: int) -> list[str] | list[float]:
    """One parameter's value: its type, the number of its dimensions, these, and the numbers."""
    kind, dimensions = int(numbers.integers(at, 1, 1)[0]), numbers.content[at + 1]
    shape = [int(n) for n in numbers.integers(at + 2, dimensions, 1, signed=False)]
    at, count = at + 2 + dimensions, int(np.prod(shape, dtype=np.int64))
    if kind == -1:
        text = numbers.integers(at, count, 1, signed=False).tobytes()
        width = shape[0] if shape else 1
        return [text[i : i + width].decode("latin-1").strip("\0 ") for i in range(0, count, width)] if width else []
    if kind == 4:
        return [float(n) for n in numbers.floats(at, count)]
    if kind in (1, 2):
        return [float(n) for n in numbers.integers(at, count, kind)]
    return []  # an unknown type says nothing that is needed


def _data(numbers: Numbers, parameters: Parameters, path: Path) -> C3DFile:
    header = [int(n) for n in numbers.integers(0, 10, signed=False)]
    used = int(number(parameters, "POINT:USED", header[1])) % 2**16
    analog = header[2]
    scale = number(parameters, "POINT:SCALE", float(numbers.floats(12, 1)[0]))
    rate = number(parameters, "POINT:RATE", float(numbers.floats(20, 1)[0]))
    begin = (int(number(parameters, "POINT:DATA_START", header[8])) % 2**16 - 1) * BLOCK
    if not np.isfinite([rate, scale]).all() or rate <= 0 or scale == 0 or begin < BLOCK:
        raise ValueError(f"its frame rate is {rate:g}, its scale {scale:g}, its numbers begin at byte {begin}")
    rotations = int(number(parameters, "ROTATION:USED", 0)) % 2**16
    turned = (int(number(parameters, "ROTATION:DATA_START", 0)) % 2**16 - 1) * BLOCK if rotations else 0
    end = turned if turned > begin else len(numbers.content)
    size = 4 if scale < 0 else 2
    width = 4 * used + analog
    frames = _frames(numbers.content[begin:end], width * size, header, parameters, path) if width else 0
    values = numbers.floats(begin, frames * width) if scale < 0 else numbers.integers(begin, frames * width)
    with np.errstate(invalid="ignore"):  # numbers that are none: lost points
        points = values.reshape(frames, width)[:, : 4 * used].reshape(frames, used, 4).astype(float)
    if scale > 0:
        points[..., :3] *= scale
    return C3DFile(
        parameters, rate, points, _rotations(numbers, turned, rotations, frames or _told(header, parameters))
    )


def _told(header: list[int], parameters: Parameters) -> int:
    """How many frames the file says it has."""
    first, last = (parameters.get(f"TRIAL:ACTUAL_{end}_FIELD", []) for end in ("START", "END"))
    if len(first) == len(last) == 2 and not isinstance(first[0], str) and not isinstance(last[0], str):
        begin, end = (int(low) % 2**16 + 2**16 * (int(high) % 2**16) for low, high in (first, last))
        if 0 < begin <= end:
            return end - begin + 1
    return max(0, header[4] - header[3] + 1)


def _frames(content: bytes, size: int, header: list[int], parameters: Parameters, path: Path) -> int:
    """The number of frames, of ``size`` bytes: as told, or more if the header could not count so far.

    Raises:
        InputError: there are fewer.
    """
    told, there = _told(header, parameters), len(content) // size
    if header[4] < MOST_FRAMES or told > MOST_FRAMES:
        if there < told:
            raise InputError(f"{path} is cut off: it holds {there} of its {told} frames.")
        return told
    filled = len(content.rstrip(b"\0"))  # the last block is filled up with zeros
    return max(min(told, there), min(there, -(-filled // size)))


def _rotations(numbers: Numbers, at: int, count: int, frames: int) -> Float[np.ndarray, "m r 4 4"]:
    """4 x 4 matrices, column after column, each followed by its residual: NaN where that is negative."""
    if not count:
        return np.empty((frames, 0, 4, 4))
    frames = min(frames, (len(numbers.content) - at) // (68 * count)) if at > 0 else 0
    values = numbers.floats(at, frames * count * 17).reshape(frames, count, 17).astype(float)
    values[values[..., 16] < 0] = np.nan
    matrices: Float[np.ndarray, "m r 4 4"] = values[..., :16].reshape(frames, count, 4, 4).swapaxes(-1, -2)
    return matrices


def number(parameters: Parameters, name: str, default: float) -> float:
    """A parameter that is one number."""
    value = parameters.get(name, [])
    return value[0] if value and not isinstance(value[0], str) else default


def texts(parameters: Parameters, name: str) -> list[str]:
    """A parameter that is a list of texts."""
    return [text for text in parameters.get(name, []) if isinstance(text, str)]
