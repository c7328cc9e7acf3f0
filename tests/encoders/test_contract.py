"""What every encoder promises, for all of them. A new encoder is one more row of CASES."""

import pytest
import torch

from actionprompt.encoders import A3DHPCfg, DSTformerCfg, MixSTECfg, MotionAGFormerCfg, VPoseCfg
from actionprompt.model import APMCfg, LearnedClassesCfg, PosePromptCfg, PoseToTextCfg, TCNCfg, TextPromptCfg

JOINTS = 5
CASES = {
    "vpose": VPoseCfg((3, 3), channels=16),
    "vpose-causal": VPoseCfg((3, 5), channels=16, causal=True),
    "a3dhp-2": A3DHPCfg(stages=2, channels=16),
    "a3dhp-4": A3DHPCfg(stages=4, channels=16),  # the fewest stages that have every part
    "mixste": MixSTECfg(frames=7, dim=16, depth=2, heads=4),
    "dstformer": DSTformerCfg(frames=7, dim=16, representation=12, depth=2, heads=4, drop_path=0.2),
    "motionagformer": MotionAGFormerCfg(frames=7, layers=2, dim=16, representation=12, heads=4, drop_path=0.2),
}


@pytest.fixture(params=CASES, scope="module")
def encoder(request, make):
    return make(CASES[request.param], JOINTS)


@pytest.fixture
def x(encoder):
    return windows(encoder, 3)


def windows(encoder, b):
    generator = torch.Generator().manual_seed(b)
    return torch.randn(b, encoder.window.frames, JOINTS, encoder.window.channels, generator=generator)


def test_settings_tell_what_the_network_reads_and_answers(encoder, request):
    cfg = CASES[request.node.callspec.params["encoder"]]
    assert isinstance(encoder, cfg.network())
    assert (cfg.frames, cfg.input_channels) == (encoder.window.frames, encoder.window.channels)
    assert cfg.answers_window == (encoder.window.out > 1)


def test_window_tells_the_frames_around_the_answer(encoder):
    window = encoder.window
    assert window.past + window.out + window.future == window.frames
    assert window.future == 0 or not window.causal


def test_shapes_at_every_tap(encoder, x):
    lengths = []
    for tap in range(1, encoder.num_taps + 1):
        shallow, final = encoder.encode(x, tap)
        assert shallow.shape == (3, shallow.shape[1], encoder.shallow_dim)
        assert final.shape == (3, *final.shape[1:-1], encoder.final_dim)
        assert encoder.head(final).shape == (3, encoder.window.out, JOINTS, 3)
        lengths.append(shallow.shape[1])
    assert lengths == sorted(lengths, reverse=True), "a deeper tap has more vectors"


def test_taps_are_numbered_from_one(encoder, x):
    for tap in (0, encoder.num_taps + 1):
        with pytest.raises(AssertionError, match="tap"):
            encoder.encode(x, tap)


def test_every_tap_is_another_layer_of_the_same_network(encoder, x):
    features = [encoder.encode(x, tap) for tap in range(1, encoder.num_taps + 1)]
    assert all(torch.equal(f.final, features[0].final) for f in features)
    means = {round(f.shallow.abs().mean().item(), 6) for f in features}
    assert len(means) == encoder.num_taps


def test_fewer_frames_are_refused(encoder, x):
    with pytest.raises(AssertionError, match="frames"):
        encoder.encode(x[:, 1:])


def test_head_of_final_is_forward(encoder, x):
    assert torch.equal(encoder.head(encoder.encode(x, encoder.num_taps).final), encoder(x))


@torch.no_grad()
def test_without_gamma_apm_is_not_there(encoder, x):
    """Eq. 3 with gamma = 0, bit for bit, at every tap."""
    atp = TextPromptCfg(LearnedClassesCfg(8), TCNCfg(1, 0.1), PoseToTextCfg(heads=2, dim=8))
    cfg = APMCfg(atp, PosePromptCfg(dim=8, length=3, heads=2, gamma=0.0))
    for tap in range(1, encoder.num_taps + 1):
        apm = cfg.build(encoder.shallow_dim, encoder.final_dim, ("walk", "wave")).eval()
        shallow, final = encoder.encode(x, tap)
        refined = apm.refine(final, apm.choose(apm.recognise(shallow)))
        assert torch.equal(encoder.head(refined), encoder(x))


def test_every_parameter_receives_a_gradient(encoder, x):
    encoder.zero_grad()
    encoder(x).square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, f"no gradient for {name}"
        assert parameter.grad.abs().max() > 0, f"no gradient for {name}"


def test_training_mode_runs_and_updates_every_parameter(make, encoder, x):
    encoder.train()
    try:
        shallow, final = encoder.encode(x)
        encoder.zero_grad()
        (encoder.head(final).square().sum() + shallow.sum()).backward()
        missing = [name for name, p in encoder.named_parameters() if p.grad is None]
        assert not missing, f"no gradient for {missing}"
    finally:
        encoder.eval()


@torch.no_grad()
def test_an_item_does_not_depend_on_its_batch(encoder, x):
    together, alone = encoder.encode(x), encoder.encode(x[1:2])
    torch.testing.assert_close(together.shallow[1:2], alone.shallow)
    torch.testing.assert_close(together.final[1:2], alone.final)


@torch.no_grad()
def test_evaluation_is_deterministic(encoder, x):
    assert torch.equal(encoder(x), encoder(x))


@torch.no_grad()
def test_dropout_acts_in_training_only(encoder, x):
    encoder.train()
    try:
        assert not torch.equal(encoder(x), encoder(x))
    finally:
        encoder.eval()


@torch.no_grad()
def test_compiles_as_one_graph(encoder, x, request):
    """Graph capture alone: what the compiler then makes of the graph is its own matter."""
    if request.config.getoption("--jaxtyping-packages", None):
        pytest.skip("shape checks at run time break graphs")
    torch._dynamo.reset()
    compiled = torch.compile(encoder, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), encoder(x))


@torch.no_grad()
def test_exports_with_any_batch_size(encoder, x):
    batch = {0: torch.export.Dim("batch", min=1, max=4096)}
    program = torch.export.export(encoder, (x,), dynamic_shapes={"x": batch})
    for b in (1, 5):
        torch.testing.assert_close(program.module()(windows(encoder, b)), encoder(windows(encoder, b)))
