from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from actionprompt.encoders.config import A3DHPCfg, MixSTECfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.model.app import DecoderLayer, HardSelection, SoftSelection, attend_all, attend_chosen
from actionprompt.model.atp import PoseToText
from actionprompt.model.config import (
    APMCfg,
    HardCfg,
    LearnedClassesCfg,
    LifterCfg,
    OneHotCfg,
    PoolCfg,
    PoseToTextCfg,
    SoftCfg,
    TCNCfg,
)
from actionprompt.training.losses import loss
from small import ACTIONS, APP, ATP, VARIANTS, VPOSE, lifter


def seeded(seed: int = 0) -> None:
    torch.manual_seed(seed)


# --- Pose-to-Text Prompt ------------------------------------------------------------------------------------------
def slow_pose_to_text(module: PoseToText, t: torch.Tensor, z0: torch.Tensor) -> torch.Tensor:
    """The paper's words, one window, one action and one head at a time, with real keys and values of [Z0; dZ0]."""
    result = torch.empty(z0.shape[0], *t.shape, dtype=t.dtype)
    for b, z in enumerate(z0):
        z0_bar = torch.cat([z, z[1:] - z[:-1]])
        keys, values = module.key(z0_bar).chunk(module.heads, -1), module.value(z0_bar).chunk(module.heads, -1)
        for k, embedding in enumerate(t):
            queries = module.query(embedding).chunk(module.heads, -1)
            heads = []
            for query, key, value in zip(queries, keys, values, strict=True):
                attention = torch.softmax(key @ query / query.shape[0] ** 0.5, dim=0)
                heads.append(attention @ value)
            t_hat = module.out(torch.cat(heads))
            result[b, k] = embedding + module.gamma * t_hat
    return result


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.sampled_from([1, 2, 4]), st.integers(1, 5), st.integers(0, 999))
def test_pose_to_text_equals_explicit_attention(f0, heads, k, seed):
    seeded(seed)
    module = PoseToTextCfg(heads=heads, dim=8, gamma=0.5).build(text_dim=6, pose_dim=10).double()
    t, z0 = torch.randn(k, 6).double(), 3 * torch.randn(3, f0, 10).double()
    torch.testing.assert_close(module(t, z0), slow_pose_to_text(module, t, z0))


@settings(max_examples=50)
@given(st.lists(st.floats(-8, 8), min_size=1, max_size=12), st.sampled_from([0.0, 0.01, 0.05, 0.5]))
def test_soft_weights_leave_improbable_actions_out_and_never_jump(y, least):
    y = torch.tensor(y, dtype=torch.float64)
    weights, probability = SoftSelection(least).weights(y), y.softmax(-1)
    assert float(weights.sum()) == pytest.approx(1)
    assert ((weights > 0) == (probability > least * probability.max())).all() or least == 0
    nudged = SoftSelection(least).weights(y + 1e-6 * torch.arange(y.shape[0]))
    assert (nudged - weights).abs().max() < 1e-3
    if least == 0:
        torch.testing.assert_close(weights, probability)


def test_a_narrow_atp_is_an_atp_on_fewer_channels_of_z0():
    """One layer serves projector and P2T; as many channels as Z0 has need none."""
    seeded()
    narrow = replace(ATP, width=4).build(10, ACTIONS).eval()
    z0 = torch.randn(3, 9, 10)
    plain = ATP.build(4, ACTIONS).eval()
    plain.load_state_dict({k: v for k, v in narrow.state_dict().items() if k != "narrow.weight"})
    torch.testing.assert_close(narrow(z0), plain(z0 @ narrow.narrow.weight.mT))
    for width in (10, 99, None):
        assert replace(ATP, width=width).build(10, ACTIONS).narrow is None
    with pytest.raises(InputError, match="ATP has the width 0: it must be at least 1"):
        replace(ATP, width=0).build(10, ACTIONS)


