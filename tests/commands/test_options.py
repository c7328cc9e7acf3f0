from dataclasses import replace
from pathlib import Path

import pytest

from actionprompt import cli
from actionprompt.commands.options import anchored
from actionprompt.data.config import SyntheticCfg, UIPRMDCfg, VirtualCamerasCfg
from actionprompt.training.config import RunCfg
from small import run_cfg


def test_paths_become_absolute_and_nothing_else_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    cfg = replace(
        run_cfg(),
        data=UIPRMDCfg(Path("data"), virtual_cameras=VirtualCamerasCfg(yaws_per_take=3)),
        encoder_weights=Path("~/w.bin"),
    )
    found = anchored(cfg)
    assert found.data == replace(cfg.data, path=tmp_path / "data")
    assert found.encoder_weights == Path.home() / "w.bin"
    assert replace(found, data=cfg.data, encoder_weights=cfg.encoder_weights) == cfg
    assert anchored(found) == found
    assert anchored(replace(cfg, data=SyntheticCfg(), encoder_weights=None)).data == SyntheticCfg()


def test_a_run_started_with_a_relative_path_keeps_the_absolute_one(tmp_path, monkeypatch):
    seen: list[RunCfg] = []
    monkeypatch.setattr("actionprompt.commands.train.run", lambda cfg, *_, **__: seen.append(cfg) or 0)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", "vpose", "--data", "uiprmd", "--data.path", "some/where"]) == 0
    assert seen[0].data.path == tmp_path / "some" / "where"


def test_the_simulated_detector_is_set_by_flags(monkeypatch):
    seen: list[RunCfg] = []
    monkeypatch.setattr("actionprompt.commands.train.run", lambda cfg, *_, **__: seen.append(cfg) or 0)
    flags = ["--data.virtual_cameras.keypoints", "simulated", "--data.virtual_cameras.detector.jitter", "5"]
    assert cli.main(["train", "vpose", "--data", "synthetic", *flags]) == 0
    cameras = seen[0].data.virtual_cameras
    assert (cameras.keypoints, cameras.detector.jitter, cameras.detector.bias) == ("simulated", 5.0, 0.01)
