"""``actionprompt data inspect PATH`` and ``actionprompt data prepare NAME``."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from actionprompt.commands.options import parse
from actionprompt.errors import unknown

ACTIONS = {
    "inspect": "what a data file or folder holds, and whether it is sound",
    "prepare": "make the files that training reads from a data set's official download",
}
PREPARABLE = {
    "human36m": "data_3d_h36m.npz and data_2d_h36m_gt.npz from the official .cdf files",
    "human36m-hrnet": "data_2d_h36m_hr.npz from EvoSkeleton's twoDPose_HRN_*.npy",
    "humaneva": "data_3d_humaneva15.npz and its 2D from sequences exported from MATLAB (docs/data.md)",
}
"""What can be prepared."""


@dataclass(frozen=True)
class InspectArgs:
    """What to look at."""

    path: tyro.conf.Positional[Path]
    """A data file or folder."""
    rig: str = "auto"
    """Which points of motion capture are the joints, a built-in rig (docs/data.md) or a file that maps them."""
    unit: float | None = None
    """The metres per unit of length of motion capture (None: as the file says, else by the size of a person)."""
    up: Literal["auto", "x", "y", "z"] = "auto"
    """The axis of motion capture that points up (auto: as the file says, else as is usual in its format)."""


@dataclass(frozen=True)
class PrepareArgs:
    """What to convert, and where to write it."""

    source: Path
    """Folder that holds the download, extracted, at any depth."""
    out: Path
    """Folder to write to."""


def main(args: list[str]) -> int:
    """Runs the command."""
    if not args or args[0] in ("-h", "--help"):
        print("usage: actionprompt data inspect PATH\n       actionprompt data prepare NAME --source DIR --out DIR\n")
        print("\n".join(f"  {name}  {what}" for name, what in ACTIONS.items()))
        return 0 if args else 2
    if args[0] not in ACTIONS:
        raise unknown("data command", args[0], ACTIONS)
    if args[0] == "prepare":
        return prepare(args[1:])
    return inspect(parse(InspectArgs, args[1:], "actionprompt data inspect", description="Look at a data file."))


def inspect(args: InspectArgs) -> int:
    """Prints what there is; 2 if it is not sound."""
    from rich.table import Table
    from rich.text import Text

    from actionprompt.console import console as new_console
    from actionprompt.data.inspect.facts import MotionHints
    from actionprompt.data.inspect.kinds import inspect as look

    report = look(args.path, MotionHints(args.rig, args.unit, args.up))
    console = new_console()
    console.print(report.title, style="bold")
    table = Table.grid(padding=(0, 2))
    for name, value in report.facts:
        table.add_row(f"  {name}", value)
    for problem in report.problems:
        table.add_row(Text("  problem", "red"), problem)
    console.print(table)
    sound = not report.problems
    console.print("sound" if sound else "not sound", style="green" if sound else "red")
    return 2 if report.problems else 0


def prepare(args: list[str]) -> int:
    """Makes files, and says which."""
    if not args or args[0] in ("-h", "--help"):
        print("usage: actionprompt data prepare NAME --source DIR --out DIR\n")
        print("\n".join(f"  {name:<15} {what}" for name, what in PREPARABLE.items()))
        return 0 if args else 2
    if args[0] not in PREPARABLE:
        raise unknown("preparation", args[0], PREPARABLE)
    chosen = parse(PrepareArgs, args[1:], f"actionprompt data prepare {args[0]}", description=PREPARABLE[args[0]])
    files, missing = make(args[0], chosen.source, chosen.out)
    from actionprompt.console import console

    told = [*(f"wrote {file}" for file in files), f"Now: actionprompt data inspect {shlex.quote(str(chosen.out))}"]
    console().print("\n".join(told), soft_wrap=True)
    if missing:
        console(stderr=True).print(f"Not there: {', '.join(missing)}", soft_wrap=True)
    return 0


def make(name: str, source: Path, out: Path) -> tuple[list[Path], list[str]]:
    """The files written, and what the source lacked."""
    from actionprompt.data.prepare import human36m as human36m_prepare
    from actionprompt.data.prepare import humaneva as humaneva_prepare

    match name:
        case "human36m":
            return human36m_prepare.prepare(source, out), []
        case "human36m-hrnet":
            file, missing = human36m_prepare.prepare_hrnet(source, out)
            return [file], missing
        case _:
            return humaneva_prepare.prepare(source, out)
