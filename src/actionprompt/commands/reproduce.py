"""``actionprompt reproduce WHAT --data NAME``."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from actionprompt.commands.options import parse, take_data, to_ask
from actionprompt.data.config import DATA, DataCfg, FilmCfg
from actionprompt.errors import InputError, unknown
from actionprompt.reproduce.scales import SCALES, lasting
from actionprompt.reproduce.tables import FIGURES, TABLES, Plan

TURNS = 8
"""Times each training take is filmed, where virtual cameras film it: more viewpoints, -7 mm (docs/LOG.md)."""
SETS = ("human36m", "humaneva", "uiprmd", "hdm05", "synthetic")


@dataclass(frozen=True)
class ReproduceArgs:
    """What to reproduce, on what, how large."""

    what: tyro.conf.Positional[tuple[str, ...]]
    """table1 ... table9, figure1, figure3, figure4, or all."""
    data: DataCfg
    """The data set."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """Seeds of every run."""
    scale: Literal["cpu", "gpu", "paper"] = "cpu"
    """Size of models and training."""
    steps: int | None = None
    """Training steps of every run (None: the scale's)."""
    out: Path = Path("runs/reproduce")
    """Folder of the runs (DATA-SCALE in it: tables and figures)."""
    run: Annotated[str, tyro.conf.arg(metavar="i/n")] = "1/1"
    """Train only the i-th of n shares, to spread a grid over machines with one folder."""
    list: bool = False
    """Only list the runs, with the time that they will take."""
    render: bool = False
    """Train nothing: tables and figures of what is there."""
    flip: bool = False
    """Test with the mirrored input averaged in, for every table."""
    threads: int | None = None
    """CPU threads of each process (None: PyTorch's choice)."""


def main(args: list[str]) -> int:
    """Runs the command."""
    source = take_data(args)
    if not args and source is None:
        return overview(2)
    names = [arg for arg in args if not arg.startswith("-")]
    if source is None and not set(args) & {"-h", "--help"}:
        for name in names[:1]:
            check_names([name])
        raise InputError(f"Say which data: --data {' | '.join(SETS)}.")
    parsed = parse(
        ReproduceArgs,
        args,
        "actionprompt reproduce",
        to_ask(ReproduceArgs, data=data_with_turns(source or "uiprmd")),
        "The paper's tables and figures: trains what they need, never the same run twice, and shows our numbers beside "
        "the paper's. Interrupt it when you like: the same command goes on.",
    )
    return run(parsed)


def data_with_turns(name: str) -> Any:
    """A data set's settings, training takes being filmed from more sides where virtual cameras film them."""
    kind = DATA[name][1]
    film = {"film": FilmCfg(turns=TURNS)} if any(f.name == "film" for f in fields(kind)) else {}
    return to_ask(kind, **film)


def check_names(what: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tables and figures that are asked for.

    Raises:
        InputError: nothing, or a name that is none.
    """
    known = {**{name: name for name in TABLES}, **FIGURES, "all": ""}
    if not what:
        raise InputError(f"Name what to reproduce: {', '.join(known)}.")
    for name in what:
        if name not in known:
            raise unknown("table or figure", name, known)
    every = "all" in what
    return [t for t in TABLES if every or t in what], [f for f in FIGURES if every or f in what]


def run(args: ReproduceArgs) -> int:
    """Lists, trains, evaluates and renders."""
    from rich.console import Console

    from actionprompt.reproduce import run as grid_run
    from actionprompt.reproduce.grid import jobs, share

    tables, _ = check_names(args.what)
    if args.threads is not None:
        import torch

        torch.set_num_threads(args.threads)
    scale = SCALES[args.scale] if args.steps is None else lasting(SCALES[args.scale], args.steps)
    plan = Plan(scale, args.data)
    made = [TABLES[name](plan) for name in tables]
    everything = jobs(made, args.seeds, args.out)
    mine = share(everything, args.run)
    console = Console()
    load = grid_run.loader()
    todo = [] if args.render else [job for job in mine if not grid_run.complete(job, args.flip)]
    times = grid_run.plan_times(todo, everything, load, console)
    if not args.render:
        console.print(grid_run.listing(mine, times, args.flip))
        console.print(summary(len(mine), len(todo), sum(time.seconds for time in times.values())))
    if args.list:
        return 0
    grid_run.work(todo, load, args.flip, console)
    results = grid_run.results_of(everything, args.flip)
    pages = list(grid_run.pages_of(made, plan, args.scale, args.seeds, results))
    for page in pages:
        console.print(grid_run.screen(page))
    stem = f"{plan.source}-{args.scale}" + (f"-{args.steps}" if args.steps else "") + "-flip" * args.flip
    folder = args.out / stem
    title = f"ActionPrompt's tables on {DATA[plan.source][0].partition(',')[0]}, scale {args.scale}"
    grid_run.write_tables(pages, title, folder)
    console.print(
        f"Tables: {folder} (Markdown, CSV, LaTeX; all of them in tables.html)", highlight=False, soft_wrap=True
    )
    return 0


def summary(runs: int, todo: int, seconds: float) -> str:
    """One line before the work starts."""
    from actionprompt.reproduce.estimate import words

    left = f"about {words(seconds)} one after the other" if seconds else "time unknown"
    return f"{runs} runs, {todo} to do" + (f": {left}." if todo else ".")


def overview(code: int) -> int:
    """The help without data."""
    out = sys.stdout if code == 0 else sys.stderr
    print("usage: actionprompt reproduce WHAT [WHAT ...] --data NAME [--scale cpu|gpu|paper] [options]", file=out)
    print(f"\nWHAT: {', '.join([*TABLES, *FIGURES, 'all'])}\nDATA: {', '.join(SETS)}", file=out)
    print("\n`actionprompt reproduce table3 --data uiprmd --help` lists every option.", file=out)
    return code
