import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from actionprompt.data.clip import mirror
from actionprompt.encoders.config import NetworkCfg
from actionprompt.errors import InputError
from actionprompt.inference.lifting import lift
from actionprompt.inference.stream import Stream
from actionprompt.model.config import LifterCfg
from actionprompt.model.files import bake, load, save
from actionprompt.model.forward import ForwardPass
from actionprompt.model.hooked import HookedLifter
from actionprompt.skeleton import H36M_17
from small import VARIANTS, lifter

ACTIONS = ("walking", "sitting down", "eating")


class Foreign(nn.Module):
    """A lifter that is not ours: features (b, c, f), a pose from the centre frame."""

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        self.first = nn.Conv1d(34, channels, 3, padding=1)
        self.body = nn.Sequential(nn.ReLU(), nn.Conv1d(channels, channels, 3, padding=1))
        self.last = nn.Conv1d(channels, 51, 1)

    def forward(self, x: Tensor) -> Tensor:
        z = self.body(self.first(x.flatten(2).mT))
        return self.last(z[..., 4:5]).mT.unflatten(-1, (17, 3))


def hooked(**changes: object) -> HookedLifter:
    torch.manual_seed(0)
    places = {"shallow": "first", "final": "last", "shallow_axes": "b c f", "final_axes": "b c t"}
    example = torch.randn(2, 9, 17, 2)
    return HookedLifter(Foreign(), VARIANTS["apm"], ACTIONS, example=example, **(places | changes))  # type: ignore[arg-type]


def test_equals_the_native_path_on_our_own_vpose() -> None:
    ours = lifter("apm").eval()
    x = torch.randn(5, ours.encoder.window.frames, 17, 2)
    theirs = HookedLifter(
        ours.encoder, ours.cfg.apm, ours.actions, shallow="expand_norm", final="shrink", example=x
    ).eval()  # fmt: skip
    theirs.apm.load_state_dict(ours.apm.state_dict())
    # Z0 of the native path is behind ReLU (and dropout, which rests), the hook's is before it
    theirs.apm.recogniser.register_forward_pre_hook(lambda _, inputs: (inputs[0].relu(),))
    for action in (None, torch.tensor([0, 1, 0, 1, 1])):
        pose, logits = theirs(x, action)
        expected = ours(x, action)
        torch.testing.assert_close(pose, expected.pose)
        torch.testing.assert_close(logits, expected.logits)


def test_apm_trains_around_a_foreign_network() -> None:
    model = hooked()
    pose, logits = model(torch.randn(4, 9, 17, 2), torch.tensor([0, 1, 2, 0]))
    assert pose.shape == (4, 1, 17, 3)
    assert logits.shape == (4, 3)
    (pose.square().sum() + logits.square().sum()).backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


def test_the_network_is_left_as_it_was() -> None:
    model = hooked()
    x = torch.randn(2, 9, 17, 2)
    before = model.network(x)
    model(x)
    assert torch.equal(before, model.network(x))  # no hook stays behind
    assert model.network.training
    assert {name.split(".")[0] for name in model.state_dict()} == {"encoder", "apm"}


def test_parts_that_rest_go_on_resting() -> None:
    network = Foreign()
    network.body.eval()
    example = torch.randn(2, 9, 17, 2)
    HookedLifter(network, VARIANTS["apm"], ACTIONS, shallow="first", final="last", shallow_axes="b c f",
                 final_axes="b c t", example=example)  # fmt: skip
    assert (network.training, network.body.training, network.last.training) == (True, False, True)


class Named(Foreign):
    """Calls its last layer by the argument's name."""

    def forward(self, x: Tensor) -> Tensor:
        return self.last(input=self.body(self.first(x.flatten(2).mT))).mT


