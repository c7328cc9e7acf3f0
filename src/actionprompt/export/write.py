"""Writing an exported lifter: traced, written beside its place, checked, and only then put there."""

import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.export import ExportedProgram

from actionprompt.errors import InputError
from actionprompt.export.check import TOLERANCE, Deviation, Run, check
from actionprompt.export.forms import Form, Made, make, trace
from actionprompt.export.quantise import Quantised, quantise
from actionprompt.export.stream import StreamForm, stepped
from actionprompt.files import unwritable, whole
from actionprompt.model.lifter import Lifter
from actionprompt.skeleton import SKELETONS

Format = Literal["onnx", "torch"]

OPSET = 18
IR = 8
"""The oldest version of the file format that holds this operator set: onnxruntime 1.17 and older tools read it too."""


class Exported(NamedTuple):
    """What was written, and how far it is from PyTorch."""

    path: Path
    bytes: int
    differences: list[Deviation]
    """The differences of the float32 file."""
    quantised: Quantised | None
    """What int8 costs and gains, where it was asked for; then ``path`` holds int8."""


def export(
    lifter: Lifter,
    path: Path | str,
    *,
    format: Format = "onnx",
    form: Form = "sequence",
    int8: Float[Tensor, "n j i"] | None = None,
) -> Exported:
    """Writes a lifter, baked, for other programs, and checks what it wrote against PyTorch.

    Args:
        lifter: the model.
        path: the file, ``.onnx`` or ``.pt2``.
        format: ``onnx``, or ``torch`` for PyTorch's exported program.
        form: ``window``, ``sequence`` or ``stream`` (the last two: VPose only).
        int8: write weights as 8-bit integers (ONNX only), and measure on these keypoints what that costs.

    Raises:
        InputError: a form that the encoder has not, a library that is not installed, int8 for PyTorch's format, a file
            that cannot be written, or a file that does not answer as PyTorch does: nothing is left then.
    """
    path, suffix = Path(path), {"onnx": ".onnx", "torch": ".pt2"}[format]
    if path.suffix != suffix:
        raise InputError(f"A file of the format {format} ends in {suffix}; got {path}.")
    if int8 is not None and format != "onnx":
        raise InputError("Weights in int8 need the format onnx.")
    _need(("onnx", "onnxscript", "onnxruntime") if format == "onnx" else ())
    made = make(lifter, form)
    with _quiet():
        program = trace(made)
    try:
        with whole(path) as part:
            write, open_file = (write_onnx, open_onnx) if format == "onnx" else (write_torch, open_torch)
            write(program, part, facts(made, form))
            differences = check(open_file(part), made.lifter, form)
            if failed := [d for d in differences if not d.passed]:
                raise InputError(_complaint(path, failed[0]))
            cost = None if int8 is None else quantise(part, open_onnx, made.lifter, form, int8)
            size = part.stat().st_size
    except OSError as error:
        raise unwritable("The model", path, error) from error
    return Exported(path, size, differences, cost)


def facts(made: Made, form: Form) -> dict[str, str]:
    """What a program has to know to use the file; lists as JSON."""
    lifter, window = made.lifter, made.lifter.encoder.window
    skeleton = SKELETONS.get(lifter.metadata.get("skeleton", ""))
    frame = "time: every frame" if form == "sequence" or window.out > 1 else "time: the answered frame"
    axes = {
        "keypoints": ["sequence" if form == "sequence" else "window", "time", "joint", "x right, y down"],
        "pose": ["as keypoints", frame, "joint", "x right, y down, z forward"],
    }
    if lifter.apm is not None:
        axes["probability"] = ["as keypoints", *(["time: every frame"] if form == "sequence" else []), "action"]
    state = {"state": str(made.size)} if isinstance(made, StreamForm) else {}
    if state:
        axes = {name: ["one frame", *axis[2:]] for name, axis in axes.items()}
    return {
        **state,
        "actionprompt": version("actionprompt"),
        "form": form,
        "actions": json.dumps(lifter.actions),
        "skeleton": lifter.metadata.get("skeleton", ""),
        "joints": json.dumps(skeleton.joints if skeleton else [str(j) for j in range(lifter.num_joints)]),
        "fps": lifter.metadata.get("fps", ""),
        "window": json.dumps({"frames": window.frames, "past": window.past, "future": window.future}),
        "units": json.dumps(
            {
                "keypoints": "normalised screen: pixels / width * 2 - [1, height / width]",
                "pose": "metres, camera axes, relative to the root joint",
            }
        ),
        "axes": json.dumps(axes),
        "about": json.dumps(lifter.metadata),
    }


