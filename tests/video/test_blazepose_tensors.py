import numpy as np
import pytest

from actionprompt.video.blazepose_tensors import anchors, people, refine, sigmoid


def test_anchors_are_those_of_five_layers():
    """Slow twin: layers of strides 8, 16, 32, 32, 32, two anchors per place and layer, layers of a stride together."""
    slow = []
    for stride, layers in ((8, 1), (16, 1), (32, 3)):
        cells = 224 // stride
        slow += [[(x + 0.5) / cells, (y + 0.5) / cells] for y in range(cells) for x in range(cells)
                 for _ in range(2 * layers)]  # fmt: skip
    np.testing.assert_allclose(anchors(), slow)
    assert anchors().shape == (2254, 2)


def made(places: np.ndarray, index: int, face: tuple[float, float, float], foot: tuple[float, float]) -> np.ndarray:
    """The network's numbers of a person, relative to an anchor, in pixels."""
    x, y, size = face
    points = np.array([foot, (x, y - 0.1), (x, y + 0.1), (x, y)])
    return 224 * np.concatenate([[x, y] - places[index], [size, size], (points - places[index]).ravel()])


def test_boxes_of_a_face_are_averaged_and_others_kept():
    places = anchors()
    raw, score = np.zeros((2254, 12)), np.full(2254, -9.0)
    seen = [
        (10, (0.3, 0.3, 0.1), (0.3, 0.5), 2.0),
        (700, (0.31, 0.3, 0.1), (0.32, 0.5), 1.0),
        (2000, (0.7, 0.6, 0.2), (0.7, 0.8), 3.0),
        (3, (0.1, 0.1, 0.1), (0.0, 0.0), -0.1),
    ]
    for index, face, foot, logit in seen:
        raw[index], score[index] = made(places, index, face, foot), logit
    found = people(raw, score, places, least=0.5)
    a, b = sigmoid(np.array([2.0, 1.0]))
    np.testing.assert_allclose(found[:, 0], [[0.7, 0.8], [(0.3 * a + 0.32 * b) / (a + b), 0.5]], atol=1e-9)
    assert people(raw, np.full(2254, -1.0), places, least=0.5).shape == (0, 4, 2)


def slow_refine(points: np.ndarray, heat: np.ndarray) -> np.ndarray:
    height, width, _ = heat.shape
    out = points.copy()
    for p, (x, y) in enumerate(points):
        column, row = int(x * width), int(y * height)
        if column < 0 or row < 0 or column >= width or row >= height:
            continue
        total, mass, best = np.zeros(2), 0.0, 0.0
        for r in range(max(0, row - 4), min(height, row + 5)):
            for c in range(max(0, column - 4), min(width, column + 5)):
                weight = 1 / (1 + np.exp(-heat[r, c, p]))
                total, mass, best = total + weight * np.array([c, r]), mass + weight, max(best, weight)
        if best >= 0.5:
            out[p] = total / mass / [width, height]
    return out


@pytest.mark.parametrize("level", [0.0, -6.0])
def test_refining_is_its_slow_twin(level: float):
    random = np.random.default_rng(0)
    points, heat = random.uniform(0.01, 1.2, (20, 2)), random.normal(level, 2, (16, 12, 20))
    refined = refine(points, heat)
    np.testing.assert_allclose(refined, slow_refine(points, heat))
    assert (refined != points).any() == (level == 0)
    heat[8, 6] = 9
    assert (refine(points, heat) != points).any()
