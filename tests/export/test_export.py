"""Exported files answer as PyTorch does, at lengths and batch sizes that they were not traced with."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actionprompt.camera import denormalise_screen
from actionprompt.commands.export import ExportArgs, keypoints, run
from actionprompt.encoders.config import A3DHPCfg, MixSTECfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.export import check, export, forms, quantise, write
from actionprompt.export.check import Deviation, compare, wander
from actionprompt.inference.incremental import IncrementalLifter
from actionprompt.inference.lifting import SOFT, lift
from actionprompt.model.config import (
    APMCfg,
    LearnedClassesCfg,
    LifterCfg,
    OneHotCfg,
    PoolCfg,
    PosePromptCfg,
    PoseToTextCfg,
    TextPromptCfg,
)
from actionprompt.model.files import save
from actionprompt.model.lifter import Lifter
from lifters import ACTIONS, config, configs, random_lifter, walk

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

APM = APMCfg(TextPromptCfg(LearnedClassesCfg(8), pose_to_text=PoseToTextCfg(2, 8)), PosePromptCfg(1, 8, 3, 2))
LABEL = APMCfg(OneHotCfg(PoolCfg()), PosePromptCfg(1, 8, 3, 2))
EXAMPLE = Path(__file__).parents[2] / "examples" / "lift_onnx.py"


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    """VPose wide enough for int8."""
    made = random_lifter(LifterCfg(VPoseCfg((3, 3), quantise.NARROW), APM))
    made.metadata = {"skeleton": "tripod", "fps": "50"}
    return made


@pytest.fixture(scope="module")
def onnx(lifter, tmp_path_factory) -> write.Exported:
    return export(lifter, tmp_path_factory.mktemp("onnx") / "whole.onnx")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs(), st.integers(1, 60), st.integers(0, 99))
def test_the_form_for_sequences_is_lift(cfg, n, seed):
    lifter = random_lifter(cfg, seed).double()
    x = torch.stack([walk(n, seed), walk(n, seed + 1)]).double()
    with torch.no_grad():
        pose, logits = IncrementalLifter(lifter, selection=SOFT).over(x)
    for i in range(2):
        expected = lift(lifter, x[i])
        torch.testing.assert_close(pose[i], expected.pose, atol=1e-9, rtol=1e-9)
        if logits is not None:
            torch.testing.assert_close(logits[i].softmax(-1), expected.probability, atol=1e-9, rtol=1e-9)


def test_scores_that_differ_by_hundreds():
    lifter, x = random_lifter(config()), walk(200)
    x[90:110] *= 30
    with torch.no_grad():
        pose, _ = IncrementalLifter(lifter, selection=SOFT).over(x[None])
    torch.testing.assert_close(pose[0], lift(lifter, x).pose, atol=1e-4, rtol=1e-4)


def test_sequences_of_any_length(onnx, lifter):
    shapes = [(d.batch, d.frames) for d in onnx.differences]
    assert len({frames for _, frames in shapes}) == 3
    assert len({batch for batch, _ in shapes}) == 2
    assert lifter.encoder.window.frames in {frames for _, frames in shapes}
    assert all(d.passed for d in onnx.differences)
    assert onnx.bytes == onnx.path.stat().st_size
    session = write.open_onnx(onnx.path)
    assert compare(session, lifter, "sequence", wander(2, 300, 3)).passed
    pose, probability = session(wander(2, 40, 3).numpy())
    assert pose.shape == (2, 40, 3, 3)
    np.testing.assert_allclose(probability.sum(-1), 1, atol=1e-5)
    assert len(np.unique(probability.argmax(-1))) > 1


def test_the_file_says_what_it_is(onnx):
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx.path, providers=["CPUExecutionProvider"])
    known = session.get_modelmeta().custom_metadata_map
    assert json.loads(known["actions"]) == list(ACTIONS)
    assert json.loads(known["window"]) == {"frames": 9, "past": 4, "future": 4}
    assert (known["form"], known["fps"], known["skeleton"]) == ("sequence", "50", "tripod")
    assert json.loads(known["axes"])["probability"] == ["as keypoints", "time: every frame", "action"]
    assert "metres" in json.loads(known["units"])["pose"]
    assert known["actionprompt"][0].isdigit()
    assert [axis for value in session.get_inputs() for axis in value.shape] == ["sequences", "frames", 3, 2]
    assert [axis for value in session.get_outputs() for axis in value.shape[:2]] == ["sequences", "frames"] * 2


def test_the_file_asks_for_no_more_than_it_uses(onnx, lifter, tmp_path):
    """IR 8 holds operator set 18: older runtimes read it. int8 declares the operator sets of its nodes."""
    from onnx import load

    small = tmp_path / "small.onnx"
    small.write_bytes(onnx.path.read_bytes())
    quantise.quantise(small, write.open_onnx, lifter, "sequence", walk(100))
    for path in (onnx.path, small):
        model = load(path)
        assert model.ir_version == 8
        assert {known.domain for known in model.opset_import} == {node.domain for node in model.graph.node}
        assert [known.version for known in model.opset_import if not known.domain] == [18]


def test_the_example_needs_neither_torch_nor_this_package(onnx, lifter, tmp_path):
    x = walk(25)
    np.save(tmp_path / "points.npy", denormalise_screen(x, 640, 480).numpy())
    code = (
        "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__');"
        "assert 'torch' not in sys.modules and 'actionprompt' not in sys.modules"
    )
    command = [sys.executable, "-c", code, EXAMPLE, onnx.path, tmp_path / "points.npy", "640", "480"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = lift(lifter, x)
    found = np.load(tmp_path / "points-3d.npz")
    assert found["action"].tolist() == [ACTIONS[k] for k in expected.action]
    np.testing.assert_allclose(found["pose"], expected.pose, atol=1e-4)


def test_int8(onnx, lifter, tmp_path):
    path = tmp_path / "small.onnx"
    path.write_bytes(onnx.path.read_bytes())
    before = path.stat().st_size
    found = quantise.quantise(path, write.open_onnx, lifter, "sequence", walk(600))
    assert found.frames == 600
    assert found.bytes == (before, path.stat().st_size)
    assert found.bytes[1] < 0.5 * before
    assert 0 < found.mean_mm < found.largest_mm
    assert list(tmp_path.iterdir()) == [path]
    exact, rough = write.open_onnx(onnx.path), write.open_onnx(path)
    x = walk(600)[None, :512].numpy()
    distance = 1000 * np.linalg.norm(exact(x)[0] - rough(x)[0], axis=-1)
    assert found.largest_mm >= 0.999 * distance.max()
    assert np.median(distance) < 0.05 * np.median(1000 * np.linalg.norm(exact(x)[0], axis=-1))
    import onnxruntime

    known = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    assert known["weights"] == "int8"
    assert json.loads(known["actions"]) == list(ACTIONS)


@pytest.mark.parametrize(
    "cfg",
    [LifterCfg(VPoseCfg((3, 3), 8), APM), LifterCfg(A3DHPCfg(2, 8), None), LifterCfg(MixSTECfg(3, 8, 1, 2), LABEL)],
    ids=["vpose", "a3dhp", "mixste"],
)
def test_windows_of_any_encoder(cfg, tmp_path):
    lifter = random_lifter(cfg)
    done = export(lifter, tmp_path / "window.onnx", form="window")
    assert [d.batch for d in done.differences] == [1, 2, 5]
    assert compare(write.open_onnx(done.path), lifter, "window", wander(11, lifter.encoder.window.frames, 3)).passed


def test_pytorch_format(tmp_path):
    lifter = random_lifter(LifterCfg(VPoseCfg((3, 3), 8), LABEL))
    done = export(lifter, tmp_path / "whole.pt2", format="torch")
    assert len(done.differences) == 6
    assert compare(write.open_torch(done.path), lifter, "sequence", wander(2, 50, 3)).passed
    extra = {"actionprompt.json": ""}
    torch.export.load(done.path, extra_files=extra)
    assert json.loads(json.loads(extra["actionprompt.json"])["actions"]) == list(ACTIONS)


def test_a_file_that_answers_otherwise_is_not_written(tmp_path, monkeypatch):
    lifter = random_lifter(LifterCfg(VPoseCfg((3,), 8), None))
    trace = forms.trace

    def spoilt(form):
        form.sequence.encoder.bias += 0.01
        return trace(form)

    monkeypatch.setattr(write, "trace", spoilt)
    path = tmp_path / "wrong.pt2"
    path.write_text("what was there before")
    with pytest.raises(InputError, match="does not answer as PyTorch does"):
        export(lifter, path, format="torch")
    assert path.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_counts_as_different():
    assert Deviation(1, 1, 9e-5, 9e-5, 0).passed
    assert not any(
        d.passed for d in (Deviation(1, 1, 2e-4, 0, 0), Deviation(1, 1, 0, 2e-4, 0), Deviation(1, 1, 0, 0, 1))
    )
    lifter, x = random_lifter(LifterCfg(VPoseCfg((3,), 8), APM)), wander(1, 20, 3)
    pose, probability = (answer.numpy() for answer in check.answers(lifter, "sequence", x))
    assert compare(lambda _: (pose, probability), lifter, "sequence", x) == Deviation(1, 20, 0, 0, 0)
    rolled = np.roll(probability, 1, axis=-1)
    assert compare(lambda _: (pose, rolled), lifter, "sequence", x).other_action > 10
    assert compare(lambda _: (pose * np.nan, probability), lifter, "sequence", x).pose == np.inf


@pytest.mark.parametrize(
    ("encoder", "path", "options", "message"),
    [
        (MixSTECfg(3, 8, 1, 2), "a.onnx", {}, "MixSTE has no sequence form"),
        (A3DHPCfg(2, 8), "a.onnx", {}, "export the form `window`"),
        (VPoseCfg((3,), 8), "a.pt2", {}, "ends in .onnx; got"),
        (VPoseCfg((3,), 8), "a.onnx", {"format": "torch"}, "ends in .pt2; got"),
        (VPoseCfg((3,), 8), "a.pt2", {"format": "torch", "int8": walk(5)}, "int8 need"),
    ],
)
def test_what_cannot_be(encoder, path, options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        export(random_lifter(LifterCfg(encoder, None)), tmp_path / path, **options)
    assert not list(tmp_path.iterdir())


def test_a_lacking_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "find_spec", lambda name: None if name == "onnxscript" else name)
    with pytest.raises(InputError, match=r"needs onnxscript: pip install 'actionprompt\[export\]'"):
        export(random_lifter(config()), tmp_path / "a.onnx")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        export(random_lifter(LifterCfg(VPoseCfg((3,), 8), None)), tmp_path / "file" / "a.pt2", format="torch")


def test_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(random_lifter(LifterCfg(VPoseCfg((3,), 8), None)), tmp_path / "mine.safetensors")
    assert run(ExportArgs("mine.safetensors", format="torch")) == 0
    out = capsys.readouterr().out
    assert "Largest differences to PyTorch" in out
    assert "wrote mine.pt2" in out
    assert (tmp_path / "mine.pt2").exists()
    with pytest.raises(InputError, match="give --int8"):
        run(ExportArgs("mine.safetensors", keypoints=Path("points.json")))
    with pytest.raises(InputError, match="no model file"):
        run(ExportArgs("yours.safetensors"))


def test_what_int8_is_measured_on(lifter):
    found, what = keypoints(lifter, None, None)
    assert found.shape == (500, 3, 2)
    assert what == "random walks"
    found, what = keypoints(LifterCfg(VPoseCfg((3,), 8), None).build(17), None, None)
    assert found.shape[1:] == (17, 2)
    assert found.shape[0] >= 500
    assert what == "synthetic motion"


def test_the_example_refuses_other_joints(tmp_path):
    made = LifterCfg(VPoseCfg((3, 3), 8), None).build(17)
    made.metadata = {"skeleton": "h36m17", "fps": "50"}
    export(made, tmp_path / "m.onnx")

    def said(points: np.ndarray) -> str:
        np.save(tmp_path / "points.npy", points)
        command = [sys.executable, EXAMPLE, tmp_path / "m.onnx", tmp_path / "points.npy", "640", "480"]
        return subprocess.run(command, capture_output=True, text=True).stderr

    person = np.random.default_rng(0).uniform(100, 400, (1, 17, 2)).repeat(9, 0)
    person[:, 0] = (person[:, 1] + person[:, 4]) / 2
    assert said(person) == ""
    assert "has the shape (9, 16, 2); the model takes frames of 17 joints: ['pelvis'" in said(person[:, 1:])
    assert "in another order than the model" in said(person[:, ::-1])
