"""A figure whose feet are turned, seen by a camera: heels and toes are found again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from actionprompt.inference.feet import HEEL, TOE, leg_axes, pointed, with_feet
from actionprompt.inference.people import of_height
from actionprompt.output import CharacterCfg, LiftedTrack, SavitzkyGolay, smooth
from actionprompt.output.angles import angles_of
from actionprompt.output.axes import in_axes, world
from actionprompt.output.character import character
from actionprompt.output.document import document_text
from actionprompt.output.npz import read_lifted, save_npz
from actionprompt.output.table import columns
from actionprompt.output.trajectory import Lens
from actionprompt.skeleton import FEET, H36M_17
from lifted_people import FOCAL, person

J = H36M_17.joints.index
LENS = Lens((FOCAL, FOCAL), (0.0, 0.0))


def turned_feet(track: LiftedTrack, tall: float, toes_up: float = 10.0, out: float = 20.0) -> np.ndarray:
    """True feet, which point up and outwards by some degrees against their shins, (n, 2, 2, 3)."""
    at = dict(zip(H36M_17.joints, np.moveaxis(track.points, 1, 0), strict=True))
    feet = []
    for side, sign in (("left", 1), ("right", -1)):
        leg = leg_axes(at["left hip"] - at["right hip"], at[f"{side} knee"] - at[f"{side} ankle"])
        turn = Rotation.from_euler("xy", [-toes_up, sign * out], degrees=True).as_matrix()
        feet.append(tall * np.einsum("nij,kj->nki", leg @ turn, [HEEL, TOE]))
    return np.stack(feet, axis=1)


def seen(track: LiftedTrack, feet: np.ndarray, confidence: float = 0.9) -> np.ndarray:
    """The feet's points on the screen."""
    ankles = track.points[:, [J("left ankle"), J("right ankle")]]
    points = (ankles[:, :, None] + feet).reshape(-1, 4, 3)
    flat = FOCAL * points[..., :2] / points[..., 2:]
    return np.concatenate([flat, np.full((*flat.shape[:2], 1), confidence)], axis=-1)


def degrees(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Between two sets of feet's directions."""
    ahead = [f[:, :, 1] - f[:, :, 0] for f in (first, second)]
    lengths = [np.linalg.norm(a, axis=-1) for a in ahead]
    return np.degrees(np.arccos(((ahead[0] * ahead[1]).sum(-1) / lengths[0] / lengths[1]).clip(-1, 1)))


@pytest.fixture
def track() -> LiftedTrack:
    return person(frames=60)


def test_feet_are_found(track: LiftedTrack) -> None:
    found = with_feet(track, seen(track, turned_feet(track, 1.75)), LENS)
    assert found.feet is not None
    true = turned_feet(track, 1.75)
    unseen = with_feet(track, seen(track, true, confidence=0.0), LENS)
    assert np.median(degrees(found.feet, true)) < 0.5 * np.median(degrees(unseen.feet, true))
    assert np.median(degrees(found.feet, true)) < 10
    lengths = np.linalg.norm(found.feet[:, :, 1] - found.feet[:, :, 0], axis=-1)
    np.testing.assert_allclose(lengths, lengths[0, 0])  # rigid
    assert 0.22 < lengths[0, 0] < 0.3


def test_what_was_not_seen_stands_square_to_the_shin(track: LiftedTrack) -> None:
    found = with_feet(track, seen(track, turned_feet(track, 1.75), confidence=0.0), LENS)
    square = turned_feet(track, 1.75, 0.0, 0.0)
    np.testing.assert_allclose(degrees(found.feet, square), 0, atol=1e-3)


def test_directions_have_their_depth_back() -> None:
    random = np.random.default_rng(0)
    true, heel = random.normal(size=(50, 3)), np.array([0.3, 0.8, 4.0]) + 0.3 * random.normal(size=(50, 3))
    true /= np.linalg.norm(true, axis=1, keepdims=True)
    toe = heel + 0.25 * true
    rays = [point[:, :2] / point[:, 2:] for point in (heel, toe)]
    np.testing.assert_allclose(pointed(*rays, heel[:, 2], true, 0.25), true, atol=1e-6)
    longer = pointed(np.zeros((1, 2)), np.array([[0.2, 0.0]]), np.array([4.0]), np.array([[0.0, 0.0, 1.0]]), 0.25)
    assert longer[0, 0] > 0.9  # 80 cm apart: as far across as can be


def test_without_a_path_nothing_is_known(track: LiftedTrack) -> None:
    assert with_feet(replace(track, root=None), seen(track, turned_feet(track, 1.75)), LENS).feet is None


def test_feet_go_with_the_person(track: LiftedTrack) -> None:
    track = replace(track, feet=turned_feet(track, 1.75))
    taller = of_height(track, 2.0)
    np.testing.assert_allclose(taller.feet / track.feet, (taller.pose / np.where(track.pose == 0, 1, track.pose)).max())
    place, (upright,) = world([track]), in_axes([track], "y-up")
    joints = place.points(track.points[:, [J("left ankle")]] + track.feet[:, 0])
    np.testing.assert_allclose(upright.feet_pose[:, :2] + upright.root[:, None], joints, atol=1e-9)
    smoothed = smooth(track, SavitzkyGolay()).feet
    np.testing.assert_allclose(np.linalg.norm(smoothed, axis=-1), np.linalg.norm(track.feet, axis=-1))
    assert degrees(smoothed, track.feet).max() < 5


def test_the_files_hold_them(track: LiftedTrack, tmp_path: Path) -> None:
    track = replace(track, feet=turned_feet(track, 1.75))
    save_npz(track, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        assert tuple(file["foot_points"]) == FEET
        np.testing.assert_allclose(file["feet"][:, 0], track.pose[:, J("left ankle")] + track.feet[:, 0, 0])
    np.testing.assert_allclose(read_lifted(tmp_path / "a.npz").feet, track.feet)
    table = columns(track)
    np.testing.assert_allclose([float(x) for x in table["right_toe_y_m"]], track.feet_pose[:, 3, 1], atol=1e-4)
    assert '"foot_points":["left heel","left toe","right heel","right toe"]' in document_text([track])
    assert "left_heel_x_m" not in columns(person())


def test_ankles_have_an_angle(track: LiftedTrack) -> None:
    """Toes 10 degrees up against the shin's square; turning outwards does not change it."""
    found = angles_of(replace(track, feet=turned_feet(track, 1.75, toes_up=10, out=0)))
    for side in ("left", "right"):
        np.testing.assert_allclose(found[f"{side}_ankle_dorsiflexion"], 10, atol=1e-6)
    assert "left_ankle_dorsiflexion" not in angles_of(track)


@pytest.mark.parametrize("rig", ["plain", "mixamo", "vrm"])
def test_foot_bones_point_where_feet_do(track: LiftedTrack, rig: str) -> None:
    track = replace(track, feet=turned_feet(track, 1.75))
    place = world([track])
    motion = character(track, place, CharacterCfg(rig=rig)).motion
    names = [bone.name.casefold() for bone in motion.rig.bones]
    for side, number in (("left", 0), ("right", 1)):
        bone, turn = names.index(f"{side}foot"), np.eye(3)
        while bone >= 0:
            turn, bone = motion.rotations[:, bone] @ turn, motion.rig.parents[bone]
        ahead = place.vectors(track.feet[:, number, 1] - track.feet[:, number, 0])
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        np.testing.assert_allclose(turn[..., 2], ahead, atol=1e-6)
