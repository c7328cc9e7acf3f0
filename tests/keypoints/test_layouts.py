import numpy as np
import pytest

from actionprompt.keypoints.layouts import ABOVE_EARS, layouts
from actionprompt.skeleton import H36M_17

NAMES = ("coco17", "halpe26", "body25", "blazepose33", "h36m17", "body25b", "openpose18", "mpii16")


def joints(name: str, **points: tuple[float, float]) -> dict[str, np.ndarray]:
    """The 17 joints of a person whose points are given, the others random."""
    layout = layouts()[name]
    table = np.random.default_rng(0).normal(size=(len(layout.points), 2))
    for point, place in points.items():
        table[layout.points.index(point.replace("_", " "))] = place
    return dict(zip(H36M_17.joints, layout.weights() @ table, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_joint_is_a_combination_with_weights_that_sum_to_one(name: str):
    layout = layouts()[name]
    weights = layout.weights()
    assert weights.shape == (17, len(layout.points))
    np.testing.assert_allclose(weights.sum(1), 1)
    assert len(layout.points) == layout.counts[0] == len(set(layout.points))
    assert layout.needed == [p for p in range(len(layout.points)) if weights[:, p].any()]


@pytest.mark.parametrize("name", NAMES)
def test_a_mirrored_person_has_mirrored_joints(name: str):
    layout = layouts()[name]
    swap = {"left": "right", "right": "left"}
    other = [" ".join(swap.get(word, word) for word in point.split()) for point in layout.points]
    order = [layout.points.index(point) for point in other]
    np.testing.assert_allclose(layout.weights()[list(H36M_17.mirror)], layout.weights()[:, order])


@pytest.mark.parametrize("name", NAMES[:4])
def test_limbs_are_the_detectors_own(name: str):
    found = joints(name, left_wrist=(3, 4), right_hip=(-1, 2), nose=(7, 8))
    np.testing.assert_allclose(found["left wrist"], (3, 4))
    np.testing.assert_allclose(found["right hip"], (-1, 2))
    np.testing.assert_allclose(found["nose"], (7, 8))


@pytest.mark.parametrize("name", ["coco17", "blazepose33"])
def test_the_trunk_follows_from_hips_shoulders_and_ears(name: str):
    found = joints(
        name,
        left_hip=(1, 0),
        right_hip=(-1, 0),
        left_shoulder=(2, 5),
        right_shoulder=(-2, 5),
        left_ear=(1, 7),
        right_ear=(-1, 7),
    )
    np.testing.assert_allclose(found["pelvis"], (0, 0))
    np.testing.assert_allclose(found["thorax"], (0, 5))
    np.testing.assert_allclose(found["spine"], (0, 2.5))
    np.testing.assert_allclose(found["head top"], (0, 7 + ABOVE_EARS * 2))


def test_layouts_with_middle_points_use_them():
    halpe = joints("halpe26", hip=(1, 2), neck=(3, 4), head=(5, 6))
    np.testing.assert_allclose(
        [halpe[j] for j in ("pelvis", "thorax", "head top", "spine")], [(1, 2), (3, 4), (5, 6), (2, 3)]
    )
    body = joints("body25", mid_hip=(1, 2), neck=(3, 4), left_ear=(2, 9), right_ear=(4, 9))
    np.testing.assert_allclose([body[j] for j in ("pelvis", "thorax", "spine")], [(1, 2), (3, 4), (2, 3)])
    np.testing.assert_allclose(body["head top"], (3, 9 + ABOVE_EARS * 5))


@pytest.mark.parametrize("name", NAMES)
def test_confidence_is_the_least_of_the_points(name: str) -> None:
    """The slow twin looks at every joint and point."""
    layout = layouts()[name]
    sure = np.random.default_rng(0).uniform(size=(5, len(layout.points)))
    slow = np.where(layout.weights() != 0, sure[..., None, :], np.inf).min(-1)
    np.testing.assert_array_equal(layout.joint_confidence(sure), slow)
