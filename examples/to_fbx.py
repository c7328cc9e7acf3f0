"""A .glb or .bvh to FBX, which Unity, Unreal and Maya read, by Blender as a Python module.

bpy 5.0 runs on Python 3.11:

    actionprompt lift run.mp4 --out run.glb --rig mixamo --character.t-pose
    uv run --no-project --python 3.11 --with bpy==5.0.1 examples/to_fbx.py run.glb run.fbx

Readers of FBX take the pose in the first frame for the pose at rest: that is why it has to be a T-pose. Blender's own
settings thin the keys and add bones at the ends; these do not.
"""

import json
import sys
from pathlib import Path

import bpy


def frame_rate(source: Path) -> float:
    """Frames a second of a .glb, from the times of its animation."""
    data = source.read_bytes()
    document = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    times = document["accessors"][document["animations"][0]["samplers"][0]["input"]]
    return (times["count"] - 1) / (times["max"][0] - times["min"][0])


def read(source: Path) -> list[bpy.types.Object]:
    """Everybody's bones, posed as in the first frame."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    if source.suffix == ".bvh":
        bpy.ops.import_anim.bvh(filepath=str(source), update_scene_fps=True)
    else:
        scene.render.fps = round(frame_rate(source))
        bpy.ops.import_scene.gltf(filepath=str(source), disable_bone_shape=True)
    scene.frame_start, scene.frame_end = (int(frame) for frame in bpy.data.actions[0].frame_range)
    scene.frame_set(scene.frame_start)
    return [figure for figure in bpy.data.objects if figure.type == "ARMATURE"]


def main(source: str, target: str) -> None:
    """Converts a file."""
    for figure in read(Path(source)):
        for track in list(figure.animation_data.nla_tracks):
            figure.animation_data.nla_tracks.remove(track)  # the action is there already
        if any(bone.matrix_basis.to_quaternion().angle > 1e-3 for bone in figure.pose.bones):
            sys.exit(f"{source} does not begin with a T-pose: lift it with --character.t-pose.")
    bpy.ops.export_scene.fbx(
        filepath=target,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        apply_scale_options="FBX_SCALE_ALL",
        bake_anim_use_nla_strips=False,
        bake_anim_use_all_actions=False,
        bake_anim_simplify_factor=0,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