def test_a_last_layer_that_is_called_by_name() -> None:
    with pytest.raises(InputError, match="calls 'last' with named arguments only"):
        HookedLifter(Named(), VARIANTS["apm"], ACTIONS, shallow="first", final="last", shallow_axes="b c f",
                     final_axes="b c t", example=torch.randn(2, 9, 17, 2))  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shallow": "frist"}, "no submodule 'frist': it has first, body"),
        ({"shallow": "last", "final": "first"}, "runs 'first' before 'last': the action would come too late"),
        ({"shallow_axes": "x f c"}, "'x f c' of the features at 'first' need b"),
        ({"final_axes": "x t f"}, "'x t f' of the features at 'last' need b and c"),
        ({"shallow_axes": "b f j c"}, r"shape \(2, 16, 9\), not the axes 'b f j c'"),
    ],
)
def test_bad_places(changes: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        hooked(**changes)


@pytest.mark.parametrize("place", ["shallow", "final"])
def test_a_hook_that_never_runs(place: str) -> None:
    class Idle(Foreign):
        def __init__(self) -> None:
            super().__init__()
            self.spare = nn.Conv1d(16, 16, 1)  # is there, and nobody calls it

    places = {"shallow": "first", "final": "last", "shallow_axes": "b c f", "final_axes": "b c t"} | {place: "spare"}
    with pytest.raises(InputError, match="submodule 'spare' did not run on the example"):
        HookedLifter(Idle(), VARIANTS["apm"], ACTIONS, example=torch.randn(2, 9, 17, 2), **places)


def test_features_that_are_no_tensor():
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(34, 8, batch_first=True)
            self.last = nn.Linear(8, 51)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.gru(x.flatten(2))[0][:, 4:5]).unflatten(-1, (17, 3))

    with pytest.raises(InputError, match="features at 'gru' are a tuple: name a submodule with one tensor there"):
        HookedLifter(
            Recurrent(), VARIANTS["apm"], ACTIONS, shallow="gru", final="last", example=torch.randn(2, 9, 17, 2)
        )


def saved(folder: Path, **changes: object) -> tuple[HookedLifter, Path]:
    model = hooked(**changes)
    for name, parameter in model.named_parameters():
        if name.endswith("gamma"):
            nn.init.normal_(parameter)
    save(bake(model), folder / "model.safetensors")
    return model.eval(), folder / "model.safetensors"


def test_saved_baked_and_loaded(tmp_path: Path) -> None:
    model, file = saved(tmp_path)
    loaded = load(file, trust=[__name__])
    x = torch.randn(3, 9, 17, 2)
    pose, logits = model(x)
    assert torch.equal(loaded(x).pose, pose)
    assert torch.equal(loaded(x).logits, logits)
    assert loaded.actions == ACTIONS


def test_a_file_does_not_choose_what_is_imported(tmp_path: Path) -> None:
    _, file = saved(tmp_path)
    for trust in ([], ["os"], [__name__ + "x"]):
        with pytest.raises(InputError, match=f"names something of the module '{__name__}'.*--trust"):
            load(file, trust=trust)
    with safe_open(file, "pt") as stored:
        header = json.loads(stored.metadata()["actionprompt"])
        tensors = {key: stored.get_tensor(key).clone() for key in stored.keys()}  # noqa: SIM118 (not a dict)
    for target, said in (
        ("os:system", "os:system is not a network"),
        ("os:nothing", "no network 'nothing'"),
        ("os", "write it as"),
    ):
        header["settings"]["encoder"]["target"] = target
        save_file(tensors, file, {"actionprompt": json.dumps(header)})
        with pytest.raises(InputError, match=said):
            load(file, trust=["os"])


def test_a_network_that_could_not_be_made_again_is_not_saved(tmp_path: Path) -> None:
    class Local(Foreign):
        pass

    torch.manual_seed(0)
    places = {"shallow": "first", "final": "last", "shallow_axes": "b c f", "final_axes": "b c t"}
    example = torch.randn(2, 9, 17, 2)
    local = HookedLifter(Local(), VARIANTS["apm"], ACTIONS, example=example, **places)
    with pytest.raises(InputError, match="cannot be saved, as loading would not find it again"):
        save(local, tmp_path / "model.safetensors")
    wider = HookedLifter(Foreign(24), VARIANTS["apm"], ACTIONS, example=example, **places)
    with pytest.raises(InputError, match="has other weights"):
        save(wider, tmp_path / "model.safetensors")
    wider = HookedLifter(Foreign(24), VARIANTS["apm"], ACTIONS, example=example, arguments={"channels": 24}, **places)
    save(wider, tmp_path / "model.safetensors")
    assert load(tmp_path / "model.safetensors", trust=[__name__]).encoder.final_dim == 24


