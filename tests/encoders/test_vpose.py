import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.encoders import VPoseCfg, load_authors
from actionprompt.errors import InputError

GOLDEN = {
    "vpose_f27": (VPoseCfg((3, 3, 3), 32), 17),
    "vpose_f243_strided": (VPoseCfg((3, 3, 3, 3, 3), 32), 17),
    "vpose_f27_causal": (VPoseCfg((3, 3, 3), 32, causal=True), 17),
    "vpose_humaneva_f27": (VPoseCfg((3, 3, 3), 32), 15),
}


@torch.no_grad()
@pytest.mark.parametrize("name", GOLDEN)
def test_equals_the_published_network(golden, golden_file, name):
    cfg, num_joints = GOLDEN[name]
    encoder = cfg.build(num_joints).eval()
    load_authors(encoder, golden_file(name))
    numbers = golden(name)
    torch.testing.assert_close(encoder(numbers["x"]), numbers["y"], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_causal_and_plain_differ_on_the_same_weights(golden, golden_file):
    encoder = VPoseCfg((3, 3, 3), 32).build(17).eval()
    load_authors(encoder, golden_file("vpose_f27_causal"))
    numbers = golden("vpose_f27_causal")
    assert (encoder(numbers["x"]) - numbers["y"]).abs().max() > 1e-3


@pytest.mark.parametrize(("layers", "parameters"), [(5, 16952371), (4, 12753971), (3, 8555571), (2, 4357171)])
def test_parameters_of_the_published_sizes(count, layers, parameters):
    assert count(VPoseCfg((3,) * layers), 17) == parameters


@torch.no_grad()
@settings(max_examples=25, deadline=None)
@given(
    widths=st.lists(st.sampled_from([1, 3, 5]), min_size=1, max_size=3),
    causal=st.booleans(),
    more=st.integers(1, 4),
    seed=st.integers(0, 2**20),
)
def test_strided_equals_dilated(make, widths, causal, more, seed):
    encoder = make(VPoseCfg(tuple(widths), channels=8, causal=causal), 3, seed)
    frames = encoder.window.frames
    x = torch.randn(2, frames + more, 3, 2)
    for tap in range(1, encoder.num_taps + 1):
        dilated = encoder.encode(x, tap)
        stride = int(torch.tensor(widths[:tap]).prod())
        for start in range(more + 1):
            strided = encoder.encode(x[:, start : start + frames], tap)
            torch.testing.assert_close(dilated.final[:, start : start + 1], strided.final)
            kept = dilated.shallow[:, start::stride][:, : frames // stride]
            torch.testing.assert_close(kept, strided.shallow)


@torch.no_grad()
def test_causal_form_answers_the_last_frame_and_a_plain_one_the_centre(make):
    """The shortest path is the residual connection: where it starts is which frame is answered."""
    for causal, answered in ((False, 13), (True, 26)):
        encoder = make(VPoseCfg((3, 3, 3), 8, causal=causal))
        for block in encoder.blocks:
            torch.nn.init.zeros_(block.mix_norm.weight)
            torch.nn.init.zeros_(block.mix_norm.bias)
        x = torch.zeros(27, 27, 5, 2)
        x[torch.arange(27), torch.arange(27)] = 1  # one frame different in each window
        moved = (encoder(x) - encoder(torch.zeros(1, 27, 5, 2))).abs().amax((1, 2, 3)) > 1e-6
        first = {13: 12, 26: 24}[answered]
        assert moved.nonzero().flatten().tolist() == [first, first + 1, first + 2]
        assert encoder.window.past == answered


@pytest.mark.parametrize("widths", [(), (3, 2), (3, 0), (-3, 3)])
def test_widths_that_cannot_work_are_refused(widths):
    with pytest.raises(InputError, match="odd layer widths"):
        VPoseCfg(widths).build(17)
