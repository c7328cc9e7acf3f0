import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.data.windows import Windows
from actionprompt.encoders.config import VPoseCfg
from actionprompt.encoders.layers import BatchNorm
from actionprompt.errors import Diverged, InputError, Interrupted
from actionprompt.model.config import LifterCfg, TextClassesCfg
from actionprompt.model.files import load
from actionprompt.training import loop
from actionprompt.training import step as one_step
from actionprompt.training import train as module
from actionprompt.training.config import RunCfg, ScheduleCfg
from actionprompt.training.optimiser import learning_rate, schedule
from actionprompt.training.presets import presets
from actionprompt.training.run_folder import RunFolder
from actionprompt.training.train import build, train
from small import APP, ATP, VARIANTS, VPOSE, corpus, run_cfg
from tiny_text_encoders import tiny_clip

STEPS = 12


class PowerCut(Exception):
    """Stands for whatever ends a process."""


def run(cfg: RunCfg, folder: Path, **options: object) -> None:
    train(cfg, folder, corpus=corpus(), quiet=True, **options)  # type: ignore[arg-type]


def results(folder: Path) -> tuple[bytes, str]:
    return (folder / "model.safetensors").read_bytes(), (folder / "log.jsonl").read_text()


def at_step(monkeypatch, step: int, act) -> None:
    """Does something in the middle of a step, counted from where the process begins."""
    real, calls = one_step.loss, iter(range(10**6))

    def loss(*arguments):
        if next(calls) == step:
            act()
        return real(*arguments)

    monkeypatch.setattr(one_step, "loss", loss)


def power_cut() -> None:
    raise PowerCut


# --- What a run leaves --------------------------------------------------------------------------------------------
def test_a_run_and_its_folder(tmp_path):
    run(run_cfg(), tmp_path / "run")
    assert sorted(os.listdir(tmp_path / "run")) == [
        ".lock",
        "checkpoint.safetensors",
        "log.jsonl",
        "model.safetensors",
        "settings.json",
    ]
    assert RunFolder(tmp_path / "run").read_settings() == run_cfg()
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [3, 6, 9, 12]
    assert [line["epoch"] for line in log] == [0, 1, 2, 2]
    assert log[-1]["lr"] == pytest.approx(1e-3 * 0.95**2)
    assert set(log[0]) == {"step", "epoch", "loss", "pose_mm", "action_loss", "accuracy", "lr"}
    for line in log:
        assert line["loss"] == pytest.approx(line["pose_mm"] / 1000 + 0.1 * line["action_loss"], rel=1e-5)
    model = load(tmp_path / "run" / "model.safetensors")
    assert model.actions == corpus().actions
    assert model.metadata["skeleton"] == "h36m17"
    assert (model.metadata["data"], model.metadata["seed"], model.metadata["fps"]) == ("handmade", "0", "50")


def test_the_log_is_the_mean_of_the_steps(tmp_path, monkeypatch):
    seen, real = [], one_step.loss
    monkeypatch.setattr(one_step, "loss", lambda *a: seen.append(real(*a)) or seen[-1])
    run(run_cfg(log_every=5), tmp_path)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for line, part in zip(log, (seen[:5], seen[5:10], seen[10:]), strict=True):
        assert line["loss"] == pytest.approx(np.mean([s.total.item() for s in part]))
        assert line["pose_mm"] == pytest.approx(1000 * np.mean([s.pose.item() for s in part]))


def test_the_same_seed_gives_the_same_bits(tmp_path):
    for name in ("a", "b"):
        torch.rand(5)
        run(run_cfg(), tmp_path / name)
    run(run_cfg(seed=1), tmp_path / "c")
    assert results(tmp_path / "a") == results(tmp_path / "b")
    assert results(tmp_path / "a") != results(tmp_path / "c")


def test_training_learns(tmp_path):
    cfg = run_cfg(schedule=ScheduleCfg(epochs=1, epoch_steps=60, batch=32, lr=0.01), log_every=10)
    run(cfg, tmp_path)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["loss"] < 0.9 * log[0]["loss"]
    assert log[-1]["accuracy"] > log[0]["accuracy"]


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_variants_share_encoder_weights(variant):
    ours, baseline = build(run_cfg(variant), corpus()), build(run_cfg(""), corpus())
    for key, value in baseline.encoder.state_dict().items():
        assert torch.equal(value, ours.encoder.state_dict()[key])


