"""Names are text: whatever people, actions and files are called is printed as it is."""

import re
from pathlib import Path

from rich.table import Table

import actionprompt
from actionprompt.console import console, visible

NAMES = ("[/x]", "[foo]", "[bold]a[/bold]", ":smile:", "a\\[b]")


def test_texts_are_printed_as_they_are(capsys):
    for name in NAMES:
        table = Table(name, title=name)
        table.add_row(name)
        console().print(name)
        console().print(table)
        assert capsys.readouterr().out.count(name) == 4, name


def test_there_is_no_other_way_onto_the_terminal():
    """Every module takes its console from one place, and none writes markup."""
    for path in Path(actionprompt.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "console.py":
            assert not re.search(r"(?<!: \")\bConsole\(", text), path
        assert not re.search(r"\[/?(bold|yellow|red|green|dim|/)\]", text), path
        assert not re.search(r"\.status\((f?\"[^\"]*\{|\w+\.)", text), path


def test_control_characters_are_shown():
    assert visible("a\x1b]0;x\x07b\udcff\n") == "a\\x1b]0;x\\x07b\\udcff\n"
