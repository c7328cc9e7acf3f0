"""``actionprompt reproduce WHAT --data NAME``."""

import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from actionprompt.commands.options import parse, take_data, to_ask
from actionprompt.commands.reproduce_args import (
    ReproduceArgs,
    check,
    check_names,
    data_filmed,
    scale_of,
    without_workers,
)
from actionprompt.commands.reproduce_publish import collected, publish, published, stem, title
from actionprompt.data.config import DATA
from actionprompt.errors import InputError
from actionprompt.reproduce.plan import FOLDS, SOURCES, Plan, Table
from actionprompt.reproduce.scales import SCALES, Scale
from actionprompt.reproduce.tables import FIGURES, HOLDING_OUT, TABLES, figure3

if TYPE_CHECKING:
    from rich.console import Console

    from actionprompt.reproduce.grid import GridRun
    from actionprompt.reproduce.results import Result
    from actionprompt.reproduce.run import Load


def main(args: list[str]) -> int:
    """Runs the command."""
    given = list(args)
    source = take_data(args)
    if source is None and set(args) <= {"-h", "--help"}:
        return overview(0 if args else 2)
    if source is None and not set(args) & {"-h", "--help"}:
        check_names([arg for arg in args if not arg.startswith("-")][:1])
        raise InputError(f"Say which data: --data {' | '.join(DATA)}.")
    needless = ("--data.path", "--results", "-h", "--help")
    if source and source in SOURCES and not any(_has(given, flag) for flag in needless):
        raise InputError(f"Say where the data lie: --data.path FOLDER. {SOURCES[source]}.")
    if set(args) & {"-h", "--help"}:
        args = [arg for arg in args if arg not in {*TABLES, *FIGURES, "all"}]  # or WHAT would not be explained
    parsed = parse(
        ReproduceArgs,
        args,
        "actionprompt reproduce",
        to_ask(
            ReproduceArgs, data=data_filmed(source or "uiprmd", usual_scale(given), read=not _has(given, "--results"))
        ),
        "The paper's tables and figures: trains what they need, never the same run twice, and shows our numbers beside "
        "the paper's. Interrupt it when you like: the same command goes on.",
    )
    return run(parsed, given)


def usual_scale(args: Sequence[str]) -> Scale:
    """The scale that the words name, before they are parsed; the parser refuses what is none."""
    words = [word for arg in args for word in arg.split("=", 1)]
    named = [after for word, after in itertools.pairwise(words) if word == "--scale"]
    return SCALES.get(named[-1] if named else "cpu", SCALES["cpu"])


def _has(args: Sequence[str], flag: str) -> bool:
    return any(arg.partition("=")[0] == flag for arg in args)


def run(args: ReproduceArgs, given: Sequence[str]) -> int:
    """Lists, trains, evaluates and renders."""
    from actionprompt.console import console as new_console
    from actionprompt.reproduce import draw, grid
    from actionprompt.reproduce import run as work

    check(args)
    tables, figures = check_names(args.what)
    if args.threads is not None:
        import torch

        torch.set_num_threads(args.threads)
    console = new_console(quiet=args.quiet)
    plan = Plan(scale_of(args), args.data)
    if (asked := [name for name in HOLDING_OUT if name in tables]) and plan.source not in FOLDS:
        raise InputError(
            f"{asked[0]} needs training subjects set aside: {', '.join(FOLDS)} have them, not {plan.source}."
        )
    made = [TABLES[name](plan) for name in tables]
    behind = [*made, *([figure3(plan)] if "figure3" in figures else [])]
    extra = draw.figure4_runs(plan, args.seeds, args.out) if "figure4" in figures else []
    jobs = list({job.folder: job for job in [*extra, *grid.jobs(behind, args.seeds, args.out)]}.values())
    load = work.Load(plan.source)
    if args.collect:
        collected(args, plan)  # or hours of training later it would turn out to be damaged
    refused: list[str] = []
    if not (args.render or args.results):
        refused = train(args, given, jobs, load, console)
    if not (args.list or args.train_only or (args.launcher == "slurm" and args.slurm.cluster == "slurm")):
        results = published(args.results, jobs, args.flip) if args.results else work.results_of(jobs, args.flip)
        show(args, plan, made, figures, results, load, console)
    if refused:
        raise InputError(" ".join(["Some runs cannot be made.", *dict.fromkeys(refused)]))
    return 0


