"""Tables of numbers on the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from actionprompt.files import write_text


def tight(text: str) -> str:
    """A number with its spread or unit as words that lines may be broken between, and not within."""
    return text.replace("± ", "±").replace(" %", "%")


def show(console: Console, table: Table) -> None:
    """Prints a table in which no word or number is broken, wider than the terminal if need be."""
    for column in table.columns:
        words = " ".join(str(cell) for cell in (column.header, *column.cells)).split()
        column.min_width = max(map(len, words), default=0)
    console.print(table, width=max(console.width, console.measure(table).minimum), crop=False)


def save(console: Console, folder: Path, stem: str, texts: dict[str, str]) -> None:
    """Writes a report's texts, by their suffixes, and says where."""
    for suffix, text in texts.items():
        path = folder / f"{stem}{suffix}"
        write_text(path, text)
        console.print(f"wrote {path}", soft_wrap=True)
