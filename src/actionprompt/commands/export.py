"""``actionprompt export MODEL``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from actionprompt.commands.options import parse
from actionprompt.errors import InputError

if TYPE_CHECKING:
    from jaxtyping import Float
    from rich.console import Console
    from rich.table import Table
    from torch import Tensor

    from actionprompt.export import Exported
    from actionprompt.model.lifter import Lifter


@dataclass(frozen=True)
class ExportArgs:
    """What to write."""

    model: tyro.conf.Positional[str]
    """A shipped model's name, a model file (.safetensors) or a run's folder."""
    out: Path | None = None
    """The file (default: the model's name with .onnx or .pt2, here), or the folder of a site (default: site)."""
    format: Literal["onnx", "torch", "web"] = "onnx"
    """ONNX for any runtime, PyTorch's exported program (.pt2), or a folder for any static host: camera or video to 3D
    and actions in the browser (docs/web.md)."""
    form: Literal["sequence", "window", "stream"] = "sequence"
    """Sequences of any length or a stream, one frame and a memory at a time (both VPose only: other encoders' features
    depend on the window), or windows of F frames."""
    int8: bool = False
    """Weights in 8 bits (onnxruntime's dynamic quantisation); prints what that costs in millimetres."""
    keypoints: Path | None = None
    """2D joints to measure int8 on: a keypoint file as `actionprompt lift` reads them (default: synthetic motion)."""
    size: tuple[int, int] | None = None
    """Width and height of the image in pixels, where the keypoint file does not say them."""
    libraries: Path | None = None
    """For a site: the node_modules that npm installed its JavaScript libraries into (default: they are for you to add,
    as the site's README says)."""
    landmarker: Path | None = None
    """For a site: MediaPipe's pose landmarker, a file .task (default: for you to add)."""


def main(args: list[str]) -> int:
    """Runs the command."""
    return run(
        parse(
            ExportArgs,
            args,
            "actionprompt export",
            description="Writes a trained lifter for other programs, without text encoder and without this package, "
            "and compares the file's answers with PyTorch's: one that differs by more than 1e-4 is not written. "
            "examples/lift_onnx.py shows how to use the file.",
        )
    )


def run(args: ExportArgs) -> int:
    """Writes, checks, prints."""
    from actionprompt.console import console as new_console
    from actionprompt.export import export
    from actionprompt.hub.shipped import find
    from actionprompt.model.files import load

    if args.keypoints and not args.int8:
        raise InputError("--keypoints are what int8's error is measured on: give --int8 too.")
    if args.format != "web" and (args.libraries or args.landmarker):
        raise InputError("--libraries and --landmarker are for a site: give --format web too.")
    file = find(args.model)
    lifter = load(file)
    measured, what = keypoints(lifter, args.keypoints, args.size) if args.int8 else (None, "")
    console = new_console()
    if args.format == "web":
        return site(args, lifter, measured, what)
    stem = file.parent.name if Path(args.model).is_dir() else file.stem
    path = args.out or Path(stem + (".onnx" if args.format == "onnx" else ".pt2"))
    done = export(lifter, path, format=args.format, form=args.form, int8=measured)
    report(done, lifter, what, console)
    console.print(f"wrote {done.path} ({done.bytes / 1e6:.1f} MB)", highlight=False, soft_wrap=True)
    return 0


def site(args: ExportArgs, lifter: "Lifter", measured: "Float[Tensor, 'n j i'] | None", what: str) -> int:
    """Writes a folder for the browser."""
    from actionprompt.console import console as new_console
    from actionprompt.export.web import export_web

    if args.form not in ("sequence", "stream"):
        raise InputError("A site takes the form stream: leave out --form.")
    done = export_web(
        lifter, args.out or Path("site"), int8=measured, libraries=args.libraries, landmarker=args.landmarker
    )
    console = new_console()
    report(done.model, lifter, what, console)
    console.print(f"wrote {done.path}; python -m http.server --directory {done.path}", highlight=False, soft_wrap=True)
    if done.lacking:
        console.print(
            f"Still to be added, as {done.path / 'README.md'} says: {', '.join(done.lacking)}.",
            highlight=False,
            soft_wrap=True,
        )
    return 0


def report(done: "Exported", lifter: "Lifter", what: str, console: "Console") -> None:
    """Prints how far the file is from PyTorch, and what int8 costs."""
    console.print(differences(done))
    if q := done.quantised:
        same = f"; {q.same_action:.1%} of the actions are the same" if lifter.apm else ""
        console.print(
            f"int8 against float32 on {q.frames:,} frames of {what}: joints {q.mean_mm:.2f} mm apart on average, at "
            f"most {q.largest_mm:.1f} mm{same}.\n"
            f"{q.bytes[0] / 1e6:.1f} MB become {q.bytes[1] / 1e6:.1f} MB; {q.rate[0]:,.0f} frames a second become "
            f"{q.rate[1]:,.0f} here.",
            highlight=False,
            soft_wrap=True,
        )


def differences(done: "Exported") -> "Table":
    """The check's table."""
    from rich.table import Table

    from actionprompt.export.check import TOLERANCE

    table = Table(title=f"Largest differences to PyTorch, float32 (allowed: {TOLERANCE:g})")
    for name in ("batch", "frames", "pose (m)", "probability", "other actions"):
        table.add_column(name, justify="right")
    for d in done.differences:
        table.add_row(str(d.batch), str(d.frames), f"{d.pose:.1e}", f"{d.probability:.1e}", str(d.other_action))
    return table


def keypoints(
    lifter: "Lifter", path: Path | None, size: tuple[int, int] | None
) -> "tuple[Float[Tensor, 'n j i'], str]":
    """2D motion to measure on, and what it is.

    Raises:
        InputError: a file of another number of joints than the model's.
    """
    from actionprompt.data.clip import Clip
    from actionprompt.data.config import SyntheticCfg, VirtualCamerasCfg
    from actionprompt.data.load import load as load_data
    from actionprompt.export.check import wander
    from actionprompt.keypoints.read import read_keypoints

    channels = lifter.encoder.window.channels
    if path is not None:
        track = read_keypoints(path, size=size).tracks[0]
        found, what = Clip(track.keypoints, confidence=track.confidence).inputs(channels), str(path)
        if found.shape[1] != lifter.num_joints:
            raise InputError(
                f"{path} gives {found.shape[1]} joints and the model takes {lifter.num_joints}: measure on synthetic "
                "motion, without --keypoints."
            )
        return found, what
    if lifter.num_joints != 17:
        return wander(1, 500, lifter.num_joints, channels)[0], "random walks"
    corpus = load_data(SyntheticCfg(subjects=2, frames=100, virtual_cameras=VirtualCamerasCfg(cameras=1)))
    clips = [clip.inputs(channels) for clip in corpus.select(corpus.test_subjects)]
    import torch

    return torch.cat(clips), "synthetic motion"
