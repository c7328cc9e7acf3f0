"""Gathering a batch of windows on one core: the batch of VPose's published schedule.

``python measurements/bench_windows.py`` prints the time beside what we ask for, and beside two slower twins.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import torch
import tyro
from torch import Tensor

from actionprompt.data.clip import Clip
from actionprompt.data.windows import Windows
from actionprompt.encoders.base import Window


@dataclass(frozen=True)
class Args:
    """How much to measure."""

    windows: int = 1024
    """Windows a batch."""
    frames: int = 243
    """Frames a window."""
    repeats: int = 20
    """The median of so many random batches counts."""


def main(args: Args) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    clips = [Clip(torch.randn(1500, 17, 2), torch.randn(1500, 17, 3)) for _ in range(200)]
    windows = Windows(clips, Window(args.frames))
    first = torch.cat([torch.arange(clip.num_frames) - windows.window.past for clip in clips])
    where = torch.arange(len(clips)).repeat_interleave(1500)
    joined = torch.stack([clip.keypoints for clip in clips])

    def vectorised(i: Tensor) -> Tensor:
        frames = first[i, None] + torch.arange(args.frames)
        return joined[where[i, None], frames.clamp(0, 1499)]

    def loop(i: Tensor) -> Tensor:
        return torch.stack(
            [
                torch.stack([joined[where[k], min(max(t, 0), 1499)] for t in range(first[k], first[k] + args.frames)])
                for k in i.tolist()
            ]
        )

    some = torch.randint(len(windows), (8,))
    assert torch.equal(windows.inputs(some), vectorised(some))
    assert torch.equal(windows.inputs(some), loop(some))
    ours = median(windows.inputs, args.windows, len(windows), args.repeats)
    index = median(vectorised, args.windows, len(windows), args.repeats)
    slow = median(loop, 8, len(windows), 3) * args.windows / 8
    both = median(lambda i: (windows.inputs(i), windows.targets(i)), args.windows, len(windows), args.repeats)
    print(f"{args.windows:,} windows of {args.frames} frames, one core")
    print(f"  one gather of slices   {1000 * ours:9.1f} ms   (under 25)")
    print(f"  with targets           {1000 * both:9.1f} ms")
    print(f"  clamped index          {1000 * index:9.1f} ms   {index / ours:6.1f} times as long")
    print(f"  loop over frames       {1000 * slow:9.1f} ms   {slow / ours:6.1f} times as long (from 8 windows)")


def median(gather: Callable[[Tensor], object], batch: int, n: int, repeats: int) -> float:
    """Seconds of the processor for a random batch, after one to warm up."""
    times = []
    for number in count():
        i = torch.randint(n, (batch,))
        begin = time.process_time()
        gather(i)
        times.append(time.process_time() - begin)
        if number == repeats:
            return sorted(times[1:])[repeats // 2]
    raise AssertionError


if __name__ == "__main__":
    main(tyro.cli(Args, description=__doc__))
