"""An encoder that is there already in the place of its settings."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from actionprompt.data.config import SyntheticCfg
from actionprompt.encoders.base import Encoder, Features, Window
from actionprompt.encoders.config import VPoseCfg
from actionprompt.errors import InputError
from actionprompt.model.config import APMCfg, LearnedClassesCfg, LifterCfg, PosePromptCfg, TextPromptCfg
from actionprompt.model.files import bake, load, save
from actionprompt.model.hooked import HookedLifter
from actionprompt.training.config import RunCfg, ScheduleCfg
from actionprompt.training.train import train

APM = APMCfg(TextPromptCfg(LearnedClassesCfg(12)), PosePromptCfg(dim=8, length=3, heads=2))
ACTIONS = ("walking", "sitting down")


class Own(Encoder):
    """Somebody's encoder that keeps the contract, made with an argument."""

    def __init__(self, dim: int = 6) -> None:
        super().__init__()
        self.window, self.num_joints, self.num_taps = Window(5), 17, 1
        self.shallow_dim = self.final_dim = dim
        self.arguments = {"dim": dim}
        self.embed, self.regress = nn.Linear(34, dim), nn.Linear(dim, 51)

    def encode(self, x: torch.Tensor, tap: int = 1) -> Features:
        z = self.embed(x.flatten(2))
        return Features(z, z.mean(1, keepdim=True))

    def head(self, z: torch.Tensor) -> torch.Tensor:
        return self.regress(z).unflatten(-1, (17, 3))


class Plain(nn.Module):
    """Somebody's network that keeps no contract."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(34, 6), nn.Linear(6, 51)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.first(x.flatten(2)).mean(1, keepdim=True)).unflatten(-1, (17, 3))


def hooked() -> Encoder:
    places = {"shallow": "first", "final": "last", "example": torch.zeros(1, 5, 17, 2)}
    return HookedLifter(Plain(), APM, ACTIONS, **places).encoder


@pytest.mark.parametrize("make", [lambda: VPoseCfg((5,), channels=8).build(17), lambda: Own(7), hooked])
def test_its_weights_are_kept_and_it_is_saved_as_if_from_settings(make, tmp_path: Path) -> None:
    encoder = make().eval()
    cfg = LifterCfg(encoder=encoder, apm=APM)
    lifter = cfg.build(17, ACTIONS).eval()
    x = torch.randn(3, 5, 17, 2)
    torch.testing.assert_close(lifter.encoder(x), encoder(x), rtol=0, atol=0)
    with torch.no_grad():
        next(lifter.encoder.parameters()).add_(1)
    torch.testing.assert_close(cfg.build(17, ACTIONS).eval().encoder(x), encoder(x), rtol=0, atol=0)
    plain = replace(cfg, apm=None).build(17).eval()
    torch.testing.assert_close(plain(x).pose, encoder(x), rtol=0, atol=0)
    save(bake(lifter), tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors", trust=[__name__])
    torch.testing.assert_close(again(x).pose, lifter(x).pose, rtol=0, atol=0)


def test_a_run_trains_a_copy(tmp_path: Path) -> None:
    encoder = Own(7)
    before = encoder.embed.weight.clone()
    data = SyntheticCfg(subjects=3, frames=40)
    schedule = ScheduleCfg(epochs=2, epoch_steps=3, batch=8)
    cfg = RunCfg(LifterCfg(encoder=encoder, apm=APM), data, schedule, accelerator="cpu")
    train(cfg, tmp_path / "run", quiet=True)
    torch.testing.assert_close(encoder.embed.weight, before, rtol=0, atol=0)
    trained = load(tmp_path / "run" / "model.safetensors", trust=[__name__]).encoder
    assert isinstance(trained, Own)
    moved = float((trained.embed.weight.detach() - before.detach()).abs().max())
    assert 1e-5 < moved < 0.1, "training began at the weights given"


def test_what_is_no_encoder_is_named() -> None:
    with pytest.raises(InputError, match="model.encoder is a Plain: settings .* HookedLifter"):
        LifterCfg(encoder=Plain())
    with pytest.raises(InputError, match="lifts 17 joints, and here are 16"):
        LifterCfg(encoder=Own(), apm=None).build(16)


def test_a_class_that_could_not_be_made_again_is_not_saved(tmp_path: Path) -> None:
    encoder = Own(7)
    encoder.arguments = {}
    with pytest.raises(InputError, match="an encoder's own `arguments`"):
        save(LifterCfg(encoder=encoder, apm=None).build(17), tmp_path / "m.safetensors")
