"""What a lifter answers does not depend on the number format, the batch, the threads, or on how frames arrive."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.data.config import SyntheticCfg
from actionprompt.data.load import load
from actionprompt.encoders.config import A3DHPCfg, DSTformerCfg, EncoderCfg, MixSTECfg, MotionAGFormerCfg, VPoseCfg
from actionprompt.hub.shipped import open_lifter, shipped
from actionprompt.inference.lifting import lift
from actionprompt.inference.stream import Stream
from actionprompt.model.app import HardSelection
from actionprompt.model.config import APMCfg, LifterCfg
from actionprompt.model.lifter import Lifter
from lifters import APP, ATP, random_lifter

ENCODERS: dict[str, EncoderCfg] = {
    "vpose": VPoseCfg((3, 3, 3), channels=32),
    "vpose, causal": VPoseCfg((3, 3, 3), channels=32, causal=True),
    "a3dhp": A3DHPCfg(3, channels=32),
    "mixste": MixSTECfg(9, dim=16, depth=2, heads=2),
    "dstformer": DSTformerCfg(9, dim=16, representation=16, depth=1, heads=2),
    "motionagformer": MotionAGFormerCfg(9, layers=2, dim=16, representation=16, heads=2),
}
CLOSE = 1e-6
"""Metres: a thousandth of a millimetre."""
HARSH = 3 * CLOSE
"""For networks whose random weights make much of every difference."""


def made(name: str, **how: object) -> Lifter:
    return random_lifter(LifterCfg(ENCODERS[name], APMCfg(ATP, APP)), **how)


def joints(lifter: Lifter, n: int, seed: int) -> torch.Tensor:
    """A walk through the picture, with confidence where the model reads it."""
    random = torch.Generator().manual_seed(seed)
    start = 0.5 * torch.randn(1, lifter.num_joints, 2, generator=random, dtype=torch.float64)
    places = start + 0.02 * torch.randn(n, lifter.num_joints, 2, generator=random, dtype=torch.float64).cumsum(0)
    if lifter.encoder.window.channels == 2:
        return places
    return torch.cat([places, torch.rand(n, lifter.num_joints, 1, generator=random, dtype=torch.float64)], -1)


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=5, deadline=None)
@given(n=st.integers(1, 40), seed=st.integers(0, 1000))
def test_float32_is_float64_within_a_thousandth_of_a_millimetre(name: str, n: int, seed: int) -> None:
    lifter = made(name)
    x = joints(lifter, n, seed)
    exact = lift(lifter.double(), x)
    found = lift(lifter.float(), x.float())
    assert float((found.pose - exact.pose).abs().max()) < HARSH
    assert float((found.probability - exact.probability).abs().max()) < 1e-4


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=5, deadline=None)
@given(n=st.integers(2, 30), block=st.integers(1, 9), seed=st.integers(0, 1000))
def test_neither_the_batch_nor_the_threads_count(name: str, n: int, block: int, seed: int) -> None:
    lifter = made(name).float()
    x = joints(lifter, n, seed).float()
    whole = lift(lifter, x)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        parts = lift(lifter, x, block=block)
    finally:
        torch.set_num_threads(before)
    assert float((parts.pose - whole.pose).abs().max()) < HARSH
    windows = torch.randn(4, lifter.encoder.window.frames, *x.shape[1:], generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        together, alone = lifter(windows).pose, torch.cat([lifter(one[None]).pose for one in windows])
    assert float((together - alone).abs().max()) < HARSH


@pytest.mark.parametrize("name", ["vpose", "vpose, causal", "a3dhp"])
@settings(max_examples=5, deadline=None)
@given(n=st.integers(1, 40), seed=st.integers(0, 1000), hard=st.booleans())
def test_frame_by_frame_as_a_whole(name: str, n: int, seed: int, hard: bool) -> None:
    lifter = made(name).double()  # in which two actions are no tie that rounding could decide
    x, how = joints(lifter, n, seed), {"selection": HardSelection()} if hard else {}
    stream = Stream(lifter, lifter.encoder.window.future, **how)
    answers = [answer for answer in map(stream.push, x) if answer is not None] + stream.flush()
    whole = lift(lifter, x, **how)
    assert [answer.frame for answer in answers] == list(range(n))
    assert float((torch.stack([answer.pose for answer in answers]) - whole.pose).abs().max()) < CLOSE


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_models_in_both_formats(name: str) -> None:
    """Also where two actions come nearest to each other, which the soft choice, the one in use, does not feel."""
    lifter = open_lifter(name)
    x = load(SyntheticCfg(subjects=2, frames=200)).clips[0].keypoints.double()  # a person, where the others wander
    exact = lift(lifter.double(), x)
    found = lift(lifter.float(), x.float())
    difference = (found.pose - exact.pose).abs().amax((1, 2))
    top = exact.probability.topk(2).values
    assert float(difference.max()) < CLOSE
    assert float(difference[(top[:, 0] - top[:, 1]).argmin()]) < CLOSE
