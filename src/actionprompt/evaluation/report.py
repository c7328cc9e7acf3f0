"""An evaluation as a table to read (terminal, Markdown) and to compute with (JSON, CSV)."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from actionprompt.data.clip import Corpus
from actionprompt.evaluation.scores import MEASURES, ORACLE_ERRORS, SHARES, Evaluation, MeanErrors
from actionprompt.files import unwritable, write_text
from actionprompt.untrusted import cell

WEIGHTED = ("P1", "P2", "MPJVE", "MPJAE")
"""What is told of all actions' prompts as probable as they are."""
Rows = list[tuple[str, MeanErrors]]


def rows(evaluation: Evaluation) -> Rows:
    """Every action, then the average over actions, then that over the tail actions, whose P2 is P3."""
    named = [(action, evaluation.row(action)) for action in evaluation.actions]
    tail = evaluation.tail_row()
    return [*named, ("average", evaluation.average()), *([("tail (P3: its P2)", tail)] if tail else [])]


def columns(evaluation: Evaluation, wide: bool = True) -> list[str]:
    """The columns of the table: other choices of the pose prompts, and accuracy, only where the model has APM.

    Args:
        evaluation: the scores.
        wide: also with all actions' prompts weighted, for which a terminal has no room.
    """
    head = ["action", "frames", *MEASURES]
    if evaluation.average().accuracy is None:
        return head
    weighted = [f"{measure} weighted" for measure in WEIGHTED] if wide else []
    return [*head, "P1 label given", "P2 label given", *weighted, "accuracy %"]


def cells(name: str, row: MeanErrors, wide: bool = True) -> list[str]:
    """One line of the table."""
    line = [name, str(row.frames), *(f"{row.predicted_action[m]:.2f}" for m in MEASURES)]
    if row.accuracy is None:
        return line
    weighted = [f"{row.weighted_actions[m]:.2f}" for m in WEIGHTED] if wide else []
    given = (f"{row.true_action[m]:.2f}" for m in ("P1", "P2"))
    return [*line, *given, *weighted, f"{row.accuracy:.1%}"[:-1]]


def summary(evaluation: Evaluation) -> list[tuple[str, str]]:
    """P1, P2 (also as Table II has them, of several subjects), P3 and accuracy in one line each."""
    average = evaluation.average()
    lines = [
        ("P1 (MPJPE)", f"{average.predicted_action['P1']:.2f} mm"),
        ("P2 (depth)", f"{average.predicted_action['P2']:.2f} mm"),
    ]
    if "PCK" in average.predicted_action:
        pck, auc = (average.predicted_action[name] for name in SHARES)
        lines.append(("PCK, AUC (150 mm)", f"{pck:.2f}, {auc:.2f} %"))
    if len({clip.subject for clip in evaluation.clips}) > 1:
        cells = evaluation.by_subject().predicted_action
        lines.append(("P1, P2 (Table II)", f"{cells['P1']:.2f}, {cells['P2']:.2f} mm, mean over actions and subjects"))
    p3, p3_given = evaluation.p3(), evaluation.p3("true_action")
    if p3 is not None:
        lines.append(("P3 (depth, tail)", f"{p3:.2f} mm over {', '.join(evaluation.tail)}"))
    if average.accuracy is not None:
        given = f"P1 {average.true_action['P1']:.2f}, P2 {average.true_action['P2']:.2f}"
        given += f", P3 {p3_given:.2f} mm" if p3_given is not None else " mm"
        weighted = ", ".join(f"{m} {average.weighted_actions[m]:.2f}" for m in WEIGHTED)
        lines += [("accuracy (frames)", f"{average.accuracy:.1%}"), ("label given", given), ("weighted", weighted)]
    return lines


