import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from actionprompt.commands.versions import installed
from actionprompt.data.config import UIPRMDCfg
from actionprompt.training.run_folder import RunFolder
from small import run_cfg, tiny_flags

TINY = tiny_flags(epochs=2, steps=3, log=2)


def call(*args: object) -> int:
    """The exit code, wherever it comes from."""
    try:
        return cli.main([str(a) for a in args])
    except SystemExit as left:
        assert isinstance(left.code, int)
        return left.code


@pytest.fixture
def tell(capsys):
    """Calls the command line: exit code, output, complaint; wrapping undone."""

    def run(*args: object) -> tuple[int, str, str]:
        code = call(*args)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, " ".join(re.sub(r"[│╭╮╰╯─]", " ", err).split())

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A finished run of two epochs."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    assert call("train", "vpose+label", *TINY, "--out", folder) == 0
    return folder


# --- Help ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "args",
    [
        [],
        ["-h"],
        ["--help"],
        *([command, "--help"] for command in cli.COMMANDS),
        ["train", "vpose+apm", "--help"],
        ["train", "vpose", "--data", "synthetic", "--help"],
        ["train", "--resume", "x", "--help"],
        ["evaluate", "--data", "synthetic", "--help"],
        ["data", "inspect", "--help"],
    ],
    ids=" ".join,
)
def test_help(args, tell):
    code, out, err = tell(*args)
    assert code == 0
    assert "usage" in out.lower()
    assert err == ""


def test_help_names_every_command_preset_and_data_set(tell):
    from actionprompt.data.config import DATA
    from actionprompt.training.presets import presets

    assert all(command in tell("--help")[1] for command in cli.COMMANDS)
    out = tell("train", "--help")[1]
    assert all(name in out for name in (*presets(), *DATA))


def test_every_setting_is_a_flag_with_its_default(tell):
    out = tell("train", "vpose+apm", "--data", "synthetic", "--help")[1]
    for flag in (
        "--schedule.lr",
        "--model.apm.tap",
        "--model.apm.pose-prompt.length",
        "--model.encoder.widths",
        "--data.virtual-cameras.cameras",
    ):
        assert flag in out


def test_version(tell):
    code, out, _ = tell("--version")
    assert code == 0
    first, python, core, *extras = out.splitlines()
    assert re.fullmatch(r"actionprompt \d+\.\d+\S*", first)
    assert python.startswith(f"python {platform.python_version()} on ")
    assert f"numpy {np.__version__}" in core
    named = {line.partition(": ")[0] for line in extras}
    assert {"text", "video", "export"} <= named
    assert not {"dev", "docs"} & named


def test_a_package_that_is_not_there_is_named():
    assert installed("no-such-package") == "no-such-package not installed"


# --- Mistakes -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("trian", "There is no command 'trian'. Did you mean train?"),
        ("xyzzy", "There are: lift, train, evaluate"),
        ("train", "usage: actionprompt train PRESET"),
        ("train vpose+amp --data synthetic", "There is no preset 'vpose+amp'. Did you mean vpose+a"),
        ("train vpose", "Say which data to train on: --data"),
        ("train vpose --data", "There is no data set ''"),
        ("train vpose --data uiprm", "There is no data set 'uiprm'. Did you mean uiprmd?"),
        ("train vpose --data=syntetic", "Did you mean synthetic?"),
        ("train vpose --data uiprmd", "--data.path"),
        ("train vpose --data uiprmd --data.path nowhere", "nowhere"),
        ("train vpose --data synthetic --schedule.epoch 3", "--schedule.epochs"),
        ("train vpose --data synthetic --schedule.epochs many", "many"),
        ("train vpose --data synthetic --modl.encoder.channels 8", "--model.encoder.channels"),
        ("train vpose --data synthetic --data.subjects 1", "at least 2 subjects"),
        ("train vpose --data synthetic --validation-subjects p09", "p09: not a training subject"),
        ("train vpose --data synthetic --schedule.batch 0", "schedule.batch is 0"),
        ("train vpose --data synthetic --devices 3", "1024 windows cannot be split evenly over 3 devices"),
        ("train vpose --data synthetic --model.encoder.widths 3 2", "odd layer widths"),
        ("train vpose --data synthetic --data.frames 30", "30 frames, fewer than the encoder's window of 243"),
        ("train absent.toml", "Cannot read the settings file absent.toml"),
        ("train --resume nowhere", "nowhere holds no training run"),
        ("train --resume=nowhere", "nowhere holds no training run"),
        ("train --resume", "--resume"),
        ("evaluate", "Name a run's folder or a model file first"),
        ("evaluate nowhere", "There is no run folder or model file nowhere"),
        ("evaluate nowhere --data synthetic", "nowhere"),
        ("evaluate --split test", "Name a run's folder or a model file first"),
        ("data inspct x", "Did you mean inspect?"),
        ("data inspect nowhere", "nowhere"),
    ],
)
def test_mistakes_are_explained(args, message, tell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = tell(*args.split())
    assert code == 2
    assert message in err
    assert out == ""
    assert os.listdir(tmp_path) == []  # nothing half-written


def test_an_input_error_is_one_line(tell):
    _, _, err = tell("evaluate", "nowhere")
    assert err.startswith("actionprompt: ")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (cli.InputError("bad"), 2, "actionprompt: bad"),
        (cli.Diverged("nan"), 1, "actionprompt: nan"),
        (cli.Interrupted("stopped"), 130, "actionprompt: stopped"),
        (KeyboardInterrupt(), 130, "actionprompt: Interrupted."),
        (OSError(28, "No space left", "x.md"), 2, "actionprompt: Cannot read or write x.md: the disk is full."),
        (PermissionError(13, "Permission denied"), 2, "actionprompt: Cannot read or write a file: Permission denied."),
    ],
    ids=["input", "diverged", "interrupted", "keyboard", "full", "permission"],
)
def test_exit_codes(error, code, text, tell, monkeypatch):
    def command(args):
        raise error

    monkeypatch.setattr("actionprompt.commands.data.main", command)
    assert tell("data") == (code, "", text)


