"""docs/add_data.md, followed literally."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from actionprompt import cli
from actionprompt.data.config import ReaderCfg
from actionprompt.data.load import load
from actionprompt.errors import InputError

PAGE = (Path(__file__).parents[2] / "docs" / "add_data.md").read_text(encoding="utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "my_data.py").write_text(
        code + "\n\ndef nothing():\n    return 3\n\n\ndef broken():\n    return 1 / 0\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "my_data", raising=False)
    return tmp_path


def test_the_page_is_true(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
    train, evaluate = (shlex.split(line)[1:] for line in commands.splitlines())
    assert cli.main(train) == 0
    assert cli.main(evaluate[:2]) == 2
    assert "--trust my_data" in capsys.readouterr().err
    assert cli.main(evaluate) == 0
    assert "our lab" in (here / "runs" / "lab" / "report-test.md").read_text()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("my_data:nothing", "must return a Corpus; it returned a int"),
        ("my_data:broken", "fails: ZeroDivisionError: division by zero"),
        ("my_data:missing", "has no reader 'missing'"),
        ("my_data", "names no reader: write it as package.module:Name"),
        ("no_such_module_at_all:read", "cannot be imported"),
    ],
)
def test_readers_that_do_not_read(here: Path, target: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load(ReaderCfg(target))
