"""Networks that read and answer in other axes than ours, or answer several things; and one from a package."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from actionprompt import bake, cli, lift, load, save
from actionprompt.encoders.config import NetworkCfg
from actionprompt.errors import InputError
from actionprompt.model.config import LifterCfg
from actionprompt.model.forward import ForwardPass
from small import ACTIONS, VARIANTS, lifter

HERE = __name__


class Flat(nn.Module):
    """Numbers of a frame in one axis, the middle frame's pose as a row."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(34, 8), nn.Linear(8, 51)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x).relu().mean(1))


class ChannelsFirst(nn.Module):
    """Convolutions of the field's usual order, channels in the middle, in and out."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv1d(34, 8, 3, padding=1), nn.Conv1d(8, 51, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x).relu())


class Several(Flat):
    """The pose is one of two answers."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean(), super().forward(x)


class Named(Flat):
    """The pose is one of two answers by name."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"score": x.mean(), "pose": super().forward(x)}


class Recurrent(nn.Module):
    """Its first layer puts out its features and its state."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.last = nn.GRU(34, 8, batch_first=True), nn.Linear(8, 51)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.gru(x)[0][:, 4])


FLAT = {"shallow": "first", "final": "last", "final_axes": "b c", "input_axes": "b f (j i)", "answer_axes": "b (j d)"}
CONVOLUTIONS = {"shallow": "first", "shallow_axes": "b c f", "final": "last", "final_axes": "b c t"}
SHAPES = {
    "Flat": FLAT,
    "ChannelsFirst": CONVOLUTIONS | {"input_axes": "b (j i) f", "answer_axes": "b (j d) t"},
    "Several": FLAT | {"answer": "1"},
    "Named": FLAT | {"answer": "pose"},
    "Recurrent": FLAT | {"shallow": "gru[0]"},
}


def settings(name: str, **changes: object) -> NetworkCfg:
    return NetworkCfg(f"{HERE}:{name}", frames=9, **(SHAPES[name] | changes))  # type: ignore[arg-type]


def plain(name: str, network: nn.Module, x: Tensor) -> Tensor:
    """The slow twin: what goes in and comes out, written by hand."""
    answer = network(x.flatten(2).mT if name == "ChannelsFirst" else x.flatten(2))
    answer = answer[1] if name == "Several" else answer["pose"] if name == "Named" else answer
    return answer.mT.unflatten(-1, (17, 3)) if name == "ChannelsFirst" else answer.unflatten(-1, (1, 17, 3))


