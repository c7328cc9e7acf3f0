"""IncrementalLifter: however a sequence is cut, the answers are the same."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.encoders.config import A3DHPCfg, MixSTECfg, VPoseCfg
from actionprompt.inference.incremental import IncrementalLifter
from actionprompt.model.config import (
    APMCfg,
    LearnedClassesCfg,
    LifterCfg,
    PosePromptCfg,
    PoseToTextCfg,
    TCNCfg,
    TextPromptCfg,
)
from lifters import TRIPOD, random_lifter, walk

APM = APMCfg(TextPromptCfg(LearnedClassesCfg(8), TCNCfg(1), PoseToTextCfg(2, 8)), PosePromptCfg(1, 8, 3, 2))


NARROW = replace(APM, recogniser=replace(APM.recogniser, width=5))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([APM, NARROW]), st.lists(st.sampled_from([1, 1, 1, 2, 3, 7, 20]), min_size=1, max_size=40))
def test_chunks_of_any_size(apm, chunks):
    lifter = random_lifter(LifterCfg(VPoseCfg((3, 3, 3), 8), apm)).double()
    x = walk(sum(chunks)).double()
    whole, flow = IncrementalLifter(lifter).push(x), IncrementalLifter(lifter)
    parts = [flow.push(part) for part in x.split(chunks)]
    torch.testing.assert_close(torch.cat([part.pose for part in parts]), whole.pose)
    torch.testing.assert_close(torch.cat([part.logits for part in parts]), whole.logits)


def test_layers_write_into_the_same_memory_again():
    """Chunks of one size allocate no features."""
    lifter = random_lifter(LifterCfg(VPoseCfg((3, 3, 3), 8), None))
    flow, x = IncrementalLifter(lifter).encoder, walk(200)[None]
    with torch.inference_mode():
        places = [flow.push(part).final.data_ptr() for part in x.split(50, dim=1)]
    assert len(set(places)) == 1


def test_flows_do_not_share_state():
    lifter, x = random_lifter(LifterCfg(VPoseCfg((3, 3), 8), APM)), walk(30)
    one, other = IncrementalLifter(lifter), IncrementalLifter(lifter, list(TRIPOD.mirror))
    one.push(x[:11])
    other.push(x[:5])
    torch.testing.assert_close(one.push(x[11:]).pose, IncrementalLifter(lifter).push(x).pose[11:])


@pytest.mark.parametrize(
    ("encoder", "dtype", "covered"),
    [
        (VPoseCfg((3,), 8), torch.float32, True),
        (VPoseCfg((3,), 8), torch.float64, True),
        (VPoseCfg((3,), 8), torch.bfloat16, False),
        (A3DHPCfg(2, 8), torch.float32, False),
        (MixSTECfg(3, 8, 1, 2), torch.float32, False),
    ],
)
def test_what_is_covered(encoder, dtype, covered):
    assert IncrementalLifter.covers(random_lifter(LifterCfg(encoder, None)).to(dtype)) == covered