@torch.no_grad()
def test_flipped_in_one_run_as_in_two(tmp_path: Path) -> None:
    model, _ = saved(tmp_path)
    x, order = torch.randn(3, 9, 17, 2), list(H36M_17.mirror)
    runs = []
    model.network.first.register_forward_hook(lambda *_: runs.append(1))
    answer = ForwardPass(model, x, order)
    pose = answer.pose()
    assert len(runs) == 1
    mean = (model(x).logits + model(mirror(x, order)).logits) / 2
    torch.testing.assert_close(answer.logits, mean)
    chosen = mean.argmax(-1)
    slow = (model(x, chosen).pose + mirror(model(mirror(x, order), chosen).pose, order)) / 2
    torch.testing.assert_close(pose, slow)


class Picking(Foreign):
    """Puts its last layer's numbers into another order, and picks a frame."""

    def forward(self, x: Tensor) -> Tensor:
        z = self.last(self.body(self.first(x.flatten(2).mT)))
        return z.unflatten(1, (3, 17)).transpose(1, 2)[..., 4].unsqueeze(1)


class Adding(Foreign):
    """Adds something to what its last layer puts out."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + x[:, 4:5].sum()


@torch.no_grad()
def test_what_follows_the_last_layer_may_rearrange_only() -> None:
    places = {"shallow": "first", "final": "last", "shallow_axes": "b c f", "final_axes": "b c t"}
    example = torch.randn(2, 9, 17, 2)
    model = HookedLifter(Picking(), VARIANTS["apm"], ACTIONS, example=example, **places).eval()
    assert torch.equal(model.encoder.head(model.encoder.encode(example).final), model.network(example))
    with pytest.raises(InputError, match="Behind 'last' the network does more than rearrange its output"):
        HookedLifter(Adding(), VARIANTS["apm"], ACTIONS, example=example, **places)


def test_a_network_is_lifted_with_like_ours(tmp_path: Path) -> None:
    model, _ = saved(tmp_path)
    x = torch.randn(20, 17, 2)
    lifted, stream = lift(model, x, flip=H36M_17), Stream(model, lag=4, flip=H36M_17)
    live = [result for frame in x if (result := stream.push(frame))] + stream.flush()
    torch.testing.assert_close(torch.stack([result.pose for result in live]), lifted.pose)
    assert [result.action for result in live] == lifted.action.tolist()


@pytest.mark.parametrize(
    ("cfg", "said"),
    [
        (NetworkCfg("no_such_module_here:Lifter"), "'no_such_module_here' cannot be imported"),
        (NetworkCfg("json:JSONDecoder"), "json:JSONDecoder is not a network"),
        (NetworkCfg(f"{__name__}:Foreign", ("channel=3",)), "cannot be made with .*it takes channels"),
        (NetworkCfg(f"{__name__}:Foreign", ("channels",)), "'channels' must be written as name=value"),
        (NetworkCfg(f"{__name__}:Foreign", frames=3, shallow="first", final="last"), "does not take windows of shape"),
        (NetworkCfg("torch.nn:Identity", shallow="a", final="b"), "no submodule 'a'"),
        (NetworkCfg(f"{__name__}:Foreign", frames=9, shallow="body.0", shallow_axes="b c f", final="body.0",
                    final_axes="b c f"), "before 'body.0'"),
    ],
)  # fmt: skip
def test_networks_that_cannot_be_used(cfg: NetworkCfg, said: str) -> None:
    with pytest.raises(InputError, match=said):
        LifterCfg(cfg, VARIANTS["apm"]).build(17, ACTIONS)
