"""One run, one folder: a second process is told so, and changes nothing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

TRAIN = "train vpose --data synthetic --model.encoder.widths 3 3 --model.encoder.channels 8 --schedule.epochs 10000"


def command(arguments: str, folder: Path) -> list[str]:
    flag = "" if "--resume" in arguments else "--out "
    return [sys.executable, "-m", "actionprompt", *f"{arguments} {flag}{folder}".split()]


def test_two_trainings_in_one_folder(tmp_path: Path) -> None:
    run = tmp_path / "run"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    first = subprocess.Popen(command(TRAIN, run), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        begun = time.monotonic()
        while not (run / "settings.json").exists():
            assert first.poll() is None, first.stderr and first.stderr.read()
            assert time.monotonic() - begun < 120
            time.sleep(0.2)
        settings = (run / "settings.json").read_bytes()
        for second in (f"{TRAIN} --overwrite --seed 1", "train --resume"):
            done = subprocess.run(command(second, run), env=environment, capture_output=True, text=True, timeout=120)
            assert done.returncode == 2, done.stderr
            assert done.stderr == (
                f"actionprompt: Another process trains into {run}: wait for it, or give another --out.\n"
            )
        assert (run / "settings.json").read_bytes() == settings
        assert first.poll() is None
    finally:
        first.terminate()
        _, said = first.communicate(timeout=60)
    assert first.returncode == 130
    assert b"Resume it with: actionprompt train --resume" in said


def test_a_folder_is_free_again_when_the_run_is_over(tmp_path: Path) -> None:
    from actionprompt.errors import InputError
    from actionprompt.training.run_folder import RunFolder

    folder = RunFolder(tmp_path / "run")
    with folder.locked(), pytest.raises(InputError, match="Another process"), RunFolder(tmp_path / "run").locked():
        pass
    with folder.locked():
        pass
