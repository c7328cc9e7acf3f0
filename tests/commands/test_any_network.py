"""docs/any_network.md, followed literally; and a hooked network beside the same one written for this package."""

import json
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt import cli
from actionprompt.encoders.config import NetworkCfg
from actionprompt.errors import InputError
from actionprompt.model.config import LifterCfg
from actionprompt.model.files import load
from actionprompt.training.run_folder import RunFolder
from actionprompt.training.train import train
from actionprompt.trust import trusting
from small import VARIANTS, corpus, run_cfg

PAGE = (Path(__file__).parents[2] / "docs" / "any_network.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's package, of which Python forgets everything afterwards."""
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").touch()
    (tmp_path / "my_package" / "my_module.py").write_text(blocks("python")[0] + NATIVE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_package"]:
        monkeypatch.delitem(sys.modules, name)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_package"]:
        del sys.modules[name]


NATIVE = '''

from actionprompt.encoders.base import Encoder, Features, Window


class Native(Encoder):
    """The same network, cut as this package's contract asks for."""

    def __init__(self, dim=64):
        super().__init__()
        self.window, self.num_joints, self.num_taps = Window(27), 17, 1
        self.shallow_dim = self.final_dim = dim
        self.network = MyLifter(dim)

    def encode(self, x, tap=1):
        z0 = self.network.first(x.flatten(2).mT)
        return Features(z0.mT, self.network.body(z0)[..., 13:14].mT)

    def head(self, z):
        return self.network.last(z.mT).mT.unflatten(-1, (17, 3))
'''


def test_the_page_is_true(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (commands,) = blocks("sh")
    for line in commands.splitlines():
        program, *words = shlex.split(line)
        assert program == "actionprompt"
        assert cli.main(words) == 0, capsys.readouterr().err
    assert (here / "mine.onnx").stat().st_size > 1000
    np.save(here / "joints.npy", np.random.default_rng(0).uniform(100, 900, (60, 17, 2)))
    lift = "lift joints.npy --keypoints.layout h36m17 --keypoints.size 1000 1000 --out a.npz "
    lift += "--model runs/mine/model.safetensors"
    assert cli.main(lift.split()) == 2
    assert "--trust my_package" in capsys.readouterr().err
    assert cli.main([*lift.split(), "--trust", "my_package"]) == 0
    assert cli.main(["train", "--resume", "runs/mine"]) == 2
    assert "names something of the module 'my_package.my_module'" in capsys.readouterr().err
    settings = json.loads((here / "runs" / "mine" / "settings.json").read_text())
    (toml,) = blocks("toml")
    stated = dict(re.findall(r"^(\w+) = (.*)$", toml, flags=re.MULTILINE))
    assert {key: json.loads(value) for key, value in stated.items()}.items() <= (settings["model"]["encoder"]).items()
    exec(blocks("python")[1], {})


def test_bit_for_bit_as_a_network_of_ours(here: Path) -> None:
    places = {"shallow": "first", "shallow_axes": "b c f", "final": "last", "final_axes": "b c t"}
    hooked = NetworkCfg("my_package.my_module:MyLifter", ("dim=16",), **places)
    native = NetworkCfg("my_package.my_module:Native", ("dim=16",))
    with trusting("my_package"):
        sys.path.insert(0, str(here))
        logs = []
        for name, encoder in (("hooked", hooked), ("native", native)):
            cfg = run_cfg(model=LifterCfg(encoder, VARIANTS["apm"]))
            train(cfg, here / name, corpus=corpus(frames=40), quiet=True)
            logs.append((here / name / "log.jsonl").read_text())
        assert logs[0] == logs[1]
        ours, theirs = (load(here / name / "model.safetensors").eval() for name in ("native", "hooked"))
        x = torch.randn(4, 27, 17, 2)
        assert torch.equal(ours(x).pose, theirs(x).pose)
        train(cfg, here / name, resume=True, corpus=corpus(frames=40), quiet=True)
        assert RunFolder(here / "hooked").read_settings().model.encoder == hooked
        taller = replace(native, frames=9)
        with pytest.raises(
            InputError, match="reads 27 frames of 17 joints with 2 numbers each, and the settings say 9"
        ):
            LifterCfg(taller, None).build(17)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--network nothing.here:Net", "'nothing.here' cannot be imported"),
        ("--network json:loads", "json:loads is not a network"),
        ("--network my_package.my_module:MyLifter --apm both", "There is no --apm 'both'"),
        (
            "--network my_package.my_module:MyLifter --network.shallow frist --network.final last",
            "no submodule 'frist'",
        ),
        ("--network my_package.my_module:MyLifter --network.args dim", "must be written as name=value"),
        ("--network", "names no network: write it as package.module:Name"),
    ],
)
def test_networks_that_cannot_be_trained(here: Path, capsys: pytest.CaptureFixture[str], words: str, said: str) -> None:
    tiny = "--apm label --data synthetic --data.subjects 3 --data.frames 30 --accelerator cpu --out out"
    order = [*tiny.split(), *words.split()] if words == "--network" else [*words.split(), *tiny.split()]
    assert cli.main(["train", *order]) == 2
    assert said in capsys.readouterr().err
    assert not (here / "out").exists()
