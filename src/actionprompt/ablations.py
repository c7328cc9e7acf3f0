"""The paper's ablations, Tables III to IX, and controls, as data: changes of a run's settings. No torch in here.

A change takes the settings of the whole module on VPose (:func:`actionprompt.recipes.presets`'s ``vpose+apm``, at any
size) to those of a row. No model code knows a table; which rows a table has is data below.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from actionprompt.config import (
    APMCfg,
    LearnedClassesCfg,
    OneHotCfg,
    PoolCfg,
    TCNCfg,
    TextClassesCfg,
    TextPromptCfg,
)
from actionprompt.encoders.config import A3DHPCfg, EncoderCfg, MixSTECfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.recipes import RunCfg

Change = Callable[[RunCfg], RunCfg]


def whole(run: RunCfg) -> RunCfg:
    """ATP and APP: nothing changes."""
    return run


def baseline(run: RunCfg) -> RunCfg:
    """The encoder alone."""
    return replace(run, model=replace(run.model, apm=None))


def without_app(run: RunCfg) -> RunCfg:
    """No pose prompts: what remains of APM recognises the action, which shapes the features and nothing else."""
    return _apm(run, replace(_get(run), pose_prompt=None))


def action_label(run: RunCfg) -> RunCfg:
    """A plain classifier with ATP's projector in ATP's place ("Action Label")."""
    return _apm(run, replace(_get(run), recogniser=OneHotCfg(_atp(run).projector)))


def pooled(run: RunCfg) -> RunCfg:
    """Global average pooling as Action Projector ("GP")."""
    return _recogniser(run, replace(_atp(run), projector=PoolCfg()))


def without_p2t(run: RunCfg) -> RunCfg:
    """No Pose-to-Text Prompt."""
    return _recogniser(run, replace(_atp(run), pose_to_text=None))


def k_action(run: RunCfg) -> RunCfg:
    """Class embeddings that are free parameters: no text ("K-action text prompt")."""
    return _recogniser(run, replace(_atp(run), classes=LearnedClassesCfg()))


def taught(labels: Literal["one", "shuffled"]) -> Change:
    """Other actions than the true ones in training: what remains of a gain does not come from the action."""
    return lambda run: replace(run, labels=labels)


def action_loss(weight: float) -> Change:
    """Another lambda: the weight of the action loss against the pose loss in metres."""
    return lambda run: _apm(run, replace(_get(run), loss_weight=weight))


def temperature(tau: float) -> Change:
    """Another temperature of Eq. 5."""
    return lambda run: _recogniser(run, replace(_atp(run), temperature=tau))


def contexts(count: int) -> Change:
    """Another number N of learned text contexts."""

    def change(run: RunCfg) -> RunCfg:
        classes = _atp(run).classes
        assert isinstance(classes, TextClassesCfg)
        return _recogniser(run, replace(_atp(run), classes=replace(classes, contexts=count)))

    return change


def blocks(count: int) -> Change:
    """Another number D2 of blocks in the Action Projector."""

    def change(run: RunCfg) -> RunCfg:
        projector = _atp(run).projector
        assert isinstance(projector, TCNCfg)
        return _recogniser(run, replace(_atp(run), projector=replace(projector, blocks=count)))

    return change


def gamma(initial: float) -> Change:
    """Another first scale of what P2T and APP add."""

    def change(run: RunCfg) -> RunCfg:
        p2t, app = _atp(run).pose_to_text, _get(run).pose_prompt
        assert p2t is not None
        assert app is not None
        run = _recogniser(run, replace(_atp(run), pose_to_text=replace(p2t, gamma=initial)))
        return _apm(run, replace(_get(run), pose_prompt=replace(app, gamma=initial)))

    return change


def prompt_rate(factor: float) -> Change:
    """Learned prompts have a learning rate of their own."""
    return lambda run: replace(run, schedule=replace(run.schedule, prompt_lr=factor))


def prompts_of_the_recognised(run: RunCfg) -> RunCfg:
    """APP learns with the prompts of the recognised action, as it is used, not of the true one."""
    return replace(run, prompts_of="recognised")


def soft(run: RunCfg) -> RunCfg:
    """All actions' prompts as probable as each action is, in training too: the pose teaches the recogniser."""
    app = _get(run).pose_prompt
    assert app is not None
    run = _apm(run, replace(_get(run), pose_prompt=replace(app, selection="soft")))
    return prompts_of_the_recognised(run)


