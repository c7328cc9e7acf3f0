"""Angles of figures whose angles are known, and their files."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from actionprompt.analysis.angles import joint_angles
from actionprompt.errors import InputError
from actionprompt.output import write
from actionprompt.skeleton import H36M_17, Skeleton
from lifted_people import person as track

UP = (0.0, 1.0, 0.0)
PLACES = {
    "pelvis": (0, 1, 0), "spine": (0, 1.25, 0), "thorax": (0, 1.5, 0), "nose": (0.1, 1.6, 0), "head top": (0, 1.75, 0),
    "right hip": (0, 1, 0.1), "right knee": (0, 0.55, 0.1), "right ankle": (0, 0.1, 0.1),
    "left hip": (0, 1, -0.1), "left knee": (0, 0.55, -0.1), "left ankle": (0, 0.1, -0.1),
    "right shoulder": (0, 1.45, 0.2), "right elbow": (0, 1.15, 0.2), "right wrist": (0, 0.9, 0.2),
    "left shoulder": (0, 1.45, -0.2), "left elbow": (0, 1.15, -0.2), "left wrist": (0, 0.9, -0.2),
}  # fmt: skip
"""Who stands at ease in the ISB's axes: x forward, y up, z right."""


def standing() -> dict[str, np.ndarray]:
    return {name: np.array(place, dtype=float) for name, place in PLACES.items()}


def angles(at: dict[str, np.ndarray], turn: Rotation | None = None) -> dict[str, float]:
    """Of one figure, seen in turned axes if asked for."""
    turn = turn or Rotation.identity()
    points = turn.apply(np.stack([at[name] for name in H36M_17.joints]))[None]
    return {name: float(value[0]) for name, value in joint_angles(points, H36M_17, tuple(turn.apply(UP))).items()}


def turned(at: dict[str, np.ndarray], joints: str, about: str, axis: tuple[float, ...], degrees: float) -> None:
    turn = Rotation.from_rotvec(np.radians(degrees) * np.array(axis))
    for name in joints.split(", "):
        at[name] = at[about] + turn.apply(at[name] - at[about])


X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
LEG, ARM = "right knee, right ankle", "right elbow, right wrist"
UPPER = "spine, thorax, nose, head top, right shoulder, right elbow, right wrist, left shoulder, left elbow, left wrist"


def test_who_stands_at_ease_has_zeros() -> None:
    found = angles(standing())
    planes = {name for name, value in found.items() if np.isnan(value)}
    assert planes == {"left_shoulder_plane", "right_shoulder_plane"}
    assert all(abs(value) < 1e-6 for name, value in found.items() if name not in planes)
    assert len(found) == 21


@pytest.mark.parametrize(
    ("joints", "about", "axis", "degrees", "name", "expected"),
    [
        (LEG, "right hip", Z, 40, "right_hip_flexion", 40),
        (LEG, "right hip", Z, -20, "right_hip_flexion", -20),
        (LEG, "right hip", X, 15, "right_hip_adduction", 15),
        ("left knee, left ankle", "left hip", X, -15, "left_hip_adduction", 15),
        ("right ankle", "right knee", Z, -70, "right_knee_flexion", 70),
        (ARM, "right shoulder", Z, 120, "right_shoulder_flexion", 120),
        (ARM, "right shoulder", Z, 200, "right_shoulder_flexion", 200),
        (ARM, "right shoulder", Z, 120, "right_shoulder_elevation", 120),
        (ARM, "right shoulder", Z, 60, "right_shoulder_plane", 90),
        (ARM, "right shoulder", X, -60, "right_shoulder_plane", 0),
        (ARM, "right shoulder", X, -60, "right_shoulder_adduction", -60),
        ("left elbow, left wrist", "left shoulder", X, 60, "left_shoulder_adduction", -60),
        ("right wrist", "right elbow", Z, 90, "right_elbow_flexion", 90),
        (UPPER, "pelvis", Z, -30, "trunk_flexion", 30),
        (UPPER, "pelvis", Z, -30, "pelvis_tilt", 30),
        (UPPER, "pelvis", X, 10, "trunk_lateral", 10),
        (UPPER, "pelvis", Y, 25, "trunk_rotation", 25),
        (f"{LEG}, right hip, left hip, left knee, left ankle", "pelvis", X, -8, "pelvis_obliquity", 8),
    ],
)
def test_one_joint_moves(joints: str, about: str, axis, degrees: float, name: str, expected: float) -> None:
    at = standing()
    turned(at, joints, about, axis, degrees)
    found = angles(at)
    assert found[name] == pytest.approx(expected, abs=1e-6)
    turn = Rotation.random(random_state=3)
    again = angles(at, turn)
    for key, value in found.items():
        np.testing.assert_allclose(again[key], value, atol=1e-6)