def test_pose_to_text_gradients_equal_those_of_explicit_attention():
    seeded()
    module = PoseToTextCfg(heads=2, dim=8, gamma=0.5).build(text_dim=6, pose_dim=10).double()
    t = torch.randn(3, 6).double().requires_grad_()
    z0 = torch.randn(2, 5, 10).double().requires_grad_()
    wanted = [t, z0, *module.parameters()]
    weights = torch.randn(2, 3, 6).double()
    fast = torch.autograd.grad((module(t, z0) * weights).sum(), wanted)
    slow = torch.autograd.grad((slow_pose_to_text(module, t, z0) * weights).sum(), wanted)
    torch.testing.assert_close(fast, slow)


def test_pose_to_text_sees_velocity():
    """Two windows with the same poses in another order differ by their velocities only."""
    seeded()
    module = PoseToTextCfg(heads=2, dim=8, gamma=1.0).build(text_dim=6, pose_dim=10)
    t, z0 = torch.randn(3, 6), torch.randn(1, 5, 10)
    shuffled = z0[:, [2, 0, 4, 1, 3]]
    assert not torch.allclose(module(t, z0), module(t, shuffled), atol=1e-4)


# --- Action Projector ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("cfg", [PoolCfg(), TCNCfg(0), TCNCfg(1), TCNCfg(3)], ids=str)
@pytest.mark.parametrize("f0", [1, 2, 3, 4, 9, 81])
def test_projector_shape(cfg, f0):
    projector = cfg.build(12, 7).eval()
    assert projector(torch.randn(2, f0, 12)).shape == (2, 7)


def test_projector_equals_convolutions():
    """D2 = 2 blocks written with PyTorch's own convolutions and batch norms."""
    seeded()
    projector = TCNCfg(2).build(4, 5).eval()
    for module in projector.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    z0 = torch.randn(3, 9, 4)
    z = z0.mT
    for block in projector.blocks:
        joined = F.conv1d(z, block.conv.weight.permute(0, 2, 1), stride=3)
        joined = F.relu(normalised(joined, block.norm))
        mixed = F.relu(normalised(F.conv1d(joined, block.mix.weight[..., None]), block.mix_norm))
        z = z[:, :, 1::3] + mixed
    torch.testing.assert_close(projector(z0), z.mean(2) @ projector.out.weight.mT + projector.out.bias)


def normalised(z: torch.Tensor, norm: nn.BatchNorm1d) -> torch.Tensor:
    return F.batch_norm(z, norm.running_mean, norm.running_var, norm.weight, norm.bias)


def test_pooling_forgets_order_and_convolution_does_not():
    seeded()
    z0 = torch.randn(1, 9, 12)
    pool, tcn = PoolCfg().build(12, 7).eval(), TCNCfg().build(12, 7).eval()
    torch.testing.assert_close(pool(z0), pool(z0.flip(1)))
    assert not torch.allclose(tcn(z0), tcn(z0.flip(1)))


# --- Eq. 5 --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("p2t", [None, PoseToTextCfg(heads=2, dim=8, gamma=0.5)], ids=["no P2T", "P2T"])
def test_probabilities_are_equation_5(p2t):
    seeded()
    recogniser = replace(ATP, pose_to_text=p2t).build(12, ACTIONS).eval().double()
    z0 = torch.randn(5, 9, 12).double()
    probability = recogniser(z0).softmax(-1)
    torch.testing.assert_close(probability.sum(-1), torch.ones(5).double())
    a, t = recogniser.projector(z0), recogniser.classes()
    for b in range(5):
        t_bar = t if p2t is None else slow_pose_to_text(recogniser.pose_to_text, t, z0[b : b + 1])[0]
        similar = [torch.exp(torch.dot(row, a[b]) / (row.norm() * a[b].norm()) / 0.07) for row in t_bar]
        torch.testing.assert_close(probability[b], torch.stack(similar) / sum(similar))


