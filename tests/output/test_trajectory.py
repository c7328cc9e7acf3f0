import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from actionprompt.errors import InputError
from actionprompt.output import Lens, SavitzkyGolay, estimate_root
from actionprompt.output.trajectory import translations
from lifted_people import FOCAL, path, person, pose, screen

LENS = Lens((FOCAL, FOCAL), (0.05, -0.02))


def slow_translation(pose: np.ndarray, rays: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The same least squares with one row per coordinate."""
    rows, right = [], []
    for (x, y, z), (u, v), w in zip(pose, rays, np.sqrt(weights), strict=True):
        rows += [[w, 0, -w * u], [0, w, -w * v]]
        right += [w * (u * z - x), w * (v * z - y)]
    return np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(-1.5, 1.5), st.floats(-1.0, 1.0), st.floats(2.5, 30.0), st.floats(0.8, 4.0))
def test_noise_free_projections_give_the_path_back(seed: int, x: float, y: float, z: float, focal: float):
    from torch import as_tensor, float64, tensor

    from actionprompt.camera import project_linear

    relative = pose(3, seed)
    points = relative + np.array([x, y, z])
    assume((np.abs(points[..., :2] / points[..., 2:]) < 1).all())  # what project_linear does not clamp
    intrinsic = tensor([focal, focal * 1.01, 0.1, -0.2, 0, 0, 0, 0, 0], dtype=float64)
    keypoints = project_linear(as_tensor(points), intrinsic).numpy()
    track = person(frames=3, pose=relative, keypoints=keypoints, root=None)
    found = estimate_root(track, Lens((focal, focal * 1.01), (0.1, -0.2)))
    np.testing.assert_allclose(found.root, np.tile([x, y, z], (3, 1)), atol=1e-6 * z)


def test_the_closed_form_equals_a_general_solver():
    random = np.random.default_rng(0)
    relative, weights = pose(20), random.uniform(0, 1, (20, 17))
    rays = (screen(relative + path(20)[:, None]) + 0.01 * random.normal(size=(20, 17, 2))) / FOCAL
    found, known = translations(relative, rays, weights)
    assert known.all()
    expected = np.stack([slow_translation(*frame) for frame in zip(relative, rays, weights, strict=True)])
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_joints_without_confidence_do_not_count():
    track = person(root=None)
    keypoints, confidence = track.keypoints.copy(), np.ones((40, 17))
    keypoints[:, 3], confidence[:, 3] = 0.9, 0
    found = estimate_root(person(root=None, keypoints=keypoints, confidence=confidence), LENS)
    np.testing.assert_allclose(found.root, path(), atol=1e-6)


def test_frames_without_a_solution_are_interpolated_and_counted():
    confidence = np.ones((40, 17))
    confidence[10:15] = 0
    confidence[38:] = 0
    found = estimate_root(person(root=None, confidence=confidence), LENS)
    np.testing.assert_allclose(found.root[:38], path()[:38], atol=1e-6)  # the walk is straight
    np.testing.assert_allclose(found.root[38:], np.tile(path()[37], (2, 1)), atol=1e-6)
    assert any("interpolated in 7 of 40 frames" in note for note in found.notes)


def test_the_notes_say_approximate_and_what_was_assumed():
    notes = estimate_root(person(root=None), smoothing=SavitzkyGolay()).notes
    assert any("root path APPROXIMATE: assumed field of view 65 degrees" in note for note in notes)
    assert any("root path smoothed by Savitzky-Golay" in note for note in notes)


def test_the_miss_that_the_notes_state_is_that_of_the_projection():
    track = person(root=None)
    keypoints = track.keypoints + 0.02 * np.random.default_rng(0).normal(size=track.keypoints.shape)
    note = next(n for n in estimate_root(person(root=None, keypoints=keypoints), LENS).notes if "miss" in n)
    stated = float(note.split("by ")[1].split(" %")[0])
    assert stated == pytest.approx(50 * 0.02 * np.sqrt(2), rel=0.1)  # of the width, which is 2


def test_noise_moves_the_path_little_and_smoothing_helps():
    track = person(noise=0.02, root=None)
    keypoints = track.keypoints + 0.004 * np.random.default_rng(0).normal(size=track.keypoints.shape)
    track = person(noise=0.02, root=None, keypoints=keypoints)
    errors = [
        np.linalg.norm(estimate_root(track, LENS, smoothing).root - path(), axis=1).mean()
        for smoothing in (None, SavitzkyGolay(0.5, 2))
    ]
    assert errors[1] < errors[0] < 0.1


def test_a_longer_lens_puts_the_person_farther_away():
    near, far = (estimate_root(person(root=None), Lens.of_view(v)).root[:, 2].mean() for v in (70.0, 35.0))
    assert far / near == pytest.approx(np.tan(np.radians(35)) / np.tan(np.radians(17.5)), rel=0.05)


def test_fields_of_view_are_along_the_longer_side():
    assert Lens.of_view(90.0, (1920, 1080)).focal == pytest.approx((1, 1))
    assert Lens.of_view(90.0, (1080, 1920)).focal == pytest.approx((1920 / 1080,) * 2)
    assert Lens.of_view(90.0).focal == pytest.approx((1, 1))
    assert Lens.of_pixels(1500.0, (1920, 1080)).focal == pytest.approx((1500 / 960,) * 2)


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="between 0 and 180 degrees"):
        Lens.of_view(180.0)
    with pytest.raises(InputError, match="needs the image's size"):
        Lens.of_pixels(1000.0, (0, 0))
    with pytest.raises(InputError, match="must be positive"):
        Lens((0.0, 1.0))
    with pytest.raises(InputError, match="in no frame do the 2D joints show a size"):
        estimate_root(person(root=None, keypoints=np.zeros((40, 17, 2))))
