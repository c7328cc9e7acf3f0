"""Runs whose windows are filmed online: the same bits however they are interrupted, and other batches every step."""

import os
import subprocess
import sys

import torch

from actionprompt.cli import main
from actionprompt.data.config import SyntheticCfg, VirtualCamerasCfg
from actionprompt.model.files import load
from actionprompt.training.train import training
from small import run_cfg, tiny_flags

FLAGS = [
    *tiny_flags(epochs=2, steps=5, log=1),
    "--data.virtual_cameras.training",
    "online",
    "--data.virtual_cameras.keypoints",
    "simulated",
]


def cfg(**changes):
    film = VirtualCamerasCfg(cameras=1, training="online", keypoints="simulated")
    return run_cfg(data=SyntheticCfg(subjects=3, frames=40, virtual_cameras=film), **changes)


def test_going_on_after_any_step_gives_the_same_bits(tmp_path, monkeypatch):
    """A run of twelve steps, and the same stopped in its seventh: equal weights, equal log."""
    for _ in training(cfg(), tmp_path / "whole", quiet=True):
        pass
    run = training(cfg(checkpoint_every=1), tmp_path / "cut", quiet=True)
    for _ in range(7):
        next(run)
    run.close()
    for _ in training(cfg(checkpoint_every=1), tmp_path / "cut", resume=True, quiet=True):
        pass
    assert (tmp_path / "cut/log.jsonl").read_text() == (tmp_path / "whole/log.jsonl").read_text()
    one, other = (load(tmp_path / name / "model.safetensors").state_dict() for name in ("cut", "whole"))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_interleaved_runs_are_as_if_alone(tmp_path):
    alone = [load_of(tmp_path / f"alone{seed}", seed) for seed in (0, 1)]
    runs = [training(cfg(seed=seed), tmp_path / f"both{seed}", quiet=True) for seed in (0, 1)]
    pending = list(runs)
    while pending:
        pending = [run for run in pending if next(run, "over") != "over"]
    for seed in (0, 1):
        both = load(tmp_path / f"both{seed}/model.safetensors").state_dict()
        assert all(torch.equal(both[key], alone[seed][key]) for key in both)
    assert any(not torch.equal(alone[0][key], alone[1][key]) for key in alone[0])


def load_of(folder, seed):
    for _ in training(cfg(seed=seed), folder, quiet=True):
        pass
    return load(folder / "model.safetensors").state_dict()


def test_the_command_says_how_the_model_was_trained(tmp_path, capsys):
    assert main(["train", "vpose+label", *FLAGS, "--out", str(tmp_path / "run")]) == 0
    about = load(tmp_path / "run/model.safetensors").metadata
    assert about["virtual_camera"] == "1"
    assert about["virtual_camera_view"] == "65"
    assert about["virtual_camera_size"] == "0.2"
    assert "filmed online" in about["training views"]


def test_two_processes_film_the_same_batches_again(tmp_path):
    models = []
    for name in ("first", "second"):
        command = [sys.executable, "-m", "actionprompt", "train", "vpose+label", *FLAGS, "--devices", "2"]
        done = subprocess.run(
            [*command, "--out", str(tmp_path / name)],
            capture_output=True,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        models.append((tmp_path / name / "model.safetensors").read_bytes())
    assert models[0] == models[1]


def test_bad_ranges_are_one_sentence(tmp_path, capsys):
    flags = [*FLAGS, "--data.virtual_cameras.online.distance", "0.1", "8", "--out", str(tmp_path / "run")]
    assert main(["train", "vpose+label", *flags]) == 2
    assert "cameras see a person from 0.8 to 100 m" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