# --- Action-specific Pose Prompt ----------------------------------------------------------------------------------
@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.integers(1, 6), st.integers(0, 999))
def test_both_ways_to_attend_are_plain_attention(b, n, k, length, seed):
    seeded(seed)
    query = torch.randn(b, 2, n, 4).double()
    key, value = torch.randn(2, 2, k, length, 4).double()
    action = torch.randint(k, (b,))
    choice = F.one_hot(action, k).double()
    slow = torch.empty_like(query)
    for i in range(b):
        for h in range(2):
            own_key, own_value = key[h, action[i]], value[h, action[i]]
            slow[i, h] = torch.softmax(query[i, h] @ own_key.mT / 4**0.5, dim=-1) @ own_value
    torch.testing.assert_close(attend_all(query, key, value, choice), slow)
    torch.testing.assert_close(attend_chosen(query, key, value, choice), slow)


@pytest.mark.parametrize("tokens", [(1,), (2,), (9, 17)], ids=str)
def test_decoder_equals_pytorch(tokens):
    """One decoder layer written with nn.MultiheadAttention, on both ways to attend."""
    seeded()
    app = replace(APP, gamma=1.0).build(12, len(ACTIONS)).eval()
    layer = app.trans_decoder.layers[0]
    assert isinstance(layer, DecoderLayer)
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    with torch.no_grad():
        attention.in_proj_weight.copy_(torch.cat([layer.query.weight, layer.key_value.weight]))
        attention.in_proj_bias.copy_(torch.cat([layer.query.bias, layer.key_value.bias]))
        attention.out_proj.load_state_dict(layer.out.state_dict())
    zd, action = torch.randn(4, *tokens, 12), torch.tensor([0, 2, 1, 2])
    z = app.trans_decoder.down(zd.flatten(1, -2))
    prompts = app.prompts[action]
    z = z + attention(layer.norm(z), prompts, prompts)[0]
    z = z + layer.mlp(z)
    refined = app(zd, F.one_hot(action, 3).float(), HardSelection())
    assert refined.shape == zd.shape
    torch.testing.assert_close(refined, zd + app.trans_decoder.up(z).view(zd.shape), rtol=1e-5, atol=1e-5)


def test_a_token_axis_may_be_absent():
    app = APP.build(12, 3).eval()
    zd, weights, hard = torch.randn(4, 12), torch.eye(3)[[0, 2, 1, 2]], HardSelection()
    torch.testing.assert_close(app(zd, weights, hard), app(zd[:, None], weights, hard)[:, 0])


@pytest.mark.parametrize("tokens", [(1,), (9, 17)], ids=["few", "many"])
def test_only_the_own_prompts_count(tokens):
    seeded()
    app = replace(APP, gamma=1.0).build(12, 3)
    zd, weights, hard = torch.randn(2, *tokens, 12), torch.eye(3)[[1, 1]], HardSelection()
    before = app(zd, weights, hard)
    gradient = torch.autograd.grad(before.sum(), app.prompts)[0]
    assert (gradient[1] != 0).any()
    assert (gradient[[0, 2]] == 0).all()
    with torch.no_grad():
        app.prompts[[0, 2]] = 100.0
    assert torch.equal(app(zd, weights, hard), before)
    with torch.no_grad():
        app.prompts[1] += 1.0
    assert not torch.allclose(app(zd, weights, hard), before)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.integers(0, 999))
def test_probabilities_weight_what_each_set_gives(b, n, k, seed):
    seeded(seed)
    query, (key, value) = torch.randn(b, 2, n, 4).double(), torch.randn(2, 2, k, 3, 4).double()
    share = torch.rand(b, k).double().softmax(-1)
    each = [attend_all(query, key, value, torch.eye(k)[j].expand(b, k).double()) for j in range(k)]
    slow = sum(share[:, j, None, None, None] * found for j, found in enumerate(each))
    torch.testing.assert_close(attend_all(query, key, value, share), slow)


