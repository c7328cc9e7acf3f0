"""What a training step of VPose costs with APM beside one without, at full size.

    python measurements/bench_training_step.py [--windows 64] [--turns 4] [--threads 2]

Presets with random weights, learned class embeddings in the place of the text encoder's (which a step does not run, or
seldom); Adam with AMSGrad. Lifters take turns; the best turn of each counts.
"""

import argparse
import time
from dataclasses import replace

import torch
from torch import nn

from actionprompt.model.config import LearnedClassesCfg, TextPromptCfg
from actionprompt.training.presets import presets

NAMES = ("vpose", "vpose+apm")
ACTIONS = tuple(f"action {k}" for k in range(15))


class Step:
    """A lifter that learns."""

    def __init__(self, name: str, windows: int) -> None:
        torch.manual_seed(0)
        cfg = presets()[name][1].model
        if cfg.apm is not None and isinstance(cfg.apm.recogniser, TextPromptCfg):
            cfg = replace(
                cfg, apm=replace(cfg.apm, recogniser=replace(cfg.apm.recogniser, classes=LearnedClassesCfg()))
            )
        self.lifter = cfg.build(17, ACTIONS if cfg.apm else ()).train()
        self.optimiser = torch.optim.Adam(self.lifter.parameters(), amsgrad=True)
        self.x = 0.1 * torch.randn(windows, self.lifter.encoder.window.frames, 17, 2)
        self.action = torch.randint(0, len(ACTIONS), (windows,))

    def __call__(self) -> float:
        """Seconds of a step."""
        begin = time.perf_counter()
        lifted = self.lifter(self.x, self.action if self.lifter.apm else None)
        loss = lifted.pose.norm(dim=-1).mean()
        if lifted.logits is not None:
            loss = loss + 0.1 * nn.functional.cross_entropy(lifted.logits, self.action)
        loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return time.perf_counter() - begin


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    for name, value in (("windows", 64), ("turns", 4), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    steps = {name: Step(name, args.windows) for name in NAMES}
    turns = [{name: step() for name, step in steps.items()} for _ in range(args.turns + 1)][1:]
    best = {name: min(turn[name] for turn in turns) for name in NAMES}
    for name, seconds in best.items():
        size = sum(p.numel() for p in steps[name].lifter.parameters()) / 1e6
        rate, ratio = args.windows / seconds, seconds / best["vpose"]
        print(f"{name:10} {size:5.1f} M weights {rate:6.1f} windows/s, {ratio:.2f} of VPose's time")


if __name__ == "__main__":
    main()
