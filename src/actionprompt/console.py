"""The one way onto the terminal: what people, files and models are called is text there, never an instruction."""

from rich.console import Console


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that prints texts as they are: no markup in brackets, no emoji between colons, no colours of numbers.

    Colours are given by the caller: ``print(text, style="yellow")``.
    """
    return Console(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)


def visible(text: str) -> str:
    """The text with escapes in place of what a terminal would obey or cannot show; line ends stay."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