@pytest.mark.parametrize("tokens", [(1,), (9, 17)], ids=["few", "many"])
def test_certain_probabilities_are_an_action(tokens):
    seeded()
    app = replace(APP, gamma=1.0).build(12, 3).eval()
    zd, weights = torch.randn(4, *tokens, 12), torch.eye(3)[[1, 0, 2, 1]]
    torch.testing.assert_close(app(zd, weights, SoftSelection()), app(zd, weights, HardSelection()))


def test_soft_selection_lets_the_pose_teach_the_recogniser():
    for selection, teaches in ((HardCfg(), False), (SoftCfg(), True)):
        seeded()
        apm = APMCfg(OneHotCfg(TCNCfg(1, 0.0)), replace(APP, gamma=1.0, selection=selection)).build(12, 12, ACTIONS)
        refined = apm.refine(torch.randn(5, 1, 12), apm.choose(apm.recognise(torch.randn(5, 9, 12))))
        refined.square().sum().backward()
        grads = [p.grad for p in apm.recogniser.parameters()]
        assert all(grad is not None and grad.any() for grad in grads) == teaches


def test_a_decoder_layer_has_8_c_squared_weights():
    layer = DecoderLayer(256, 8)
    count = sum(p.numel() for p in layer.parameters())
    assert round(count / 1e6, 3) == 0.527  # Table IX: (24.45 - 22.87) / 3 M


def test_parameters_of_the_paper():
    """Table IX's totals for VPose are near: 22.87 M with D = 1, C = 256, L = 81, and their differences equal."""

    def millions(**app: int) -> float:
        apm = APMCfg(replace(ATP, classes=LearnedClassesCfg(512), pose_to_text=PoseToTextCfg()), replace(APP, **app))
        built = apm.build(1024, 1024, [f"action {k}" for k in range(15)])
        return sum(p.numel() for p in built.parameters()) / 1e6

    base = millions(depth=1, dim=256, length=81, heads=8)
    assert millions(depth=4, dim=256, length=81, heads=8) - base == pytest.approx(24.45 - 22.87, abs=0.01)
    assert 16.95 + base == pytest.approx(22.87, abs=1.0)


# --- The whole module ---------------------------------------------------------------------------------------------
ENCODERS = [VPOSE, A3DHPCfg(2, 16, dropout=0.0), MixSTECfg(9, dim=16, depth=2, heads=2, drop_path=0.0)]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda cfg: type(cfg).__name__)
@pytest.mark.parametrize("variant", ["label", "atp", "app", "apm"])
def test_every_trained_parameter_gets_a_gradient(variant, encoder):
    model = lifter(variant, encoder).train()
    x, action = torch.randn(8, 9, 17, 2), torch.arange(8) % 3
    loss(model(x, action), torch.randn(8, model.encoder.window.out, 17, 3), action, 0.1).total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"No gradient for {name}"
        # keys share their bias: softmax does not see it
        ignored = name.endswith("key_value.bias")
        assert ignored or (parameter.grad != 0).any(), f"The gradient of {name} is zero"


@pytest.mark.parametrize("variant", ["label", "atp", "app", "apm"])
def test_without_gamma_it_is_the_baseline(variant):
    """Bit for bit: Eq. 3 with gamma = 0, and the same encoder weights for the same seed."""
    baseline, model = lifter(""), lifter(variant, spread=0.0)
    x = torch.randn(5, 9, 17, 2)
    with torch.no_grad():
        pose = model(x).pose
        assert torch.equal(pose, baseline(x).pose)
        assert torch.equal(pose, model.encoder(x))


