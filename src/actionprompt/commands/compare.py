"""``actionprompt compare RUN RUN ...``."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from actionprompt.commands.options import parse
from actionprompt.errors import InputError


@dataclass(frozen=True)
class CompareArgs:
    """What to compare."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Folders of evaluated runs; those that differ in their seed only are pooled."""
    baseline: str = ""
    """Name of the baseline among the groups (default: the first run's group)."""
    report: str = "report-test"
    """Which report to read: report-test, report-test-flip, report-validation ..."""
    out: Path | None = None
    """Also write the table as Markdown."""


def main(args: list[str]) -> int:
    """Runs the command."""
    parsed = parse(
        CompareArgs,
        args,
        "actionprompt compare",
        description="Mean ± standard deviation over seeds, and differences to the baseline paired by seed with their "
        "95 % confidence interval. Millimetres; accuracy in percent.",
    )
    from actionprompt.console import console as new_console
    from actionprompt.evaluation import compare
    from actionprompt.evaluation.terminal import show
    from actionprompt.files import write_text

    if len(parsed.runs) < 2:
        raise InputError("Name the folders of at least two evaluated runs: actionprompt compare RUN RUN ...")
    groups = compare.read_groups(parsed.runs, parsed.report)
    named = [group for group in groups if group.name == parsed.baseline] if parsed.baseline else groups[:1]
    if not named:
        names = ", ".join(group.name for group in groups)
        raise InputError(f"There is no group {parsed.baseline!r} to be the baseline: there are {names or 'no runs'}.")
    show(new_console(), compare.terminal(groups, named[0]))
    if parsed.out:
        write_text(parsed.out, compare.markdown(groups, named[0]))
    return 0
