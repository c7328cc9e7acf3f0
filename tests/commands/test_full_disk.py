"""Every command that writes, on a disk that is full: one sentence, exit code 2, and no file that looks whole."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from films import film
from keypoint_files import SIZE, people
from small import model_file, tiny_flags

RUN = tiny_flags(1, 4, 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, a run, a file of keypoints and a short video, on a disk with space."""
    folder = tmp_path_factory.mktemp("made")
    model_file(folder)
    table = people(60, 1, seed=0)
    np.savez(folder / "walk.npz", keypoints=table[..., :2], confidence=table[..., 2], size=SIZE, layout="coco17")
    film(folder / "walk.mp4", frames=60, size=SIZE)
    assert cli.main(["train", "vpose+label", *RUN, "--out", str(folder / "run")]) == 0
    assert cli.main(["lift", str(folder / "walk.npz"), "--model", str(folder / "model.safetensors"), "--out",
                     str(folder / "lifted.npz")]) == 0  # fmt: skip
    return folder


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB with 4 kB left."""
    mounted = tmp_path / "small"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mounted)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    (mounted / "filled").write_bytes(bytes(56 * 1024))
    try:
        yield mounted
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=True)


LIFT = ("lift", "{made}/walk.npz", "--model", "{made}/model.safetensors")
FORMATS = ("npz", "html", "csv", "json", "bvh", "glb", "trc", "c3d")
COMMANDS = {
    **{name: (*LIFT, "--out", "{full}/a." + name) for name in FORMATS},
    "mp4": (*LIFT[:1], "{made}/walk.mp4", "--keypoints.file", "{made}/walk.npz", *LIFT[2:], "--out", "{full}/a.mp4"),
    "out-dir": (*LIFT, "--out-dir", "{full}/out", "--formats", "npz"),
    "train": ("train", "vpose+label", *RUN, "--out", "{full}/run"),
    "evaluate": ("evaluate", "{full}"),
    "view": ("view", "{made}/lifted.npz", "--out", "{full}/a.html", "--no-open"),
    "export": ("export", "{made}/model.safetensors", "--out", "{full}/a.onnx"),
    "reproduce": ("reproduce", "table3", "--data", "synthetic", "--rows", "baseline", "--seeds", "0", "--steps", "80",
                  "--out", "{full}/tables"),
    "demo": ("demo", "--out", "{full}/demo"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_one_sentence_and_nothing_that_looks_whole(
    made: Path, full: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "c3d":
        pytest.importorskip("ezc3d")
    if name == "export":
        pytest.importorskip("onnx")
    if name == "evaluate":
        (full / "filled").unlink()
        for file in ("settings.json", "model.safetensors"):
            shutil.copy(made / "run" / file, full)
        (full / "filled").write_bytes(bytes(shutil.disk_usage(full).free - 4096))
    before = {path for path in full.rglob("*") if path.is_file()}
    args = [arg.format(made=made, full=full) for arg in COMMANDS[name]]
    code = cli.main(args)
    told = capsys.readouterr().err
    assert code == 2, told
    assert "Traceback" not in told
    assert "disk is full" in " ".join(told.split()), told
    left = [path for path in full.rglob("*") if path.is_file() and path not in before]
    results = ("a.", "model.", "checkpoint.", "report", "table")
    assert [path for path in left if path.name.startswith(results) and path.suffix != ".partial"] == []
    assert [path for path in left if ".part" in path.name and path.suffix != ".partial"] == []
