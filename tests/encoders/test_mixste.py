import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.encoders import MixSTECfg, load_authors
from actionprompt.encoders.transformer import FrameBlock, SpatialBlock
from actionprompt.errors import InputError

GOLDEN = {
    "mixste_f27_d4": (MixSTECfg(frames=27, dim=32, depth=4), 17),
    "mixste_f9_d2_humaneva": (MixSTECfg(frames=9, dim=32, depth=2), 15),
}


@torch.no_grad()
@pytest.mark.parametrize("name", GOLDEN)
def test_equals_the_published_network(golden, golden_file, name):
    cfg, num_joints = GOLDEN[name]
    encoder = cfg.build(num_joints).eval()
    load_authors(encoder, golden_file(name))
    numbers = golden(name)
    torch.testing.assert_close(encoder(numbers["x"]), numbers["y"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("cfg", "num_joints", "parameters"),
    [
        (MixSTECfg(depth=8), 17, 33783811),
        (MixSTECfg(depth=4), 17, 16961539),
        (MixSTECfg(frames=27, depth=4), 15, 16849923),
    ],
)
def test_parameters_of_the_published_sizes(count, cfg, num_joints, parameters):
    assert count(cfg, num_joints) == parameters


@torch.no_grad()
@settings(max_examples=20, deadline=None)
@given(
    block=st.sampled_from([SpatialBlock, FrameBlock]),
    b=st.integers(1, 3),
    f=st.integers(1, 6),
    j=st.integers(1, 5),
    heads=st.sampled_from([1, 2, 4]),
)
def test_block_equals_attention_one_sequence_at_a_time(block, b, f, j, heads):
    one = block(dim=8, heads=heads, hidden=16, drop_path=0.0).eval()
    z = torch.randn(b, f, j, 8)
    slow = torch.empty_like(z)
    for i in range(b):
        for k in range(f if block is SpatialBlock else j):
            here = (i, k) if block is SpatialBlock else (i, slice(None), k)
            slow[here] = z[here] + attention(one, one.norm(z[here]))
    slow = slow + one.mlp(one.mlp_norm(slow))
    torch.testing.assert_close(one(z), slow)


def attention(block, z):
    """Textbook attention over one sequence (l c)."""
    heads = block.heads
    q, k, v = block.qkv(z).chunk(3, dim=-1)
    parts = zip(q.chunk(heads, -1), k.chunk(heads, -1), v.chunk(heads, -1), strict=True)
    return block.proj(torch.cat([(q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v for q, k, v in parts], -1))


@torch.no_grad()
def test_split_copies_nothing():
    z = torch.randn(2, 6, 5, 8)
    for block in (SpatialBlock, FrameBlock):
        parts = block(8, 2, 16, 0.0).split(z)
        assert parts.data_ptr() == z.data_ptr()


@torch.no_grad()
def test_shallow_features_are_the_mean_over_joints(make):
    encoder = make(MixSTECfg(frames=6, dim=16, depth=2, heads=2))
    shallow, final = encoder.encode(torch.randn(3, 6, 5, 2), tap=2)
    assert final.shape == (3, 6, 5, 16)
    torch.testing.assert_close(shallow, final.mean(2))


@torch.no_grad()
@pytest.mark.parametrize("block", [SpatialBlock, FrameBlock])
def test_drop_path_leaves_out_whole_sequences(block):
    torch.manual_seed(0)
    one = block(dim=8, heads=2, hidden=16, drop_path=0.25)
    torch.nn.init.zeros_(one.mlp[2].weight)
    torch.nn.init.zeros_(one.mlp[2].bias)
    z = torch.randn(1, 40, 50, 8)
    full = one.eval()(z) - z
    ratio = (one.train()(z) - z) / full
    axis = 2 if block is SpatialBlock else 1
    per_sequence = ratio.movedim(axis, 2).flatten(2).median(-1).values  # a residual may be near zero
    kept = per_sequence > 0.5
    torch.testing.assert_close(per_sequence, kept / 0.75, rtol=1e-3, atol=1e-3)
    assert (ratio - kept.unsqueeze(axis)[..., None] / 0.75).abs().median() < 1e-3
    assert 0 < (~kept).sum() < kept.numel() / 2


def test_drop_path_grows_with_depth():
    encoder = MixSTECfg(frames=3, dim=8, depth=3, heads=2, drop_path=0.2).build(5)
    for blocks in (encoder.spatial, encoder.temporal):
        assert [block.drop_path for block in blocks] == [0, 0.1, 0.2]


def test_positions_start_at_zero_and_are_told_apart_once_learned(make):
    encoder = make(MixSTECfg(frames=6, dim=16, depth=1, heads=2))
    assert not encoder.joint_position.any()
    assert not encoder.frame_position.any()
    x = torch.ones(1, 6, 5, 2)  # the same joint everywhere
    assert torch.allclose(encoder(x), encoder(x)[:, :1, :1].expand(1, 6, 5, 3), atol=1e-5)
    torch.nn.init.normal_(encoder.frame_position)
    y = encoder(x)
    assert torch.allclose(y, y[:, :, :1].expand_as(y), atol=1e-5)
    assert not torch.allclose(y, y[:, :1].expand_as(y), atol=1e-2)


def test_positions_may_start_apart():
    encoder = MixSTECfg(frames=300, dim=64, depth=1, heads=2, position_std=0.5).build(17)
    assert encoder.joint_position.std().item() == pytest.approx(0.5, rel=0.1)
    assert encoder.frame_position.std().item() == pytest.approx(0.5, rel=0.1)
    with pytest.raises(InputError, match="position_std of at least 0; got nan"):
        MixSTECfg(position_std=float("nan")).build(17)


@torch.no_grad()
def test_only_windows_of_its_own_length(make):
    encoder = make(MixSTECfg(frames=6, dim=16, depth=1, heads=2))
    with pytest.raises(AssertionError, match="7 frames, not 6"):
        encoder(torch.randn(1, 7, 5, 2))


def test_impossible_sizes_are_refused():
    for cfg, message in (
        (MixSTECfg(dim=36), "8 heads do not divide its width 36"),
        (MixSTECfg(heads=0), "0 heads and the width 512: both must be at least 1"),
        (MixSTECfg(drop_path=1.0), "drop_path is 1.0: it must be at least 0 and below 1"),
        (MixSTECfg(mlp_ratio=-1.0), "mlp_ratio is -1.0: the MLP would have no width"),
    ):
        with pytest.raises(InputError, match=message):
            cfg.build(17)
    for cfg in (MixSTECfg(depth=0), MixSTECfg(frames=0)):
        with pytest.raises(InputError, match="from 1 on"):
            cfg.build(17)
