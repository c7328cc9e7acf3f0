"""What a training step of VPose costs with APM beside one without, at full size.

    python measurements/bench_training_step.py [--windows 64] [--turns 4] [--threads 2]

Presets with random weights, learned class embeddings in the place of the text encoder's (which a step does not run, or
seldom); Adam with AMSGrad. Lifters take turns; the best turn of each counts.
"""

import argparse

import torch
from torch import nn

from actionprompt.bench.measure import best
from actionprompt.commands.bench import find

NAMES = ("vpose", "vpose+apm")


class Step:
    """A lifter that learns."""

    def __init__(self, name: str, windows: int) -> None:
        self.lifter = find(name, quick=False).build().train()
        self.optimiser = torch.optim.Adam(self.lifter.parameters(), amsgrad=True)
        self.x = 0.1 * torch.randn(windows, self.lifter.encoder.window.frames, 17, 2)
        self.action = torch.randint(0, max(1, len(self.lifter.actions)), (windows,))

    def __call__(self) -> None:
        """One step."""
        lifted = self.lifter(self.x, self.action if self.lifter.apm else None)
        loss = lifted.pose.norm(dim=-1).mean()
        if lifted.logits is not None:
            loss = loss + 0.1 * nn.functional.cross_entropy(lifted.logits, self.action)
        loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    for name, value in (("windows", 64), ("turns", 4), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    steps = {name: Step(name, args.windows) for name in NAMES}
    found = best({name: (args.windows, step) for name, step in steps.items()}, args.turns)
    for name, seconds in found.items():
        size = sum(p.numel() for p in steps[name].lifter.parameters()) / 1e6
        rate, ratio = 1 / seconds.wall, seconds.wall / found["vpose"].wall
        print(f"{name:10} {size:5.1f} M weights {rate:6.1f} windows/s, {ratio:.2f} of VPose's time")


if __name__ == "__main__":
    main()
