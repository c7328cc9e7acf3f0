"""VRM 1.0: a person's figure as an avatar (.vrm), and their motion for any avatar (.vrma).

Both are binary glTF with an extension that says which node is which of the humanoid bones. At rest the figure stands in
a T-pose, faces z, has its soles at 0, and is as long on the left as on the right.
"""

from typing import Any

from actionprompt.output.character import Character
from actionprompt.output.glb import Glb
from actionprompt.output.gltf import add_bones, add_figure, add_motion

LICENCE = "https://vrm.dev/licenses/1.0/"
"""The only address that VRM 1.0 allows; without further permissions it keeps all rights with the author."""


def vrm_bytes(shown: Character, person: str) -> bytes:
    """The figure, without a motion."""
    glb, nodes = _standing(shown)
    glb.document["scenes"][0]["nodes"].append(add_figure(glb, shown.motion, nodes, person))
    meta = {"name": f"Person {person}", "version": "1", "authors": ["actionprompt lift"], "licenseUrl": LICENCE}
    _extend(glb, "VRMC_vrm", {"meta": meta, "humanoid": _humanoid(shown, nodes)})
    return glb.to_bytes()


def vrma_bytes(shown: Character) -> bytes:
    """The motion: the turns of all bones and the path of the hips, linear between frames."""
    glb, nodes = _standing(shown)
    animation: dict[str, Any] = {"name": "motion", "channels": [], "samplers": []}
    add_motion(glb, animation, shown.motion, nodes, shown.times - shown.times[0])
    glb.add("animations", animation)
    _extend(glb, "VRMC_vrm_animation", {"humanoid": _humanoid(shown, nodes)})
    return glb.to_bytes()


def _standing(shown: Character) -> tuple[Glb, list[int]]:
    """A document with the bones at rest above the origin, and their nodes."""
    glb = Glb()
    nodes = add_bones(glb, shown.motion)
    hips = glb.document["nodes"][nodes[0]]
    hips["translation"] = [0.0, hips["translation"][1], 0.0]
    glb.document["scenes"][0]["nodes"].append(nodes[0])
    return glb, nodes


def _humanoid(shown: Character, nodes: list[int]) -> dict[str, Any]:
    bones = shown.motion.rig.bones
    return {"humanBones": {bone.name: {"node": node} for bone, node in zip(bones, nodes, strict=True)}}


def _extend(glb: Glb, name: str, content: dict[str, Any]) -> None:
    glb.document["extensionsUsed"] = [name]
    glb.document["extensions"] = {name: {"specVersion": "1.0", **content}}
