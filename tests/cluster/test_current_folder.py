"""Files in the current folder that are called as modules are: no process that we start runs them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from actionprompt.cluster import safe_start
from actionprompt.errors import InputError
from keypoint_files import SIZE, people
from small import model_file, tiny_flags

MODULES = ("actionprompt", "numpy", "pickle", "pip", "random", "runpy", "signal", "socket", "struct", "torch", "yaml")
COMMAND = str(Path(sys.executable).with_name("actionprompt"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which each module's name is a file that leaves a mark when it runs, and two keypoint files."""
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran ')!r} + __name__, 'w').close()\nraise SystemExit(3)\n"
        )
    for seed, name in enumerate(("a.npz", "b.npz")):
        table = people(60, 1, seed=seed)
        np.savez(tmp_path / name, keypoints=table[..., :2], confidence=table[..., 2], size=SIZE, layout="coco17")
    model_file(tmp_path)
    return tmp_path


def run(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    ours = str(Path(safe_start.__file__).parents[2])
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join((ours, str(Path(__file__).parent)))}
    env.pop("PYTHONSAFEPATH", None)  # which the code under test sets, in this process for example
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert [path.name for path in folder.glob("ran *")] == [], done.stderr
    return done


MANY = ("lift", "a.npz", "b.npz", "--model", "model.safetensors", "--out-dir", "out", "--formats", "npz")


@pytest.mark.parametrize(
    "args",
    [
        (*MANY, "--workers", "2"),
        (*MANY, "--ray", "local"),
        (*MANY, "--slurm", "1", "--slurm-job.cluster", "local"),
        ("bench", "vpose", "--quick", "--threads", "1", "--json"),
        ("train", "vpose+label", *tiny_flags(1, 2, 1), "--out", "run", "--devices", "2"),
        (
            "reproduce",
            "table3",
            "--data",
            "synthetic",
            "--rows",
            "baseline",
            "--seeds",
            "0",
            "--workers",
            "2",
            "--steps",
            "80",
        ),
    ],
    ids=lambda args: f"{args[0]} {' '.join(args[-2:])}",
)
def test_commands_that_start_processes(folder: Path, args: tuple[str, ...]) -> None:
    if "--ray" in args:
        pytest.importorskip("ray")
    if "--slurm" in args:
        pytest.importorskip("submitit")
    done = run(folder, COMMAND, *args)
    assert done.returncode == 0, done.stderr


def test_pip_is_not_the_folders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = "import sys; sys.path.remove(''); from actionprompt.video.weights import fetch_weights; fetch_weights()"
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # the real pip looks nowhere, and says so
    done = run(folder, sys.executable, "-c", fetch)
    assert "InputError: pip cannot get" in done.stderr


def test_python_3_10_refuses_a_folder_with_such_names(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match="3.10 would run pickle of this folder"):
        safe_start.take_nothing_from_here()
    monkeypatch.chdir(folder.parent)
    safe_start.take_nothing_from_here()
