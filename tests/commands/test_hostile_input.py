"""Names that a terminal takes for instructions, and texts nested without end, given to every command."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from actionprompt.model.files import load, save
from keypoint_files import SIZE, people
from small import model_file, tiny_flags

NAMES = ("[foo]", ":smile:", "=1+1", "[bold]a", "a\x1b[31mb")


def call(*args: object) -> int:
    try:
        return cli.main([str(arg) for arg in args])
    except SystemExit as left:
        assert isinstance(left.code, int)
        return left.code


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose actions have such names, a finished run, and people in a file."""
    folder = tmp_path_factory.mktemp("made")
    model = load(model_file(folder))
    model.actions = (*NAMES[: len(model.actions)],)
    save(model, folder / "model.safetensors")
    table = people(60, 1, seed=0)
    np.savez(folder / "walk.npz", keypoints=table[..., :2], confidence=table[..., 2], size=SIZE, layout="coco17")
    for run, seed in (("run", 0), ("second", 1)):
        assert call("train", "vpose+label", *tiny_flags(1, 2, 1), "--seed", seed, "--out", folder / run) == 0
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_names_are_text_in_every_command(
    made: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name is printed as it is (what a terminal would obey: as an escape), and nothing fails."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    shutil.copy(made / "walk.npz", f"{name}.npz")
    shutil.copy(made / "model.safetensors", f"{name}.safetensors")
    shutil.copytree(made / "run", f"{name} 1")
    shutil.copytree(made / "second", f"{name} 2")
    files = {path.name for path in tmp_path.iterdir()}
    for args in (
        ("lift", f"{name}.npz", "--model", f"{name}.safetensors", "--out", f"{name} lifted.npz"),
        ("lift", f"{name}.npz", "--model", f"{name}.safetensors", "--out-dir", f"{name} out", "--formats", "npz"),
        ("view", f"{name} lifted.npz", "--no-open", "--out", f"{name}.html"),
        ("data", "inspect", f"{name}.npz"),
        ("evaluate", f"{name} 1", "--baseline", f"{name} 1"),
        ("evaluate", f"{name} 2", "--baseline", f"{name} 1"),
        ("compare", f"{name} 1", f"{name} 2"),
        ("train", "vpose", *tiny_flags(1, 1, 1), "--out", f"{name} trained"),
    ):
        code = call(*args)
        told = "".join(capsys.readouterr())
        assert code == 0, (args, told)
        assert "\x1b[31m" not in told
        shown = name.replace("\x1b", "\\x1b")
        assert shown in re.sub(r"\s+", " ", told), (args, told)
    assert files < {path.name for path in tmp_path.iterdir()}


NESTED = {
    "json": b"[" * 100_000 + b"]" * 100_000,
    "toml": b"a = " + b"[" * 100_000 + b"]" * 100_000,
    "table": b"[" + b".".join([b"a"] * 100_000) + b"]\nb = 1\n",
}


@pytest.mark.parametrize("kind", NESTED)
def test_texts_nested_without_end_cost_a_sentence(
    made: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text, toml, keypoints = tmp_path / "a.json", tmp_path / "a.toml", made / "walk.npz"
    for path in (text, toml):
        path.write_bytes(NESTED[kind])
    run = tmp_path / "run"
    shutil.copytree(made / "run", run)
    (run / "settings.json").write_bytes(NESTED[kind])
    for args in (
        ("lift", text, "--model", made / "model.safetensors"),
        ("view", keypoints, "--truth", text, "--no-open"),
        ("train", toml),
        ("train", "--resume", run),
        ("evaluate", run),
        ("compare", run, run),
        ("data", "inspect", text),
        ("data", "inspect", "a.bvh", "--rig", toml),
        ("reproduce", "table3", "--data", "synthetic", "--render", "--results", text),
    ):
        code = call(*args)
        told = "".join(capsys.readouterr())
        assert code == 2, (args, code, told)
        assert "Traceback" not in told
        assert len(told) < 3000, (args, told[:500])
