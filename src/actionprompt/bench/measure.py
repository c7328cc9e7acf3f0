"""How fast whole sequences, live frames and evaluation are, and how much memory they take.

Ratios are taken in one run, their parts in turn and best of several, so that another machine and a busy one give about
the same. Beside each time stands the one by the processor's clock: what other programs take from the machine counts in
the first only. Weights are random where none are given: times do not depend on them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from actionprompt.bench.config import BenchCfg
from actionprompt.bench.process import isolated, memory
from actionprompt.encoders.config import VPoseCfg
from actionprompt.encoders.transformer import checkpoint_activations
from actionprompt.inference.incremental import IncrementalLifter
from actionprompt.inference.lifting import lift, lift_windows
from actionprompt.inference.stream import Stream
from actionprompt.model.config import LearnedClassesCfg, LifterCfg, TextPromptCfg
from actionprompt.model.files import load
from actionprompt.model.lifter import Lifter
from actionprompt.skeleton import H36M_17
from actionprompt.training.config import JointLossCfg, MotionLossCfg
from actionprompt.training.losses import build_pose_loss, loss

T = TypeVar("T")


class Measurement(NamedTuple):
    """One measured number."""

    name: str
    value: float
    unit: str
    """``x`` for ratios."""
    processor: float | None = None
    """The same by the processor's clock: per second and core, or as a ratio of processor times."""


class Seconds(NamedTuple):
    """What a call took."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Subject:
    """What is measured: settings with random weights, or a model file."""

    name: str
    cfg: LifterCfg | None = None
    file: Path | None = None

    def build(self, **changes: Any) -> Lifter:
        """The lifter, with some settings changed where it is not a file's."""
        if self.file is not None:
            return load(self.file)
        assert self.cfg is not None
        cfg = replace(self.cfg, **changes)
        if cfg.apm and isinstance(cfg.apm.recogniser, TextPromptCfg):  # baked, a text encoder's embeddings are as these
            cfg = replace(
                cfg, apm=replace(cfg.apm, recogniser=replace(cfg.apm.recogniser, classes=LearnedClassesCfg()))
            )
        torch.manual_seed(0)
        return cfg.build(H36M_17.num_joints, [f"action {k}" for k in range(15)] if cfg.apm else ()).eval()


def measure(subject: Subject, amount: BenchCfg) -> list[Measurement]:
    """Everything that can be asked of a model, each question in a process of its own."""
    if isolated(covered, subject, amount):
        questions: list[Callable[[Subject, BenchCfg], list[Measurement]]] = [whole_sequence, long_sequence, live_stream]
    else:
        questions = [evaluation]
    if subject.cfg is not None:
        questions.append(training_step)
        if subject.cfg.encoder.answers_window:
            questions.append(partial(training_step, recomputed=True))
    return [figure for question in questions for figure in isolated(question, subject, amount)]


def covered(subject: Subject, _: BenchCfg) -> bool:
    """Whether whole sequences take linear time."""
    return IncrementalLifter.covers(subject.build())


def whole_sequence(subject: Subject, amount: BenchCfg) -> list[Measurement]:
    """Throughput beside the encoder alone, and beside a window per frame."""
    torch.set_num_threads(amount.threads)
    lifter = subject.build()
    alone = replace(lifter.cfg, apm=None).build(lifter.num_joints).eval()
    alone.encoder.load_state_dict(lifter.encoder.state_dict())
    x = wander(amount.frames, lifter.num_joints)
    few = x[: amount.twin]
    tasks: dict[str, tuple[int, Callable[[], object]]] = {
        "alone": (amount.frames, lambda: lift(alone, x)),
        "whole": (amount.frames, lambda: lift(lifter, x)),
        "twin": (amount.twin, lambda: lift_windows(lifter, few, batch=64)),
    }
    found = best(tasks, amount.repeats)
    whole, name = found["whole"], subject.name
    figures = [Measurement(f"{name}: whole sequence", *_rate(whole))]
    if lifter.apm is not None:
        figures += [
            Measurement(f"{name}: encoder alone", *_rate(found["alone"])),
            Measurement(f"{name}: throughput of the encoder alone kept", *_ratio(found["alone"], whole)),
        ]
    difference = (lift(lifter, few).pose - lift_windows(lifter, few, 64).pose).abs().max()
    return [
        *figures,
        Measurement(f"{name}: faster than a window per frame", *_ratio(found["twin"], whole)),
        Measurement(f"{name}: largest difference to a window per frame", float(difference), "m"),
    ]


def long_sequence(subject: Subject, amount: BenchCfg) -> list[Measurement]:
    """Peak memory of this process, the program and the weights included."""
    torch.set_num_threads(amount.threads)
    lifter = subject.build()
    lift(lifter, wander(amount.long, lifter.num_joints))
    return [Measurement(f"{subject.name}: peak memory, {amount.long:,} frames", memory("VmHWM") / 2**30, "GiB")]


