"""What the command line turns into a sentence and an exit code."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something that the user gave cannot be used.

    The message is one sentence (what, where, what would be right); the command line shows it without a traceback and
    ends with exit code 2.
    """


class DiskFull(InputError):
    """There is no room for what is to be written: work that follows would be lost too."""


class Interrupted(RuntimeError):
    """A training run was stopped from outside (Ctrl-C, SIGTERM) and has saved its state."""


class Diverged(RuntimeError):
    """A training run whose loss is no longer a finite number; its log is kept."""


def unknown(what: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a misspelt word, with the nearest known one."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    hint = f" Did you mean {near[0]}?" if near else ""
    return InputError(f"There is no {what} {name!r}.{hint} There are: {', '.join(known)}.")
