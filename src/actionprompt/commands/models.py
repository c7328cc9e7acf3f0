"""``actionprompt models``: the lifters that come with the package."""

from dataclasses import dataclass

from actionprompt.commands.options import parse


@dataclass(frozen=True)
class ModelsArgs:
    """Nothing to choose."""


def main(args: list[str]) -> int:
    """Runs the command."""
    parse(ModelsArgs, args, "actionprompt models", description="The trained models that come with the package.")
    from rich.console import Console
    from rich.table import Table

    from actionprompt.models import DEFAULT, shipped

    console = Console()
    table = Table("name", "what it is", "trained on", "size", title="Models for `actionprompt lift --model NAME`")
    for name, model in shipped().items():
        kind = str(model.about.get("what", ""))
        data = f"{model.about.get('data', '')}; 2D: {model.about.get('2D', '')}"
        size = f"{model.file.stat().st_size / 1e6:.1f} MB"
        table.add_row(name + (" (default)" if name == DEFAULT else ""), kind, data, size)
    console.print(table)
    console.print("Numbers, limits and how they were trained: docs/models.md.", highlight=False)
    return 0
