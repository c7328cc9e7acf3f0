"""Weights as 8-bit integers (onnxruntime's dynamic quantisation), and what that costs in millimetres."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.data.clip import Clip
from actionprompt.data.windows import Windows
from actionprompt.errors import InputError
from actionprompt.export.check import Run
from actionprompt.export.forms import Form
from actionprompt.model.lifter import Lifter

Answers = tuple[Float[np.ndarray, "n j 3"], Float[np.ndarray, "*n_k"]]
"""Poses and probabilities of all inputs; no probabilities without APM."""

NARROW = 128
"""Matrices with fewer rows or columns stay float32."""


class Quantised(NamedTuple):
    """int8 beside float32."""

    frames: int
    """Frames that were compared."""
    mean_mm: float
    """Mean distance of int8's joints from float32's."""
    largest_mm: float
    same_action: float
    """Share of the answers with the same action; 1 without APM."""
    bytes: tuple[int, int]
    """File sizes, float32 and int8."""
    rate: tuple[float, float]
    """Answers per second, float32 and int8."""


def quantise(
    path: Path, open_file: Callable[[Path], Run], lifter: Lifter, form: Form, keypoints: Float[Tensor, "n j i"]
) -> Quantised:
    """Replaces an ONNX file by one with int8 weights; measures on keypoints what that costs."""
    eight = path.with_stem(f"{path.stem}-int8")
    try:
        write_int8(path, eight)
        found = measure(open_file(path), open_file(eight), pieces(lifter, form, keypoints))
        sizes = (path.stat().st_size, eight.stat().st_size)
        os.replace(eight, path)
    finally:
        eight.unlink(missing_ok=True)
    return found._replace(frames=keypoints.shape[0], bytes=sizes)


def write_int8(path: Path, out: Path) -> None:
    """The same network with weights in int8, a scale per output channel; activations are quantised as they come.

    Seven bits of the eight are used: on processors without VNNI (AVX2), products of eight-bit numbers would overflow.
    Narrow matrices hold few weights and stay as they are, those that read keypoints and give the pose among them.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    folded = out.with_stem(f"{out.stem}-folded")
    try:  # weights behind a transposition count as weights only when it is done
        quant_pre_process(path, folded, skip_symbolic_shape=True)
        graph = onnx.load(folded).graph
        wide = {w.name for w in graph.initializer if len(w.dims) == 2 and min(w.dims) >= NARROW}
        nodes = [node.name for node in graph.node if node.op_type in ("MatMul", "Gemm") and node.input[1] in wide]
        nodes += [f"{name}_MatMul" for name in nodes]  # what the quantiser makes of a Gemm, as rows of fixed number are
        if not nodes:
            raise InputError(f"int8 gains nothing here: the model has no weights of {NARROW} x {NARROW} or more.")
        quantize_dynamic(
            folded, out, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8, nodes_to_quantize=nodes
        )
    finally:
        folded.unlink(missing_ok=True)
    model = onnx.load(out)
    facts = {prop.key: prop.value for prop in onnx.load(path).metadata_props}
    onnx.helper.set_model_props(model, {**facts, "weights": "int8"})
    used = {node.domain for node in model.graph.node}
    for known in [known for known in model.opset_import if known.domain not in used]:
        model.opset_import.remove(known)
    onnx.save(model, out)


def measure(exact: Run, rough: Run, inputs: list[Float[np.ndarray, "_b _n j i"]]) -> Quantised:
    """Both files on the same inputs; frames and sizes are for the caller to fill in."""
    (pose, probability), rate = _timed(exact, inputs)
    (rough_pose, rough_probability), rough_rate = _timed(rough, inputs)
    distance = 1000 * np.linalg.norm(pose - rough_pose, axis=-1)
    same = probability.argmax(-1) == rough_probability.argmax(-1) if probability.size else np.ones(1)
    return Quantised(0, float(distance.mean()), float(distance.max()), float(same.mean()), (0, 0), (rate, rough_rate))


def pieces(lifter: Lifter, form: Form, keypoints: Float[Tensor, "n j i"]) -> list[Float[np.ndarray, "_b _n j i"]]:
    """Keypoints as a program would give them to the file: some hundred frames, or some windows, at a time."""
    if form != "window":
        return [piece[None].numpy() for piece in keypoints.split(512)]
    sure = keypoints[..., 2] if lifter.encoder.window.channels == 3 else None
    windows = Windows([Clip(keypoints[..., :2], confidence=sure)], lifter.encoder.window)
    return [windows.inputs(i).numpy() for i in torch.arange(len(windows)).split(32)]


def _timed(run: Run, inputs: list[Float[np.ndarray, "_b _n j i"]]) -> tuple[Answers, float]:
    """Poses and probabilities of all inputs (none: empty), and how many poses a second."""
    run(inputs[0])
    start = time.perf_counter()
    answers = [run(piece) for piece in inputs]
    seconds = time.perf_counter() - start
    pose = np.concatenate([answer[0].reshape(-1, *answer[0].shape[2:]) for answer in answers])
    rows = [answer[1].reshape(-1, answer[1].shape[-1]) for answer in answers if len(answer) > 1]
    return (pose, np.concatenate(rows) if rows else np.empty(0)), pose.shape[0] / seconds
