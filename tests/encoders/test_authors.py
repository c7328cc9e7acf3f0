"""The authors' checkpoints, rebuilt from the golden weights in every form that they are published in."""

import os
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from actionprompt.encoders import A3DHPCfg, DSTformerCfg, Encoder, MixSTECfg, MotionAGFormerCfg, VPoseCfg, load_authors
from actionprompt.errors import InputError

CASES = {
    "VideoPose3D": ("vpose_f27", VPoseCfg((3, 3, 3), 32), 17),
    "Attention3DHumanPose": ("a3dhp_f243", A3DHPCfg(channels=32), 17),
    "MixSTE": ("mixste_f9_d2_humaneva", MixSTECfg(frames=9, dim=32, depth=2), 15),
    "MotionBERT (DSTformer)": ("dstformer_f27", DSTformerCfg(27, 32, 48, 2, 4, 4.0), 17),
    "MotionAGFormer": ("motionagformer_f27", MotionAGFormerCfg(27, 2, 32, 48), 17),
}


@pytest.fixture(params=CASES)
def layout(request):
    return request.param


@pytest.fixture
def state(layout, golden):
    return weights(golden(CASES[layout][0]))


@pytest.fixture
def encoder(layout):
    _, cfg, num_joints = CASES[layout]
    return cfg.build(num_joints).eval()


@pytest.fixture
def answers(layout, golden):
    """Whether an encoder gives the golden output."""
    numbers = golden(CASES[layout][0])

    def check(encoder):
        with torch.no_grad():
            return torch.allclose(encoder(numbers["x"]), numbers["y"], rtol=1e-4, atol=1e-5)

    return check


def weights(numbers):
    return OrderedDict((k.removeprefix("state/"), v) for k, v in numbers.items() if k.startswith("state/"))


def published(state):
    """What the authors' training scripts save."""
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([parameter], amsgrad=True)
    parameter.sum().backward()
    optimizer.step()
    return {
        "epoch": 80,
        "lr": np.float64(1e-3),
        "random_state": np.random.RandomState(1234),
        "optimizer": optimizer.state_dict(),
        "model_pos": OrderedDict(("module." + key, value) for key, value in state.items()),
    }


@pytest.mark.parametrize("zipped", [True, False], ids=["archive", "legacy"])
def test_published_file(tmp_path, state, encoder, layout, answers, zipped):
    file = tmp_path / "epoch_80.bin"
    torch.save(published(state), file, _use_new_zipfile_serialization=zipped)
    assert not answers(encoder)
    assert load_authors(encoder, file) == layout
    assert answers(encoder)


def test_other_forms(tmp_path, state, encoder, layout, answers, golden_file):
    save_file(dict(state), tmp_path / "weights.safetensors")
    torch.save(state, tmp_path / "plain.pth")
    sources = [state, published(state), tmp_path / "weights.safetensors", str(tmp_path / "plain.pth"),
               golden_file(CASES[layout][0])]  # fmt: skip
    for source in sources:
        scramble(encoder)
        assert not answers(encoder)
        assert load_authors(encoder, source) == layout
        assert answers(encoder)


@torch.no_grad()
def scramble(encoder):
    for parameter in encoder.parameters():
        parameter.normal_(std=0.1)


def test_every_tensor_is_used(state, encoder):
    """Each one that is missing, of another shape, or too many is named; and nothing is loaded then."""
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    *_, last = (key for key in state if not key.endswith("num_batches_tracked"))
    for key in (next(iter(state)), last):
        with pytest.raises(InputError, match=f"has no '{key}', which this model needs in shape"):
            load_authors(encoder, {k: v for k, v in state.items() if k != key} | marks(state))
        with pytest.raises(InputError, match=rf"'{key}' of shape \(1, 2, 3\), and this model needs"):
            load_authors(encoder, state | {key: torch.zeros(1, 2, 3)})
    with pytest.raises(InputError, match=r"'head\.7' of shape"):
        load_authors(encoder, state | {"head.7": torch.zeros(3)})
    assert all(torch.equal(value, before[key]) for key, value in encoder.state_dict().items())


def marks(state):
    """Keys by which layouts are told apart: those stay."""
    keep = ("expand_conv.weight", "layers_tem_att.0.weight", "STEblocks.0.norm1.weight")
    return {key: state[key] for key in keep if key in state}


def test_files_from_before_batch_counters(golden, golden_file):
    numbers = golden("vpose_f27")
    old = {k: v for k, v in weights(numbers).items() if not k.endswith("num_batches_tracked")}
    encoder = VPoseCfg((3, 3, 3), 32).build(17).eval()
    load_authors(encoder, old)
    torch.testing.assert_close(encoder(numbers["x"]), numbers["y"], rtol=1e-4, atol=1e-5)
    one = "layers_bn.1.num_batches_tracked"
    with pytest.raises(InputError, match=r"has no 'expand_bn\.num_batches_tracked'"):
        load_authors(encoder, old | {one: torch.tensor(3)})


