"""``actionprompt bench [MODEL ...]``."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from actionprompt.bench.config import BenchCfg
from actionprompt.commands.options import parse
from actionprompt.errors import unknown
from actionprompt.model.config import APMCfg, LearnedClassesCfg, PosePromptCfg, PoseToTextCfg, TextPromptCfg
from actionprompt.training.presets import presets

if TYPE_CHECKING:
    from rich.table import Table

    from actionprompt.bench.measure import Measurement, Subject

ASKED: dict[str, tuple[str, float]] = {
    "vpose+apm: throughput of the encoder alone kept": (">=", 0.6),
    "vpose+apm: faster than a window per frame": (">=", 8.0),
    "vpose+apm: largest difference to a window per frame": ("<=", 1e-4),
    "vpose+apm: peak memory, 100,000 frames": ("<", 2.0),
    "vpose+apm, causal: live, median": ("<", 10.0),
    "vpose+apm, causal: live, 99 % of frames within": ("<", 33.0),
    "mixste: evaluation": (">=", 250.0),
    "mixste: peak memory, training step of 4 windows": ("<", 12.0),
}
"""What the project asks of its models at full size, on two cores (live: on one)."""


TINY: dict[str, Any] = {
    "widths": (3, 3), "stages": 2, "frames": 9, "channels": 16, "dim": 16, "representation": 16, "depth": 1,
    "layers": 1, "heads": 2,
}  # fmt: skip
"""Sizes with which any encoder is done in seconds."""


@dataclass(frozen=True)
class BenchArgs:
    """What to measure."""

    models: tyro.conf.Positional[tuple[str, ...]] = ("vpose+apm", "mixste")
    """Presets (at full size, random weights), model files or runs' folders."""
    amount: tyro.conf.OmitArgPrefixes[BenchCfg] = BenchCfg()
    """How much is measured."""
    quick: bool = False
    """Presets in small and few frames: whether it works, in seconds."""
    json: bool = False
    """Print the figures as JSON instead of a table: a list of name, value, unit (x: a ratio), processor."""
    out: Path | None = None
    """Also write the figures as JSON."""


def main(args: list[str]) -> int:
    """Runs the command."""
    return run(
        parse(
            BenchArgs,
            args,
            "actionprompt bench",
            description="How fast whole sequences, live frames and evaluation are on this machine, how much memory "
            "they take, and what APM costs beside its encoder. Takes minutes; needs Linux. The column `processor` is "
            "the same by the processor's clock (frames per second and core), which other programs disturb less.",
        )
    )


def run(args: BenchArgs) -> int:
    """Measures, prints, writes."""
    from rich.text import Text

    from actionprompt.bench.measure import measure
    from actionprompt.console import console as new_console
    from actionprompt.files import write_text

    args.amount.check()
    amount = BenchCfg(300, 60, 1_000, 200, args.amount.threads, 1) if args.quick else args.amount
    console = new_console(stderr=args.json)
    figures: list[Measurement] = []
    for subject in [find(name, args.quick) for name in args.models]:
        with console.status(Text(f"Measuring {subject.name}")):
            figures += measure(subject, amount)
    told = json.dumps([figure._asdict() for figure in figures], indent=1)
    if args.json:
        print(told)
    else:
        console.print(table(figures, full=not args.quick))
    if args.out:
        write_text(args.out, told)
    return 0


def find(name: str, quick: bool) -> "Subject":
    """A preset's settings, or a model file.

    Raises:
        InputError: neither.
    """
    from actionprompt.bench.measure import Subject
    from actionprompt.hub.shipped import find as find_model
    from actionprompt.hub.shipped import shipped

    if name not in presets():
        if name not in shipped() and not Path(name).exists():
            raise unknown("preset or model", name, (*presets(), *shipped()))
        return Subject(name, file=find_model(name))
    cfg = presets()[name][1].model
    if quick:
        apm = APMCfg(TextPromptCfg(LearnedClassesCfg(16), pose_to_text=PoseToTextCfg(2, 8)), PosePromptCfg(1, 8, 4, 2))
        tiny = {field.name: TINY[field.name] for field in fields(cfg.encoder) if field.name in TINY}
        cfg = type(cfg)(replace(cfg.encoder, **tiny), apm if cfg.apm else None)
    return Subject(name, cfg)


def table(figures: "list[Measurement]", full: bool) -> "Table":
    """The figures beside what is asked, where the models have full size."""
    from rich.table import Table
    from rich.text import Text

    made = Table("figure", "measured", "processor", "asked")
    for column in made.columns[1:]:
        column.justify = "right"
    for f in figures:
        asked = Text()
        if full and f.name in ASKED:
            sign, limit = ASKED[f.name]
            met = f.value >= limit if sign == ">=" else f.value <= limit
            asked = Text(f"{sign} {limit:g} ").append("met" if met else "missed", "green" if met else "red")
        processor = "" if f.processor is None else number(f.processor)
        made.add_row(f.name, f"{number(f.value)} {f.unit}", processor, asked)
    return made


def number(value: float) -> str:
    """Three digits or so."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
