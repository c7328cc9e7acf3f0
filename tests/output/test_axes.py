import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionprompt.errors import InputError
from actionprompt.output import tilted
from actionprompt.output.axes import gravity_turn, in_axes, world
from lifted_people import person

angle = st.floats(-90, 90)


@given(angle, st.floats(-180, 180), st.sampled_from(["y-up", "z-up"]))
def test_the_world_is_right_handed_and_upright(pitch: float, roll: float, axes: str):
    up = tilted(pitch, roll)
    turn = gravity_turn(up, axes)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_allclose(turn @ up, [0, 1, 0] if axes == "y-up" else [0, 0, 1], atol=1e-9)


def test_a_level_camera_only_renames_its_axes():
    right, down, forward = np.eye(3)
    for axes, up, ahead in (("y-up", [0, 1, 0], [0, 0, -1]), ("z-up", [0, 0, 1], [0, 1, 0])):
        turn = gravity_turn((0.0, -1.0, 0.0), axes)
        np.testing.assert_allclose(turn @ right, [1, 0, 0])
        np.testing.assert_allclose(turn @ -down, up)
        np.testing.assert_allclose(turn @ forward, ahead)


def test_a_camera_that_looks_down_sees_the_ground_below_the_horizon():
    turn = gravity_turn(tilted(pitch=30.0))
    np.testing.assert_allclose(turn @ [0, 0, 1], [0, -0.5, -np.sqrt(0.75)], atol=1e-12)
    np.testing.assert_allclose(turn @ [1, 0, 0], [1, 0, 0], atol=1e-12)


def test_a_camera_rolled_clockwise_sees_the_world_turned_anticlockwise():
    up = tilted(roll=30.0)
    assert up[0] == pytest.approx(-0.5)  # towards the image's upper left
    assert up[1] == pytest.approx(-np.sqrt(0.75))


@pytest.mark.parametrize("pitch", [90.0, -90.0])
def test_a_camera_that_looks_straight_down_or_up_keeps_its_right(pitch: float):
    np.testing.assert_allclose(gravity_turn(tilted(pitch)) @ [1, 0, 0], [1, 0, 0], atol=1e-9)


@pytest.mark.parametrize("axes", ["y-up", "z-up"])
@pytest.mark.parametrize("pitch", [0.0, 20.0])
def test_people_stand_on_the_ground_at_the_origin(axes: str, pitch: float):
    people = [person("1", up=tilted(pitch)), person("2", seed=1, up=tilted(pitch))]
    place = world(people, axes)
    height = "xyz".index(axes[0])
    points = [place.points(track.points) for track in people]
    lowest = min(np.quantile(p[..., height].min(1), 0.05) for p in points)
    assert lowest == pytest.approx(0.08, abs=1e-9)
    start = np.delete(points[0][0, 0], height)
    np.testing.assert_allclose(start, 0, atol=1e-9)


def test_distances_do_not_depend_on_the_axes():
    people = [person("1", up=tilted(15.0, 5.0)), person("2", seed=1, up=tilted(15.0, 5.0))]
    turned = in_axes(people, "z-up")
    for a, b in zip(people, turned, strict=True):
        np.testing.assert_allclose(np.linalg.norm(a.pose, axis=-1), np.linalg.norm(b.pose, axis=-1))
    between = [np.linalg.norm(p[0].points - p[1].points, axis=-1) for p in (people, turned)]
    np.testing.assert_allclose(*between)
    assert turned[0].up == (0, 0, 1)
    assert in_axes(people, "camera") == people


def test_angles_beyond_the_sphere_are_refused():
    with pytest.raises(InputError, match="pitch lies in ±90"):
        tilted(pitch=100.0)
