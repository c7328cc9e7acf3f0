"""Real processes that are interrupted, killed, or two at a time."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from actionprompt.cli import main
from actionprompt.model.files import load
from small import tiny_flags

COMMON = tiny_flags(epochs=4, steps=5, log=1)
SLOW = """
import sys, time
import torch
import actionprompt.training.step as step
torch.set_num_threads(1)
real = step.loss
def slow(*arguments):
    time.sleep(SECONDS)
    return real(*arguments)
step.loss = slow
from actionprompt.cli import main
sys.exit(main(sys.argv[1:]))
"""


def start_slowly(*args: object, seconds: float = 0.1) -> "subprocess.Popen[str]":
    """The command in a process of its own that takes its time for every step."""
    command = [sys.executable, "-c", f"SECONDS = {seconds}\n{SLOW}", *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_step(folder: Path, step: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        log = folder / "log.jsonl"
        if log.exists() and len(log.read_text().splitlines()) >= step:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    raise AssertionError("the run does not get on")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[bytes, str]:
    """What the uninterrupted run leaves."""
    folder = tmp_path_factory.mktemp("resume") / "run"
    assert main(["train", "vpose+label", *COMMON, "--out", str(folder)]) == 0
    return (folder / "model.safetensors").read_bytes(), (folder / "log.jsonl").read_text()


def test_killed_then_interrupted_then_finished(whole, tmp_path):
    """Three processes, one after the other, leave the same bits as one."""
    folder = tmp_path / "run"
    killed = start_slowly("train", "vpose+label", *COMMON, "--out", folder)
    wait_for_step(folder, 6, killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL

    stopped = start_slowly("train", "--resume", folder)
    wait_for_step(folder, 11, stopped)
    stopped.send_signal(signal.SIGINT)
    out, err = stopped.communicate()
    assert stopped.returncode == 130, err
    assert "Traceback" not in out + err
    sentence = err.strip().splitlines()[-1]
    assert sentence.startswith("actionprompt: Stopped after step ")
    assert sentence.endswith(f"Resume it with: actionprompt train --resume {folder}")

    assert not (folder / "model.safetensors").exists()
    assert main(["train", "--resume", str(folder)]) == 0
    assert (folder / "model.safetensors").read_bytes() == whole[0]
    assert (folder / "log.jsonl").read_text() == whole[1]


def test_a_second_ctrl_c_does_not_wait_for_the_step(tmp_path):
    folder = tmp_path / "run"
    slow = start_slowly("train", "vpose+label", *COMMON, "--out", folder, seconds=3)
    wait_for_step(folder, 1, slow)
    for _ in range(2):
        slow.send_signal(signal.SIGINT)
        time.sleep(0.5)
    out, err = slow.communicate(timeout=60)
    assert slow.returncode == 130, err
    assert "Traceback" not in out + err
    assert err.strip().splitlines()[-1] == "actionprompt: Interrupted."


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_program_starts_is_one_sentence(number):
    """It arrives while the command's module, which imports much, is being loaded."""
    program = (
        "import sys, time, types\n"
        "class Loading(types.ModuleType):\n"
        "    def __getattr__(self, name):\n"
        "        print('loading', flush=True)\n"
        "        time.sleep(60)\n"
        "import actionprompt.commands\n"
        "sys.modules['actionprompt.commands.train'] = Loading('train')\n"
        "sys.argv = ['actionprompt', 'train']\n"
        "from actionprompt.cli import main\n"
        "sys.exit(main())\n"
    )
    starting = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert starting.stdout.readline() == "loading\n"
    starting.send_signal(number)
    _, err = starting.communicate(timeout=60)
    said = {signal.SIGINT: "actionprompt: Interrupted.\n", signal.SIGTERM: "actionprompt: Stopped by SIGTERM.\n"}
    assert (starting.returncode, err) == (130, said[number])


@pytest.mark.skipif(sys.platform != "linux", reason="the partner is found in /proc")
def test_a_dead_partner_is_one_sentence(tmp_path):
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "actionprompt", "train", "vpose+label", *tiny_flags(epochs=400, steps=50, log=1)]
    run = subprocess.Popen(
        [*command, "--devices", "2", "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    wait_for_step(folder, 6, run)
    (partner,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    os.kill(int(partner), signal.SIGKILL)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    last = err.strip().splitlines()[-1]
    assert last.startswith("actionprompt: Another process of this run has ended, and the run with it. Go on from its ")
    assert last.endswith(f"actionprompt train --resume {folder}")
    assert (folder / "checkpoint.safetensors").exists()


def two_processes(folder: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "actionprompt", "train", *args, "--devices", "2", "--out", str(folder)]
    threads = {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | threads, timeout=600)


def test_two_processes_train_the_model_that_one_does(tmp_path):
    """Up to rounding: without dropout, poses within 0.1 mm and losses within 1e-4 after twelve steps."""
    dropout = ["--model.encoder.dropout", "0", "--model.apm.recogniser.projector.dropout", "0"]
    args = ["vpose+label", *COMMON, *dropout, "--schedule.epochs", "3", "--schedule.epoch-steps", "4"]
    done = two_processes(tmp_path / "two", *args)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Trained model") == 1  # only one of them speaks
    assert main(["train", *args, "--out", str(tmp_path / "one")]) == 0
    one, two = (load(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    x = 0.3 * torch.randn(64, 9, 17, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(two(x).pose, one(x).pose, rtol=0, atol=1e-4)
        torch.testing.assert_close(two(x).logits, one(x).logits, rtol=0, atol=1e-3)
    logs = [
        [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    ]
    assert len(logs[0]) == len(logs[1]) == 12
    for a, b in zip(*logs, strict=True):
        assert b == pytest.approx(a, rel=1e-4, abs=1e-5)
