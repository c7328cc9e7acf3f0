"""The README's Python runs, and the commands that it shows exist."""

import re
import shlex
from pathlib import Path

import pytest

from actionprompt.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENCODER = (ROOT / "docs" / "add_an_encoder.md").read_text(encoding="utf-8").partition("## As one of ours")[0]


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("code", blocks("python") + blocks("python", ENCODER))
def test_python_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})


def commands() -> list[str]:
    return [
        line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines() if "actionprompt " in line
    ]


def test_commands_exist() -> None:
    assert commands()
    for line in commands():
        words = shlex.split(line.split("&&")[-1].split("| ")[-1], comments=True)
        assert words[1] in COMMANDS, line


def test_lines_that_need_no_data_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the demo, which takes minutes (its own tests are among those of the commands)."""
    monkeypatch.chdir(tmp_path)
    lines = [line for line in commands() if not any(word in line for word in ("pip ", "demo", "~/"))]
    assert [shlex.split(line)[1] for line in lines] == ["train", "evaluate"]
    for line in lines:
        assert main(shlex.split(line, comments=True)[1:]) == 0, line


def test_the_two_commands_stand_as_agreed() -> None:
    assert "pip install -e '.[dev]' && actionprompt demo" in README
    assert "pip install -e '.[dev]' && pytest" in README
