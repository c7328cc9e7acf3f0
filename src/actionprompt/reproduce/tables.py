"""From a table's literal rows (``ablations.py``) to the runs behind them. No torch in here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from actionprompt.data.config import DATA
from actionprompt.reproduce.ablations import OF_THE_PAPER, SPECS, TableRow, TableSpec
from actionprompt.reproduce.changes import Change, baseline, validated_on, whole
from actionprompt.reproduce.plan import FOLDS, HELD_OUT, Plan, PlannedRow, Table, detected
from actionprompt.reproduce.scales import SCALES
from actionprompt.training.config import RunCfg


def build(name: str, plan: Plan) -> Table:
    """A table's runs, with a plan's scale and data."""
    spec = SPECS[name]
    return Table(
        name,
        spec.title,
        spec.stub,
        spec.columns,
        tuple(_lines(spec, plan)),
        detail=spec.detail,
        home=spec.home,
        against=spec.against,
    )


def _lines(spec: TableSpec, plan: Plan) -> Iterator[PlannedRow]:
    """The rows with their runs; held-out subjects repeat them, and rows that a scale has anyway are left out."""
    if spec.held_out == "each":
        for fold in FOLDS.get(plan.source, ()):
            who = ", ".join(fold)
            for row in spec.rows:
                line = _line(row, plan, spec, validated_on(fold))
                yield replace(line, paper=f"{who} {row.key}", stub=(who, *line.stub))
        return
    held_out = HELD_OUT.get(plan.source, ()) if spec.held_out else ()
    seen: set[RunCfg] = set()
    for row in spec.rows:
        if spec.held_out and not held_out:
            why = f"no training subjects of {_data_name(plan)} are set aside for this"
            yield PlannedRow(row.key, row.cells, None, why_not=why)
            continue
        line = _line(row, plan, spec, validated_on(held_out) if held_out else whole)
        if not (spec.held_out and line.run in seen):
            yield line
        if line.run is not None:
            seen.add(line.run)


def _line(row: TableRow, plan: Plan, spec: TableSpec, last: Change) -> PlannedRow:
    """One row with its run and its baseline, both changed once more by ``last``."""
    if row.detected:
        data = detected(plan.data)
        if data is None:
            return PlannedRow(row.key, row.cells, None, why_not=f"{_data_name(plan)} has no detected 2D")
        plan = replace(plan, data=data)
    run = _run(row, plan, row.change, last)
    full = _run(row, replace(plan, scale=SCALES["paper"]), row.change, last)
    return PlannedRow(
        row.key,
        tuple(cell.format(app=run.model.apm.pose_prompt if run.model.apm else None) for cell in row.cells),
        run,
        None if row.against is None else _run(row, plan, row.against, last),
        row.side,
        full=full if "full parameters" in spec.columns else None,
    )


def _run(row: TableRow, plan: Plan, change: Change, last: Change) -> RunCfg:
    if row.frames is None:
        return plan.encoder(row.encoder, change, last)
    return plan.long(row.frames, change, last)


def _data_name(plan: Plan) -> str:
    return DATA[plan.source][0].partition(",")[0]


TABLES: Mapping[str, Callable[[Plan], Table]] = MappingProxyType({name: partial(build, name) for name in SPECS})
"""Every table by its name on the command line."""

HOLDING_OUT = tuple(name for name, spec in SPECS.items() if spec.held_out)
"""Those that hold out training subjects; the others tell of test subjects."""
ALL = tuple(name for name in (*OF_THE_PAPER, "controls"))
"""Those of ``all``."""


def figure3(plan: Plan) -> Table:
    """The runs behind Fig. 3: Table I on true 2D."""
    table = build("table1", plan)
    return replace(table, name="figure3", lines=tuple(line for line in table.lines if not line.paper.endswith("*")))


def figure4(plan: Plan) -> Table:
    """The runs behind Fig. 4."""
    base = plan.encoder("VPose", baseline)
    lines = (PlannedRow("VPose", ("VPose",), base), PlannedRow("VPose+APM", ("+APM",), plan.encoder("VPose")))
    return Table("figure4", FIGURES["figure4"], ("Method",), (), lines)


FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "figure1": "t-SNE of 3D poses by action (Fig. 1b)",
        "figure3": "depth error by action, and the gain against it (Fig. 3)",
        "figure4": "ground truth, baseline and APM on the hardest clips (Fig. 4)",
    }
)
"""Every figure by its name on the command line."""
