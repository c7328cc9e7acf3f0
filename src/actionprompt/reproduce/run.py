"""Working through a grid: list, train, evaluate; and the tables of what there is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text

from actionprompt.data.clip import Corpus
from actionprompt.data.config import DataCfg
from actionprompt.errors import DiskFull, InputError, Interrupted
from actionprompt.evaluation.terminal import tight
from actionprompt.reproduce import estimate, paper
from actionprompt.reproduce.cells import only_begun
from actionprompt.reproduce.execute import complete, executing
from actionprompt.reproduce.grid import GridRun
from actionprompt.reproduce.plan import SOURCES, Plan, Table
from actionprompt.reproduce.results import Result, broken, read
from actionprompt.reproduce.sheets import Page, page
from actionprompt.training.interleave import Work, interleave


class Load:
    """Reads data when a run needs them, and keeps only the last ones: some data sets fill the memory."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._kept: dict[DataCfg, Corpus] = {}

    def __call__(self, data: DataCfg) -> Corpus:
        """The data.

        Raises:
            InputError: they are not there; says where they come from, and what can stand in.
        """
        from actionprompt.data.load import load as load_data

        if data not in self._kept:
            self._kept.clear()
            try:
                self._kept[data] = load_data(data)
            except InputError as error:
                more = SOURCES.get(self.source)
                if more is None or _there(data):
                    raise
                raise InputError(f"{error} {more}.") from error
        return self._kept[data]

    def cache_clear(self) -> None:
        """Forgets the data."""
        self._kept.clear()


def _there(data: DataCfg) -> bool:
    """Whether the folder holds anything, so that an error is not one of missing data."""
    path: Path | None = getattr(data, "path", None)
    return path is not None and path.is_dir() and any(path.iterdir())


def plan_times(
    todo: Sequence[GridRun], everything: Sequence[GridRun], load: Load | None, console: Console
) -> dict[GridRun, estimate.Estimate]:
    """The time that each run will take; models never seen on this machine are timed for a few steps, given data."""
    times: dict[GridRun, estimate.Estimate] = {}
    for job in todo:
        found = estimate.known(job, everything)
        if found is None and load is not None:
            corpus = load(job.cfg.data)
            with console.status(Text(f"timing {job.rows[0] if job.rows else job.folder.name}")), suppress(InputError):
                found = estimate.time_steps(job, corpus)  # a run that cannot be made here is listed all the same
        if found is not None:
            times[job] = found
    return times


def listing(everything: Sequence[GridRun], times: Mapping[GridRun, estimate.Estimate], flip: bool) -> Screen:
    """Every run of the grid: what it is for, its state, its time."""
    screen = Screen("", "run", "seed", title="Runs of this grid")
    screen.add_column("rows", overflow="fold", min_width=24)
    for head in ("state", "time", "from"):
        screen.add_column(head)
    for number, job in enumerate(everything, 1):
        state = "done" if job.state == "trained" and complete(job, flip) else job.state
        time = times.get(job)
        shown = (estimate.words(time.seconds), time.how) if time else ("", "")
        screen.add_row(f"{number}", job.folder.name[:8], f"{job.cfg.seed}", "\n".join(job.rows), state, *shown)
    return screen


def work(
    todo: Sequence[GridRun], load: Load, flip: bool, console: Console, quiet: bool = False, side_by_side: int = 1
) -> list[str]:
    """Makes every run complete, some of them side by side.

    Returns:
        Of the runs that cannot be made, rows and reason; the others are made all the same.

    Raises:
        InputError: the data cannot be read.
        DiskFull: no run can be kept.
        Interrupted: Ctrl-C; the same command goes on.
    """
    refused: list[str] = []

    def making(number: int, job: GridRun) -> Work[tuple[int, str]]:
        if complete(job, flip):
            return number, "done"
        what = f"{job.folder.name} seed {job.cfg.seed}: {', '.join(job.rows)}"
        console.print(f"[{number}/{len(todo)}] {what}")
        alone = side_by_side == 1
        corpus = load(job.cfg.data)
        try:
            return number, (yield from executing(job, corpus, flip=flip, quiet=quiet or not alone, alone=alone))
        except DiskFull:  # the next run would be lost too
            raise
        except InputError as error:
            refused.append(f"{', '.join(job.rows)}, seed {job.cfg.seed}: {error}")
            return number, "refused"

    works = (making(number, job) for number, job in enumerate(todo, 1))
    try:
        for number, outcome in interleave(works, side_by_side):
            if outcome == "done" and side_by_side > 1:
                console.print(f"[{number}/{len(todo)}] done")
            if outcome != "done":
                why = WHY[outcome]
                console.print(f"[{number}/{len(todo)}] {why}")
    except Interrupted as stopped:
        raise Interrupted(f"{stopped} The same command resumes it.") from None
    except KeyboardInterrupt:
        raise Interrupted("Stopped. The same command goes on.") from None
    return refused


WHY = MappingProxyType(
    {
        "failed": "failed: its log is kept",
        "elsewhere": "another process works on it",
        "refused": "cannot be made: see below",
    }
)
"""What is said of a run that was not made."""


def results_of(everything: Sequence[GridRun], flip: bool) -> dict[str, Result]:
    """What is finished, by the hash of its settings; a damaged run is a failed one."""
    found = {job.folder.name: _read(job, flip) for job in everything}
    return {name: result for name, result in found.items() if result is not None}


def _read(job: GridRun, flip: bool) -> Result | None:
    try:
        return read(job, flip)
    except InputError as error:
        return broken(job, flip, str(error).removesuffix("."))


def pages_of(
    tables: Sequence[Table],
    plan: Plan,
    scale: str,
    seeds: Sequence[int],
    results: Mapping[str, Result],
    *,
    begun: bool = False,
) -> Iterator[Page]:
    """The tables, filled with what there is; only the rows (and tables) that are ``begun``, if so asked."""
    printed = paper.read()
    for table in tables if not begun else filter(None, (only_begun(table, seeds, results) for table in tables)):
        yield page(table, plan, scale, seeds, results, printed.get(table.name, paper.NOTHING))


def screen(shown: Page) -> Screen:
    """A table's first part for the terminal."""
    sheet = shown.sheets[0]
    other = any(head.endswith("†") for head in sheet.short)
    caption = f"† {shown.printed}: not our data" if other else None
    out = Screen(title=shown.title, caption=caption, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    texts = [
        [tight(t.text.partition(" (")[0] if t.kind == "difference" else t.text) for t in row] for row in sheet.rows
    ]
    for i, head in enumerate(sheet.short):
        out.add_column(head, justify="left" if i < sheet.stubs else "right", style="dim" if "paper" in head else "")
    for line, row in zip(texts, sheet.rows, strict=True):
        out.add_row(*(Text(text, "bold" if cell.strong else "") for text, cell in zip(line, row, strict=True)))
    return out
