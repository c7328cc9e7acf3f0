"""Where the time of a training step goes: forward, backward and optimiser should have nine tenths of it.

``python measurements/bench_training.py`` trains two small models on synthetic motion in a temporary folder.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import tyro
from rich.console import Console

from actionprompt.data.config import SyntheticCfg
from actionprompt.data.load import load as load_data
from actionprompt.encoders.config import VPoseCfg
from actionprompt.model.config import APMCfg, LearnedClassesCfg, LifterCfg, TextPromptCfg
from actionprompt.training.config import RunCfg, ScheduleCfg
from actionprompt.training.train import train


@dataclass(frozen=True)
class Args:
    """What to train."""

    widths: tuple[int, ...] = (3, 3, 3, 3)
    """VPose's layers; their product is the window."""
    channels: int = 256
    """VPose's width."""
    batch: int = 256
    """Windows per step."""
    steps: int = 40
    """Steps."""
    threads: int = 1
    """Threads of PyTorch."""
    accelerator: str = "cpu"
    """cpu or gpu."""


def main(args: Args) -> None:
    torch.set_num_threads(args.threads)
    corpus = load_data(SyntheticCfg(subjects=4, frames=300))
    apm = APMCfg(TextPromptCfg(LearnedClassesCfg()))
    cfg = RunCfg(
        LifterCfg(VPoseCfg(args.widths, args.channels), None),
        SyntheticCfg(),
        ScheduleCfg(epochs=2, epoch_steps=args.steps // 2, batch=args.batch),
        accelerator=args.accelerator,  # type: ignore[arg-type]
        checkpoint_every=args.steps // 2,
        log_every=10,
    )
    console = Console()
    for name, model in (("VPose", cfg.model), ("VPose + APM", replace(cfg.model, apm=apm))):
        with tempfile.TemporaryDirectory() as folder:
            run = replace(cfg, model=model)
            watch = train(run, Path(folder) / "run", corpus=corpus, quiet=True, profile=True)
        seconds = sum(watch.seconds.values())
        console.print(watch.table())
        rate = args.steps * args.batch / seconds
        console.print(f"{name}: {rate:,.0f} windows/s; useful share {watch.share:.1%} (at least 90 %)\n")


if __name__ == "__main__":
    main(tyro.cli(Args, description=__doc__))
