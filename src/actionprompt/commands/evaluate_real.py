"""``actionprompt evaluate MODEL --data real``: a lifter on a real, calibrated video whose 3D is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from actionprompt.arguments import take_value
from actionprompt.commands.options import parse
from actionprompt.errors import InputError


@dataclass(frozen=True)
class RealArgs:
    """The video's numbers."""

    path: Path
    """The .npz file: world points, and for each camera what a detector saw and the calibration."""


@dataclass(frozen=True)
class EvaluateRealArgs:
    """What to evaluate on which video."""

    model: tyro.conf.Positional[Path]
    """A run's folder, a model file (.safetensors) or a shipped model."""
    data: RealArgs
    """The calibrated video."""
    flip: bool = True
    """Average with the answer for the mirrored joints, as `lift` does."""
    view: float = 65.0
    """The field of view that is assumed, degrees, as in `lift`."""
    out: Path | None = None
    """Folder of the reports (default: this one)."""
    device: Annotated[str, tyro.conf.arg(metavar="cpu|cuda")] = "cpu"
    """Where to compute."""


def is_real(args: list[str]) -> bool:
    """Whether the arguments say ``--data real``."""
    return take_value(list(args), "--data") == "real"


def main(args: list[str]) -> int:
    """Runs the command, and says what each stage of ``lift`` is worth."""
    what = "Errors on a real, calibrated video, and what each stage of `lift` is worth."
    args = list(args)
    take_value(args, "--data")
    return run(parse(EvaluateRealArgs, args, "actionprompt evaluate", description=what))


def run(args: EvaluateRealArgs) -> int:
    """Measures, prints and writes the tables."""
    from rich.table import Table

    from actionprompt.commands.devices import to_device
    from actionprompt.console import console as new_console
    from actionprompt.evaluation.real_report import HEAD, as_json, cells, markdown, real_report
    from actionprompt.evaluation.real_video import read_real
    from actionprompt.evaluation.terminal import save, show
    from actionprompt.hub import shipped
    from actionprompt.inference.people import MotionCfg
    from actionprompt.model.files import load
    from actionprompt.training.run_folder import RunFolder

    video = read_real(args.data.path)
    file = RunFolder(args.model).model if args.model.is_dir() else shipped.find(str(args.model))
    if args.model.is_dir() and not file.exists():
        raise InputError(f"The run in {args.model} is not finished: `actionprompt train --resume {args.model}`.")
    lifter = to_device(load(file), args.device)
    report = real_report(lifter, video, MotionCfg(flip=args.flip, view=args.view))
    title = f"{args.model.name}: {args.data.path.stem}, {len(video.views)} cameras"
    console = new_console()
    table = Table(title=title, caption="12 limb joints from the middle of the hips, camera axes, mm")
    for number, name in enumerate(HEAD):
        table.add_column(name, justify="right" if number else "left")
    for row in report.rows:
        table.add_row(*cells(row))
    show(console, table)
    for name, found in report.views:
        console.print(
            f"{name}: P1 {found.p1:.1f}, PA-MPJPE {found.pa:.1f}, depth {found.depth:.1f} mm", highlight=False
        )
    console.print(
        "P1 by place, perfect 2D: " + ", ".join(f"{name} {p1:.1f}" for name, p1 in report.places), highlight=False
    )
    facts = {
        "model": str(file),
        **lifter.metadata,
        "video": args.data.path.name,
        "assumed field of view": f"{args.view:g}",
    }
    texts = {".md": markdown(report, title, facts), ".json": as_json(report, facts)}
    save(console, args.out or Path(), "report-real", texts)
    return 0
