"""Steps recorded as CUDA graphs leave what steps as written leave. Needs a GPU, but for what a CPU can say."""

import json
import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from actionprompt.encoders.config import A3DHPCfg, MixSTECfg, VPoseCfg
from actionprompt.errors import Interrupted
from actionprompt.model.config import LifterCfg, TextClassesCfg
from actionprompt.model.files import load
from actionprompt.training import loop
from actionprompt.training import step as one_step
from actionprompt.training.config import MotionLossCfg, ScheduleCfg
from actionprompt.training.interleave import interleave
from actionprompt.training.step import CudaGraphStep, Step, matmul_precision
from actionprompt.training.train import train, training
from small import APP, ATP, VARIANTS, corpus, run_cfg
from tiny_text_encoders import tiny_clip

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
SCHEDULE = ScheduleCfg(epochs=2, epoch_steps=9, batch=8, bn_batches=3)
ENCODERS = {
    "vpose": VPoseCfg((3, 3), channels=16, dropout=0.0),
    "a3dhp": A3DHPCfg(stages=2, channels=16, dropout=0.0),
    "mixste": MixSTECfg(frames=9, dim=16, depth=2, heads=2, drop_path=0.0),
}


def settings(encoder: str, variant: str, **changes: object):
    """A run whose only random numbers are the first weights and the batches."""
    apm = VARIANTS[variant]
    if apm is not None:
        apm = replace(apm, recogniser=replace(apm.recogniser, projector=replace(apm.recogniser.projector, dropout=0.0)))
    loss = {"pose_loss": MotionLossCfg()} if encoder == "mixste" else {}
    model = LifterCfg(ENCODERS[encoder], apm)
    return run_cfg(
        variant, **{"model": model, "schedule": SCHEDULE, "accelerator": "auto", "log_every": 1, **loss, **changes}
    )


def test_whose_prompts():
    """The label's own, those of a share of others, or None: the recognised action's."""
    action = torch.arange(3).repeat(1000)
    chosen = {
        name: Step.prompt_actions(SimpleNamespace(cfg=cfg, num_actions=3), action)
        for name, cfg in {
            "label": run_cfg(),
            "predicted": run_cfg(prompt_source="predicted"),
            "random_prompt_rate": run_cfg(random_prompt_rate=0.3),
            "random": run_cfg(random_prompt_rate=1.0),
        }.items()
    }
    assert chosen["label"] is action
    assert chosen["predicted"] is None
    assert (chosen["random_prompt_rate"] != action).double().mean() == pytest.approx(
        0.2, abs=0.03
    )  # a third hit the label
    assert chosen["random"].bincount(minlength=3).tolist() == pytest.approx([1000] * 3, rel=0.15)


def both(cfg, tmp_path, monkeypatch) -> None:
    """Trains as written and replayed, and compares logs and weights."""
    made = []
    for name, kind in (("written", Step), ("replayed", CudaGraphStep)):
        monkeypatch.setattr(loop, "step_kind", lambda *_, kind=kind: lambda *a: made.append(kind(*a)) or made[-1])
        train(cfg, tmp_path / name, corpus=corpus(), quiet=True)
    assert [type(step) for step in made] == [Step, CudaGraphStep]
    recorded = [graph for graph in made[1].graphs.values() if graph is not None]
    assert recorded, "nothing was replayed"
    logs = [
        [json.loads(line) for line in (tmp_path / n / "log.jsonl").read_text().splitlines()]
        for n in ("written", "replayed")
    ]
    for written, replayed in zip(*logs, strict=True):
        assert replayed == pytest.approx(written, rel=1e-3)
    states = [load(tmp_path / n / "model.safetensors").state_dict() for n in ("written", "replayed")]
    for key, value in states[0].items():
        torch.testing.assert_close(states[1][key], value, rtol=1e-2, atol=1e-3, msg=key)


@gpu
@pytest.mark.parametrize("encoder", list(ENCODERS))
@pytest.mark.parametrize("variant", ["", "label", "apm"])
def test_replayed_steps_train_the_same_model(encoder, variant, tmp_path, monkeypatch):
    both(settings(encoder, variant), tmp_path, monkeypatch)


@gpu
def test_running_statistics_are_those_of_their_epoch(tmp_path, monkeypatch):
    """As published: momentum changes with the epoch, and is not a tensor."""
    both(settings("vpose", "apm", schedule=replace(SCHEDULE, bn_batches=0)), tmp_path, monkeypatch)


