"""The numbers of a run by the names of the tables' columns, and a model's parameters at the paper's size."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import mean

from actionprompt.model.config import FixedClassesCfg, LifterCfg, TextPromptCfg
from actionprompt.reproduce.plan import Side
from actionprompt.reproduce.results import Errors, Result


def measure(result: Result, column: str, side: Side = "predicted_action", tail: Sequence[str] = ()) -> float | None:
    """A number of a table: millimetres, percent (accuracy) or millions (parameters); None where there is none.

    Args:
        result: the run.
        column: P1, P2, P3 and the report's other measures (plain means over actions), accuracy, parameters, "P1 of
            cells" (plain mean over actions and subjects), "action/NAME" or "cell/NAME" (P1 of one).
        side: whether the recognised or the true action chose the pose prompts.
        tail: the actions of P3.
    """
    if result.state == "failed":
        return None
    kind, _, name = column.partition("/")
    special: dict[str, Callable[[], float | None]] = {
        "accuracy": lambda: None if result.accuracy is None else 100 * result.accuracy,
        "parameters": lambda: result.parameters / 1e6,
        "full parameters": lambda: None,
        "action": lambda: _p1(result.actions, name, side),
        "cell": lambda: _p1(result.cells, name, side),
        "P3": lambda: _tail([result.actions[a] for a in tail if a in result.actions], side),
    }
    if kind in special:
        return special[kind]()
    base, _, of = column.partition(" of ")
    rows = [_side(errors, side) for errors in (result.cells if of else result.actions).values()]
    return mean(row[base] for row in rows) if all(base in row for row in rows) else None  # older results lack some


def subject_means(result: Result, column: str) -> dict[str, float]:
    """A measure's plain mean over the actions of each subject, the action being recognised; older files lack some."""
    of: dict[str, list[float]] = defaultdict(list)
    for name, errors in result.cells.items():
        if column in errors["predicted_action"]:
            of[name.rpartition(" ")[2]].append(errors["predicted_action"][column])
    return {subject: mean(values) for subject, values in of.items()}


def _side(errors: Mapping[Side, Errors], side: Side) -> Errors:
    return errors.get(side, errors["predicted_action"])


def _p1(errors: Mapping[str, Mapping[Side, Errors]], name: str, side: Side) -> float | None:
    return _side(errors[name], side)["P1"] if name in errors else None


def _tail(rows: Sequence[Mapping[Side, Errors]], side: Side) -> float | None:
    return mean(_side(errors, side)["P2"] for errors in rows) if rows else None


JOINTS, ACTIONS = 17, 15
"""Human3.6M's."""


def count_parameters(cfg: LifterCfg, joints: int = JOINTS, actions: int = ACTIONS) -> int:
    """Trainable numbers of the finished model: the class embeddings are stored, the text encoder is gone."""
    import torch

    if cfg.apm is not None and isinstance(cfg.apm.recogniser, TextPromptCfg):
        stored = replace(cfg.apm.recogniser, classes=FixedClassesCfg())  # as wide as CLIP's
        cfg = replace(cfg, apm=replace(cfg.apm, recogniser=stored))
    with torch.device("meta"):
        lifter = cfg.build(joints, [str(k) for k in range(actions)])
    return sum(parameter.numel() for parameter in lifter.parameters())
