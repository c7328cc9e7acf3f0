"""``actionprompt report FOLDER``: sessions that were lifted, side by side."""

import webbrowser
from dataclasses import dataclass
from pathlib import Path

import tyro

from actionprompt.commands.options import parse
from actionprompt.errors import InputError


@dataclass(frozen=True)
class ReportArgs:
    """What to show."""

    folder: tyro.conf.Positional[Path]
    """A folder that `actionprompt lift ... --out-dir FOLDER` filled, or any with .npz files that it wrote."""
    out: Path | None = None
    """The page (.html); default: report.html in the folder."""
    open: bool = False
    """Show it in the browser."""


def main(args: list[str]) -> int:
    """Runs the command."""
    description = (
        "Sessions side by side, to read and to print: repetitions, ranges of motion of every joint, left and right, "
        "and how much of each was seen. For one session: actionprompt lift walk.mp4 -o walk.report.html."
    )
    return run(parse(ReportArgs, args, "actionprompt report", description=description))


def run(args: ReportArgs) -> int:
    """Reads, writes, says what could not be read."""
    from actionprompt.console import console as new_console
    from actionprompt.files import unwritable, write_text
    from actionprompt.output.report.sessions import sessions, sessions_page

    page = args.out or args.folder / "report.html"
    if page.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{page} is to be a page: its name ends in .html.")
    found, odd = sessions(args.folder)
    console = new_console()
    for sentence in odd:
        new_console(stderr=True).print(sentence, style="yellow", soft_wrap=True)
    try:
        write_text(page, sessions_page(args.folder, found, odd))
    except OSError as error:
        raise unwritable("The report", page, error) from error
    console.print(f"{len(found)} sessions; wrote {page}", soft_wrap=True)
    if args.open and not webbrowser.open(page.resolve().as_uri()):
        console.print(f"No browser can be started here: open {page} yourself.", soft_wrap=True)
    return 0