@pytest.mark.parametrize(
    ("file", "cfg", "num_joints", "reason"),
    [
        ("vpose_humaneva_f27", VPoseCfg((3, 3, 3), 32), 17, "15 input joints, this model 17; 15 output"),
        ("vpose_f27", VPoseCfg((3, 3, 3), 64), 17, "32 channels, this model 64"),
        ("vpose_f27", VPoseCfg((3, 3, 3, 3), 32), 17, "3 3 3 as layer widths, this model 3 3 3 3"),
        ("vpose_f243_strided", VPoseCfg((3, 3, 3), 32), 17, "3 3 3 3 3 as layer widths, this model 3 3 3"),
        ("a3dhp_f243", A3DHPCfg(3, 32), 17, "243 frames, this model 27"),
        ("a3dhp_f243", A3DHPCfg(5, 32), 15, "17 input joints, this model 15"),
        ("mixste_f27_d4", MixSTECfg(27, 32, 4), 15, "17 joints, this model 15"),
        ("mixste_f27_d4", MixSTECfg(27, 32, 2), 17, "4 pairs of blocks, this model 2"),
        ("mixste_f27_d4", MixSTECfg(81, 32, 4), 17, "27 frames, this model 81"),
        ("mixste_f27_d4", VPoseCfg((3, 3, 3), 32), 17, "is a checkpoint of MixSTE, and this model is"),
        ("vpose_f27", A3DHPCfg(3, 32), 17, "is a checkpoint of VideoPose3D, and this model is"),
    ],
)  # fmt: skip
def test_misfits_are_explained_in_one_sentence(golden_file, file, cfg, num_joints, reason):
    with pytest.raises(InputError) as caught:
        load_authors(cfg.build(num_joints), golden_file(file))
    message = str(caught.value)
    assert reason in message
    assert str(golden_file(file)) in message
    assert "\n" not in message
    assert message.endswith(".")


def test_joints_in_and_out_may_differ_in_a_file(golden):
    """VideoPose3D's HumanEva model reads 17 COCO joints and answers 15."""
    state = weights(golden("vpose_humaneva_f27")) | {"expand_conv.weight": torch.zeros(32, 34, 3)}
    with pytest.raises(InputError, match=r"checkpoint has 17 input joints, this model 15\.$"):
        load_authors(VPoseCfg((3, 3, 3), 32).build(15), state)


class Trap:
    """Runs a call when a pickle is read without care."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("zipped", [True, False], ids=["archive", "legacy"])
@pytest.mark.parametrize("beside", [True, False], ids=["beside the weights", "instead of a weight"])
def test_nothing_in_a_file_is_executed(tmp_path, golden, zipped, beside):
    sprung = tmp_path / "sprung"
    state = weights(golden("vpose_f27"))
    trap = Trap(eval, f"open({str(sprung)!r}, 'w').close()")
    content = {"model_pos": state, "random_state": trap} if beside else state | {"shrink.bias": trap}
    torch.save(content, tmp_path / "trap.bin", _use_new_zipfile_serialization=zipped)
    encoder = VPoseCfg((3, 3, 3), 32).build(17)
    if beside:
        load_authors(encoder, tmp_path / "trap.bin")
    else:
        with pytest.raises(InputError, match=r"something other than weights under 'shrink.bias'"):
            load_authors(encoder, tmp_path / "trap.bin")
    assert not sprung.exists()
    torch.load(tmp_path / "trap.bin", weights_only=False)
    assert sprung.exists(), "the trap itself does not work"


def test_system_calls_are_refused_outright(tmp_path):
    torch.save({"model_pos": {}, "x": Trap(os.system, f"touch {tmp_path}/sprung")}, tmp_path / "trap.bin")
    with pytest.raises(InputError, match=r"trap\.bin is refused: .* code to run"):
        load_authors(VPoseCfg((3, 3, 3), 32).build(17), tmp_path / "trap.bin")
    assert not (tmp_path / "sprung").exists()


def test_reading_leaves_torchs_own_list_as_it_was(tmp_path):
    torch.save({"model_pos": {"a": torch.ones(1)}, "x": np.random.RandomState(1)}, tmp_path / "a.bin")
    before = set(torch.serialization.get_safe_globals())
    with pytest.raises(InputError, match="none of the published layouts"):
        load_authors(VPoseCfg((3, 3, 3), 32).build(17), tmp_path / "a.bin")
    assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize("name", ["text.bin", "empty.pth", "weights.safetensors", "weights.npz", "half.pt"])
def test_files_of_another_kind(tmp_path, name):
    torch.save({"model_pos": {"a": torch.ones(1000)}}, tmp_path / "whole.pt")
    content = {"empty.pth": b"", "half.pt": (tmp_path / "whole.pt").read_bytes()[:2000]}
    (tmp_path / name).write_bytes(content.get(name, b"Once upon a time\nthere was a file.\n"))
    with pytest.raises(InputError, match=rf"{name} (cannot be read as weights|is refused): it .*\.$") as caught:
        load_authors(VPoseCfg((3, 3, 3), 32).build(17), tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [3, [torch.ones(1)], {}, {1: torch.ones(1)}, torch.ones(2)])
def test_files_without_a_network(tmp_path, content):
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(InputError, match=r"other.pt does not hold a network's weights by name"):
        load_authors(VPoseCfg((3, 3, 3), 32).build(17), tmp_path / "other.pt")


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"There is no weight file .*gone\.bin"):
        load_authors(VPoseCfg((3, 3, 3), 32).build(17), tmp_path / "gone.bin")


@pytest.mark.parametrize("spoil", [lambda t: torch.full_like(t, torch.nan), lambda t: t.to(torch.int64)])
def test_weights_that_are_no_fractions(state, encoder, spoil):
    name = next(key for key, tensor in state.items() if tensor.is_floating_point())
    before = {key: tensor.clone() for key, tensor in encoder.state_dict().items()}
    with pytest.raises(InputError, match=f"'{name}' are not all finite fractions"):
        load_authors(encoder, {**state, name: spoil(state[name])})
    assert all(torch.equal(tensor, before[key]) for key, tensor in encoder.state_dict().items())


def test_encoders_of_others_have_no_published_layout(golden_file):
    class Other(Encoder):
        encode = head = None

    with pytest.raises(InputError, match="No published checkpoint layout is known for Other"):
        load_authors(Other(), golden_file("vpose_f27"))
