"""glTF 2.0 as one binary file (.glb): skinned stick figures with animated bones, y up, metres; several people a scene.

Written by hand, as a header, a JSON chunk and a binary chunk: the format is short, and Khronos's validator checks ours.
"""

import json
import struct
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from jaxtyping import Shaped

from actionprompt.output.character import Character, rest_place
from actionprompt.output.rotations import Rigged, quaternions
from actionprompt.output.segments import SegmentsCfg, segments
from actionprompt.output.stick import stick_figure
from actionprompt.output.track import LiftedTrack

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


def glb_bytes(people: Sequence[tuple[LiftedTrack, Character]], actions: SegmentsCfg | None = None) -> bytes:
    """The file's bytes: one animation in which everybody moves; it begins where the first person appears."""
    glb, start = Glb(), min(shown.times[0] for _, shown in people)
    animation: dict[str, Any] = {"name": "motion", "channels": [], "samplers": []}
    for track, shown in people:
        motion = shown.motion
        bones = _bones(glb, motion)
        mesh = _figure(glb, motion, bones, track.person)
        holder = glb.add("nodes", {"name": f"person {track.person}", "children": [bones[0]]})
        glb.document["scenes"][0]["nodes"] += [holder, mesh]
        glb.document["nodes"][holder]["extras"] = _about(track, motion.moved, actions)
        _animate(glb, animation, motion, bones, shown.times - start)
    glb.add("animations", animation)
    return glb.to_bytes()


def _about(track: LiftedTrack, moved: float, actions: SegmentsCfg | None) -> dict[str, Any]:
    """What the person's node says of itself."""
    notes = [*track.notes, f"bones of constant length: joints moved by {1000 * moved:.1f} mm on average"]
    return {
        "person": track.person,
        "first_s": track.first,
        "notes": notes,
        "actions": [segment._asdict() for segment in segments(track, actions)],
    }


def _bones(glb: Glb, motion: Rigged) -> list[int]:
    """The rest pose as a tree of nodes; returns the bones' nodes."""
    offsets = motion.rig.offsets(motion.lengths)
    base = len(glb.document.get("nodes", []))
    for i, bone in enumerate(motion.rig.bones):
        node: dict[str, Any] = {"name": bone.name}
        children = [base + child for child, parent in enumerate(motion.rig.parents) if parent == i]
        node |= {"children": children} if children else {}
        node |= {"translation": (offsets[i] if i else rest_place(motion)).tolist()}
        glb.add("nodes", node)
    return list(range(base, base + len(motion.rig.bones)))


def _figure(glb: Glb, motion: Rigged, bones: list[int], person: str) -> int:
    """The mesh that follows the bones; returns its node."""
    heads = motion.rig.heads(motion.lengths)
    bind = np.tile(np.eye(4, dtype="<f4"), (len(bones), 1, 1))
    bind[:, 3, :3] = -heads  # column-major: the last column comes last
    skin = glb.add("skins", {"joints": bones, "inverseBindMatrices": glb.data(bind.reshape(-1, 16))})
    primitives = []
    for part in stick_figure(motion):
        joints, weights = np.zeros((part.bones.size, 4), "|u1"), np.zeros((part.bones.size, 4), "<f4")
        joints[:, 0], weights[:, 0] = part.bones, 1
        attributes = {
            "POSITION": glb.data(part.positions.astype("<f4"), ARRAY_BUFFER, bounds=True),
            "NORMAL": glb.data(part.normals.astype("<f4"), ARRAY_BUFFER),
            "JOINTS_0": glb.data(joints, ARRAY_BUFFER),
            "WEIGHTS_0": glb.data(weights, ARRAY_BUFFER),
        }
        surface = {"baseColorFactor": [*part.colour, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.8}
        material = glb.add("materials", {"pbrMetallicRoughness": surface})
        primitives.append({"attributes": attributes, "material": material})
    mesh = glb.add("meshes", {"name": f"figure {person}", "primitives": primitives})
    return glb.add("nodes", {"name": f"figure {person}", "mesh": mesh, "skin": skin})


def _animate(glb: Glb, animation: dict[str, Any], motion: Rigged, bones: list[int], times: np.ndarray) -> None:
    """Adds a person's channels: every bone that turns, and the path of the first."""
    moment = glb.data(times.astype("<f4"), bounds=True)
    turns = quaternions(motion.rotations).astype("<f4")
    curves = [(bones[0], "translation", motion.place.astype("<f4"))]
    curves += [
        (bone, "rotation", np.ascontiguousarray(turns[:, i]))
        for i, bone in enumerate(bones)
        if motion.rig.bones[i].aim or motion.rig.bones[i].across
    ]
    for node, path, values in curves:
        animation["samplers"].append({"input": moment, "output": glb.data(values), "interpolation": "LINEAR"})
        sampler = len(animation["samplers"]) - 1
        animation["channels"].append({"sampler": sampler, "target": {"node": node, "path": path}})
