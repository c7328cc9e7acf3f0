import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.encoders import A3DHPCfg, load_authors
from actionprompt.encoders.a3dhp import KernelAttention, SeparableConv, every
from actionprompt.errors import InputError


@torch.no_grad()
def test_equals_the_published_network(golden, golden_file):
    """All time scales together move the golden output by 6e-7 only: 1e-5 would not see them."""
    encoder = A3DHPCfg(channels=32).build(17).eval()
    load_authors(encoder, golden_file("a3dhp_f243"))
    numbers = golden("a3dhp_f243")
    torch.testing.assert_close(encoder(numbers["x"]), numbers["y"], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(encoder(numbers["x"]), numbers["y"], rtol=0, atol=2e-7)


def test_parameters_of_the_published_size(count):
    assert count(A3DHPCfg(), 17) == 14520363


@torch.no_grad()
@settings(max_examples=25, deadline=None)
@given(
    dilation=st.integers(1, 3),
    groups=st.sampled_from([1, 2, 8]),
    thirds=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_separable_convolution_equals_torchs_own(dilation, groups, thirds, seed):
    torch.manual_seed(seed)
    conv = SeparableConv(16, 24, dilation, groups).eval()
    z = torch.randn(2, 3 * thirds, 16)
    slow = z.mT
    if dilation > 1:
        slow = F.pad(slow, (dilation - 1, dilation - 1), mode="replicate")
    slow = F.conv1d(slow, conv.depth.T[:, None], stride=3, dilation=dilation, groups=16)
    slow = conv.depth_norm(slow.mT).mT
    slow = F.conv1d(slow, conv.point.flatten(0, 1)[:, :, None], groups=groups)
    torch.testing.assert_close(conv(z), conv.point_norm(slow.mT))


@torch.no_grad()
def test_kernel_attention_weighs_branches_per_channel():
    torch.manual_seed(0)
    kernel = KernelAttention(16).eval()
    z = torch.randn(2, 9, 16)
    branches = [F.mish(branch(z)) for branch in kernel.branches]
    result = kernel(z)
    low, high = torch.stack(branches).amin(0), torch.stack(branches).amax(0)
    assert (result >= low - 1e-6).all()
    assert (result <= high + 1e-6).all()
    for excite, bias in zip(kernel.excite, (0, 100, 0), strict=True):
        excite.bias.fill_(bias)
    torch.testing.assert_close(kernel(z), branches[1])


def test_every_keeps_the_centres_of_groups():
    frames = torch.arange(27.0)[None, :, None]
    assert every(frames, 0).flatten().tolist() == list(range(27))
    assert every(frames, 1).flatten().tolist() == [1, 4, 7, 10, 13, 16, 19, 22, 25]
    assert every(frames, 2).flatten().tolist() == [4, 13, 22]
    assert every(frames, 3).flatten().tolist() == [13]


@torch.no_grad()
def test_similarity_is_one_at_the_centre_and_ignores_place_and_scale(make):
    encoder = make(A3DHPCfg(stages=3, channels=16))
    x = torch.randn(2, 27, 5, 2)
    similarity = encoder.similarity(x)
    torch.testing.assert_close(similarity[:, 13], torch.ones(2))
    scale, place = 1 + torch.rand(2, 27, 1, 1), torch.randn(2, 27, 1, 2)
    torch.testing.assert_close(encoder.similarity(x * scale + place), similarity)


@pytest.mark.parametrize(("stages", "skips"), [(2, 0), (3, 0), (4, 1), (5, 3), (6, 6)])
def test_skips_lead_past_a_stage(stages, skips):
    encoder = A3DHPCfg(stages, channels=8).build(5)
    assert len(encoder.skips) == skips
    assert all(end - start >= 2 for start, end in encoder.skip_ends)
    assert encoder.window.frames == 3**stages


@torch.no_grad()
def test_every_time_scale_reaches_the_output(make):
    encoder = make(A3DHPCfg(stages=5, channels=8))
    x = torch.randn(2, 243, 5, 2)
    y = encoder(x)
    for part in (*encoder.expand, *(skip.mix_norm for skip in encoder.skips)):
        norm = part.point_norm if isinstance(part, SeparableConv) else part
        norm.bias += 1
        assert not torch.equal(encoder(x), y), "a time scale is not used"
        norm.bias -= 1


@torch.no_grad()
def test_only_windows_of_its_own_length(make):
    encoder = make(A3DHPCfg(stages=2, channels=8))
    with pytest.raises(AssertionError, match="10 frames, not 9"):
        encoder(torch.randn(1, 10, 5, 2))


def test_impossible_sizes_are_refused():
    with pytest.raises(InputError, match="at least 2 stages; got 1"):
        A3DHPCfg(stages=1).build(17)
    for channels in (0, 12, 1020):
        with pytest.raises(InputError, match=f"8 divides; got {channels}"):
            A3DHPCfg(channels=channels).build(17)
    with pytest.raises(InputError, match="dropout is 1.0: it must be at least 0 and below 1"):
        A3DHPCfg(channels=8, dropout=1.0).build(17)
