"""Reads binary glTF files as the specification lays them out."""

import json
import struct
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

TYPES = {5126: "<f4", 5123: "<u2", 5121: "|u1"}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def parse(data: bytes) -> tuple[dict[str, Any], bytes]:
    """A .glb's document and its binary chunk, as the specification lays them out."""
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    size, kind = struct.unpack_from("<I4s", data, 12)
    assert (kind, size % 4) == (b"JSON", 0)
    document = json.loads(data[20 : 20 + size])
    rest, kind = struct.unpack_from("<I4s", data, 20 + size)
    assert (kind, rest % 4, 28 + size + rest) == (b"BIN\0", 0, len(data))
    return document, data[28 + size :]


def accessor(document: dict[str, Any], binary: bytes, index: int) -> np.ndarray:
    own = document["accessors"][index]
    view = document["bufferViews"][own["bufferView"]]
    dtype, width = np.dtype(TYPES[own["componentType"]]), WIDTHS[own["type"]]
    assert view["byteOffset"] % 4 == 0
    assert view["byteLength"] == own["count"] * width * dtype.itemsize
    array = np.frombuffer(binary, dtype, own["count"] * width, view["byteOffset"]).reshape(own["count"], width)
    if "min" in own:
        np.testing.assert_array_equal(array.min(0), np.array(own["min"], dtype))
        np.testing.assert_array_equal(array.max(0), np.array(own["max"], dtype))
    return array


def globals_at(document: dict[str, Any], binary: bytes, time: float = 0.0) -> dict[int, np.ndarray]:
    """Each node's 4 x 4 matrix at a time that is a key of its curves (or their nearest end); without curves at rest."""
    local = {}
    for i, node in enumerate(document["nodes"]):
        local[i] = {"translation": node.get("translation", [0, 0, 0]), "rotation": node.get("rotation", [0, 0, 0, 1])}
    animation = document.get("animations", [{"channels": []}])[0]
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        times = accessor(document, binary, sampler["input"])[:, 0]
        assert (np.diff(times) > 0).all()
        key = int(np.abs(times - np.clip(time, times[0], times[-1])).argmin())
        local[channel["target"]["node"]][channel["target"]["path"]] = accessor(document, binary, sampler["output"])[key]
    found: dict[int, np.ndarray] = {}

    def visit(index: int, above: np.ndarray) -> None:
        own = np.eye(4)
        own[:3, :3] = Rotation.from_quat(local[index]["rotation"]).as_matrix()
        own[:3, 3] = local[index]["translation"]
        found[index] = above @ own
        for child in document["nodes"][index].get("children", []):
            visit(child, found[index])

    for index in document["scenes"][document["scene"]]["nodes"]:
        visit(index, np.eye(4))
    assert len(found) == len(document["nodes"])  # every node is in the scene, once
    return found