@gpu
def test_recognised_prompts_and_their_rate(tmp_path, monkeypatch):
    cfg = settings("vpose", "apm", prompt_source="predicted", schedule=replace(SCHEDULE, prompt_lr=5.0))
    both(cfg, tmp_path, monkeypatch)


@gpu
@pytest.mark.parametrize("precision", ["tf32", "bf16-mixed"])
def test_other_arithmetic(precision, tmp_path, monkeypatch):
    cfg = settings("vpose", "apm", precision=precision, schedule=replace(SCHEDULE, epochs=1, epoch_steps=4))
    both(cfg, tmp_path, monkeypatch)


@gpu
def test_contexts_that_rest_for_some_steps(tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    classes = TextClassesCfg(str(tiny_clip(tmp_path / "tower")), contexts=2, update_every=4)
    recogniser = replace(ATP, classes=classes, projector=replace(ATP.projector, dropout=0.0))
    model = LifterCfg(ENCODERS["vpose"], replace(VARIANTS["apm"], recogniser=recogniser, pose_prompt=APP))
    both(settings("vpose", "apm", model=model), tmp_path, monkeypatch)


@gpu
def test_dropout_differs_from_step_to_step_and_not_from_run_to_run(tmp_path):
    cfg = run_cfg("apm", accelerator="auto", log_every=1, schedule=replace(SCHEDULE, lr=1e-30))
    for name in ("a", "b"):
        train(cfg, tmp_path / name, corpus=corpus(), quiet=True)
    logs = [(tmp_path / name / "log.jsonl").read_text() for name in ("a", "b")]
    assert logs[0] == logs[1]
    assert len({json.loads(line)["loss"] for line in logs[0].splitlines()}) == 18


@gpu
def test_side_by_side_with_dropout(tmp_path):
    """Each run has random numbers of its own, and a stream."""
    cfgs = [run_cfg("apm", accelerator="auto", log_every=1, schedule=SCHEDULE, seed=seed) for seed in (0, 1, 2)]
    for cfg in cfgs:
        train(cfg, tmp_path / f"alone{cfg.seed}", corpus=corpus(), quiet=True)
    list(interleave((training(c, tmp_path / f"interleave{c.seed}", corpus=corpus(), quiet=True) for c in cfgs), 3))
    for seed in (0, 1, 2):
        alone, together = (
            [json.loads(line)["loss"] for line in (tmp_path / f"{how}{seed}" / "log.jsonl").read_text().splitlines()]
            for how in ("alone", "interleave")
        )
        assert together == pytest.approx(alone, rel=1e-3)


@gpu
def test_interrupted_and_resumed(tmp_path, monkeypatch):
    cfg = settings("vpose", "apm")
    train(cfg, tmp_path / "whole", corpus=corpus(), quiet=True)
    real = one_step.seed_step

    def seed(number, step, process):
        if step == 7:
            os.kill(os.getpid(), signal.SIGINT)
        real(number, step, process)

    with monkeypatch.context() as patch:
        patch.setattr(one_step, "seed_step", seed)
        with pytest.raises(Interrupted):
            train(cfg, tmp_path / "cut", corpus=corpus(), quiet=True)
    train(cfg, tmp_path / "cut", resume=True, corpus=corpus(), quiet=True)
    whole, cut = (load(tmp_path / name / "model.safetensors").state_dict() for name in ("whole", "cut"))
    for key, value in whole.items():
        torch.testing.assert_close(cut[key], value, rtol=1e-2, atol=1e-3, msg=key)


def test_a_cpu_makes_steps_as_written(tmp_path, monkeypatch):
    kinds, real = [], loop.step_kind
    monkeypatch.setattr(loop, "step_kind", lambda *a: kinds.append(real(*a)) or kinds[-1])
    train(run_cfg(), tmp_path, corpus=corpus(), quiet=True)
    assert kinds == [Step]


def test_tensorfloat_lasts_for_a_step(tmp_path, monkeypatch):
    before = torch.get_float32_matmul_precision()
    with matmul_precision(run_cfg(precision="tf32")):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before
    works = [training(run_cfg(precision=p), tmp_path / p, corpus=corpus(), quiet=True) for p in ("tf32", "32-true")]
    seen, real = [], one_step.loss
    monkeypatch.setattr(one_step, "loss", lambda *a: seen.append(torch.get_float32_matmul_precision()) or real(*a))
    list(interleave(works, 2))
    assert seen == ["high", before] * 12
