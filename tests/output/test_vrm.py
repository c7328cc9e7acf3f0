"""VRM 1.0: what its readers need is there, and the motion is that of the glTF."""

from pathlib import Path

import numpy as np
import pytest

from actionprompt.output import CharacterCfg, WriteCfg, write
from glb_files import accessor, globals_at, parse
from lifted_people import person

VRM = WriteCfg(character=CharacterCfg(rig="vrm"))


def bones(path: Path, name: str) -> dict[str, int]:
    document, _ = parse(path.read_bytes())
    assert document["extensionsUsed"] == [name]
    extension = document["extensions"][name]
    assert extension["specVersion"] == "1.0"
    found = {bone: at["node"] for bone, at in extension["humanoid"]["humanBones"].items()}
    assert {document["nodes"][node]["name"] for node in found.values()} == set(found)
    return found


def test_the_figure(tmp_path: Path):
    write([person(noise=0.003)], tmp_path / "a.vrm")
    document, binary = parse((tmp_path / "a.vrm").read_bytes())
    assert document["extensions"]["VRMC_vrm"]["meta"] == {
        "name": "Person 1", "version": "1", "authors": ["actionprompt lift"],
        "licenseUrl": "https://vrm.dev/licenses/1.0/",
    }  # fmt: skip
    assert "animations" not in document
    assert all("rotation" not in node for node in document["nodes"])  # the T-pose
    matrices = globals_at(document, binary)
    places = {bone: matrices[node][:3, 3] for bone, node in bones(tmp_path / "a.vrm", "VRMC_vrm").items()}
    assert places["leftToes"][1] == pytest.approx(0.02, abs=1e-6)
    assert places["leftToes"][2] > places["leftFoot"][2] + 0.1  # it faces z
    assert places["leftHand"][0] > places["leftUpperArm"][0] > 0
    assert 0.6 < places["hips"][1] < 1.1
    lowest = min(
        accessor(document, binary, primitive["attributes"]["POSITION"])[:, 1].min()
        for primitive in document["meshes"][0]["primitives"]
    )
    assert -0.02 < lowest < 0.01  # the soles


def test_the_motion_is_that_of_the_gltf(tmp_path: Path):
    track = person(noise=0.003)
    write([track], tmp_path / "a.vrma", settings=WriteCfg(feet=True))
    write([track], tmp_path / "a.glb", settings=WriteCfg(feet=True, character=VRM.character))
    own, other = (parse((tmp_path / name).read_bytes()) for name in ("a.vrma", "a.glb"))
    assert {sampler["interpolation"] for sampler in own[0]["animations"][0]["samplers"]} == {"LINEAR"}
    paths = [(channel["target"]["path"], channel["target"]["node"]) for channel in own[0]["animations"][0]["channels"]]
    found = bones(tmp_path / "a.vrma", "VRMC_vrm_animation")
    assert [node for path, node in paths if path == "translation"] == [found["hips"]]
    assert own[0]["nodes"][found["hips"]]["translation"][1] > 0.6
    names = {node["name"]: i for i, node in enumerate(other[0]["nodes"])}
    for frame in (0, 11, 39):
        mine, theirs = (globals_at(*file, frame / 50) for file in (own, other))
        for bone, node in found.items():
            np.testing.assert_allclose(mine[node], theirs[names[bone]], atol=1e-6)
