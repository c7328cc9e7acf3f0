"""The paper's ablations, Tables III to IX, and controls, as data: changes of a run's settings. No torch in here.

A change (``changes.py``) takes the settings of the whole module on VPose (the preset
``vpose+apm``, at any size) to those of a row. No model code knows a table; which rows a table has is data below.
"""

from actionprompt.reproduce.changes import (
    Change,
    action_label,
    action_loss,
    baseline,
    blocks,
    chain,
    contexts,
    dropout,
    gamma,
    k_action,
    pooled,
    predicted_prompts,
    prompt_rate,
    random_prompt_rate,
    soft,
    taught,
    temperature,
    whole,
    without_app,
    without_p2t,
)

COMPONENTS: dict[str, Change] = {
    "baseline": baseline,
    "label": chain(action_label, without_app),
    "atp": without_app,
    "app": action_label,
    "apm": whole,
}
"""Table III: what APM is made of."""

ATP: dict[str, Change] = {
    "baseline": baseline,
    "pool": chain(without_app, pooled, without_p2t),
    "tcn": chain(without_app, without_p2t),
    "pool+p2t": chain(without_app, pooled),
    "tcn+p2t": without_app,
}
"""Table IV: what ATP is made of, without APP."""

CLASSES: dict[str, Change] = {"multi-task": action_label, "k-action": k_action, "atp": whole}
"""Table V: where the class embeddings come from, with APP."""

CONTROLS: dict[str, Change] = {
    "APP, true": action_label,
    "APP, one": chain(action_label, taught("one")),
    "APP, shuffled": chain(action_label, taught("shuffled")),
    "APM, true": whole,
    "APM, one": taught("one"),
}
"""Not in the paper: what the module gains without the action; what it was taught stands behind the comma."""

CHOICES: dict[str, Change] = {
    "baseline": baseline,
    "as it is": whole,
    "one action for all": taught("one"),
    "lambda 0.01": action_loss(0.01),
    "lambda 1": action_loss(1.0),
    "tau 0.02": temperature(0.02),
    "tau 0.2": temperature(0.2),
    "N 1": contexts(1),
    "N 4": contexts(4),
    "N 16": contexts(16),
    "D2 2": blocks(2),
    "D2 3": blocks(3),
    "gamma 0.1": gamma(0.1),
    "gamma 1": gamma(1.0),
    "prompts' rate / 10": prompt_rate(0.1),
    "prompts' rate x 10": prompt_rate(10.0),
    "recognised": predicted_prompts,
    "recognised, soft": soft,
    "mistaken 10 %": random_prompt_rate(0.1),
    "mistaken 50 %": random_prompt_rate(0.5),
    "VPose, dropout 0.25": chain(baseline, dropout(0.25)),
    "dropout 0.25": dropout(0.25),
    "dropout 0.25, one for all": chain(taught("one"), dropout(0.25)),
}
"""What the paper leaves open, one setting at a time, and controls; compared on held-out training subjects."""

AGAINST: dict[str, str] = {
    "as it is": "baseline",
    "one action for all": "baseline",
    "dropout 0.25": "VPose, dropout 0.25",
    "dropout 0.25, one for all": "VPose, dropout 0.25",
}
"""With which row of these a row is compared, where that is not the whole module as it is."""

FRAMES = (9, 27, 81, 243)
"""Table VI: lengths of the input."""

TAPS = (5, 4, 3, 2, 1)
"""Table VII: layers behind which the Action Projector stands, without APP."""


PROMPTS: dict[str, tuple[float, float, float]] = {
    "1 256 81": (1, 1, 1),
    "4 256 81": (4, 1, 1),
    "1 128 81": (1, 1 / 2, 1),
    "1 1024 81": (1, 4, 1),
    "1 256 27": (1, 1, 1 / 3),
    "1 256 243": (1, 1, 3),
}
"""Table IX: the paper's D, C, L, and what its best setting is multiplied with to get there."""
