"""Which runs make which table: rows, columns and baselines of Tables I to IX, and the list of all. No torch in here."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from actionprompt.data.config import DATA
from actionprompt.reproduce.ablations import ATP, CLASSES, COMPONENTS, FRAMES, PROMPTS, TAPS
from actionprompt.reproduce.changes import Change, baseline, pose_prompts, without_app
from actionprompt.reproduce.changes import tap as tap_of
from actionprompt.reproduce.own_tables import choices, controls, encoders, subjects
from actionprompt.reproduce.plan import Line, Plan, Table, detected
from actionprompt.reproduce.scales import ENCODER_NAMES, SCALES


def table1(plan: Plan) -> Table:
    """Encoders with and without APM, on true and on detected 2D."""
    lines: list[Line] = []
    noisy = detected(plan.data)
    for star, data in (("", plan.data), ("*", noisy)):
        for name in ENCODER_NAMES:
            if data is None:
                why = f"{DATA[plan.source][0].partition(',')[0]} has no detected 2D"
                lines += [
                    Line(f"{name}{apm}{star}", (f"{apm or name}{star}",), None, why_not=why) for apm in ("", "+APM")
                ]
                continue
            here = replace(plan, data=data)
            base = here.encoder(name, baseline)
            lines.append(Line(f"{name}{star}", (f"{name}{star}",), base))
            lines.append(Line(f"{name}+APM{star}", (f"+APM{star}",), here.encoder(name), base))
    return Table(
        "table1",
        "Table I: the Action Prompt Module on various pose encoders (* detected 2D)",
        ("Method",),
        ("P1", "P2", "P3"),
        tuple(lines),
        detail="actions",
    )


def table2(plan: Plan) -> Table:
    """The second data set, by subject and action."""
    lines: list[Line] = []
    for name in ENCODER_NAMES:
        base = plan.encoder(name, baseline)
        lines += [Line(name, (name,), base), Line(f"{name}+APM", ("+APM",), plan.encoder(name), base)]
    return Table(
        "table2",
        "Table II: by subject and action",
        ("Method",),
        ("P1 of cells", "P2 of cells"),
        tuple(lines),
        detail="cells",
        home="humaneva",
    )


def _ticked(
    plan: Plan, changes: Mapping[str, Change], names: Mapping[str, str], ticks: Mapping[str, str]
) -> tuple[Line, ...]:
    """Rows that say by ticks what of the module they have."""
    base = plan.vpose(baseline)
    return tuple(
        Line(
            key,
            (names.get(key, ""), *(tick.strip() for tick in ticks[key])),
            plan.vpose(change),
            None if key == "baseline" else base,
        )
        for key, change in changes.items()
    )


def table3(plan: Plan) -> Table:
    """What APM is made of."""
    ticks = {"baseline": "   ", "label": "✓  ", "atp": "✓✓ ", "app": "✓ ✓", "apm": "✓✓✓"}
    names = {"baseline": "Baseline", "apm": "Ours"}
    return Table(
        "table3",
        "Table III: each component of the Action Prompt Module",
        ("", "Action Label", "ATP", "APP"),
        ("P1", "P2", "accuracy"),
        _ticked(plan, COMPONENTS, names, ticks),
    )


def table4(plan: Plan) -> Table:
    """What ATP is made of."""
    ticks = {"baseline": "   ", "pool": "✓  ", "tcn": " ✓ ", "pool+p2t": "✓ ✓", "tcn+p2t": " ✓✓"}
    names = {"baseline": "Baseline", "tcn+p2t": "Ours w/o APP"}
    return Table(
        "table4",
        "Table IV: each component of ATP (GP: global average pooling)",
        ("", "GP", "TCN", "P2T"),
        ("P1", "P2"),
        _ticked(plan, ATP, names, ticks),
    )


def table5(plan: Plan) -> Table:
    """Where the class embeddings come from."""
    names = {"multi-task": "Multi-task", "k-action": "K-action text prompt", "atp": "ATP (ours)"}
    base = plan.vpose(CLASSES["multi-task"])
    lines = (
        Line(key, (names[key],), plan.vpose(change), None if key == "multi-task" else base)
        for key, change in CLASSES.items()
    )
    return Table(
        "table5",
        "Table V: K-action text prompt, with APP",
        ("Method",),
        ("P1", "P2"),
        tuple(lines),
        against=names["multi-task"],
    )


def table6(plan: Plan) -> Table:
    """The length of the input."""
    lines: list[Line] = []
    for count in FRAMES:
        base = plan.long(count, baseline)
        lines.append(Line(f"{count}", (f"{count}",), base))
        lines.append(Line(f"{count}+ATP", (f"{count}+ATP",), plan.long(count, without_app), base))
    return Table("table6", "Table VI: length of the input sequence", ("Frames",), ("P1", "P2", "P3"), tuple(lines))


def table7(plan: Plan) -> Table:
    """Where the Action Projector stands."""
    base = plan.long(243, baseline)
    lines = (Line(f"{layer}", (f"{layer}",), plan.long(243, without_app, tap_of(layer)), base) for layer in TAPS)
    return Table("table7", "Table VII: position of the Action Projector", ("Layer",), ("P1", "P2", "P3"), tuple(lines))


def table8(plan: Plan) -> Table:
    """The true action at test time."""
    run = plan.vpose(COMPONENTS["app"])
    lines = (
        Line("true_action", ("APP w. GT",), run, run, side="true_action"),
        Line("predicted_action", ("APP w/o. GT",), run),
    )
    title = "Table VIII: APP with the true action label"
    return Table("table8", title, ("Method",), ("P1", "P2"), lines, against="the recognised action")


def table9(plan: Plan) -> Table:
    """APP's size."""
    base, paper = plan.vpose(), replace(plan, scale=SCALES["paper"])
    lines: list[Line] = []
    for key, factors in PROMPTS.items():
        run, full = plan.vpose(pose_prompts(*factors)), paper.vpose(pose_prompts(*factors))
        assert run.model.apm is not None
        app = run.model.apm.pose_prompt
        assert app is not None
        stub = (f"{app.depth}", f"{app.dim}", f"{app.length}", key)
        lines.append(Line(key, stub, run, None if run == base else base, full=full))
    return Table(
        "table9",
        "Table IX: parameters of APP (D layers, C width, L pose prompts)",
        ("D", "C", "L", "the paper's"),
        ("P1", "P2", "parameters", "full parameters"),
        tuple(lines),
        against="the row of the paper's best, 1 256 81",
    )


