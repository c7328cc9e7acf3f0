import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.video.regions import Region, crop, iou, standing

PLACES = st.builds(Region, st.floats(-20, 80), st.floats(-20, 60), st.floats(4, 120), st.floats(-math.pi, math.pi))


def slow_crop(image: np.ndarray, region: Region, side: int, black: bool) -> np.ndarray:
    """Pixel by pixel; a pixel's value is at its centre."""
    height, width = image.shape[:2]
    picture = np.zeros((side, side, 3))
    for row, column in np.ndindex(side, side):
        share = np.array([(column + 0.5) / side, (row + 0.5) / side])
        x, y = region.to_image(share) - 0.5
        left, top = math.floor(x), math.floor(y)
        for i, j in np.ndindex(2, 2):
            weight = (1 - abs(x - left - i)) * (1 - abs(y - top - j))
            if black and not (0 <= left + i < width and 0 <= top + j < height):
                continue
            picture[row, column] += weight * image[min(max(top + j, 0), height - 1), min(max(left + i, 0), width - 1)]
    return picture


@settings(max_examples=25)
@given(PLACES, st.booleans())
def test_crop_is_its_slow_twin(region: Region, black: bool):
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    np.testing.assert_allclose(crop(image, region, 9, black=black), slow_crop(image, region, 9, black), atol=0.2)


def test_upright_square_is_cut_out():
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    np.testing.assert_allclose(crop(image, Region(30.0, 20.0, 16.0), 16), image[12:28, 22:38], atol=0.01)
    quarter = crop(image, Region(30.0, 20.0, 16.0, math.pi / 2), 16)  # upper side to the right
    np.testing.assert_allclose(quarter, np.rot90(image[12:28, 22:38]), atol=0.01)


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(1, 90), st.floats(-3.1, 3.1))
def test_people_stand_in_their_square(x: float, y: float, radius: float, angle: float):
    foot = np.array([x, y])
    top = foot + radius * np.array([math.sin(angle), -math.cos(angle)])
    region = standing(foot, top, margin=1.25)
    np.testing.assert_allclose(region.to_image(np.array([[0.5, 0.5], [0.5, 0.1]])), [foot, top], atol=1e-6)


def test_overlaps():
    a, b = np.array([[0, 0, 2, 2], [5, 5, 6, 6.0]]), np.array([[1, 1, 3, 3], [0, 0, 2, 2.0]])
    np.testing.assert_allclose(iou(a, b), [[1 / 7, 1], [0, 0]])
    assert Region(1.0, 1.0, 2.0).overlap(Region(2.0, 2.0, 2.0, 1.0)) == pytest.approx(1 / 7)
