"""Working through a grid: list, train, evaluate; and the tables of what there is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text as Line

from actionprompt.data.clip import Corpus
from actionprompt.errors import Interrupted
from actionprompt.reproduce import estimate, paper, render
from actionprompt.reproduce.execute import complete, execute
from actionprompt.reproduce.grid import Job
from actionprompt.reproduce.results import Result, read
from actionprompt.reproduce.sheets import Page, page
from actionprompt.reproduce.tables import Plan, Table

Load = Callable[[Job], Corpus]


def loader() -> Load:
    """Reads data when a run needs them, and keeps only the last ones: some data sets fill the memory."""
    kept: dict[object, Corpus] = {}

    def load(job: Job) -> Corpus:
        if job.cfg.data not in kept:
            kept.clear()
            kept[job.cfg.data] = job.cfg.data.load()
        return kept[job.cfg.data]

    return load


def plan_times(
    todo: Sequence[Job], everything: Sequence[Job], load: Load | None, console: Console
) -> dict[Job, estimate.Estimate]:
    """The time that each run will take; models never seen on this machine are timed for a few steps, given data."""
    times: dict[Job, estimate.Estimate] = {}
    for job in todo:
        found = estimate.known(job, everything)
        if found is None and load is not None:
            with console.status(f"timing {job.rows[0] if job.rows else job.folder.name}"):
                found = estimate.time_steps(job, load(job))
        if found is not None:
            times[job] = found
    return times


def listing(everything: Sequence[Job], times: Mapping[Job, estimate.Estimate], flip: bool) -> Screen:
    """Every run of the grid: what it is for, its state, its time."""
    screen = Screen("", "run", "seed", "rows", "state", "time", "from", title="Runs of this grid")
    for number, job in enumerate(everything, 1):
        state = "done" if job.state == "trained" and complete(job, flip) else job.state
        time = times.get(job)
        shown = (estimate.words(time.seconds), time.how) if time else ("", "")
        screen.add_row(f"{number}", job.folder.name, f"{job.cfg.seed}", " ".join(job.rows), state, *shown)
    return screen


def work(todo: Sequence[Job], load: Load, flip: bool, console: Console, quiet: bool = False) -> None:
    """Makes every run complete, one after the other.

    Raises:
        Interrupted: Ctrl-C; the same command goes on.
    """
    for number, job in enumerate(todo, 1):
        if complete(job, flip):
            continue
        what = f"{job.folder.name} seed {job.cfg.seed}: {' '.join(job.rows)}"
        console.print(f"[{number}/{len(todo)}] {what}", markup=False, highlight=False)
        try:
            outcome = execute(job, load(job), flip=flip, quiet=quiet)
        except Interrupted as stopped:
            raise Interrupted(f"{stopped} The same command goes on with it.") from None
        if outcome != "done":
            console.print(
                {"failed": "  failed: its log is kept", "elsewhere": "  another process works on it"}[outcome]
            )


def results_of(everything: Sequence[Job], flip: bool) -> dict[str, Result]:
    """What is finished, by the hash of its settings."""
    found = {job.folder.name: read(job, flip) for job in everything}
    return {name: result for name, result in found.items() if result is not None}


def pages_of(
    tables: Sequence[Table], plan: Plan, scale: str, seeds: Sequence[int], results: Mapping[str, Result]
) -> Iterator[Page]:
    """The tables, filled with what there is."""
    printed = paper.read()
    for table in tables:
        yield page(table, plan, scale, seeds, results, printed[table.name])


def screen(shown: Page) -> Screen:
    """A table's first part for the terminal."""
    sheet = shown.sheets[0]
    other = any(head.endswith("†") for head in sheet.short)
    out = Screen(title=shown.title, caption=f"† {shown.printed}: not our data" if other else None)
    for i, head in enumerate(sheet.short):
        out.add_column(head, justify="left" if i < sheet.stubs else "right", style="dim" if "paper" in head else "")
    for row in sheet.rows:
        texts = [text.text.partition(" (")[0] if text.kind == "difference" else text.text for text in row]
        out.add_row(*(Line(text, "bold" if cell.strong else "") for text, cell in zip(texts, row, strict=True)))
    return out


def write_tables(pages: Sequence[Page], title: str, folder: Path) -> list[Path]:
    """Writes the tables."""
    return render.write(pages, title, folder)