def test_one_action_is_enough_without_apm(tmp_path):
    data = corpus(actions=("walk",))
    train(run_cfg(""), tmp_path / "a", corpus=data, quiet=True)
    assert load(tmp_path / "a" / "model.safetensors").actions == ("walk",)
    with pytest.raises(InputError, match="at least two different actions"):
        train(run_cfg("apm"), tmp_path / "b", corpus=data, quiet=True)
    assert not (tmp_path / "b").exists()


def test_half_precision(tmp_path):
    run(run_cfg(precision="bf16-mixed"), tmp_path)
    model = load(tmp_path / "model.safetensors")
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in model.parameters())


def test_watch(tmp_path):
    watch = train(run_cfg(), tmp_path, corpus=corpus(), quiet=True, profile=True)
    assert list(watch.seconds) == ["gather", "forward", "backward", "other", "optimiser"]
    useful = sum(watch.seconds[phase] for phase in ("forward", "backward", "optimiser"))
    assert watch.share == pytest.approx(useful / sum(watch.seconds.values()))
    assert watch.table().row_count == 6


# --- Resuming -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("variant", ["", "apm"])
@pytest.mark.parametrize("cuts", [(0,), (1,), (5,), (11,), (4, 2), (7, 0, 3)], ids=str)
def test_resumed_equals_uninterrupted(variant, cuts, tmp_path, monkeypatch):
    """Bit for bit, wherever the power fails, and however often; at worst to the last checkpoint is lost."""
    cfg = run_cfg(variant)
    run(cfg, tmp_path / "whole")
    resume = False
    for cut in cuts:
        with monkeypatch.context() as patch:
            at_step(patch, cut, power_cut)
            with pytest.raises(PowerCut):
                run(cfg, tmp_path / "cut", resume=resume)
        resume = True
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    run(cfg, tmp_path / "cut", resume=True)
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


def test_rangers_slow_weights_survive_a_cut(tmp_path, monkeypatch):
    cfg = replace(run_cfg(""), schedule=replace(run_cfg("").schedule, optimiser="ranger"))
    run(cfg, tmp_path / "whole")
    with monkeypatch.context() as patch:
        at_step(patch, 8, power_cut)  # between two returns to the slow weights
        with pytest.raises(PowerCut):
            run(cfg, tmp_path / "cut")
    run(cfg, tmp_path / "cut", resume=True)
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


def test_a_cut_while_writing(tmp_path, monkeypatch):
    """Halves of files that a killed process leaves are ignored or cut off."""
    run(run_cfg(), tmp_path / "whole")
    with monkeypatch.context() as patch:
        at_step(patch, 8, power_cut)
        with pytest.raises(PowerCut):
            run(run_cfg(), tmp_path / "cut")
    (tmp_path / "cut" / ".checkpoint.7.part.safetensors").write_bytes(b"half")
    with (tmp_path / "cut" / "log.jsonl").open("a") as file:
        file.write('{"step": 9, "lo')
    run(run_cfg(), tmp_path / "cut", resume=True)
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", [0, 6, 10])
def test_an_interrupt_saves_the_state(number, step, tmp_path, monkeypatch):
    run(run_cfg(), tmp_path / "whole")
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        at_step(patch, step, lambda: os.kill(os.getpid(), number))
        with pytest.raises(Interrupted, match=f"Stopped after step {step + 1} of 12; the state is saved in"):
            run(run_cfg(), tmp_path / "cut")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    done = []
    with monkeypatch.context() as patch:
        at_step(patch, -1, power_cut)
        real = one_step.loss
        patch.setattr(one_step, "loss", lambda *a: done.append(1) or real(*a))
        run(run_cfg(), tmp_path / "cut", resume=True)
    assert len(done) == STEPS - step - 1
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


def test_an_interrupt_in_the_last_step_finishes_the_run(tmp_path, monkeypatch):
    at_step(monkeypatch, 11, lambda: os.kill(os.getpid(), signal.SIGINT))
    run(run_cfg(), tmp_path)
    assert (tmp_path / "model.safetensors").exists()


