"""Tables that the paper has not: controls, what it leaves open, and whether a gain holds for other people."""

from actionprompt.data.config import DATA
from actionprompt.reproduce.ablations import AGAINST, CHOICES, CONTROLS
from actionprompt.reproduce.changes import Change, baseline, validated_on
from actionprompt.reproduce.plan import FOLDS, HELD_OUT, Line, Plan, Table
from actionprompt.reproduce.scales import ENCODER_NAMES, LATER_NAMES
from actionprompt.training.config import RunCfg


def controls(plan: Plan) -> Table:
    """Whether it is the action that helps: all controls of the ablations' encoder, the whole module's of the others."""
    lines: list[Line] = []
    for name in ENCODER_NAMES:
        base = plan.encoder(name, baseline)
        lines.append(Line(name, (name, ""), base))
        for key, change in CONTROLS.items():
            module, _, actions = key.partition(", ")
            if name == "VPose" or module == "APM":
                lines.append(Line(f"{name}+{key}", (f"+{module}", actions), plan.encoder(name, change), base))
    title = "Controls, not in the paper: the module taught one action for all clips, or theirs exchanged among them"
    return Table("controls", title, ("Method", "actions taught"), ("P1", "P2"), tuple(lines), home="")


def encoders(plan: Plan) -> Table:
    """Table I of five encoders: the paper's three and those that came later, on true 2D."""
    lines: list[Line] = []
    for name in (*ENCODER_NAMES, *LATER_NAMES):
        base = plan.encoder(name, baseline)
        lines += [Line(name, (name,), base), Line(f"{name}+APM", ("+APM",), plan.encoder(name), base)]
    title = "Table I of five encoders: also those that came after the paper"
    return Table("encoders", title, ("Method",), ("P1", "P2", "P3"), tuple(lines), detail="actions", home="")


def choices(plan: Plan) -> Table:
    """What the paper leaves open, one setting at a time, on training subjects that are held out."""
    held_out = HELD_OUT.get(plan.source, ())
    why = "" if held_out else f"no training subjects of {DATA[plan.source][0].partition(',')[0]} are set aside for this"

    def run(change: Change) -> RunCfg | None:
        return plan.long(81, change, validated_on(held_out)) if held_out else None

    runs = {key: run(change) for key, change in CHOICES.items()}
    first = {made: key for key, made in reversed(runs.items())}
    alone = {"baseline": "", "VPose, dropout 0.25": "dropout 0.25"}
    lines = (
        Line(
            key,
            ("VPose", alone[key]) if key in alone else ("+APM", key),
            made,
            None if key in alone else runs[AGAINST.get(key, "as it is")],
            why_not=why,
        )
        for key, made in runs.items()
        if not held_out or key == first[made]  # some choices are what a scale has anyway
    )
    title = "Choices that the paper leaves open, 81 frames, on held-out training subjects"
    against = (
        'VPose of the same dropout for "as it is", "one action for all" and the last two; "as it is" for all others'
    )
    columns = ("P1", "P2", "accuracy")
    return Table("choices", title, ("Method", "changed"), columns, tuple(lines), home="", against=against)


def subjects(plan: Plan) -> Table:
    """Whether a gain holds for other people: each training subject held out once."""
    lines: list[Line] = []
    for fold in FOLDS.get(plan.source, ()):
        who = ", ".join(fold)
        base = plan.long(81, baseline, validated_on(fold))
        lines.append(Line(f"{who} VPose", (who, "VPose", ""), base))
        for actions in ("true", "one"):
            run = plan.long(81, CONTROLS[f"APM, {actions}"], validated_on(fold))
            lines.append(Line(f"{who} VPose+APM, {actions}", (who, "+APM", actions), run, base))
    title = "Every training subject held out once, not in the paper: whether a gain holds for other people, 81 frames"
    stub = ("held out", "Method", "actions taught")
    return Table("subjects", title, stub, ("P1", "P2"), tuple(lines), detail="subjects", home="")
