"""The one way onto the terminal: what people, files and models are called is text there, never an instruction."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment


class TextConsole(Console):
    """A console on which every text is shown as :func:`visible` says: names cannot give a terminal orders."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces of what is printed; those that rich itself makes for the terminal stay."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else visible(text), style, control)


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that prints texts as they are: no markup in brackets, no emoji between colons, no colours of numbers.

    Colours are given by the caller: ``print(text, style="yellow")``.
    """
    return TextConsole(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)


def visible(text: str) -> str:
    """The text with escapes in place of what a terminal would obey or cannot show; line ends stay."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
