"""Published results of ``actionprompt reproduce``: a folder that is added to, and tables that are made of one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from actionprompt.commands.reproduce_args import ReproduceArgs
from actionprompt.data.config import DATA
from actionprompt.errors import InputError
from actionprompt.reproduce.plan import Plan
from actionprompt.reproduce.tables import TABLES

if TYPE_CHECKING:
    from actionprompt.reproduce.grid import GridRun
    from actionprompt.reproduce.results import Result


def published(path: Path, jobs: "Sequence[GridRun]", flip: bool) -> "Mapping[str, Result]":
    """Published results by hash, those of these runs.

    Raises:
        InputError: the file cannot be read, or holds none of them.
    """
    from actionprompt.reproduce.published import matching, read_all

    known = read_all(path)
    if not known:
        raise InputError(f"{path} holds no runs.")
    mine = matching(known, jobs, flip)
    if not mine:
        raise InputError(
            f"None of the {len(known)} runs in {path} belongs to what was asked for: they have other data, another "
            "scale, seeds, --steps or --frames, another --flip, or are of another table."
        )
    return mine


def collected(args: ReproduceArgs, plan: Plan) -> "Mapping[str, Result]":
    """What was published before in the folder to which this call adds.

    Raises:
        InputError: it cannot be read, or was made of data with other settings.
    """
    from actionprompt.reproduce.published import other_data, read_all

    assert args.collect is not None
    path = args.collect / stem(args, plan) / "results.json"
    before = read_all(path) if path.is_file() else {}
    if said := other_data(before, plan):
        raise InputError(f"{path} holds results of data with other settings ({said}): give --collect another folder.")
    return before


def publish(
    args: ReproduceArgs, plan: Plan, drawn: "Sequence[Path]", results: "Mapping[str, Result]", folder: Path
) -> None:
    """Adds to a folder of published results, and makes its tables again: all that have a run, of all seeds in it.

    Runs that belong to no table any more, since settings have changed, go.
    """
    import shutil

    from actionprompt.reproduce import draw, grid, render
    from actionprompt.reproduce import run as work
    from actionprompt.reproduce.published import matching, write

    before = collected(args, plan)
    seeds = sorted({*args.seeds, *(result.seed for result in before.values())})
    tables = [make(plan) for make in TABLES.values()]
    jobs = grid.jobs(tables, seeds, args.out)
    there = {} if args.results else work.results_of(jobs, args.flip)
    kept = matching(before, jobs, args.flip) | there | dict(results)
    write((kept[name] for name in sorted(kept)), folder / "results.json")
    render.write(list(work.pages_of(tables, plan, args.scale, seeds, kept, begun=True)), title(args, plan), folder)
    for file in drawn:
        shutil.copyfile(file, folder / file.name)
    if any(folder.glob("figure3.*")):  # of all seeds in it, as the tables are
        draw.draw("figure3", plan, seeds, kept, lambda: work.Load(plan.source)(args.data), args.out, folder)


def stem(args: ReproduceArgs, plan: Plan) -> str:
    """The folder of tables and figures, DATA-SCALE."""
    changed = [f"{args.frames}frames"] * (args.frames is not None) + [f"{args.steps}"] * (args.steps is not None)
    return "-".join([plan.source, args.scale, *changed, *["flip"] * args.flip])


def title(args: ReproduceArgs, plan: Plan) -> str:
    """The title above all tables."""
    return f"ActionPrompt's tables on {DATA[plan.source][0].partition(',')[0]}, scale {args.scale}"
