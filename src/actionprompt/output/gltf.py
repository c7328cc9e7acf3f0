"""glTF 2.0 as one binary file: skinned stick figures with animated bones, y up, metres; several people a scene."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from actionprompt.output.character import Character, rest_place
from actionprompt.output.glb import ARRAY_BUFFER, Glb
from actionprompt.output.rotations import Rigged, quaternions
from actionprompt.output.segments import SegmentsCfg, segments
from actionprompt.output.stick import stick_figure
from actionprompt.output.track import LiftedTrack


def glb_bytes(people: Sequence[tuple[LiftedTrack, Character]], actions: SegmentsCfg | None = None) -> bytes:
    """The file's bytes: one animation in which everybody moves; it begins where the first person appears."""
    glb, start = Glb(), min(shown.times[0] for _, shown in people)
    animation: dict[str, Any] = {"name": "motion", "channels": [], "samplers": []}
    for track, shown in people:
        motion = shown.motion
        bones = add_bones(glb, motion)
        mesh = add_figure(glb, motion, bones, track.person)
        holder = glb.add("nodes", {"name": f"person {track.person}", "children": [bones[0]]})
        glb.document["scenes"][0]["nodes"] += [holder, mesh]
        glb.document["nodes"][holder]["extras"] = _about(track, motion.moved, actions)
        add_motion(glb, animation, motion, bones, shown.times - start)
    glb.add("animations", animation)
    return glb.to_bytes()


def _about(track: LiftedTrack, moved: float, actions: SegmentsCfg | None) -> dict[str, Any]:
    """What the person's node says of itself."""
    notes = [*track.notes, f"bones of constant length: joints moved by {1000 * moved:.1f} mm on average"]
    if track.confidence is not None and (unseen := int((track.confidence <= 0).all(1).sum())):
        notes.append(f"nobody was seen in {unseen} frames: there bones turn evenly from before to after")
    return {
        "person": track.person,
        "first_s": track.first,
        "notes": notes,
        "actions": [segment._asdict() for segment in segments(track, actions)],
    }


def add_bones(glb: Glb, motion: Rigged) -> list[int]:
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


def add_figure(glb: Glb, motion: Rigged, bones: list[int], person: str) -> int:
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


def add_motion(glb: Glb, animation: dict[str, Any], motion: Rigged, bones: list[int], times: np.ndarray) -> None:
    """Adds a person's channels: every bone that turns, and the path of the first."""
    moment = glb.data(times.astype("<f4"), bounds=True)
    turns = quaternions(motion.rotations).astype("<f4")
    curves = [(bones[0], "translation", motion.place.astype("<f4"))]
    curves += [
        (bone, "rotation", np.ascontiguousarray(turns[:, i]))
        for i, bone in enumerate(bones)
        if motion.rig.bones[i].aim or motion.rig.bones[i].across or motion.rig.bones[i].sole
    ]
    for node, path, values in curves:
        animation["samplers"].append({"input": moment, "output": glb.data(values), "interpolation": "LINEAR"})
        sampler = len(animation["samplers"]) - 1
        animation["channels"].append({"sampler": sampler, "target": {"node": node, "path": path}})