def mistaken(share: float) -> Change:
    """APP learns with the prompts of any action for a share of the windows: it may not trust them."""
    return lambda run: replace(run, mistaken=share)


def validated_on(subjects: tuple[str, ...]) -> Change:
    """Some training subjects are held out, and the run is evaluated on them instead of the test subjects."""
    return lambda run: replace(run, validate=subjects)


def frames(count: int) -> Change:
    """Windows of another length F (a power of 3 for VPose and A3DHP).

    Raises:
        InputError: the encoder cannot read so many frames.
    """
    return lambda run: replace(run, model=replace(run.model, encoder=_windowed(run.model.encoder, count)))


def tap(layer: int) -> Change:
    """The Action Projector behind another layer of the encoder, 1 the shallowest."""
    return lambda run: _apm(run, replace(_get(run), tap=layer))


def pose_prompts(depth: float = 1, dim: float = 1, length: float = 1) -> Change:
    """APP's D, C and L multiplied: small models keep the paper's proportions, and its best setting shares its run."""

    def change(run: RunCfg) -> RunCfg:
        app = _get(run).pose_prompt
        assert app is not None
        app = replace(app, depth=int(app.depth * depth), dim=int(app.dim * dim), length=round(app.length * length))
        return _apm(run, replace(_get(run), pose_prompt=app))

    return change


def chain(*changes: Change) -> Change:
    """One change after the other."""

    def change(run: RunCfg) -> RunCfg:
        for each in changes:
            run = each(run)
        return run

    return change


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
    "N 16": contexts(16),
    "D2 2": blocks(2),
    "D2 3": blocks(3),
    "gamma 0.1": gamma(0.1),
    "gamma 1": gamma(1.0),
    "prompts' rate / 10": prompt_rate(0.1),
    "prompts' rate x 10": prompt_rate(10.0),
    "recognised": prompts_of_the_recognised,
    "recognised, soft": soft,
    "mistaken 10 %": mistaken(0.1),
    "mistaken 50 %": mistaken(0.5),
}
"""What the paper leaves open, one setting at a time, and one control; compared on held-out training subjects."""

FRAMES = (9, 27, 81, 243)
"""Table VI: lengths of the input."""

TAPS = (5, 4, 3, 2, 1)
"""Table VII: layers behind which the Action Projector stands, without APP."""

LABELS = ("given", "inferred")
"""Table VIII: how a trained model with pose prompts gets its action at test time."""

PROMPTS: dict[str, tuple[float, float, float]] = {
    "1 256 81": (1, 1, 1),
    "4 256 81": (4, 1, 1),
    "1 128 81": (1, 1 / 2, 1),
    "1 1024 81": (1, 4, 1),
    "1 256 27": (1, 1, 1 / 3),
    "1 256 243": (1, 1, 3),
}
"""Table IX: the paper's D, C, L, and what its best setting is multiplied with to get there."""


def _get(run: RunCfg) -> APMCfg:
    assert run.model.apm is not None
    return run.model.apm


def _atp(run: RunCfg) -> TextPromptCfg:
    recogniser = _get(run).recogniser
    assert isinstance(recogniser, TextPromptCfg)
    return recogniser


def _apm(run: RunCfg, apm: APMCfg) -> RunCfg:
    return replace(run, model=replace(run.model, apm=apm))


def _recogniser(run: RunCfg, recogniser: TextPromptCfg) -> RunCfg:
    return _apm(run, replace(_get(run), recogniser=recogniser))


def _windowed(encoder: EncoderCfg, count: int) -> EncoderCfg:
    if isinstance(encoder, MixSTECfg):
        return replace(encoder, frames=count)
    layers = 0
    while 3**layers < count:
        layers += 1
    if 3**layers != count or layers < 2:
        raise InputError(f"{type(encoder).__name__} cannot read windows of {count} frames: use 9, 27, 81 or 243.")
    if isinstance(encoder, A3DHPCfg):
        return replace(encoder, stages=layers)
    assert isinstance(encoder, VPoseCfg)
    return replace(encoder, widths=(3,) * layers)
