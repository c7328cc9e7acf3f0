"""``actionprompt models``: the lifters that come with the package."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from actionprompt.commands.options import parse

SIZES = {"channels": "channels", "dim": "wide", "depth": "deep"}


@dataclass(frozen=True)
class ModelsArgs:
    """Nothing to choose."""


def what(settings: Mapping[str, Any]) -> str:
    """An encoder's name, size and window, and whether APM stands beside it."""
    encoder = settings["encoder"]
    size = "".join(f", {encoder[key]} {word}" for key, word in SIZES.items() if key in encoder)
    frames = encoder.get("frames") or prod(encoder.get("widths", [3] * encoder.get("stages", 0)))
    name = str(encoder["kind"]).removesuffix("Cfg") + (" + APM" if settings["apm"] else "")
    return f"{name}, {frames} frames{size}" + (", causal" if encoder.get("causal") else "")


def main(args: list[str]) -> int:
    """Runs the command."""
    parse(ModelsArgs, args, "actionprompt models", description="The trained models that come with the package.")
    from rich.table import Table

    from actionprompt.console import console as new_console
    from actionprompt.hub.shipped import DEFAULT, shipped

    console = new_console()
    table = Table("name", "what it is", "trained on", "size", title="Models for `actionprompt lift --model NAME`")
    for name, model in shipped().items():
        kind = what(model.settings)
        data = f"{model.metadata.get('data', '')}; 2D: {model.metadata.get('2D', '').partition(' (')[0]}"
        size = f"{model.file.stat().st_size / 1e6:.1f} MB"
        table.add_row(name + (" (default)" if name == DEFAULT else ""), kind, data, size)
    console.print(table)
    console.print("Numbers, limits and how they were trained: docs/models.md.")
    return 0