def train(
    args: ReproduceArgs, given: Sequence[str], jobs: "Sequence[GridRun]", load: "Load", console: "Console"
) -> list[str]:
    """Lists the runs, and makes those that are to be made here; says which cannot be made."""
    from actionprompt.reproduce import grid, launch
    from actionprompt.reproduce import run as work
    from actionprompt.reproduce.estimate import words
    from actionprompt.reproduce.execute import complete

    mine = grid.share(grid.serving(jobs, args.rows), args.run)
    todo = [job for job in mine if not complete(job, args.flip)]
    if not args.quiet:
        times = work.plan_times(todo, jobs, load if args.launcher == "local" else None, console)
        console.print(work.listing(mine, times, args.flip))
        seconds = sum(time.seconds for time in times.values())
        left = f": about {words(seconds)} of work" if seconds else ""
        console.print(f"{len(mine)} run{'s' * (len(mine) != 1)}, {len(todo)} to do{left}.")
    if args.list or not todo:
        return []
    if args.launcher == "slurm":
        launch.submit(todo, args.slurm, args.flip, args.out, console)
    elif args.launcher == "ray":
        launch.over_ray(todo, args.ray, args.flip, console)
    elif args.workers > 1:
        load.cache_clear()
        command = ["reproduce", *without_workers(given), "--quiet", "--train-only"]
        with console.status("") as status:
            told: set[str] = set()

            def tell() -> None:
                done = f"{sum(complete(job, args.flip) for job in todo)} of {len(todo)} runs done"
                if done not in told and not console.is_terminal:
                    console.print(done)
                status.update(done)
                told.add(done)

            launch.in_processes(command, args.workers, tell)
    else:
        return work.work(todo, load, args.flip, console, args.quiet, args.side_by_side)
    return []


def show(
    args: ReproduceArgs,
    plan: Plan,
    made: "Sequence[Table]",
    figures: Sequence[str],
    results: "Mapping[str, Result]",
    load: "Load",
    console: "Console",
) -> None:
    """Tables and figures of what there is."""
    from actionprompt.evaluation.terminal import show as show_table
    from actionprompt.reproduce import draw, render
    from actionprompt.reproduce import run as work

    pages = list(work.pages_of(made, plan, args.scale, args.seeds, results, begun=args.results is not None))
    for page in pages:
        show_table(console, work.screen(page))
    folder = args.out / stem(args, plan)
    if pages:
        render.write(pages, title(args, plan), folder)
        console.print(f"Tables: {folder} (Markdown, CSV, LaTeX; all in tables.html)", soft_wrap=True)
    drawn: list[Path] = []
    for name in figures:
        files = draw.draw(name, plan, args.seeds, results, lambda: load(args.data), args.out, folder)
        said = ", ".join(map(str, files)) or f"{name} is not drawn: its runs are not done."
        console.print(said, soft_wrap=True)
        drawn += files
    if args.collect:
        publish(args, plan, drawn, results, args.collect / stem(args, plan))
        console.print(f"Published: {args.collect / stem(args, plan)}", soft_wrap=True)


def overview(code: int) -> int:
    """The help without data."""
    out = sys.stdout if code == 0 else sys.stderr
    print(f"usage: actionprompt reproduce WHAT [WHAT ...] --data NAME [--scale {'|'.join(SCALES)}] [options]", file=out)
    print(f"\nWHAT: {', '.join([*TABLES, *FIGURES, 'all'])}\nDATA: {', '.join(DATA)}\n\nscales:", file=out)
    for name, scale in SCALES.items():
        print(f"  {name:<6} {scale.what}{scale.machine and ': '}{scale.machine}", file=out)
    print("\n`actionprompt reproduce table3 --data uiprmd --help` lists every option.", file=out)
    return code
