"""C3D files made byte by byte, as the format's user guide describes them: what no library writes."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np

ORDERS = {84: "<", 85: "<", 86: ">"}


def c3d_bytes(
    points: np.ndarray,
    parameters: Mapping[str, Sequence[str] | Sequence[int] | Sequence[float]],
    *,
    processor: int = 84,
    scale: float = -1.0,
    rate: float = 100.0,
    first: int = 1,
    analog: int = 0,
    residual: np.ndarray | None = None,
    rotations: np.ndarray | None = None,
) -> bytes:
    """A file of points (n, p, 3); ``parameters`` by ``GROUP:NAME``, beside the necessary ones."""
    n, p = points.shape[:2]
    order = ORDERS[processor]
    body = _rows(points, scale, residual, analog, processor)
    rows = -(-len(body) // 512)
    said = {"POINT:USED": [p], "POINT:SCALE": [scale], "POINT:RATE": [rate], **parameters}
    turned: bytes = b""
    if rotations is not None:
        said |= {"ROTATION:USED": [rotations.shape[1]], "ROTATION:DATA_START": [0]}
        flat = np.concatenate([rotations.swapaxes(-1, -2).reshape(n, -1, 16), np.zeros((n, rotations.shape[1], 1))], -1)
        turned = np.nan_to_num(np.where(np.isnan(flat).any(-1, keepdims=True), -1.0, flat)).astype("<f4").tobytes()
    blocks = -(-(len(_section(said, processor, 0)) + 512) // 512)
    said["POINT:DATA_START"] = [2 + blocks]
    if rotations is not None:
        said["ROTATION:DATA_START"] = [2 + blocks + rows]
    section = _section(said, processor, blocks).ljust(blocks * 512, b"\0")
    header = struct.pack(
        f"{order}BBHHHHH4sHH4s", 2, 0x50, p, analog, first, min(first + n - 1, 65535), 0,
        _float(scale, processor), 2 + blocks, 1, _float(rate, processor),
    )  # fmt: skip
    return header.ljust(512, b"\0") + section + body.ljust(rows * 512, b"\0") + turned


def _rows(points: np.ndarray, scale: float, residual: np.ndarray | None, analog: int, processor: int) -> bytes:
    n, p = points.shape[:2]
    lost = np.isnan(points).any(-1) | (np.zeros((n, p), bool) if residual is None else residual < 0)
    values = np.zeros((n, p, 4))
    values[..., :3] = np.nan_to_num(points) / (scale if scale > 0 else 1)
    values[..., 3] = np.where(lost, -1, 0)
    flat = np.concatenate([values.reshape(n, -1), np.full((n, analog), 7.0)], 1)
    if scale > 0:
        return flat.round().astype(f"{ORDERS[processor]}i2").tobytes()
    return (
        b"".join(_float(value, processor) for value in flat.ravel())
        if processor == 85
        else (flat.astype(f"{ORDERS[processor]}f4").tobytes())
    )


def _float(value: float, processor: int) -> bytes:
    """DEC's numbers have their halves exchanged and are four times as large."""
    if processor != 85:
        return struct.pack(f"{ORDERS[processor]}f", value)
    low, high = struct.unpack("<HH", struct.pack("<f", 4 * value))
    return struct.pack("<HH", high, low)


def _section(parameters: Mapping[str, Sequence], processor: int, blocks: int) -> bytes:
    order = ORDERS[processor]
    groups = {name: i for i, name in enumerate(dict.fromkeys(key.partition(":")[0] for key in parameters), 1)}
    entries = [
        struct.pack("bb", len(name), -i) + name.encode() + struct.pack(f"{order}h", 3) + b"\0"
        for name, i in groups.items()
    ]
    for key, values in parameters.items():
        group, _, name = key.partition(":")
        value = _value(list(values), processor)
        head = struct.pack("bb", len(name), groups[group]) + name.encode()
        entries.append(head + struct.pack(f"{order}h", len(value) + 3) + value + b"\0")
    return bytes([1, 0x50, blocks % 256, processor]) + b"".join(entries) + b"\0\0"


def _value(values: list, processor: int) -> bytes:
    if values and isinstance(values[0], str):
        width = max(map(len, values))
        text = "".join(value.ljust(width) for value in values)
        return struct.pack("bBBB", -1, 2, width, len(values)) + text.encode("latin-1")
    if all(isinstance(value, int) for value in values):
        numbers = b"".join(struct.pack(f"{ORDERS[processor]}H", value % 65536) for value in values)
        return struct.pack("bBB", 2, 1, len(values)) + numbers
    return struct.pack("bBB", 4, 1, len(values)) + b"".join(_float(value, processor) for value in values)