def live_stream(subject: Subject, amount: BenchCfg) -> list[Measurement]:
    """Latency of a frame on one core, and whether memory stays flat. VPose is made causal where it is not a file's."""
    torch.set_num_threads(1)
    encoder = subject.cfg.encoder if subject.cfg else None
    lifter = subject.build(encoder=replace(encoder, causal=True)) if isinstance(encoder, VPoseCfg) else subject.build()
    stream = Stream(lifter, lag=lifter.encoder.window.future)
    x = wander(min(amount.live, 10_000), lifter.num_joints)
    wall, processor = torch.ones(amount.live), torch.ones(amount.live)  # touched now: memory is watched below
    early = 0
    for t in range(amount.live):
        wall[t], processor[t] = clock(partial(stream.push, x[t % x.shape[0]]))
        if t == amount.live // 10:
            early = memory("VmRSS")
    grown = memory("VmRSS") - early
    name = f"{subject.name}{', causal' if lifter.encoder.window.causal else ''}: live"
    return [
        *(
            Measurement(f"{name}, {what}", 1000 * float(wall.quantile(q)), "ms", 1000 * float(processor.quantile(q)))
            for what, q in (("median", 0.5), ("99 % of frames within", 0.99))
        ),
        Measurement(f"{name}, memory grown over the last nine tenths of {amount.live:,} frames", grown / 2**20, "MiB"),
    ]


def evaluation(subject: Subject, amount: BenchCfg) -> list[Measurement]:
    """Throughput of an encoder that lifts windows, also as a share of what matrix products reach here."""
    torch.set_num_threads(amount.threads)
    lifter = subject.build().requires_grad_(False)  # torch's counter looks for the gradients of what wants some
    window = lifter.encoder.window
    x = wander(4 * window.out if window.out > 1 else 64, lifter.num_joints)
    with FlopCounterMode(display=False) as counter:
        lift(lifter, x)
    n = 2048 if window.frames > 100 else 256
    matrix = torch.rand(n, n)
    found = best(
        {"lift": (x.shape[0], lambda: lift(lifter, x)), "product": (1, lambda: matrix @ matrix)}, amount.repeats
    )
    flops = counter.get_total_flops() / x.shape[0]
    share = [flops / a / (2 * n**3 / b) for a, b in zip(found["lift"], found["product"], strict=True)]
    return [
        Measurement(f"{subject.name}: evaluation", *_rate(found["lift"])),
        Measurement(f"{subject.name}: share of the speed of large matrix products", share[0], "x", share[1]),
    ]


def training_step(subject: Subject, amount: BenchCfg, recomputed: bool = False) -> list[Measurement]:
    """Speed and peak memory of steps with a few windows, optimiser included.

    Args:
        subject: the model.
        amount: how much is measured.
        recomputed: whether activations are computed again in the backward pass (``--checkpoint-activations``).
    """
    torch.set_num_threads(amount.threads)
    lifter = subject.build().train()
    if recomputed:
        checkpoint_activations(lifter.encoder)
    optimiser = torch.optim.AdamW(lifter.parameters())
    window = lifter.encoder.window
    count = 4 if window.out > 1 else 64
    pose_loss = build_pose_loss(MotionLossCfg() if window.out > 1 else JointLossCfg(), H36M_17)
    x, action = torch.randn(count, window.frames, lifter.num_joints, window.channels), torch.arange(count) % 4

    def step() -> None:
        lifted = lifter(x, action if lifter.apm else None)
        loss(lifted, torch.zeros_like(lifted.pose), action, 0.1, pose_loss).total.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    taken = best({"step": (count, step)}, amount.repeats)["step"]
    what = f"training step of {count} windows" + ", activations computed again" * recomputed
    return [
        Measurement(f"{subject.name}: {what}", 1 / taken.wall, "windows/s", 1 / taken.processor),
        Measurement(f"{subject.name}: peak memory, {what}", memory("VmHWM") / 2**30, "GiB"),
    ]


def best(tasks: dict[str, tuple[int, Callable[[], object]]], repeats: int) -> dict[str, Seconds]:
    """Seconds per frame of each task: tasks take turns, the best turn counts."""
    turns: dict[str, list[Seconds]] = {name: [] for name in tasks}
    for _, task in tasks.values():
        task()
    for _ in range(repeats):
        for name, (frames, task) in tasks.items():
            turns[name].append(Seconds(*(seconds / frames for seconds in clock(task))))
    return {name: Seconds(*map(min, zip(*taken, strict=True))) for name, taken in turns.items()}


def clock(task: Callable[[], object]) -> Seconds:
    """What a call takes."""
    wall, processor = time.perf_counter(), time.process_time()
    task()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)


def _rate(seconds: Seconds) -> tuple[float, str, float]:
    return 1 / seconds.wall, "frames/s", 1 / seconds.processor


def _ratio(slower: Seconds, faster: Seconds) -> tuple[float, str, float]:
    return slower.wall / faster.wall, "x", slower.processor / faster.processor


def wander(n: int, joints: int) -> Float[Tensor, "n j 2"]:
    """2D joints on a random walk."""
    return 0.01 * torch.randn(n, joints, 2, generator=torch.Generator().manual_seed(0)).cumsum(0)
