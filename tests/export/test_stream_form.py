"""The stream form answers frame by frame as Python's stream does, with no more than its state between frames."""

import json

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actionprompt.commands.export import ExportArgs, run
from actionprompt.encoders.config import MixSTECfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.export import export, quantise, write
from actionprompt.export.check import wander
from actionprompt.export.stream import StreamForm, stepped
from actionprompt.hub.shipped import find
from actionprompt.inference.lifting import lift
from actionprompt.inference.stream import Stream
from actionprompt.model.config import APMCfg, LifterCfg
from actionprompt.model.files import load
from lifters import APP, ATP, configs, random_lifter, walk


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs(), st.integers(1, 40), st.integers(0, 99))
def test_the_stream_form_is_lift(cfg, n, seed):
    lifter, x = random_lifter(cfg, seed), walk(n, seed)
    form = StreamForm(lifter)

    def step(*values):
        with torch.no_grad():
            return tuple(part.numpy() for part in form(*map(torch.from_numpy, values)))

    found = stepped(step, form.size, lifter.encoder.window.future)(x[None].numpy())
    expected = lift(lifter, x)
    np.testing.assert_allclose(found[0][0], expected.pose, atol=1e-4, rtol=1e-4)
    if lifter.apm is not None:
        np.testing.assert_allclose(found[1][0], expected.probability, atol=1e-4, rtol=1e-4)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """The shipped model as a stream, in onnxruntime, as a program without this package has it."""
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    path = export(load(find("vpose+apm")), tmp_path_factory.mktemp("stream") / "s.onnx", form="stream").path
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def test_the_shipped_model_streams_as_in_python(session):
    """400 frames, and a second sequence begun with the state of the first."""
    lifter = load(find("vpose+apm"))
    known = session.get_modelmeta().custom_metadata_map
    lag, state = json.loads(known["window"])["future"], np.full(int(known["state"]), np.nan, np.float32)
    for frames in (400, 60):
        stream = Stream(lifter, lag, camera=None)
        for i, x in enumerate(wander(1, frames, 17)[0]):
            given_ = {"keypoints": x[None].numpy(), "state": state, "first": np.array([i == 0])}
            pose, state, probability = session.run(["pose", "next_state", "probability"], given_)
            expected = stream.push(x)
            assert (expected is None) == (i < lag)
            if expected is not None:
                np.testing.assert_allclose(pose[0], expected.pose, atol=1e-4)
                np.testing.assert_allclose(probability[0], expected.probability, atol=1e-4)


def test_the_file_says_how_large_its_state_is(session):
    known = session.get_modelmeta().custom_metadata_map
    assert known["form"] == "stream"
    shapes = {value.name: value.shape for value in (*session.get_inputs(), *session.get_outputs())}
    size = int(known["state"])
    assert shapes["keypoints"] == [1, 17, 2]
    assert shapes["state"] == shapes["next_state"] == [size]
    assert json.loads(known["axes"])["pose"] == ["one frame", "joint", "x right, y down, z forward"]


def test_pytorch_format_and_a_causal_model_without_apm(tmp_path):
    lifter = random_lifter(LifterCfg(VPoseCfg((3, 3), 8, causal=True), None))
    done = export(lifter, tmp_path / "s.pt2", format="torch", form="stream")
    assert [(d.batch, d.frames) for d in done.differences] == [(1, 1), (1, 9), (1, 23)]
    assert all(d.passed for d in done.differences)


def test_int8_takes_all_wide_matrices(tmp_path):
    """onnxruntime folds a row's product and bias to one node, which its quantiser takes apart under another name."""
    pytest.importorskip("onnxscript")
    lifter = random_lifter(LifterCfg(VPoseCfg((3, 3), quantise.NARROW), APMCfg(ATP, APP)))
    found = export(lifter, tmp_path / "s.onnx", form="stream", int8=walk(50)).quantised
    assert found is not None
    assert found.bytes[1] < 0.5 * found.bytes[0]
    assert found.frames == 50
    step = write.open_onnx(tmp_path / "s.onnx")
    assert step(walk(5)[None].numpy())[0].shape == (1, 5, 3, 3)


def test_a_model_that_cannot_be_streamed(tmp_path):
    lifter = random_lifter(LifterCfg(MixSTECfg(3, 8, 1, 2), None))
    with pytest.raises(InputError, match="MixSTE has no stream form, because its features depend on the window"):
        export(lifter, tmp_path / "s.onnx", form="stream")
    with pytest.raises(InputError, match="no stream form"):
        run(ExportArgs("mixste+apm", tmp_path / "s.onnx", form="stream"))
    assert not list(tmp_path.iterdir())
