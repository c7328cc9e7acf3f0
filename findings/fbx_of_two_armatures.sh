#!/bin/sh
# What FBX makes of two figures whose motion is one action with a slot for each, as Blender's glTF import leaves them,
# if the action is cleared before, so that the first frame does not become the pose at rest (the usual advice).
# Guess: "All Actions" writes each figure's own motion all the same, since the slots have the figures' names.
# Truth: Blender 5.0.1 writes the first slot's motion for both; it is right only while the action is assigned.
# Hence examples/to_fbx.py leaves actions alone, bakes the scene, and wants a T-pose as the first frame.
# Date: 2026-12-01. Source: run here; the manual of the FBX exporter does not mention slots.
# Needs python3.11 and the ordinary package registry (bpy is 360 MB). Not in CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv own
own/bin/pip install --quiet bpy==5.0.1
cat > both.py <<'END'
import bpy

def figure(name, x):
    bpy.ops.object.armature_add(location=(x, 0, 0))
    made = bpy.context.object
    made.name = name
    return made

def heights(path):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.fbx(filepath=path)
    bpy.context.scene.frame_set(10)
    found = {o.name: round(o.pose.bones[0].head.y + o.pose.bones[0].head.z, 3) for o in bpy.data.objects if o.type == "ARMATURE"}
    return [found["First"], found["Second"]]

for clear in (True, False):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    action = bpy.data.actions.new("motion")
    for name, x, far in (("First", 0, 1.0), ("Second", 3, 5.0)):
        made = figure(name, x)
        bone = made.pose.bones[0]
        made.animation_data_create()
        made.animation_data.action = action
        made.animation_data.action_slot = action.slots.new(id_type="OBJECT", name=name)
        for frame, value in ((1, 0.0), (10, far)):
            bone.location = (0, value, 0)
            bone.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_end = 10
    for made in bpy.data.objects:
        if clear and made.type == "ARMATURE":
            made.animation_data.action = None
            made.pose.bones[0].location = (0, 0, 0)
    bpy.ops.export_scene.fbx(filepath="two.fbx", object_types={"ARMATURE"}, add_leaf_bones=False,
                             bake_anim_use_nla_strips=False, bake_anim_use_all_actions=True)
    print("seen", bpy.app.version_string, "cleared" if clear else "assigned", *heights("two.fbx"))
END
own/bin/python both.py 2>/dev/null | grep '^seen' | tee seen.txt
printf 'seen 5.0.1 cleared 1.0 1.0\nseen 5.0.1 assigned 1.0 5.0\n' | cmp - seen.txt
echo "as found: without an assigned action both figures move as the first"
