import subprocess
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from actionprompt.errors import InputError
from actionprompt.video import weights
from actionprompt.video.weights import CHECKSUMS, DETECTION, find

FULL = "pose_landmark_full.tflite"
CONTENT = {DETECTION: b"detection", FULL: b"landmarks", "LICENSE": b"Apache"}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache, no installed mediapipe, and checksums of made-up weights."""
    monkeypatch.setenv("ACTIONPROMPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "_installed", lambda: None)
    for name in (DETECTION, FULL):
        monkeypatch.setitem(CHECKSUMS, name, sha256(CONTENT[name]).hexdigest())


def wheel(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in CONTENT.items():
            archive.writestr(f"mediapipe/modules/{name}", content)
    return path


class Pip:
    """In pip's place: makes the wheel, or fails."""

    def __init__(self, error: str = "") -> None:
        self.error, self.commands = error, list[list[str]]()

    def __call__(self, command: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        self.commands.append(command)
        if not self.error:
            wheel(Path(command[command.index("--dest") + 1]) / "mediapipe-0.10.21-cp311.whl")
        return subprocess.CompletedProcess(command, bool(self.error), "", self.error)


def test_fetched_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(subprocess, "run", pip := Pip())
    assert find(DETECTION) == b"detection"
    assert "Fetching BlazePose's weights once (36 MB, Apache-2.0) with pip" in capsys.readouterr().err
    assert find(FULL) == b"landmarks"
    assert find(DETECTION, fetch=False) == b"detection"
    assert len(pip.commands) == 1
    assert "mediapipe==0.10.21" in pip.commands[0]
    kept = sorted(path.name for path in (tmp_path / "cache/blazepose").iterdir())
    assert kept == ["LICENSE", DETECTION, FULL]


def test_not_fetched_if_not_allowed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subprocess, "run", pip := Pip())
    with pytest.raises(InputError, match=r"fetching them was not allowed: run `pip download mediapipe==0\.10\.21"):
        find(DETECTION, fetch=False)
    assert not pip.commands


@pytest.mark.parametrize("error", ["ERROR: No matching distribution found", "python: No module named pip"])
def test_pip_fails(monkeypatch: pytest.MonkeyPatch, error: str):
    monkeypatch.setattr(subprocess, "run", Pip(f"some words\n{error}\n"))
    with pytest.raises(InputError, match=rf"pip cannot get mediapipe==0\.10\.21 \({error}\): run `pip download"):
        find(DETECTION)


def test_given(tmp_path: Path):
    assert find(FULL, wheel(tmp_path / "m.whl")) == b"landmarks"
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er" / FULL).write_bytes(b"landmarks")
    assert find(FULL, tmp_path / "deep") == b"landmarks"
    with pytest.raises(InputError, match="deep does not hold pose_detection"):
        find(DETECTION, tmp_path / "deep")
    with pytest.raises(InputError, match="There is no folder .*nowhere with BlazePose's weights"):
        find(DETECTION, tmp_path / "nowhere")
    (tmp_path / "bad.whl").write_bytes(b"nothing")
    with pytest.raises(InputError, match="bad.whl is not a wheel"):
        find(DETECTION, tmp_path / "bad.whl")


def test_another_file_is_refused(tmp_path: Path):
    (tmp_path / FULL).write_bytes(b"something else")
    with pytest.raises(InputError, match=r"is not the published file \(its SHA-256 differs\): delete it"):
        find(FULL, tmp_path)


def test_other_sizes_are_not_on_pypi(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subprocess, "run", pip := Pip())
    with pytest.raises(InputError, match="PyPI has only the full size; get it from the npm package @mediapipe/pose"):
        find("pose_landmark_heavy.tflite")
    assert not pip.commands


def test_of_an_installed_mediapipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / FULL).write_bytes(b"landmarks")
    monkeypatch.setattr(weights, "_installed", lambda: tmp_path / "modules")
    assert find(FULL, fetch=False) == b"landmarks"
