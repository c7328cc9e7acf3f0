"""The steps of docs/add_an_encoder.md, followed literally in a copy of the sources."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "add_an_encoder.md").read_text(encoding="utf-8").partition("## As one of ours")[2]
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file.name} any more"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    leave = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.html")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=leave)
    (tmp_path / "tests").mkdir()
    for name in ("conftest.py", "test_contract.py"):
        shutil.copy(ROOT / "tests" / "encoders" / name, tmp_path / "tests")
    return tmp_path


def run(folder: Path, *words: str) -> str:
    env = os.environ | {"PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_steps_make_an_encoder_that_keeps_the_contract(copy: Path):
    settings, union, network, case = BLOCKS
    package = copy / "src" / "actionprompt"
    config = (package / "encoders" / "config.py").read_text()
    (before,) = re.findall(r"^EncoderCfg = .*\n", config, flags=re.MULTILINE)
    assert union == before.replace("\n", " | MixerCfg\n")
    edit(package / "encoders" / "config.py", before, f"{settings}\n\n{union}")
    (package / "encoders" / "mixer.py").write_text(network)
    contract = copy / "tests" / "test_contract.py"
    edit(contract, "CASES = {\n", f"CASES = {{\n{case}")
    edit(contract, "import torch\n", "import torch\n\nfrom actionprompt.encoders.config import MixerCfg\n")

    chosen = "mixer and not compiles and not exports"  # those take longest, and test torch more than the page
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_contract.py", "-k", chosen)
    assert "13 passed" in said
    assert "mixer+apm  " in run(copy, "-m", "actionprompt", "train", "--help")
    assert "--model.encoder.depth" in run(copy, "-m", "actionprompt", "train", "mixer", "--data", "synthetic", "--help")