def terminal(evaluation: Evaluation, title: str) -> Table:
    """The table for the terminal."""
    caption = "millimetres; MPJVE in mm per frame, MPJAE per frame squared"
    table = Table(title=title, caption=caption, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for number, column in enumerate(columns(evaluation, wide=False)):
        table.add_column(column, justify="right" if number else "left")
    for name, row in rows(evaluation):
        table.add_row(*cells(name, row, wide=False), end_section=name == evaluation.actions[-1])
    return table


def markdown(evaluation: Evaluation, title: str, facts: dict[str, str]) -> str:
    """The report as Markdown."""
    lines = [f"# {title}", ""]
    lines += [f"- {key}: {value}" for key, value in [*facts.items(), *summary(evaluation)]]
    lines += [
        "",
        "Errors in millimetres (MPJVE: mm per frame, MPJAE: per frame squared); inside an action the mean over",
    ]
    lines += ["frames, `average` the plain mean over actions; the root joint counts. The pose prompts are those of the"]
    lines += ["recognised action; of the true one (label given); of all, as probable as they are (weighted).", ""]
    lines += _grid(columns(evaluation), [cells(name, row) for name, row in rows(evaluation)])
    lines += ["", "## What the error is made of", ""]
    lines += [
        "P1 that is left when one part of every answer is put right: the bones' lengths, their directions, or",
        "whether they point to or from the camera. (N-MPJPE above: when each pose has its best scale.) The parts",
        "do not add up, and one may exceed P1: then two errors had cancelled out.",
        "",
    ]
    left = [
        (name, f"{row.predicted_action['P1']:.2f}", *(f"{row.predicted_action[m]:.2f}" for m in ORACLE_ERRORS))
        for name, row in rows(evaluation)
    ]
    lines += _grid(["action", "P1", *ORACLE_ERRORS], left)
    if evaluation.average().accuracy is not None:
        seen = {name for found in evaluation.confusion().values() for name in found}
        names = [name for name in evaluation.known if name in seen or name in evaluation.actions]
        body = [[true, *(str(found.get(name, 0)) for name in names)] for true, found in evaluation.confusion().items()]
        lines += ["", "## Recognised actions", "", "Frames, one line per true action.", ""]
        lines += _grid(["true \\ recognised", *names], body)
    return "\n".join(lines) + "\n"


def _grid(head: list[str], body: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---", *("---:" for _ in head[1:])]
    return ["| " + " | ".join(line) + " |" for line in (head, rule, *body)]


def to_csv(evaluation: Evaluation) -> str:
    """The table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, columns(evaluation)))
    writer.writerows(map(cell, cells(name, row)) for name, row in rows(evaluation))
    return text.getvalue()


def to_json(evaluation: Evaluation, title: str, facts: dict[str, str]) -> dict[str, Any]:
    """Everything, clip by clip, for paired comparisons."""
    return {
        "title": title,
        "facts": facts,
        "flip": evaluation.flip,
        "tail": evaluation.tail,
        "P3": evaluation.p3(),
        "P3 label given": evaluation.p3("true_action"),
        "average": asdict(evaluation.average()),
        "actions": {name: asdict(evaluation.row(name)) for name in evaluation.actions},
        "confusion": evaluation.confusion(),
        "clips": [asdict(clip) for clip in evaluation.clips],
    }


def evaluated_on(corpus: Corpus, split: str, subjects: Sequence[str]) -> str:
    """What a report's numbers were measured on; ``compare`` refuses reports in which it differs."""
    source = corpus.facts.get("2D", "of unknown origin")
    return f"{corpus.name}, {split} subjects {', '.join(subjects)}, {corpus.fps:g} frames/s, 2D {source}"


def write(evaluation: Evaluation, title: str, facts: dict[str, str], folder: Path, stem: str) -> list[Path]:
    """Writes ``stem``.md, .json and .csv; returns their paths."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable("The reports", folder, error) from error
    texts = {
        ".md": markdown(evaluation, title, facts),
        ".json": json.dumps(to_json(evaluation, title, facts), indent=1),
        ".csv": to_csv(evaluation),
    }
    for suffix, text in texts.items():
        write_text(folder / (stem + suffix), text)
    return [folder / (stem + suffix) for suffix in texts]
