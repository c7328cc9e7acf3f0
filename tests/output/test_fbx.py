"""``examples/to_fbx.py`` in a Python with Blender: ``BLENDER_PYTHON=.../python pytest tests/output/test_fbx.py``."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actionprompt.output import CharacterCfg, WriteCfg, write
from actionprompt.output.axes import world
from actionprompt.output.character import Character, character
from lifted_people import person

SCRIPT = Path(__file__).parents[2] / "examples" / "to_fbx.py"
READ = """
import bpy, json, sys
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_scene.fbx(filepath=sys.argv[1])
scene, found = bpy.context.scene, {}
for figure in (o for o in bpy.data.objects if o.type == "ARMATURE"):
    first, last = map(int, figure.animation_data.action.frame_range)
    frames = []
    for frame in range(first, last + 1):
        scene.frame_set(frame)
        frames.append({b.name: list(figure.matrix_world @ b.head) for b in figure.pose.bones})
    rest = {b.name: list(figure.matrix_world @ b.head_local) for b in figure.data.bones}
    found[figure.name] = {"frames": frames, "rest": rest}
json.dump(found, open(sys.argv[2], "w"))
"""
PYTHON = os.environ.get("BLENDER_PYTHON", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="needs BLENDER_PYTHON, a Python with bpy")
UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0.0]])
"""Blender's z up to y up."""


def heads(shown: Character) -> dict[str, np.ndarray]:
    """Where bones are, frame by frame."""
    rig, offsets, places, turns = shown.motion.rig, shown.motion.rig.offsets(shown.motion.lengths), [], []
    for i, parent in enumerate(rig.parents):
        own = shown.motion.rotations[:, i]
        places.append(shown.motion.place if parent < 0 else places[parent] + turns[parent] @ offsets[i])
        turns.append(own if parent < 0 else turns[parent] @ own)
    return {bone.name: place for bone, place in zip(rig.bones, places, strict=True)}


@pytest.mark.parametrize("suffix", ["glb", "bvh"])
def test_joints_and_rest_pose_come_through(tmp_path: Path, suffix: str) -> None:
    people = [person("1"), replace(person("2", seed=1), root=person().root + np.array([1.0, 0, 0.5]))]
    people = people if suffix == "glb" else people[:1]
    cfg = CharacterCfg(rig="mixamo", t_pose=True)
    (source,) = write(people, tmp_path / f"a.{suffix}", settings=WriteCfg(character=cfg))
    subprocess.run([PYTHON, SCRIPT, source, tmp_path / "a.fbx"], check=True, capture_output=True)
    (tmp_path / "read.py").write_text(READ)
    subprocess.run(
        [PYTHON, tmp_path / "read.py", tmp_path / "a.fbx", tmp_path / "a.json"], check=True, capture_output=True
    )
    found = json.loads((tmp_path / "a.json").read_text())
    assert len(found) == len(people)
    for track, figure in zip(people, (found[name] for name in sorted(found)), strict=True):
        expected = heads(character(track, world(people), cfg))
        assert set(figure["rest"]) == set(expected)
        for bone, places in expected.items():
            mine = np.array([frame[bone] for frame in figure["frames"]]) @ UP.T
            np.testing.assert_allclose(mine, places, atol=2e-5)
            np.testing.assert_allclose(UP @ figure["rest"][bone], places[0], atol=2e-5)  # the T-pose


def test_without_a_t_pose_it_is_refused(tmp_path: Path) -> None:
    (source,) = write([person()], tmp_path / "a.bvh")
    done = subprocess.run([PYTHON, SCRIPT, source, tmp_path / "a.fbx"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "does not begin with a T-pose: lift it with --character.t-pose." in done.stderr
