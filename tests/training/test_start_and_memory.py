"""Runs that begin with other weights, go on for longer, or take less memory: beside the plain run."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from actionprompt import cli
from actionprompt.encoders.config import DSTformerCfg, MixSTECfg, MotionAGFormerCfg
from actionprompt.errors import InputError
from actionprompt.model.config import LifterCfg
from actionprompt.model.files import load
from actionprompt.model.lifter import Lifter
from actionprompt.training.config import RunCfg, ScheduleCfg, SequenceLossCfg
from actionprompt.training.presets import presets
from actionprompt.training.train import train
from small import VARIANTS, corpus, run_cfg

DATA = corpus(frames=30)
TRANSFORMERS = {
    "mixste": MixSTECfg(9, 8, 2, 2, drop_path=0.3),
    "dstformer": DSTformerCfg(9, 8, 8, 2, 2, drop_path=0.3),
    "motionagformer": MotionAGFormerCfg(9, 2, 8, 8, 2, drop_path=0.3),
}


def trained(cfg: RunCfg, folder: Path, **how: object) -> Lifter:
    train(cfg, folder, corpus=DATA, quiet=True, **how)  # type: ignore[arg-type]
    return load(folder / "model.safetensors")


def same(a: Lifter, b: Lifter, **tolerance: float) -> None:
    theirs = b.state_dict()
    for name, value in a.state_dict().items():
        if tolerance:
            torch.testing.assert_close(value, theirs[name], **tolerance)
        else:
            assert torch.equal(value, theirs[name]), name


@pytest.mark.parametrize("parts", [2, 4])
def test_accumulated_gradients_are_those_of_the_whole_batch(tmp_path: Path, parts: int) -> None:
    cfg = run_cfg(model=LifterCfg(MixSTECfg(9, 8, 2, 2, drop_path=0.0), None))
    split = replace(cfg, schedule=replace(cfg.schedule, accumulate=parts))
    whole, parted = trained(cfg, tmp_path / "whole"), trained(split, tmp_path / "split")
    for model in (
        whole,
        parted,
    ):  # a softmax does not feel its keys' biases: rounding, scaled by Adam
        for name, bias in model.named_parameters():
            if name.endswith("qkv.bias"):
                bias.data[8:16] = 0
    same(whole, parted, rtol=1e-3, atol=2e-5)
    logs = [[json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
            for name in ("whole", "split")]  # fmt: skip
    for plain, summed in zip(*logs, strict=True):
        assert summed == pytest.approx(plain, rel=1e-4)


@pytest.mark.parametrize("encoder", TRANSFORMERS.values(), ids=TRANSFORMERS)
def test_activations_computed_again_change_nothing(tmp_path: Path, encoder: MixSTECfg) -> None:
    cfg = run_cfg(model=LifterCfg(encoder, VARIANTS["label"]), pose_loss=SequenceLossCfg())
    again = trained(replace(cfg, checkpoint_activations=True), tmp_path / "again")
    same(trained(cfg, tmp_path / "kept"), again)


def test_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    cfg = run_cfg("label")
    compiled = trained(replace(cfg, compile=True), tmp_path / "compiled")
    same(trained(cfg, tmp_path / "plain"), compiled, rtol=1e-4, atol=1e-5)


FLAGS = (
    *("--data", "synthetic", "--data.subjects", "3", "--data.frames", "30", "--accelerator", "cpu"),
    *("--schedule.epochs", "2", "--schedule.epoch-steps", "3", "--schedule.batch", "8", "--log-every", "1"),
    *("--model.encoder.frames", "9", "--model.encoder.dim", "8", "--model.encoder.depth", "2"),
    *("--model.encoder.heads", "2", "--model.encoder.drop-path", "0"),
)


@pytest.fixture(scope="module")
def one_plain_process(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "run"
    assert cli.main(["train", "mixste", *FLAGS, "--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize(
    "how",
    [
        ("--schedule.accumulate", "2"),
        ("--checkpoint-activations",),
        pytest.param(
            ("--compile",),
            marks=pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler (g++)"),
        ),
    ],
    ids=lambda how: how[0].strip("-"),
)
def test_on_two_processes_as_plainly_on_one(tmp_path: Path, one_plain_process: Path, how: tuple[str, ...]) -> None:
    """Gloo on two processes, and torch.compile's real backend: the plain run's model up to rounding."""
    command = [sys.executable, "-m", "actionprompt", "train", "mixste", *FLAGS, *how, "--devices", "2"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    found, plain = load(tmp_path / "run" / "model.safetensors"), load(one_plain_process / "model.safetensors")
    x = 0.3 * torch.randn(16, 9, 17, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        one, two = plain(x), found(x)
    torch.testing.assert_close(two.pose, one.pose, rtol=0, atol=5e-4)  # Adam makes much of a rounded small gradient
    logs = [[json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
            for run in (one_plain_process, tmp_path / "run")]  # fmt: skip
    assert len(logs[0]) == len(logs[1]) == 6
    for a, b in zip(*logs, strict=True):
        assert b == pytest.approx(a, rel=1e-4)


def test_a_finished_run_goes_on_as_the_longer_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cfg = run_cfg("label")
    long = trained(replace(cfg, schedule=replace(cfg.schedule, epochs=5)), tmp_path / "long")
    trained(cfg, tmp_path / "short")
    assert cli.main(["train", "--resume", str(tmp_path / "short"), "--epochs", "3"]) == 2
    assert "has 3 already" in capsys.readouterr().err
    from actionprompt.training.run_folder import RunFolder

    folder = RunFolder(tmp_path / "short")
    folder.lengthen(5)
    same(long, trained(folder.read_settings(), tmp_path / "short", resume=True))
    cosine = replace(cfg, schedule=replace(cfg.schedule, lr_last=1e-5))
    trained(cosine, tmp_path / "cosine")
    with pytest.raises(InputError, match="falls to 1e-05 in its last epoch: start a new one from its weights"):
        RunFolder(tmp_path / "cosine").lengthen(9)


def test_beginning_with_another_runs_weights(tmp_path: Path) -> None:
    cfg = run_cfg("apm")
    first = trained(cfg, tmp_path / "first")
    still = ScheduleCfg(epochs=1, epoch_steps=1, batch=8, lr=1e-12, bn_batches=2)
    again = trained(replace(cfg, weights=tmp_path / "first", schedule=still), tmp_path / "again")
    kept = {k: v for k, v in first.state_dict().items() if "norm" not in k and "classes" not in k}
    assert all(torch.allclose(again.state_dict()[k], v, atol=1e-6) for k, v in kept.items())
    assert again.metadata["encoder"] == f"with all of the model from {tmp_path / 'first'}"
    other = replace(run_cfg("label"), encoder_weights=tmp_path / "first", schedule=still)
    began = trained(other, tmp_path / "other")
    weight = "encoder.blocks.0.conv.weight"
    torch.testing.assert_close(began.state_dict()[weight], first.state_dict()[weight], atol=1e-6, rtol=0)
    assert began.metadata["encoder"] == "from first"
    with pytest.raises(InputError, match="does not fit this model: at 'apm"):
        trained(replace(run_cfg("label"), weights=tmp_path / "first"), tmp_path / "bad")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schedule": ScheduleCfg(batch=8, accumulate=3)}, "cannot be split evenly into 3 parts"),
        ({"schedule": ScheduleCfg(batch=8, accumulate=0)}, "schedule.accumulate is 0"),
        ({"schedule": ScheduleCfg(batch=8, accumulate=2), "scale_by_loss": True}, "scale_by_loss needs the loss"),
        ({"checkpoint_activations": True}, "for transformers: VPose has no such blocks"),
        ({"weights": Path("a"), "encoder_weights": Path("b")}, "leave out encoder_weights"),
        ({"weights": Path("nowhere.safetensors")}, "no model file nowhere"),
        ({"pose_loss": SequenceLossCfg()}, "SequenceLoss needs an encoder that answers its whole window"),
    ],
)
def test_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        trained(replace(run_cfg("apm"), **changes), tmp_path / "run")  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_presets_of_all_encoders() -> None:
    known = presets()
    assert {name.partition("+")[0] for name in known} == {"vpose", "a3dhp", "mixste", "dstformer", "motionagformer"}
    assert len(known) == 25
    run = known["dstformer+apm"][1]
    assert run.pose_loss == SequenceLossCfg(scaled=0.5, velocity=20)
    s = run.schedule
    assert (s.lr, s.weight_decay, s.lr_decay, s.epochs) == (5e-4, 0.01, 0.99, 60)
    assert known["motionagformer"][1].schedule == run.schedule
