import pytest
import torch
from torch import Tensor, nn

from actionprompt.errors import InputError
from actionprompt.model.hooked import HookedLifter
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
    assert {name.split(".")[0] for name in model.state_dict()} == {"network", "apm"}


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
