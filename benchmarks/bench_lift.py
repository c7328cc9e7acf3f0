"""Whole sequences and live streams at full size: VPose, 243 frames, 1,024 channels, with and without APM.

``python benchmarks/bench_lift.py`` prints one line per question beside what we ask for. Weights are random: times do
not depend on them. Each part runs in a process of its own, so that its memory can be told.
"""

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import tyro
from torch import Tensor

from actionprompt.config import APMCfg, LearnedClassesCfg, LifterCfg, TextPromptCfg
from actionprompt.encoders.config import VPoseCfg
from actionprompt.lift import lift, lift_windows
from actionprompt.model import Lifter
from actionprompt.stream import Stream

JOINTS, ACTIONS = 17, tuple(f"action {k}" for k in range(15))


@dataclass(frozen=True)
class Args:
    """How much to measure."""

    frames: int = 10_000
    """Frames of the whole sequence."""
    windows: int = 500
    """Frames that the window-per-frame twin is timed on."""
    long: int = 100_000
    """Frames of the sequence whose memory is measured."""
    live: int = 100_000
    """Frames of the live stream."""
    threads: int = 2
    """Threads for whole sequences; the live stream has one."""
    repeats: int = 3
    """The best of so many runs counts, taken in turn."""


def main(args: Args) -> None:
    whole = isolated(whole_sequences, args)
    print(f"VPose alone            {whole['alone']:8.0f} frames/s")
    print(f"VPose + APM            {whole['apm']:8.0f} frames/s")
    print(f"  of VPose alone       {whole['apm'] / whole['alone']:8.2f}   (at least 0.6)")
    print(f"  of its windows       {whole['apm'] / whole['windows']:8.1f}   (at least 8)")
    print(f"  largest difference   {whole['difference']:8.1e} m")
    peak = isolated(long_sequence, args)
    print(f"{args.long:,} frames: peak {peak / 2**30:.2f} GiB   (under 2)")
    live = isolated(live_stream, args)
    print(f"live: median {live['median']:.2f} ms (under 10), p99 {live['p99']:.2f} ms (under 33) a frame, one core")
    print(f"live: memory grew by {live['growth'] / 2**20:.1f} MiB over the last nine tenths of {args.live:,} frames")


def build(apm: bool = True, causal: bool = False) -> Lifter:
    torch.manual_seed(0)
    recogniser = TextPromptCfg(LearnedClassesCfg())
    cfg = LifterCfg(VPoseCfg(causal=causal), APMCfg(recogniser) if apm else None)
    return cfg.build(JOINTS, ACTIONS if apm else ()).eval()


def sequence(n: int) -> Tensor:
    return 0.01 * torch.randn(n, JOINTS, 2, generator=torch.Generator().manual_seed(0)).cumsum(0)


def whole_sequences(args: Args) -> dict[str, float]:
    torch.set_num_threads(args.threads)
    alone, apm, x = build(apm=False), build(), sequence(args.frames)
    few = x[: args.windows]
    lift(alone, few), lift(apm, few)
    seconds: dict[str, list[float]] = {"alone": [], "apm": [], "windows": []}
    for _ in range(args.repeats):
        seconds["alone"].append(timed(lambda: lift(alone, x)))
        seconds["apm"].append(timed(lambda: lift(apm, x)))
        seconds["windows"].append(timed(lambda: lift_windows(apm, few, batch=64)) * len(x) / len(few))
    rates = {name: len(x) / min(times) for name, times in seconds.items()}
    return rates | {"difference": float((lift(apm, few).pose - lift_windows(apm, few, 64).pose).abs().max())}


def long_sequence(args: Args) -> int:
    torch.set_num_threads(args.threads)
    lift(build(), sequence(args.long))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def live_stream(args: Args) -> dict[str, float]:
    torch.set_num_threads(1)
    stream, x = Stream(build(causal=True)), sequence(10_000)
    times, memory = [], []
    for t in range(args.live):
        times.append(timed(lambda frame=x[t % len(x)]: stream.push(frame)))
        if t in (args.live // 10, args.live - 1):
            memory.append(resident())
    ordered = sorted(times)
    return {
        "median": 1000 * ordered[len(ordered) // 2],
        "p99": 1000 * ordered[int(0.99 * len(ordered))],
        "growth": memory[-1] - memory[0],
    }


def timed(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def isolated(function: Callable[[Args], Any], args: Args) -> Any:
    """The result of a function in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, (args,))


if __name__ == "__main__":
    main(tyro.cli(Args, description=__doc__))
