"""``actionprompt data inspect PATH``."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from actionprompt.cli import unknown
from actionprompt.commands.options import parse

ACTIONS = {"inspect": "what a data file or folder holds, and whether it is sound"}


@dataclass(frozen=True)
class InspectArgs:
    """What to look at."""

    path: tyro.conf.Positional[Path]
    """A data file or folder."""


def main(args: list[str]) -> int:
    """Runs the command."""
    if not args or args[0] in ("-h", "--help"):
        print("usage: actionprompt data inspect PATH\n\n  inspect  " + ACTIONS["inspect"])
        return 0 if args else 2
    if args[0] not in ACTIONS:
        raise unknown("data command", args[0], ACTIONS)
    return inspect(parse(InspectArgs, args[1:], "actionprompt data inspect", description="Look at a data file."))


def inspect(args: InspectArgs) -> int:
    """Prints what there is; 2 if it is not sound."""
    from rich.console import Console
    from rich.table import Table

    from actionprompt.data.inspect import inspect as look

    report = look(args.path)
    console = Console()
    console.print(f"[bold]{report.title}", highlight=False)
    table = Table.grid(padding=(0, 2))
    for name, value in report.facts:
        table.add_row(f"  {name}", value)
    for problem in report.problems:
        table.add_row("  [red]problem", problem)
    console.print(table)
    console.print("[green]sound" if not report.problems else "[red]not sound")
    return 2 if report.problems else 0