def write_onnx(program: ExportedProgram, path: Path, known: dict[str, str]) -> None:
    """One ONNX file, with the facts as its metadata."""
    inputs, outputs = ["keypoints"], ["pose", "probability"]
    if known["form"] == "stream":
        inputs, outputs = ["keypoints", "state", "first"], ["pose", "next_state", "probability"]
    names = outputs[: len(program.graph_signature.user_outputs)]
    with _quiet():
        made = torch.onnx.export(
            program, (), dynamo=True, opset_version=OPSET, input_names=inputs, output_names=names, verbose=False
        )
        assert made is not None
        made.model.metadata_props.update(known)
        made.model.ir_version = IR
        made.model.producer_name, made.model.producer_version = "actionprompt", known["actionprompt"]
        made.save(path, external_data=False)
    if known["form"] != "stream":
        _name_axes(path, ("sequences", "frames") if known["form"] == "sequence" else ("windows",))


def _name_axes(path: Path, names: tuple[str, ...]) -> None:
    """Gives the free axes of the keypoints, and whatever is computed from them, names that speak."""
    import onnx

    model = onnx.load(path)
    free = [axis.dim_param for axis in model.graph.input[0].type.tensor_type.shape.dim if axis.dim_param]
    spoken = dict(zip(free, names, strict=True))
    symbol = re.compile(r"\b(" + "|".join(map(re.escape, free)) + r")\b")
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for axis in value.type.tensor_type.shape.dim:
            if axis.dim_param:
                axis.dim_param = symbol.sub(lambda found: spoken[found[1]], axis.dim_param)
    onnx.save(model, path)


def write_torch(program: ExportedProgram, path: Path, known: dict[str, str]) -> None:
    """PyTorch's exported program, with the facts as ``actionprompt.json`` in it."""
    with _quiet():
        torch.export.save(program, path, extra_files={"actionprompt.json": json.dumps(known)})


def open_onnx(path: Path) -> Run:
    """An ONNX file in onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    names = [value.name for value in session.get_inputs()]

    def run(*values: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(session.run(None, dict(zip(names, values, strict=True))))

    return _on_sequences(run, session.get_modelmeta().custom_metadata_map)


def open_torch(path: Path) -> Run:
    """An exported program, read back."""
    extra = {"actionprompt.json": ""}
    with _quiet():
        module: Any = torch.export.load(path, extra_files=extra).module()

    def run(*values: np.ndarray) -> tuple[np.ndarray, ...]:
        with torch.inference_mode():
            return tuple(answer.numpy() for answer in module(*map(torch.from_numpy, values)))

    return _on_sequences(run, json.loads(extra["actionprompt.json"]))


def _on_sequences(run: Callable[..., tuple[np.ndarray, ...]], known: Mapping[str, str]) -> Run:
    """A file's function as one of windows or sequences: a stream takes them frame by frame."""
    if known["form"] != "stream":
        return run
    return stepped(run, int(known["state"]), json.loads(known["window"])["future"])


def _complaint(path: Path, failed: Deviation) -> str:
    return (
        f"The exported file does not answer as PyTorch does, so {path} was not written: for {failed.batch} x "
        f"{failed.frames} frames poses differ by up to {failed.pose:.1e} m, probabilities by {failed.probability:.1e} "
        f"and {failed.other_action} actions are others (allowed: {TOLERANCE:.0e}, none)."
    )


def _need(libraries: tuple[str, ...]) -> None:
    lacking = [name for name in libraries if not find_spec(name)]
    if lacking:
        raise InputError(f"Exporting to ONNX needs {', '.join(lacking)}: pip install 'actionprompt[export]'.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporters' notes to their own developers."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
