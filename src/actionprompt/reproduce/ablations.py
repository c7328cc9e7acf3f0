"""The paper's tables, and ours beside them, each as one literal table of rows. Data only; no torch in here.

A row says how the settings of the whole module on an encoder are changed (``changes.py``) and what it is compared with;
``tables.py`` makes runs of it. No model code knows a table.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from actionprompt.reproduce.changes import (
    Change,
    action_label,
    action_loss,
    atp_width,
    baseline,
    blocks,
    chain,
    contexts,
    dropout,
    gamma,
    k_action,
    pooled,
    pose_prompts,
    predicted_prompts,
    prompt_rate,
    random_prompt_rate,
    soft,
    tap,
    taught,
    temperature,
    whole,
    without_app,
    without_p2t,
)
from actionprompt.reproduce.plan import Side
from actionprompt.reproduce.scales import ENCODER_NAMES, LATER_NAMES


@dataclass(frozen=True)
class TableRow:
    """A row: its name, its leading cells, its change of the whole module, and the change that it is compared with."""

    key: str
    """The row's name, under which the paper's numbers are found."""
    cells: tuple[str, ...]
    """Its leading cells; braces stand for settings of APP, such as {app.depth}."""
    change: Change
    """From the whole module on the encoder to this row."""
    against: Change | None = None
    """The same for what the paired difference is taken against; None: this is a baseline."""
    encoder: str = "VPose"
    """On which encoder."""
    frames: int | None = None
    """The length of the windows (None: the scale's)."""
    detected: bool = False
    """On detected instead of true 2D."""
    side: Side = "predicted_action"
    """Whether the action at test time is the predicted or the true one."""


@dataclass(frozen=True)
class TableSpec:
    """A table before any run."""

    title: str
    stub: tuple[str, ...]
    """Heads of the leading cells."""
    columns: tuple[str, ...]
    """Measures: P1, P2, P3, accuracy, parameters, full parameters; " of cells": the mean over subject and action."""
    rows: tuple[TableRow, ...]
    detail: Literal["", "actions", "cells", "subjects"] = ""
    """A second part: P1 by action (Table I), by action and subject (Table II), or a note on all subjects held out."""
    home: str = "human36m"
    """The data set of the paper's numbers; none: the paper has no such table."""
    against: str = ""
    """What rows are compared with, where that is not the encoder alone."""
    held_out: Literal["", "once", "each"] = ""
    """Evaluated on training subjects that are held out: those set aside for comparisons, or each of them in turn."""


def _pair(name: str, *, star: str = "", detected: bool = False) -> tuple[TableRow, TableRow]:
    """An encoder, and APM on it."""
    alone = TableRow(f"{name}{star}", (f"{name}{star}",), baseline, encoder=name, detected=detected)
    return alone, TableRow(f"{name}+APM{star}", (f"+APM{star}",), whole, baseline, name, detected=detected)


TABLE_1 = TableSpec(
    "Table I: the Action Prompt Module on various pose encoders (* detected 2D)",
    ("Method",),
    ("P1", "P2", "P3"),
    (
        *(row for name in ENCODER_NAMES for row in _pair(name)),
        *(row for name in ENCODER_NAMES for row in _pair(name, star="*", detected=True)),
    ),
    detail="actions",
)
TABLE_2 = TableSpec(
    "Table II: by subject and action",
    ("Method",),
    ("P1 of cells", "P2 of cells"),
    tuple(row for name in ENCODER_NAMES for row in _pair(name)),
    detail="cells",
    home="humaneva",
)
TABLE_3 = TableSpec(
    "Table III: each component of the Action Prompt Module",
    ("", "Action Label", "ATP", "APP"),
    ("P1", "P2", "accuracy"),
    (
        TableRow("baseline", ("Baseline", "", "", ""), baseline),
        TableRow("label", ("", "✓", "", ""), chain(action_label, without_app), baseline),
        TableRow("atp", ("", "✓", "✓", ""), without_app, baseline),
        TableRow("app", ("", "✓", "", "✓"), action_label, baseline),
        TableRow("apm", ("Ours", "✓", "✓", "✓"), whole, baseline),
    ),
)
TABLE_4 = TableSpec(
    "Table IV: each component of ATP (GP: global average pooling)",
    ("", "GP", "TCN", "P2T"),
    ("P1", "P2"),
    (
        TableRow("baseline", ("Baseline", "", "", ""), baseline),
        TableRow("pool", ("", "✓", "", ""), chain(without_app, pooled, without_p2t), baseline),
        TableRow("tcn", ("", "", "✓", ""), chain(without_app, without_p2t), baseline),
        TableRow("pool+p2t", ("", "✓", "", "✓"), chain(without_app, pooled), baseline),
        TableRow("tcn+p2t", ("Ours w/o APP", "", "✓", "✓"), without_app, baseline),
    ),
)
TABLE_5 = TableSpec(
    "Table V: K-action text prompt, with APP",
    ("Method",),
    ("P1", "P2"),
    (
        TableRow("multi-task", ("Multi-task",), action_label),
        TableRow("k-action", ("K-action text prompt",), k_action, action_label),
        TableRow("atp", ("ATP (ours)",), whole, action_label),
    ),
    against="Multi-task",
)
TABLE_6 = TableSpec(
    "Table VI: length of the input sequence",
    ("Frames",),
    ("P1", "P2", "P3"),
    tuple(
        row
        for frames in (9, 27, 81, 243)
        for row in (
            TableRow(f"{frames}", (f"{frames}",), baseline, frames=frames),
            TableRow(f"{frames}+ATP", (f"{frames}+ATP",), without_app, baseline, frames=frames),
        )
    ),
)
TABLE_7 = TableSpec(
    "Table VII: position of the Action Projector",
    ("Layer",),
    ("P1", "P2", "P3"),
    tuple(
        TableRow(f"{layer}", (f"{layer}",), chain(without_app, tap(layer)), baseline, frames=243)
        for layer in (5, 4, 3, 2, 1)
    ),
)
TABLE_8 = TableSpec(
    "Table VIII: APP with the true action label",
    ("Method",),
    ("P1", "P2"),
    (
        TableRow("true_action", ("APP w. GT",), action_label, action_label, side="true_action"),
        TableRow("predicted_action", ("APP w/o. GT",), action_label),
    ),
    against="the recognised action",
)
TABLE_9 = TableSpec(
    "Table IX: parameters of APP (D layers, C width, L pose prompts)",
    ("D", "C", "L", "the paper's"),
    ("P1", "P2", "parameters", "full parameters"),
    tuple(
        TableRow(key, ("{app.depth}", "{app.dim}", "{app.length}", key), change, against)
        for key, change, against in (
            ("1 256 81", whole, None),
            ("4 256 81", pose_prompts(depth=4), whole),
            ("1 128 81", pose_prompts(dim=1 / 2), whole),
            ("1 1024 81", pose_prompts(dim=4), whole),
            ("1 256 27", pose_prompts(length=1 / 3), whole),
            ("1 256 243", pose_prompts(length=3), whole),
        )
    ),
    against="the row of the paper's best, 1 256 81",
)

_TAUGHT = (
    TableRow("APP, true", ("+APP", "true"), action_label, baseline),
    TableRow("APP, one", ("+APP", "one"), chain(action_label, taught("one")), baseline),
    TableRow("APP, shuffled", ("+APP", "shuffled"), chain(action_label, taught("shuffled")), baseline),
    TableRow("APM, true", ("+APM", "true"), whole, baseline),
    TableRow("APM, one", ("+APM", "one"), taught("one"), baseline),
)
"""What the module gains without the action: what it was taught stands behind the comma."""
CONTROLS = TableSpec(
    "Controls, not in the paper: the module taught one action for all clips, or theirs exchanged among them",
    ("Method", "actions taught"),
    ("P1", "P2"),
    tuple(
        row
        for name in ENCODER_NAMES
        for row in (
            TableRow(name, (name, ""), baseline, encoder=name),
            *(
                replace(row, key=f"{name}+{row.key}", encoder=name)
                for row in _TAUGHT
                if name == "VPose" or row.cells[0] == "+APM"
            ),
        )
    ),
    home="",
)
PROMPTS: tuple[tuple[str, Side], ...] = (("recognised", "predicted_action"), ("weighted", "weighted_actions"))
"""Whose pose prompts are used at test time."""
ENCODERS = TableSpec(
    "Table I of five encoders: also those that came after the paper",
    ("Method",),
    ("P1", "P2", "P3"),
    tuple(row for name in (*ENCODER_NAMES, *LATER_NAMES) for row in _pair(name)),
    detail="actions",
    home="",
)
CLAIM = TableSpec(
    "The claim and its controls, with the recognised action's prompts and with all weighted by their probabilities",
    ("Method", "actions taught", "prompts"),
    ("P1", "P2", "MPJVE", "MPJAE"),
    tuple(
        row
        for name in ENCODER_NAMES
        for row in (
            TableRow(name, (name, "", ""), baseline, encoder=name),
            *(
                TableRow(f"{name}+APM, {key}, {how}", ("+APM", key, how), change, baseline, name, side=side)
                for key, change in (("true", whole), ("one", taught("one")), ("shuffled", taught("shuffled")))
                for how, side in PROMPTS
            ),
        )
    ),
    home="",
)


def _choice(key: str, change: Change, against: Change = whole) -> TableRow:
    """One setting that the paper leaves open."""
    return TableRow(key, ("+APM", key), change, against, frames=81)


CHOICES = TableSpec(
    "Choices that the paper leaves open, 81 frames, on held-out training subjects",
    ("Method", "changed"),
    ("P1", "P2", "accuracy"),
    (
        TableRow("baseline", ("VPose", ""), baseline, frames=81),
        _choice("as it is", whole, baseline),
        _choice("one action for all", taught("one"), baseline),
        _choice("lambda 0.01", action_loss(0.01)),
        _choice("lambda 1", action_loss(1.0)),
        _choice("tau 0.02", temperature(0.02)),
        _choice("tau 0.2", temperature(0.2)),
        _choice("N 1", contexts(1)),
        _choice("N 4", contexts(4)),
        _choice("N 16", contexts(16)),
        _choice("D2 2", blocks(2)),
        _choice("D2 3", blocks(3)),
        _choice("ATP 64 wide", atp_width(64)),
        _choice("ATP 32 wide", atp_width(32)),
        _choice("ATP and P2T 32 wide", atp_width(32, 32)),
        _choice("gamma 0.1", gamma(0.1)),
        _choice("gamma 1", gamma(1.0)),
        _choice("prompts' rate / 10", prompt_rate(0.1)),
        _choice("prompts' rate x 10", prompt_rate(10.0)),
        _choice("recognised", predicted_prompts),
        _choice("recognised, soft", soft),
        _choice("mistaken 10 %", random_prompt_rate(0.1)),
        _choice("mistaken 50 %", random_prompt_rate(0.5)),
        TableRow("VPose, dropout 0.25", ("VPose", "dropout 0.25"), chain(baseline, dropout(0.25)), frames=81),
        _choice("dropout 0.25", dropout(0.25), chain(baseline, dropout(0.25))),
        _choice("dropout 0.25, one for all", chain(taught("one"), dropout(0.25)), chain(baseline, dropout(0.25))),
    ),
    home="",
    against='VPose of the same dropout for "as it is", "one action for all" and the last two; '
    '"as it is" for all others',
    held_out="once",
)
SUBJECTS = TableSpec(
    "Every training subject held out once, not in the paper: whether a gain holds for other people, 81 frames",
    ("held out", "Method", "actions taught"),
    ("P1", "P2"),
    (
        TableRow("VPose", ("VPose", ""), baseline, frames=81),
        TableRow("VPose+APM, true", ("+APM", "true"), whole, baseline, frames=81),
        TableRow("VPose+APM, one", ("+APM", "one"), taught("one"), baseline, frames=81),
    ),
    detail="subjects",
    home="",
    held_out="each",
)

OF_THE_PAPER = MappingProxyType(
    {
        f"table{number}": spec
        for number, spec in enumerate(
            (TABLE_1, TABLE_2, TABLE_3, TABLE_4, TABLE_5, TABLE_6, TABLE_7, TABLE_8, TABLE_9), start=1
        )
    }
)
"""The paper's tables by their names on the command line."""
SPECS = MappingProxyType(
    {
        **OF_THE_PAPER,
        "controls": CONTROLS,
        "claim": CLAIM,
        "encoders": ENCODERS,
        "choices": CHOICES,
        "subjects": SUBJECTS,
    }
)
"""Every table."""
