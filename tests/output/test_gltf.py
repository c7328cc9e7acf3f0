import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actionprompt.output import LiftedTrack, write
from actionprompt.output.axes import world
from actionprompt.output.lengths import constant_lengths
from actionprompt.output.rigs import rig_of
from actionprompt.skeleton import H36M_17
from glb_files import accessor, globals_at, parse
from lifted_people import person

VALIDATE = """
const { validateBytes } = require("gltf-validator");
validateBytes(new Uint8Array(require("fs").readFileSync(process.argv[1])), { maxIssues: 0 })
  .then((report) => console.log(JSON.stringify(report.issues)));
"""


def people() -> list[LiftedTrack]:
    """Two people, the second a little later, to the right and without actions."""
    second = person("left; <2>", 30, 0.01, 1, first=1.7, actions=(), probability=np.empty((30, 0)))
    return [person(noise=0.01), replace(second, root=second.root + np.array([1.0, 0, 0.5]))]


@pytest.fixture(scope="module")
def glb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("glb") / "two.glb"
    assert write(people(), path) == [path]
    return path


def test_the_animation_puts_the_bones_on_the_joints(glb: Path):
    document, binary = parse(glb.read_bytes())
    place = world(people())
    for track, skin in zip(people(), document["skins"], strict=True):
        joints = constant_lengths(place.points(track.points), H36M_17)
        for frame in (0, 11, track.num_frames - 1):
            matrices = globals_at(document, binary, track.first - 1.5 + frame / 50)
            for node, bone in zip(skin["joints"], rig_of(H36M_17).bones, strict=True):
                assert document["nodes"][node]["name"] == bone.name
                expected = joints[frame, H36M_17.joints.index(bone.joint)]
                assert np.linalg.norm(matrices[node][:3, 3] - expected) < 1e-3


def test_the_skin_hangs_on_the_bones(glb: Path):
    """In the rest pose of the file every vertex stays; each follows one bone and lies within its reach."""
    document, binary = parse(glb.read_bytes())
    for mesh, skin in zip(document["meshes"], document["skins"], strict=True):
        bind = accessor(document, binary, skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        heads = np.linalg.inv(bind)[:, :3, 3]
        assert len(bind) == len(skin["joints"])
        for primitive in mesh["primitives"]:
            points, normals, bones, weights = (
                accessor(document, binary, primitive["attributes"][name])
                for name in ("POSITION", "NORMAL", "JOINTS_0", "WEIGHTS_0")
            )
            np.testing.assert_array_equal(weights, [[1, 0, 0, 0]] * len(weights))
            np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
            assert np.linalg.norm(points - heads[bones[:, 0]], axis=1).max() < 0.6
            triangles, outward = points.reshape(-1, 3, 3), normals.reshape(-1, 3, 3)[:, 0]
            winding = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
            assert ((winding * outward).sum(1) > 0).all()
            solids = triangles.reshape(-1, 8, 3, 3)  # each bone's octahedron: its faces look away from its middle
            away = solids.mean(2) - solids.mean((1, 2))[:, None]
            assert ((away * outward.reshape(-1, 8, 3)).sum(-1) > 0).all()


def test_it_says_where_it_comes_from(glb: Path):
    document, _ = parse(glb.read_bytes())
    assert document["asset"]["generator"].startswith("actionprompt ")
    first, second = (node["extras"] for node in document["nodes"] if "extras" in node)
    assert (first["person"], first["first_s"], second["person"], second["first_s"]) == ("1", 1.5, "left; <2>", 1.7)
    assert first["notes"][:2] == ["model: none, made by code", "root path true"]
    assert "bones of constant length: joints moved by" in first["notes"][2]
    assert first["actions"][0]["start"] == 1.5
    assert second["actions"] == []


def test_one_frame_will_do(tmp_path: Path):
    write([person(frames=1)], tmp_path / "one.glb")
    document, binary = parse((tmp_path / "one.glb").read_bytes())
    assert globals_at(document, binary, 0)
    _validate(tmp_path / "one.glb")


def test_khronos_finds_nothing_to_complain_about(glb: Path):
    _validate(glb)


def _validate(path: Path) -> None:
    node = shutil.which("node")
    if (
        not node
        or subprocess.run([node, "-e", "require('gltf-validator')"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs node and its package gltf-validator (npm i gltf-validator; NODE_PATH=.../node_modules)")
    report = subprocess.run([node, "-e", VALIDATE, str(path)], capture_output=True, check=True, text=True)
    issues = json.loads(report.stdout)
    assert [issues[f"num{kind}"] for kind in ("Errors", "Warnings", "Infos", "Hints")] == [0, 0, 0, 0], issues
