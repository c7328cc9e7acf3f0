"""Tables as text, cell by cell: what every output format shares."""

from collections.abc import Sequence
from dataclasses import dataclass

from actionprompt.evaluation.compare import Difference
from actionprompt.reproduce.cells import Cell, FilledRow, Results, fill, found, plain
from actionprompt.reproduce.notes import notes_of
from actionprompt.reproduce.paper import PaperTable
from actionprompt.reproduce.plan import Plan, Table
from actionprompt.reproduce.results import Result

UNITS = {"accuracy": "accuracy (%)", "parameters": "parameters (M)", "full parameters": "at the paper's size (M)"}
PARTS = {"accuracy": ("ours", "paper"), "parameters": ("ours",), "full parameters": ("ours", "paper")}
"""What a column shows, where that is not ours, the difference and the paper's."""
SHAPE = ("N-MPJPE", "P-MPJPE")
"""Beside the paper's measures: P1 without what a wrong body size, and also a wrong orientation, adds to it."""
HOMES = {"human36m": "Human3.6M", "humaneva": "HumanEva-I"}


@dataclass(frozen=True)
class Text:
    """One cell; ``kind`` is ours, difference, paper, state or stub, ``strong`` an interval without zero."""

    text: str
    kind: str = "ours"
    strong: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table, or a part of one, ready to be drawn."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    stubs: int
    """How many columns in front are names."""
    short: tuple[str, ...] = ()
    """Heads for a narrow screen; paper† says that the data differ."""


@dataclass(frozen=True)
class Page:
    """A table with its parts, notes and raw numbers."""

    name: str
    title: str
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...]
    raw: tuple[FilledRow, ...]
    printed: str
    """What the paper's numbers were measured on."""


def page(table: Table, plan: Plan, scale: str, seeds: Sequence[int], results: Results, paper: PaperTable) -> Page:
    """A table of the paper, filled with what there is."""
    home = plan.source == table.home
    shown = found(table, seeds, results)
    raw = fill(table, table.columns, seeds, results, paper)
    sheets = [_sheet("", table, raw, home)]
    if table.detail != "cells" and _have(shown, SHAPE):
        shape = fill(table, SHAPE, seeds, results, paper)
        raw += shape
        sheets.append(_sheet("Not in the paper: scaled to the true size, and wholly aligned", table, shape, home))
    details = _detail_columns(table, plan, shown, paper)
    if details:
        parts = fill(table, details, seeds, results, paper)
        raw += parts
        sheets.append(_detail(table, details, parts, home))
    notes = notes_of(table, plan, scale, seeds, results, paper)
    return Page(table.name, table.title, tuple(sheets), tuple(notes), tuple(raw), paper.data)


def _have(shown: Sequence[Result], columns: Sequence[str]) -> bool:
    actions = [errors for result in shown for errors in result.actions.values()]
    return bool(actions) and all(column in errors["predicted_action"] for errors in actions for column in columns)


def _sheet(title: str, table: Table, rows: Sequence[FilledRow], home: bool) -> Sheet:
    heads, short = [*table.stub], [*table.stub]
    for column in (cell.column for cell in rows[0].cells):
        for part in _parts(column, table):
            heads.append(_head(column, part, home, table))
            short.append({"ours": plain(column), "difference": "Δ", "paper": "paper" if home else "paper†"}[part])
    return Sheet(title, tuple(heads), tuple(tuple(_line(row, table)) for row in rows), len(table.stub), tuple(short))


def _parts(column: str, table: Table) -> tuple[str, ...]:
    parts = PARTS.get(column, ("ours", "difference", "paper"))
    return tuple(part for part in parts if part != "paper" or (table.home and column not in SHAPE))


def _head(column: str, part: str, home: bool, table: Table) -> str:
    if part == "paper":
        return f"{plain(column.removeprefix('full '))}, " + ("paper" if home else f"paper: {HOMES[table.home]}")
    return f"Δ {plain(column)}" if part == "difference" else UNITS.get(column, f"{plain(column)} (mm)")


def _line(row: FilledRow, table: Table) -> list[Text]:
    texts = [Text(stub, "stub") for stub in row.line.stub]
    for cell in row.cells:
        drawn = {"ours": ours(cell), "difference": change(cell.delta), "paper": Text(printed(cell), "paper")}
        texts += [drawn[part] for part in _parts(cell.column, table)]
    return texts


def ours(cell: Cell) -> Text:
    """Mean and spread, or why there is none."""
    if cell.state in ("impossible", "failed", "missing"):
        return Text({"impossible": "n/a", "failed": "failed", "missing": "not run"}[cell.state], "state")
    if cell.mean is None:
        return Text("–", "state")
    text = (
        f"{cell.mean:.2f}"
        if cell.spread is None or cell.column == "parameters"
        else f"{cell.mean:.2f} ± {cell.spread:.2f}"
    )
    if cell.state == "partial" and cell.column != "parameters":
        text += f" [{cell.seeds}/{cell.wanted}" + (f", {cell.failed} failed]" if cell.failed else "]")
    return Text(text)


def change(delta: Difference | None) -> Text:
    """A paired difference with half the width of its interval, and the share of the baseline."""
    if delta is None:
        return Text("", "difference")
    half = "" if delta.half is None else f" ± {delta.half:.2f}"
    strong = delta.half is not None and abs(delta.mean) > delta.half
    return Text(f"{delta.mean:+.2f}{half} ({delta.relative:+.1f} %)", "difference", strong)


def printed(cell: Cell) -> str:
    """The paper's number as the paper prints it."""
    if cell.paper is None:
        return ""
    digits = 2 if cell.column.endswith("parameters") else 1
    gain = "" if cell.paper_delta is None else f" ({cell.paper_delta:+.1f})"
    return f"{cell.paper:.{digits}f}{gain}"


def _detail_columns(table: Table, plan: Plan, results: Sequence[Result], paper: PaperTable) -> list[str]:
    """Columns of the second part: the paper's order on its own data, else as the results have them."""
    kind = {"actions": "action/", "cells": "cell/"}.get(table.detail, "")
    names = {name: None for r in results for name in (r.actions if table.detail == "actions" else r.cells)}
    if not kind or not names:
        return []
    if plan.source == table.home:
        names = {name: None for name in paper.columns if name in names}
    return [kind + name for name in names]


def _detail(table: Table, columns: Sequence[str], rows: Sequence[FilledRow], home: bool) -> Sheet:
    heads = (*table.stub, *(column.partition("/")[2] for column in columns))
    body: list[tuple[Text, ...]] = []
    for row in rows:
        body.append((*(Text(s, "stub") for s in row.line.stub), *(ours(cell) for cell in row.cells)))
        if any(cell.delta for cell in row.cells):
            body.append((Text("Δ", "stub"), *(_short(cell.delta) for cell in row.cells)))
        if home:
            body.append((Text("paper", "stub"), *(Text(printed(cell), "paper") for cell in row.cells)))
    what = "action" if table.detail == "actions" else "action and subject"
    return Sheet(f"P1 by {what} (mm)", heads, tuple(body), len(table.stub))


def _short(delta: Difference | None) -> Text:
    text = change(delta)
    return Text(text.text.partition(" (")[0], text.kind, text.strong)