def test_a_bug_is_not_hidden(monkeypatch):
    def command(args):
        raise ZeroDivisionError

    monkeypatch.setattr("actionprompt.commands.data.main", command)
    with pytest.raises(ZeroDivisionError):
        cli.main(["data"])


# --- From end to end ----------------------------------------------------------------------------------------------
def test_train_evaluate_resume(trained, tell):
    model, log = (trained / "model.safetensors").read_bytes(), (trained / "log.jsonl").read_text()
    assert [json.loads(line)["step"] for line in log.splitlines()] == [2, 4, 6]
    code, out, _ = tell("evaluate", trained)
    assert code == 0
    assert "P1 (MPJPE)" in out
    assert str(trained / "report-test.md") in out
    report = json.loads((trained / "report-test.json").read_text())
    assert report["facts"]["flip at test time"] == "no"
    assert report["average"]["frames"] == 13 * 30
    assert len(report["tail"]) == 3

    code, out, _ = tell("train", "--resume", trained)
    assert code == 0
    assert f"actionprompt evaluate {trained}" in out
    assert (trained / "model.safetensors").read_bytes() == model
    assert (trained / "log.jsonl").read_text() == log

    code, _, err = tell("train", "vpose+label", *TINY, "--out", trained)
    assert code == 2
    assert "already holds a run: give --resume" in err
    assert (trained / "model.safetensors").read_bytes() == model


def test_evaluating_a_model_file(trained, tell, tmp_path):
    file = trained / "model.safetensors"
    code, _, err = tell("evaluate", file)
    assert code == 2
    assert "say which data to evaluate it on: --data" in err
    data = ["--data", "synthetic", "--data.subjects", "3", "--data.frames", "20", "--data.virtual-cameras.cameras", "1"]
    code, out, _ = tell("evaluate", file, *data, "--flip", "--tail", "walking", "--split", "train", "--out", tmp_path)
    assert code == 0
    report = json.loads((tmp_path / "report-train-flip.json").read_text())
    assert (report["flip"], report["tail"]) == (True, ["walking"])
    assert report["average"]["frames"] == 2 * 13 * 20


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("--tail flying", "The tail action flying does not occur"),
        ("--split validation", "the run held none out"),
        ("--device abacus", "There is no device 'abacus'"),
        ("--batch 0", "at least 1"),
        ("--baseline nowhere", "nowhere"),
        ("--data uiprmd --data.path nowhere", "nowhere"),
    ],
)
def test_evaluating_in_a_way_that_cannot_be(args, message, trained, tell, tmp_path):
    code, _, err = tell("evaluate", trained, *args.split(), "--out", tmp_path / "out")
    assert code == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_evaluating_an_unfinished_run(tell, tmp_path, trained):
    (tmp_path / "settings.json").write_text((trained / "settings.json").read_text())
    code, _, err = tell("evaluate", tmp_path)
    assert code == 2
    assert f"is not finished: resume it with `actionprompt train --resume {tmp_path}`" in err


def test_a_toml_preset_from_end_to_end(tell, tmp_path):
    (tmp_path / "small.toml").write_text("""
checkpoint_every = 3
accelerator = "cpu"
model = { encoder = { kind = "VPoseCfg", widths = [3, 3], channels = 8 }, apm = "none" }
data = { kind = "SyntheticCfg", subjects = 3, frames = 30, virtual_cameras = { cameras = 1 } }
schedule = { epochs = 1, epoch_steps = 3, batch = 8 }
""")
    code, out, _ = tell("train", tmp_path / "small.toml", "--out", tmp_path / "run", "--seed", "4", "--profile")
    assert code == 0
    assert "forward + backward + optimiser" in out
    settings = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert settings["model"]["apm"] is None
    assert settings["seed"] == 4
    code, _, _ = tell("train", tmp_path / "run" / "settings.json", "--out", tmp_path / "again", "--log-every", "1")
    assert code == 0
    assert json.loads((tmp_path / "again" / "settings.json").read_text()) == settings | {"log_every": 1}
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        tmp_path / "run" / "model.safetensors"
    ).read_bytes()


def test_the_demo_overwrites_nobodys_run(tell, tmp_path):
    RunFolder(tmp_path / "vpose").claim(run_cfg(data=UIPRMDCfg(tmp_path)), overwrite=False)
    code, _, err = tell("demo", "--out", tmp_path)
    assert code == 2
    assert f"{tmp_path / 'vpose'} holds a run that is not the demo's" in err
    assert tell("demo", "--steps", "0")[::2] == (2, "actionprompt: --steps is 0: it must be at least 1.")


def test_held_out_subjects_are_scored(tell, tmp_path):
    code, _, _ = tell("train", "vpose", *TINY, "--validation-subjects", "p02", "--out", tmp_path / "run")
    assert code == 0
    report = json.loads((tmp_path / "run" / "report-validation.json").read_text())
    assert {clip["subject"] for clip in report["clips"]} == {"p02"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_a_sentence(trained):
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "actionprompt", "models"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode != 0
    assert b"Traceback" not in done.stderr