@pytest.mark.parametrize("name", SHAPES)
def test_any_axes(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = LifterCfg(settings(name), VARIANTS["apm"]).build(17, ACTIONS)
    x = torch.randn(4, 9, 17, 2)
    torch.testing.assert_close(made.encoder(x), plain(name, made.encoder.network, x))
    torch.testing.assert_close(made.encoder.head(made.encoder.encode(x).final), made.encoder(x))
    pose, logits = made(x, torch.tensor([0, 1, 2, 0]))
    (pose.square().sum() + logits.square().sum()).backward()
    assert all(p.grad is not None for p in made.encoder.parameters())
    save(bake(made), tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors", trust=[HERE])
    assert torch.equal(again(x).pose, made.eval()(x).pose)
    assert lift(again, x[0]).pose.shape == (9, 17, 3)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("Flat", {"answer_axes": "b t j d"}, r"answers the shape \(2, 51\).*--network.answer-axes"),
        ("Flat", {"answer_axes": "b (j d) t"}, r"answers the shape \(2, 51\)"),
        ("Flat", {"input_axes": "b (f j) i"}, "does not take windows.*--network.input-axes"),
        ("Flat", {"input_axes": "b f k"}, "does not take windows"),
        ("Several", {"answer": ""}, "answers a tuple of 2.*--network.answer"),
        ("Several", {"answer": "2"}, "has no '2'.*answers a tuple of 2"),
        ("Named", {"answer": "poses"}, "has no 'poses'.*has score, pose"),
        ("Named", {"answer": "score"}, r"answers the shape \(\)"),
        ("Recurrent", {"shallow": "gru"}, r"features at 'gru' are a tuple.*as in 'gru\[0\]'"),
        ("Recurrent", {"shallow": "gru[2]"}, r"features at 'gru\[2\]' are a tuple"),
        ("Recurrent", {"shallow": "last[0]"}, r"has one output: leave \[0\] out"),
    ],
)
def test_axes_that_do_not_fit(name: str, changes: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        LifterCfg(settings(name, **changes), VARIANTS["apm"]).build(17, ACTIONS)


def test_hooks_cost_next_to_nothing() -> None:
    """A loose guard (1.5) of a ratio that measurements/bench_hooked.py finds at about 1.0 (asked: 1.05)."""
    torch.manual_seed(0)
    made = LifterCfg(settings("ChannelsFirst"), VARIANTS["apm"]).build(17, ACTIONS).eval()
    network, apm, x = made.encoder.network, made.apm, torch.randn(512, 9, 17, 2)

    def by_hand() -> Tensor:
        """The network's own layers with APM between them."""
        z0 = network.first(x.flatten(2).mT)
        weights = apm.choose(apm.recognise(z0.mT))
        zd = apm.refine(z0.relu().mT, weights)
        return network.last(zd.mT).mT.unflatten(-1, (17, 3))

    def once(task: object) -> float:
        begin = time.process_time()
        task()  # type: ignore[operator]
        return time.process_time() - begin

    with torch.inference_mode():
        torch.testing.assert_close(ForwardPass(made, x).pose(), by_hand())
        turns = [(once(lambda: ForwardPass(made, x).pose()), once(by_hand)) for _ in range(8)]
    hooked, plainly = (min(column) for column in zip(*turns, strict=True))
    assert hooked < 1.5 * plainly


TCN = """
train --network pytorch_tcn:TCN --network.args num_inputs=34 num_channels=[8,8] causal=False input_shape=NLC
output_projection=51 --network.frames 9 --network.input-axes 'b f (j i)' --network.answer-axes 'b t (j d)'
--network.shallow network.0[0] --network.shallow-axes 'b c f' --network.final projection_out
--network.final-axes 'b c f' --apm label --data synthetic --data.subjects 3 --data.frames 30 --accelerator cpu
--schedule.epochs 1 --schedule.epoch-steps 3 --schedule.batch 8 --out run
"""


def test_a_network_from_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Convolutions that a package brings, not made for poses: trained, resumed, evaluated, exported, lifted."""
    import shlex

    pytest.importorskip("pytorch_tcn")
    monkeypatch.chdir(tmp_path)
    assert cli.main(shlex.split(TCN)) == 0
    trust = ["--trust", "pytorch_tcn"]
    assert cli.main(["train", "--resume", "run", "--epochs", "2", *trust]) == 0
    assert cli.main(["evaluate", "run", *trust]) == 0
    assert cli.main(["export", "run", "--form", "window", "--out", "m.onnx", *trust]) == 0
    np.save("joints.npy", np.random.default_rng(0).uniform(100, 900, (20, 17, 2)))
    place = "--keypoints.layout h36m17 --keypoints.size 1000 1000 --out a.npz --model run/model.safetensors"
    assert cli.main(["lift", "joints.npy", *place.split(), *trust]) == 0
    assert json.loads(Path("run/settings.json").read_text())["model"]["encoder"]["answer_axes"] == "b t (j d)"


@pytest.mark.parametrize(
    ("x", "action", "said"),
    [
        (np.zeros((2, 9, 17, 2)), None, "windows are a ndarray"),
        (torch.zeros(2, 9, 17, 2).double(), None, "torch.float64 and the model is torch.float32"),
        (500 + torch.zeros(2, 9, 17, 2), None, "The 2D joints reach 500: are they pixels"),
        (torch.full((2, 9, 17, 2), torch.nan), None, "NaN or infinite"),
        (torch.zeros(9, 17, 2), None, r"windows of shape \(windows, 9 frames, 17, 2\)"),
        (torch.zeros(2, 9, 16, 2), None, r"got \(2, 9, 16, 2\)"),
        (torch.zeros(2, 8, 17, 2), None, r"got \(2, 8, 17, 2\)"),
        (torch.zeros(2, 9, 17, 2), torch.tensor([0, 3]), r"numbered from 0 to 2; got \[0, 3\]"),
        (torch.zeros(2, 9, 17, 2), torch.tensor([0, -1]), "numbered from 0 to 2"),
        (torch.zeros(2, 9, 17, 2), torch.tensor([0]), "one action, a whole number, for each of 2 items"),
        (torch.zeros(2, 9, 17, 2), "walk", "The actions are a str"),
    ],
)
def test_windows_and_actions_that_a_lifter_refuses(x: object, action: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        lifter("apm")(x, action)


@pytest.mark.parametrize("name", ["vpose+apm", "no folder"])
def test_loading_a_name(name: str) -> None:
    with pytest.raises(InputError, match=r"no model file .*models by name .*open_lifter"):
        load(name)