def test_flexion_before_adduction() -> None:
    """As in Grood and Suntay's order: the adduction's axis has turned with the flexion."""
    at = standing()
    turned(at, LEG, "right hip", X, 20)
    turned(at, LEG, "right hip", Z, 50)
    found = angles(at)
    assert found["right_hip_flexion"] == pytest.approx(50)
    assert found["right_hip_adduction"] == pytest.approx(20)


def test_feet_where_they_are_known() -> None:
    skeleton = Skeleton("toes", (*H36M_17.joints, "right toe"), (*H36M_17.parents, 3), H36M_17.left, H36M_17.right)
    at = standing()
    at["right toe"] = at["right ankle"] + Rotation.from_euler("z", 12, degrees=True).apply([0.2, 0, 0])
    points = np.stack([at[name] for name in skeleton.joints])[None]
    found = joint_angles(points, skeleton, UP)
    assert found["right_ankle_dorsiflexion"] == pytest.approx([12])
    assert "left_ankle_dorsiflexion" not in found


def test_a_layout_without_hips() -> None:
    with pytest.raises(InputError, match="Angles need a joint 'thorax'"):
        joint_angles(np.zeros((1, 2, 3)), Skeleton("two", ("pelvis", "b"), (-1, 0), (), ()), UP)


def test_the_files_agree(tmp_path: Path) -> None:
    people = [track("1", 12), replace(track("2", 9), first=1.0)]
    for name in ("a.angles.csv", "a.angles.json", "a.angles.npz", "a.mot"):
        write(people, tmp_path / name)
    expected = joint_angles(people[1].pose, H36M_17, people[1].up)
    with np.load(tmp_path / "a-person2.angles.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["time"], people[1].times)
        for name, values in expected.items():
            np.testing.assert_array_equal(file[name], values)
    with (tmp_path / "a.angles.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["person"] == "2"]
    found = [float(row["left_knee_flexion_deg"]) for row in rows]
    np.testing.assert_allclose(found, expected["left_knee_flexion"], atol=0.006)
    assert rows[0]["time_s"] == "1.0000"
    person = json.loads((tmp_path / "a.angles.json").read_text())["people"][1]
    np.testing.assert_allclose(person["angles"]["trunk_flexion"], expected["trunk_flexion"], atol=0.006)


def test_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
    one = track("1", 5)
    write([one], tmp_path / "a.angles.parquet")
    table = parquet.read_table(tmp_path / "a.angles.parquet").to_pydict()
    expected = joint_angles(one.pose, H36M_17, one.up)
    np.testing.assert_array_equal(table["right_hip_flexion_deg"], expected["right_hip_flexion"])


def test_opensim_reads_the_motion(tmp_path: Path) -> None:
    """The header as OpenSim's documentation has it, a table of numbers below, signs as its coordinates have them."""
    one = track("1", 7)
    write([one], tmp_path / "a.mot")
    head, _, body = (tmp_path / "a.mot").read_text().partition("endheader\n")
    names, *rows = [line.split("\t") for line in body.splitlines()]
    assert head.splitlines() == ["Coordinates", "version=1", "nRows=7", f"nColumns={len(names)}", "inDegrees=yes"]
    table = dict(zip(names, np.array(rows, dtype=float).T, strict=True))
    expected = joint_angles(one.pose, H36M_17, one.up)
    np.testing.assert_allclose(table["knee_angle_r"], expected["right_knee_flexion"], atol=1e-5)
    np.testing.assert_allclose(table["pelvis_tilt"], -expected["pelvis_tilt"], atol=1e-5)
    np.testing.assert_allclose(
        table["lumbar_extension"], expected["pelvis_tilt"] - expected["trunk_flexion"], atol=1e-5
    )
    np.testing.assert_allclose(table["time"], one.times, atol=1e-6)
