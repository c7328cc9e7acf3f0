"""The tables of a real video, to read and to compute with."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from actionprompt.evaluation.real import (
    Errors,
    elsewhere,
    measure,
    own_errors,
    stages,
)
from actionprompt.evaluation.real_video import RealVideo
from actionprompt.inference.people import MotionCfg
from actionprompt.model.lifter import Lifter, model_rate

COLUMNS = ("P1", "N-MPJPE", "PA-MPJPE", "depth")
HEAD = (
    "", *COLUMNS, *(f"{name} perfect 2D" for name in COLUMNS), "limb variation %", "sliding m/s", "MPJVE",
    "acceleration", "largest step at changes",
)  # fmt: skip


class Row(NamedTuple):
    """One stage: the mean over the cameras."""

    name: str
    detected: Errors
    perfect: Errors | None


class RealReport(NamedTuple):
    """What was measured."""

    rows: list[Row]
    places: list[tuple[str, float]]
    """P1 by the person's place and the camera's roll."""
    views: list[tuple[str, Errors]]
    """Each camera, as lift does."""


def real_report(lifter: Lifter, video: RealVideo, motion: MotionCfg) -> RealReport:
    """Every stage on every camera."""
    todo = stages(motion, lifter.apm is not None and lifter.apm.pose_prompt is not None)
    rows: list[Row] = []
    views: list[tuple[str, Errors]] = []
    for stage in todo:
        each = [measure(lifter, video, view, stage) for view in video.views]
        views = views or [(view.name, found) for view, found in zip(video.views, each, strict=True)]
        perfect = [measure(lifter, video, view, stage, perfect=True) for view in video.views]
        rows.append(Row(stage.name, mean(each), mean(perfect)))
    own = [found for view in video.views if (found := own_errors(video, view, model_rate(lifter))) is not None]
    rows += [Row("the detector's own 3D", mean(own), None)] if own else []
    return RealReport(rows, list(elsewhere(lifter, video, todo[0])), views)


def mean(each: Sequence[Errors]) -> Errors:
    """Over cameras; the largest step is the largest of all."""
    table = np.array(each)
    return Errors._make([*table[:, :-1].mean(0).tolist(), float(table[:, -1].max())])


def cells(row: Row) -> list[str]:
    """One line of the table; millimetres, MPJVE a frame and acceleration a frame squared."""
    found, perfect = row.detected, row.perfect
    ideal = ["-"] * 4 if perfect is None else [f"{number:.1f}" for number in perfect[:4]]
    return [
        row.name,
        *(f"{number:.1f}" for number in found[:4]),
        *ideal,
        f"{100 * found.variation:.1f}",
        "-" if np.isnan(found.sliding) else f"{found.sliding:.2f}",
        f"{found.velocity:.1f}",
        f"{found.acceleration:.1f}",
        f"{found.jump:.2f}" if found.jump else "-",
    ]


def markdown(report: RealReport, title: str, facts: dict[str, str]) -> str:
    """The report as Markdown."""
    return "\n".join(
        [f"# {title}", "", *(f"- {key}: {value}" for key, value in facts.items()), "", *_lines(report), ""]
    )


def _lines(report: RealReport) -> Iterator[str]:
    yield "12 limb joints from the middle of the hips, camera axes, mm; mean over the cameras."
    yield from ("", f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|")
    yield from (f"| {' | '.join(cells(row))} |" for row in report.rows)
    yield from ("", "| camera, as lift does | P1 | N-MPJPE | PA-MPJPE | depth |", "|---|---|---|---|---|")
    for name, found in report.views:
        yield f"| {name} | {' | '.join(f'{number:.1f}' for number in found[:4])} |"
    yield from ("", "| the person's place, perfect 2D | P1 |", "|---|---|")
    yield from (f"| {name} | {p1:.1f} |" for name, p1 in report.places)


def as_json(report: RealReport, facts: dict[str, str]) -> str:
    """The report to compute with."""
    rows = {
        row.name: {"detected": row.detected._asdict(), "perfect": row.perfect and row.perfect._asdict()}
        for row in report.rows
    }
    views = {name: found._asdict() for name, found in report.views}
    content = {"facts": facts, "stages": rows, "cameras": views, "P1 by place": dict(report.places)}
    return json.dumps(content, indent=1) + "\n"
