"""What ``actionprompt lift ... --out-dir`` says on the screen: a line for each source, then the table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from actionprompt.inference.batch.record import Record
from actionprompt.inference.batch.sources import Source

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SHOWN = 100
"""Rows of the table on the screen; of more sources, those that failed are shown."""
WIDE = 160
"""Columns of the table where the screen does not say."""
COLUMNS = ("file", "s", "people", "frames", "seen", "miss", "limbs", "unknown", "broken off", "what to know")


def line(made: Record) -> str:
    """A source in a line, as it is finished."""
    if made.state == "failed":
        return f"{made.source}: {made.error}"
    return f"{made.source}: {made.people} people, {made.frames:,} frames, {made.seconds:.1f} s"


def style(made: Record) -> str | None:
    """The colour of that line."""
    return "red" if made.state == "failed" else None


def tell(folder: Path, sources: Sequence[Source], everything: Sequence[Record], console: "Console") -> bool:
    """Prints the table of this call's sources, and what to do about those that failed; whether there are any."""
    asked = {source.name for source in sources}
    mine = [record for record in everything if record.name in asked]
    failed = [record for record in mine if record.state == "failed"]
    console.width = console.width if console.is_terminal else WIDE
    console.print(_table(mine if len(mine) <= SHOWN else failed))
    console.print(f"{len(mine) - len(failed)} of {len(sources)} done; wrote {folder / 'manifest.csv'}")
    if failed:
        console.print(f"{len(failed)} failed: the same command with --retry tries them once more.", style="yellow")
    return bool(failed)


def _table(shown: Sequence[Record]) -> "Table":
    from rich.table import Table

    from actionprompt.console import visible

    table = Table(box=None, pad_edge=False)
    for name in COLUMNS:
        left = name in (COLUMNS[0], COLUMNS[-1])
        table.add_column(name, justify="left" if left else "right", overflow="fold", no_wrap=not left)
    for r in shown:
        q = r.quality
        parts = (_percent(q.person_share, 100, 0), _percent(q.root_miss, 1, 2), _percent(q.limb_variation, 1, 1))
        broken = "" if q.broken_tracks is None else str(q.broken_tracks)
        facts = (f"{r.seconds:.1f}", str(r.people), f"{r.frames:,}", *parts, _percent(q.unknown_share, 100, 0), broken)
        table.add_row(visible(r.source), *facts, visible(r.error or r.note))
    return table


def _percent(value: float | None, scale: float, digits: int) -> str:
    return "" if value is None else f"{scale * value:.{digits}f} %"
