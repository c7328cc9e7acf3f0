"""glTF's binary file (.glb): a header, a JSON chunk and a binary chunk.

Written by hand: the format is short, and Khronos's validator checks ours.
"""

import json
import struct
from importlib.metadata import version
from typing import Any

import numpy as np
from jaxtyping import Shaped

COMPONENTS = {"<f4": 5126, "<u2": 5123, "|u1": 5121}
ARRAY_BUFFER = 34962


class Glb:
    """A document under construction: its JSON and the bytes that the JSON points to."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": f"actionprompt {version('actionprompt')}"},
            "scene": 0,
            "scenes": [{"nodes": []}],
        }
        self.binary = bytearray()

    def add(self, kind: str, item: dict[str, Any]) -> int:
        """Appends to one of the document's lists and returns the item's index."""
        items: list[Any] = self.document.setdefault(kind, [])
        items.append(item)
        return len(items) - 1

    def data(self, array: Shaped[np.ndarray, "n ..."], target: int | None = None, bounds: bool = False) -> int:
        """Stores an array and returns its accessor; ``bounds`` are required for times and positions."""
        assert array.dtype.str in COMPONENTS, array.dtype
        self.binary.extend(bytes(-len(self.binary) % 4))
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": array.nbytes}
        self.binary.extend(array.tobytes())
        kind = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4", (16,): "MAT4"}[array.shape[1:]]
        accessor: dict[str, Any] = {
            "bufferView": self.add("bufferViews", view | ({"target": target} if target else {})),
            "componentType": COMPONENTS[array.dtype.str],
            "count": array.shape[0],
            "type": kind,
        }
        if bounds:
            low, high = np.atleast_1d(array.min(0)), np.atleast_1d(array.max(0))
            accessor |= {"min": low.tolist(), "max": high.tolist()}
        return self.add("accessors", accessor)

    def to_bytes(self) -> bytes:
        """The file."""
        self.binary.extend(bytes(-len(self.binary) % 4))
        self.document["buffers"] = [{"byteLength": len(self.binary)}]
        text = json.dumps(self.document, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 4)
        chunks = ((b"JSON", text), (b"BIN\0", bytes(self.binary)))
        body = b"".join(struct.pack("<I4s", len(chunk), kind) + chunk for kind, chunk in chunks)
        return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body