def test_given_and_recognised_action():
    model = lifter("apm")
    x = torch.randn(30, 9, 17, 2)
    with torch.no_grad():
        inferred = model(x)
        chosen = inferred.logits.argmax(-1)
        assert chosen.unique().shape[0] > 1
        given = model(x, chosen)
        assert torch.equal(given.pose, inferred.pose)
        assert torch.equal(given.logits, inferred.logits)
        other = model(x, (chosen + 1) % 3)
        assert torch.equal(other.logits, inferred.logits)
        assert ((other.pose - inferred.pose).abs().flatten(1).amax(1) > 1e-4).all()


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_windows_do_not_see_each_other(variant):
    model = lifter(variant)
    x = torch.randn(6, 9, 17, 2)
    with torch.no_grad():
        together = model(x)
        for i in range(6):
            alone = model(x[i : i + 1])
            torch.testing.assert_close(alone.pose[0], together.pose[i], rtol=1e-5, atol=1e-5)
            if together.logits is not None:
                torch.testing.assert_close(alone.logits[0], together.logits[i], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("f0", [1, 2])
def test_the_shortest_sequences(f0):
    apm = VARIANTS["apm"].build(12, 16, ACTIONS)
    y = apm.recognise(torch.randn(4, f0, 12))
    assert y.shape == (4, 3)
    assert y.isfinite().all()
    y.sum().backward()
    for name, parameter in apm.recogniser.named_parameters():
        wide = "blocks.0.conv" in name or "blocks.0.norm" in name  # three frames or more need it
        assert (parameter.grad is None) == wide, name
        assert wide or parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("tap", [1, 2, 3])
def test_taps(tap):
    cfg = LifterCfg(VPoseCfg((3, 3, 3), 16), replace(VARIANTS["apm"], tap=tap))
    model = cfg.build(17, ACTIONS).eval()
    x = torch.randn(2, 27, 17, 2)
    z0 = model.encoder.encode(x, tap).shallow
    assert z0.shape == (2, 27 // 3**tap, 16)
    torch.testing.assert_close(model(x).logits, model.apm.recognise(z0))


@pytest.mark.parametrize("tap", [0, 3, -1])
def test_no_such_tap(tap):
    with pytest.raises(InputError, match=f"tap must be 1 to 2 for this encoder; got {tap}"):
        LifterCfg(VPOSE, replace(VARIANTS["apm"], tap=tap)).build(17, ACTIONS)


@pytest.mark.parametrize("actions", [(), ("walk",), ("walk", "walk")], ids=str)
def test_too_few_actions(actions):
    with pytest.raises(InputError, match="at least two different actions"):
        LifterCfg(VPOSE, VARIANTS["label"]).build(17, actions)
    LifterCfg(VPOSE, None).build(17, actions)


@pytest.mark.parametrize(
    ("apm", "message"),
    [
        (APMCfg(OneHotCfg(), replace(APP, heads=3)), "3 heads do not divide its width 8"),
        (APMCfg(OneHotCfg(), replace(APP, heads=0)), "heads"),
        (APMCfg(OneHotCfg(), replace(APP, length=0)), "length"),
        (APMCfg(OneHotCfg(), replace(APP, dim=0)), "width"),
        (APMCfg(OneHotCfg(), replace(APP, depth=0)), "depth"),
        (APMCfg(OneHotCfg(TCNCfg(-1)), None), "blocks"),
        (APMCfg(OneHotCfg(TCNCfg(1, 1.5)), None), "dropout"),
        (APMCfg(replace(ATP, temperature=0.0), None), "temperature"),
        (APMCfg(replace(ATP, pose_to_text=PoseToTextCfg(heads=3, dim=8)), None), "3 heads do not divide its width 8"),
        (APMCfg(replace(ATP, pose_to_text=PoseToTextCfg(heads=0, dim=8)), None), "heads"),
        (APMCfg(replace(ATP, classes=LearnedClassesCfg(0)), None), "width"),
    ],
)
def test_numbers_that_cannot_be(apm, message):
    with pytest.raises(InputError, match=message):
        LifterCfg(VPOSE, apm).build(17, ACTIONS)
