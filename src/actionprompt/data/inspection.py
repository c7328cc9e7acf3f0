"""What an inspection of data files says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """What a data file or folder holds, and what is wrong with it."""

    title: str
    facts: tuple[tuple[str, str], ...]
    """(label, value) pairs to print, in order."""
    problems: tuple[str, ...] = ()
    """One sentence each; none means that the data are sound."""
