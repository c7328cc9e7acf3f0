"""A lifted motion against the motion that another system measured: the numbers, and the report."""

import json
from typing import NamedTuple

import numpy as np
import torch

from actionprompt import metrics
from actionprompt.output.track import LiftedTrack
from actionprompt.output.truth import Truth

CAPTION = "from the root joint, camera axes, mm; systems do not mean the same places by hips, spine and head"


class TruthReport(NamedTuple):
    """Mean errors over the motion, millimetres."""

    errors: dict[str, float]
    """P1, N-MPJPE, PA-MPJPE, depth, MPJVE (mm a frame)."""
    joints: dict[str, float]
    """P1 of each joint but the root."""
    frames: int
    fps: float
    notes: tuple[str, ...]
    """What was done to the truth."""


def compare(track: LiftedTrack, truth: Truth) -> TruthReport:
    """The lifted motion, its root taken off, against the truth at its times."""
    root = track.skeleton.root
    mine = torch.from_numpy(np.asarray(track.pose - track.pose[:, root : root + 1], dtype=np.float64))
    true = torch.from_numpy(np.asarray(truth.pose, dtype=np.float64))
    measures = {
        "P1": metrics.mpjpe,
        "N-MPJPE": metrics.n_mpjpe,
        "PA-MPJPE": metrics.p_mpjpe,
        "depth": metrics.depth_error,
        "MPJVE": metrics.velocity_error,
    }
    errors = {
        name: 1000 * float(measure(mine, true).mean())
        for name, measure in measures.items()
        if name != "MPJVE" or track.num_frames > 1
    }
    each = (1000 * metrics.joint_error(mine, true).mean(0)).tolist()
    joints = {name: mm for i, (name, mm) in enumerate(zip(track.skeleton.joints, each, strict=True)) if i != root}
    return TruthReport(errors, joints, track.num_frames, track.fps, truth.notes)


def markdown(report: TruthReport, title: str, facts: dict[str, str]) -> str:
    """The report as Markdown."""
    lines = [f"# {title}", "", *(f"- {key}: {value}" for key, value in facts.items())]
    lines += [f"- truth: {note}" for note in report.notes]
    lines += ["", f"{report.frames:,} frames at {report.fps:g}/s; {CAPTION}.", "", "| error | mm |", "|---|---|"]
    lines += [f"| {name} | {mm:.1f} |" for name, mm in report.errors.items()]
    lines += ["", "| joint | P1 |", "|---|---|", *(f"| {name} | {mm:.1f} |" for name, mm in report.joints.items())]
    return "\n".join([*lines, ""])


def as_json(report: TruthReport, facts: dict[str, str]) -> str:
    """The report to compute with."""
    return json.dumps({"facts": facts, **report._asdict()}, indent=1) + "\n"
