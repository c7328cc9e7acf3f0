import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from actionprompt.data.clip import mirror
from actionprompt.data.figure import _LIMITS, CHANNELS, Body, forward, limit, mirrored, turn
from actionprompt.skeleton import H36M_17

BODY = Body.of_stature(1.8)
JOINT = {name: i for i, name in enumerate(H36M_17.joints)}


def pose(**degrees: float) -> dict[str, Tensor]:
    """One frame of the figure by joint name, standing straight but for the given channels."""
    angles = torch.zeros(1, len(CHANNELS), dtype=torch.float64)
    for name, value in degrees.items():
        angles[0, CHANNELS.index(name)] = value
    return dict(zip(H36M_17.joints, forward(BODY, angles)[0], strict=True))


def random_angles(seed: int, frames: int = 5) -> Tensor:
    low, high = torch.tensor(_LIMITS, dtype=torch.float64).unbind(-1)
    share = torch.rand(frames, len(CHANNELS), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return low + (high - low) * share


def test_a_straight_figure_is_as_tall_as_it_should_be():
    joints = pose()
    height = BODY.ankle + joints["head top"][2] - joints["right ankle"][2]
    assert height == pytest.approx(1.8, rel=0.01)
    for side, sign in (("right", 1), ("left", -1)):
        assert joints[f"{side} shoulder"][0] * sign > 0.1
        assert joints[f"{side} ankle"].tolist() == pytest.approx(
            [sign * BODY.hip, 0, -BODY.thigh - BODY.shin], abs=1e-9
        )


@pytest.mark.parametrize("side", ["right", "left"])
def test_every_channel_turns_the_way_its_name_says(side: str):
    s, outward = side[0], 1 if side == "right" else -1
    rest = pose()

    def moved(joint: str, **degrees: float) -> list[float]:
        return (pose(**degrees)[joint] - rest[joint]).tolist()

    assert moved("head top", lean=30)[1] > 0.1
    assert moved("head top", bend=30)[0] > 0.1
    assert moved("right shoulder", twist=30)[1] > 0.05
    assert moved("nose", nod=30)[2] < 0
    assert moved("nose", turn=30)[0] < 0
    assert moved(f"{side} knee", **{f"{s}_thigh": 30})[1] > 0.1
    assert moved(f"{side} knee", **{f"{s}_spread": 20})[0] * outward > 0.1
    assert moved(f"{side} ankle", **{f"{s}_knee": 60})[1] < -0.1
    assert moved(f"{side} wrist", **{f"{s}_arm": 45})[1] > 0.1
    assert moved(f"{side} wrist", **{f"{s}_out": 45})[0] * outward > 0.1
    assert moved(f"{side} wrist", **{f"{s}_elbow": 90})[1] > 0.1
    bent = pose(**{f"{s}_elbow": 90})[f"{side} wrist"]
    rolled = pose(**{f"{s}_elbow": 90, f"{s}_roll": 45})[f"{side} wrist"]
    assert (rolled - bent)[0] * outward < -0.1
    bent = pose(**{f"{s}_thigh": 90, f"{s}_knee": 90})[f"{side} ankle"]
    turned = pose(**{f"{s}_thigh": 90, f"{s}_knee": 90, f"{s}_toe": 30})[f"{side} ankle"]
    assert (turned - bent)[0] * outward > 0.05  # toes in: heels out


@pytest.mark.parametrize(("joint", "sign"), [("knee", -1), ("elbow", 1)])
@pytest.mark.parametrize("angle", [2, 30, 90, 149])
def test_hinges_bend_one_way_by_their_angle(joint: str, sign: int, angle: float):
    chain = ("right hip", "right knee", "right ankle")
    if joint == "elbow":
        chain = ("right shoulder", "right elbow", "right wrist")
    start, middle, end = (pose(**{f"r_{joint}": angle})[name] for name in chain)
    assert torch.sign(end - middle)[1] == sign
    cosine = torch.cosine_similarity(middle - start, end - middle, dim=0)
    assert math.degrees(math.acos(cosine)) == pytest.approx(angle, abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_bones_keep_their_length_in_every_pose(seed: int):
    joints = forward(BODY, random_angles(seed))
    rest = forward(BODY, torch.zeros(1, len(CHANNELS), dtype=torch.float64))
    for parent, child in H36M_17.bones:
        length = (rest[0, child] - rest[0, parent]).norm()
        assert (joints[:, child] - joints[:, parent]).norm(dim=-1).sub(length).abs().max() < 1e-9


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_a_left_hander_is_a_right_hander_in_the_mirror(seed: int):
    angles = random_angles(seed)
    expected = mirror(forward(BODY, angles), list(H36M_17.mirror))
    torch.testing.assert_close(forward(BODY, mirrored(angles)), expected)
    assert torch.equal(mirrored(mirrored(angles)), angles)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(-180, 180), min_size=3, max_size=3))
def test_turn_is_the_product_of_three_elementary_rotations(degrees: list[float]):
    (a, b, c), (sa, sb, sc) = (tuple(f(math.radians(d)) for d in degrees) for f in (math.cos, math.sin))
    x = torch.tensor([[1, 0, 0], [0, a, -sa], [0, sa, a]], dtype=torch.float64)
    y = torch.tensor([[b, 0, sb], [0, 1, 0], [-sb, 0, b]], dtype=torch.float64)
    z = torch.tensor([[c, -sc, 0], [sc, c, 0], [0, 0, 1]], dtype=torch.float64)
    torch.testing.assert_close(turn(torch.tensor(degrees, dtype=torch.float64)), x @ y @ z)


def test_all_frames_at_once_equal_one_after_the_other():
    angles = random_angles(1, frames=7)
    torch.testing.assert_close(forward(BODY, angles), torch.cat([forward(BODY, a[None]) for a in angles]))


def test_limit_stops_knees_and_elbows():
    angles = limit(torch.full((2, len(CHANNELS)), -500.0))
    assert min(angles[0, CHANNELS.index(name)] for name in ("r_knee", "l_knee", "r_elbow", "l_elbow")) > 0
    inside = random_angles(3)
    assert torch.equal(limit(inside), inside)


def test_scaled_multiplies_each_length():
    scaled = BODY.scaled(torch.arange(1, 11, dtype=torch.float64))
    assert scaled.thigh == pytest.approx(2 * BODY.thigh)
    assert scaled.head == pytest.approx(10 * BODY.head)