def test_interrupted_while_statistics_are_measured(tmp_path, monkeypatch):
    """A model is there only once they are; going on gives what an uninterrupted run leaves."""
    run(run_cfg(), tmp_path / "whole")
    real, calls = loop.Batches.__call__, iter(range(10**6))

    def batch(self, step):
        if next(calls) == 12:
            os.kill(os.getpid(), signal.SIGINT)
        return real(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Batches, "__call__", batch)
        with pytest.raises(Interrupted, match="Stopped after the last step"):
            run(run_cfg(), tmp_path / "cut")
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    run(run_cfg(), tmp_path / "cut", resume=True)
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


def test_a_second_interrupt_is_obeyed_at_once(tmp_path, monkeypatch):
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    at_step(monkeypatch, 3, twice)
    with pytest.raises(KeyboardInterrupt):
        run(run_cfg(), tmp_path)


def test_a_finished_run_is_left_as_it_is(tmp_path):
    run(run_cfg(), tmp_path)
    before = results(tmp_path)
    run(run_cfg(), tmp_path, resume=True)
    assert results(tmp_path) == before


def test_a_run_killed_before_its_model_was_written(tmp_path):
    run(run_cfg(), tmp_path)
    before = results(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    run(run_cfg(), tmp_path, resume=True)
    assert results(tmp_path) == before


def test_in_a_thread(tmp_path):
    errors = []

    def work() -> None:
        try:
            run(run_cfg(), tmp_path / "a")
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not errors
    run(run_cfg(), tmp_path / "b")
    assert results(tmp_path / "a") == results(tmp_path / "b")


def test_resuming_what_is_not_there_or_different(tmp_path):
    with pytest.raises(InputError, match="holds no training run"):
        run(run_cfg(), tmp_path / "a", resume=True)
    assert not (tmp_path / "a").exists()
    run(run_cfg(), tmp_path / "b")
    before = results(tmp_path / "b")
    with pytest.raises(InputError, match="other settings"):
        run(run_cfg(seed=1), tmp_path / "b", resume=True)
    with pytest.raises(InputError, match="training windows and the data now give"):
        train(run_cfg(), tmp_path / "b", corpus=corpus(frames=30), quiet=True, resume=True)
    assert results(tmp_path / "b") == before


# --- The folder ---------------------------------------------------------------------------------------------------
def test_a_run_is_never_overwritten_by_accident(tmp_path):
    run(run_cfg(), tmp_path)
    before = results(tmp_path)
    with pytest.raises(InputError, match="already holds a run: give --resume to resume it, --overwrite"):
        run(run_cfg(seed=1), tmp_path)
    assert results(tmp_path) == before
    run(run_cfg(seed=1), tmp_path, overwrite=True)
    assert results(tmp_path) != before
    assert RunFolder(tmp_path).read_settings().seed == 1


def test_overwriting_leaves_nothing_of_the_old_run(tmp_path, monkeypatch):
    run(run_cfg(), tmp_path)
    at_step(monkeypatch, 0, power_cut)
    with pytest.raises(PowerCut):
        run(run_cfg(seed=1), tmp_path, overwrite=True)
    assert sorted(os.listdir(tmp_path)) == [".lock", "settings.json"]


def test_folders_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is a file; a run needs a folder"):
        run(run_cfg(), tmp_path / "file")
    with pytest.raises(InputError, match="cannot be written"):
        run(run_cfg(), tmp_path / "file" / "run")
    assert (tmp_path / "file").read_text() == "mine"


def test_damaged_settings(tmp_path):
    run(run_cfg(), tmp_path)
    settings = tmp_path / "settings.json"
    whole = settings.read_text()
    for text, message in (("{", "damaged"), (whole.replace('"seed"', '"sead"'), "unknown key 'sead'")):
        settings.write_text(text)
        with pytest.raises(InputError, match=message):
            RunFolder(tmp_path).read_settings()


def test_divergence_is_reported_and_not_saved(tmp_path, monkeypatch):
    cfg = run_cfg(checkpoint_every=2, log_every=6)
    real, calls = one_step.loss, iter(range(100))

    def loss(*arguments):
        found = real(*arguments)
        return found._replace(total=found.total * float("nan")) if next(calls) == 4 else found

    monkeypatch.setattr(one_step, "loss", loss)
    with pytest.raises(Diverged, match="The loss became nan before step 6"):
        run(cfg, tmp_path)
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1]) == {"step": 6, "loss": "nan"}
    assert not (tmp_path / "model.safetensors").exists()
    fresh = build(cfg, corpus())
    optimiser = torch.optim.Adam(fresh.parameters(), amsgrad=True, fused=True)
    windows = len(module.training_windows(cfg, corpus(), fresh.encoder.window))
    step, _ = loop.read_checkpoint(tmp_path / "checkpoint.safetensors", fresh, optimiser, windows)
    assert step == 4
    assert all(p.isfinite().all() for p in fresh.parameters())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": ScheduleCfg(batch=9), "devices": 2}, "9 windows cannot be split evenly over 2 devices"),
        ({"schedule": ScheduleCfg(batch=0)}, "schedule.batch is 0: it must be at least 1"),
        ({"schedule": ScheduleCfg(batch=1)}, "at least 2 windows"),
        ({"schedule": ScheduleCfg(epochs=0)}, "schedule.epochs is 0"),
        ({"schedule": ScheduleCfg(epoch_steps=0)}, "schedule.epoch_steps is 0"),
        ({"schedule": ScheduleCfg(lr=-1.0)}, "schedule.lr is -1.0: it must be positive"),
        ({"schedule": ScheduleCfg(lr=float("nan"))}, "schedule.lr is nan"),
        ({"schedule": ScheduleCfg(lr_decay=0.0)}, "schedule.lr_decay is 0.0"),
        ({"schedule": ScheduleCfg(lr_last=-1e-5)}, "schedule.lr_last is -1e-05"),
        ({"schedule": ScheduleCfg(bn_momentum=(0.1, 0.0))}, "schedule.bn_momentum"),
        ({"schedule": ScheduleCfg(bn_batches=-1)}, "schedule.bn_batches is -1"),
        ({"schedule": ScheduleCfg(weight_decay=-0.1)}, "schedule.weight_decay is -0.1"),
        ({"model": LifterCfg(VPOSE, replace(VARIANTS["apm"], loss_weight=float("nan")))}, "loss_weight is nan"),
        ({"model": LifterCfg(VPOSE, replace(VARIANTS["apm"], loss_weight=-0.1))}, "loss_weight is -0.1"),
        ({"devices": 0}, "devices is 0"),
        ({"devices": 3, "accelerator": "gpu", "schedule": ScheduleCfg(batch=9)}, "cannot train on 3 x gpu"),
        ({"checkpoint_every": 0}, "checkpoint_every is 0"),
        ({"log_every": 0}, "log_every is 0"),
        ({"seed": -1}, "seed is -1: it must be at least 0"),
        ({"labels": "one", "model": LifterCfg(VPOSE, None)}, "labels is one, but the model has no APM"),
        (
            {"random_prompt_rate": 0.1, "model": LifterCfg(VPOSE, VARIANTS["atp"])},
            "pose prompts are used, and the model has none",
        ),
        ({"random_prompt_rate": 0.1, "prompt_source": "predicted"}, "give one"),
        ({"random_prompt_rate": 1.5}, "random_prompt_rate is 1.5: it must be 0 to 1"),
        ({"schedule": ScheduleCfg(prompt_lr=0)}, "schedule.prompt_lr is 0"),
        ({"validation_subjects": ("s9",)}, "not a training subject"),
        ({"model": LifterCfg(VPoseCfg((3, 2)), None)}, "odd layer widths"),
        ({"model": LifterCfg(VPoseCfg((3, 3), channels=0), None)}, "0 channels"),
        ({"model": LifterCfg(VPoseCfg((3, 3), 16, dropout=1.0), None)}, "dropout 1.0"),
        ({"model": LifterCfg(VPoseCfg((3, 3, 3, 3), 16), None)}, "window of 81"),
        ({"model": LifterCfg(VPOSE, replace(VARIANTS["apm"], tap=3))}, "tap must be 1 to 2"),
        ({"model": LifterCfg(VPOSE, replace(VARIANTS["apm"], pose_prompt=replace(APP, heads=3)))}, "3 heads"),
    ],
)
def test_settings_that_cannot_be_leave_nothing(changes, message, tmp_path):
    if changes.get("accelerator") == "gpu" and torch.cuda.device_count() >= 3:
        pytest.skip("this machine has three GPUs")
    with pytest.raises(InputError, match=message) as caught:
        run(run_cfg(**changes), tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


# --- Closed forms -------------------------------------------------------------------------------------------------
def test_learning_rate_and_momentum():
    """lr0 * decay^e, and BN momentum that falls exponentially from its first to its last value."""
    cfg = ScheduleCfg(epochs=10, lr=0.01, lr_decay=0.9, bn_momentum=(0.1, 0.001))
    model = build(run_cfg("apm"), corpus())
    optimiser = torch.optim.Adam(model.parameters())
    norms = [m for m in model.modules() if isinstance(m, BatchNorm)]
    assert len(norms) == 5  # two per temporal block and one: APM's norms too
    lr, momentum = 0.01, 0.1
    for epoch in range(10):
        schedule(cfg, epoch, norms, optimiser)
        assert optimiser.param_groups[0]["lr"] == pytest.approx(lr)
        assert {m.momentum for m in norms} == {norms[0].momentum}
        assert norms[0].momentum == pytest.approx(momentum)
        lr, momentum = lr * 0.9, momentum * (0.001 / 0.1) ** (1 / 10)
    assert momentum == pytest.approx(0.001)


def test_a_gradient_scaled_by_the_loss(tmp_path, monkeypatch):
    """The first step's gradient is that of half the squared loss."""
    seen = []
    real = one_step.schedule

    def spy(cfg, epoch, norms, optimiser):
        real(cfg, epoch, norms, optimiser)
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        step = optimiser.step
        optimiser.step = lambda: (seen.append([p.grad.clone() for p in parameters]), step())

    monkeypatch.setattr(one_step, "schedule", spy)
    losses = []
    for scaled in (False, True):
        cfg = replace(run_cfg(""), scale_by_loss=scaled, log_every=1)
        cfg = replace(cfg, schedule=replace(cfg.schedule, epochs=1, epoch_steps=1))
        run(cfg, tmp_path / str(scaled))
        losses.append(json.loads((tmp_path / str(scaled) / "log.jsonl").read_text())["loss"])
    assert losses[0] == losses[1]
    for plain, scaled in zip(*seen, strict=True):
        torch.testing.assert_close(scaled, plain * losses[0])


def test_a_cosine_instead():
    """A3DHP's: the values that its schedule has by its formula."""
    cfg = presets()["a3dhp"][1].schedule
    assert (cfg.lr, cfg.lr_last, cfg.epochs, cfg.optimiser) == (1e-3, 1e-5, 80, "ranger")
    assert [learning_rate(cfg, epoch) for epoch in (0, 40, 60)] == pytest.approx([1e-3, 5.05e-4, 1.55e-4], rel=3e-3)


def test_the_schedule_reaches_the_steps(tmp_path, monkeypatch):
    rates, real = [], one_step.schedule

    def spy(cfg, epoch, norms, optimiser):
        real(cfg, epoch, norms, optimiser)
        rates.append((epoch, optimiser.param_groups[0]["lr"]))

    monkeypatch.setattr(one_step, "schedule", spy)
    run(run_cfg(), tmp_path)
    assert [epoch for epoch, _ in rates] == [0] * 4 + [1] * 4 + [2] * 4
    assert [rate for _, rate in rates] == pytest.approx([1e-3 * 0.95**epoch for epoch, _ in rates])


def test_statistics_of_the_final_weights(tmp_path, monkeypatch):
    """By hand: the mean of the statistics of the batches that would have come next; dropout is on, as in training."""
    cfg = run_cfg(schedule=replace(run_cfg().schedule, bn_batches=5))
    rows: list[torch.Tensor] = []
    real = BatchNorm.forward

    def spy(self, x):
        if self.training and not torch.is_grad_enabled():
            rows.append(x.reshape(-1, x.shape[-1]).clone())
        return real(self, x)

    monkeypatch.setattr(BatchNorm, "forward", spy)
    run(cfg, tmp_path / "settled")
    norms = [m for m in load(tmp_path / "settled" / "model.safetensors").modules() if isinstance(m, BatchNorm)]
    assert len(rows) == 5 * len(norms)
    for n, norm in enumerate(norms):
        mine = rows[n :: len(norms)]
        torch.testing.assert_close(norm.running_mean, torch.stack([x.mean(0) for x in mine]).mean(0))
        torch.testing.assert_close(norm.running_var, torch.stack([x.var(0) for x in mine]).mean(0))
    rows.clear()
    run(replace(cfg, schedule=replace(cfg.schedule, bn_batches=0)), tmp_path / "running")
    assert not rows
    settled, running = (load(tmp_path / name / "model.safetensors").state_dict() for name in ("settled", "running"))
    differ = {key.rpartition(".")[2] for key in settled if not torch.equal(settled[key], running[key])}
    assert differ == {"running_mean", "running_var", "num_batches_tracked"}


def test_weights_that_the_last_step_spoils_are_no_model(tmp_path):
    with pytest.raises(Diverged, match="weights that are not numbers"):
        run(run_cfg("", schedule=ScheduleCfg(epochs=1, epoch_steps=1, batch=8, lr=1e38)), tmp_path)
    assert not (tmp_path / "model.safetensors").exists()


def test_a_finished_run_is_not_trained_again(tmp_path):
    run(run_cfg(), tmp_path)
    (tmp_path / "checkpoint.safetensors").unlink()
    before = results(tmp_path)
    with pytest.raises(InputError, match="is finished: there is nothing to resume"):
        run(run_cfg(), tmp_path, resume=True)
    assert results(tmp_path) == before


def test_a_frozen_encoder_keeps_its_statistics(tmp_path):
    cfg = run_cfg("apm", freeze_encoder=True)
    before = build(cfg, corpus()).encoder.state_dict()
    run(cfg, tmp_path)
    trained = load(tmp_path / "model.safetensors")
    for key, value in trained.encoder.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert any(int(m.num_batches_tracked) > 0 for m in trained.apm.modules() if isinstance(m, BatchNorm))


def test_an_epoch_shows_every_window_once(tmp_path, monkeypatch):
    seen = []
    real = Windows.inputs
    monkeypatch.setattr(Windows, "inputs", lambda self, i: seen.extend(i.tolist()) or real(self, i))
    cfg = run_cfg("", schedule=ScheduleCfg(epochs=1, epoch_steps=None, batch=29, bn_batches=0))
    run(cfg, tmp_path)
    windows = len(module.training_windows(cfg, corpus(), build(cfg, corpus()).encoder.window))
    assert len(seen) == -(-windows // 29) * 29
    assert sorted(seen[:windows]) == list(range(windows))


@pytest.mark.parametrize("cut", [1, 7])
def test_contexts_that_rest_for_some_steps_resume_exactly(cut, tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    classes = TextClassesCfg(str(tiny_clip(tmp_path / "tower")), contexts=2, update_every=3)
    apm = replace(VARIANTS["apm"], recogniser=replace(ATP, classes=classes))
    cfg = run_cfg(model=LifterCfg(VPOSE, apm))
    run(cfg, tmp_path / "whole")
    with monkeypatch.context() as patch:
        at_step(patch, cut, lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(Interrupted):
            run(cfg, tmp_path / "cut")
    run(cfg, tmp_path / "cut", resume=True)
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


def test_tensorboard_gets_what_the_log_gets(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="extra logs")
    train(run_cfg(log_every=4), tmp_path, corpus=corpus(), quiet=True, tensorboard=True)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    events = reader.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    seen = [(event.step, event.value) for event in events.Scalars("loss")]
    assert seen == [(line["step"], pytest.approx(line["loss"], rel=1e-6)) for line in log]


def test_tensorboard_that_is_not_installed(tmp_path, monkeypatch):
    def missing(*_, **__):
        raise ModuleNotFoundError("tensorboard")

    monkeypatch.setattr(module, "TensorBoardLogger", missing)
    with pytest.raises(InputError, match=r"actionprompt\[logs\]"):
        train(run_cfg(), tmp_path / "run", corpus=corpus(), quiet=True, tensorboard=True)
    assert not (tmp_path / "run").exists()