OF_THE_PAPER = (table1, table2, table3, table4, table5, table6, table7, table8, table9)
TABLES: Mapping[str, Callable[[Plan], Table]] = MappingProxyType(
    {make.__name__: make for make in (*OF_THE_PAPER, controls, encoders, choices, subjects)}
)
"""Every table by its name on the command line."""

HOLDING_OUT = ("choices", "subjects")
"""Those that hold out training subjects; the others tell of test subjects."""
ALL = tuple(name for name in TABLES if name not in (*HOLDING_OUT, "encoders"))
"""Those of ``all``."""


def figure3(plan: Plan) -> Table:
    """The runs behind Fig. 3: Table I on true 2D."""
    table = table1(plan)
    return replace(table, name="figure3", lines=tuple(line for line in table.lines if not line.paper.endswith("*")))


def figure4(plan: Plan) -> Table:
    """The runs behind Fig. 4."""
    lines = (Line("VPose", ("VPose",), plan.vpose(baseline)), Line("VPose+APM", ("+APM",), plan.vpose()))
    return Table("figure4", FIGURES["figure4"], ("Method",), (), lines)


FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "figure1": "t-SNE of 3D poses by action (Fig. 1b)",
        "figure3": "depth error by action, and the gain against it (Fig. 3)",
        "figure4": "ground truth, baseline and APM on the hardest clips (Fig. 4)",
    }
)
"""Every figure by its name on the command line."""
