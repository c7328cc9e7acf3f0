"""Changes of a run's settings, from those of the whole module on VPose to those of a row. No torch in here."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Literal

from actionprompt.encoders.config import A3DHPCfg, EncoderCfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.model.config import (
    APMCfg,
    LearnedClassesCfg,
    OneHotCfg,
    PoolCfg,
    PosePromptCfg,
    SoftCfg,
    TCNCfg,
    TextClassesCfg,
    TextPromptCfg,
)
from actionprompt.training.config import RunCfg

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


def atp_width(channels: int, p2t: int | None = None) -> Change:
    """Fewer channels of Z0 inside ATP, by a linear layer, and another width of P2T's attention."""

    def change(run: RunCfg) -> RunCfg:
        pose_to_text = _atp(run).pose_to_text
        assert pose_to_text is not None
        narrow = replace(pose_to_text, dim=p2t or pose_to_text.dim)
        return _recogniser(run, replace(_atp(run), width=channels, pose_to_text=narrow))

    return change


def gamma(initial: float) -> Change:
    """Another first scale of what P2T and APP add."""

    def change(run: RunCfg) -> RunCfg:
        p2t = _atp(run).pose_to_text
        assert p2t is not None
        run = _recogniser(run, replace(_atp(run), pose_to_text=replace(p2t, gamma=initial)))
        return _pose_prompt(run, replace(_app(run), gamma=initial))

    return change


def prompt_rate(factor: float) -> Change:
    """Learned prompts have a learning rate of their own."""
    return lambda run: replace(run, schedule=replace(run.schedule, prompt_lr=factor))


def predicted_prompts(run: RunCfg) -> RunCfg:
    """APP learns with the prompts of the recognised action, as it is used, not of the true one."""
    return replace(run, prompt_source="predicted")


def soft(run: RunCfg) -> RunCfg:
    """All actions' prompts as probable as each action is, in training too: the pose teaches the recogniser."""
    return predicted_prompts(_pose_prompt(run, replace(_app(run), selection=SoftCfg())))


def random_prompt_rate(share: float) -> Change:
    """APP learns with the prompts of any action for a share of the windows: it may not trust them."""
    return lambda run: replace(run, random_prompt_rate=share)


def dropout(rate: float) -> Change:
    """Another dropout in VPose or A3DHP, and in the Action Projector beside it."""

    def change(run: RunCfg) -> RunCfg:
        encoder = run.model.encoder
        assert isinstance(encoder, VPoseCfg | A3DHPCfg)
        run = replace(run, model=replace(run.model, encoder=replace(encoder, dropout=rate)))
        if run.model.apm is None:
            return run
        projector = _atp(run).projector
        assert isinstance(projector, TCNCfg)
        return _recogniser(run, replace(_atp(run), projector=replace(projector, dropout=rate)))

    return change


def validated_on(subjects: tuple[str, ...]) -> Change:
    """Some training subjects are held out, and the run is evaluated on them instead of the test subjects."""
    return lambda run: replace(run, validation_subjects=subjects)


def frames(count: int) -> Change:
    """Windows of another length F (a power of 3 for VPose and A3DHP).

    Raises:
        InputError: the encoder cannot read so many frames.
    """
    return lambda run: replace(run, model=replace(run.model, encoder=windowed(run.model.encoder, count)))


def windowed(encoder: EncoderCfg, count: int) -> EncoderCfg:
    """The encoder for windows of another length F.

    Raises:
        InputError: it cannot read so many frames.
    """
    if any(field.name == "frames" for field in fields(encoder)):
        return replace(encoder, frames=count)  # type: ignore[arg-type]
    layers = 0
    while 3**layers < count:
        layers += 1
    if 3**layers != count or layers < 2:
        raise InputError(
            f"{type(encoder).__name__} cannot read windows of {count} frames, only of 9, 27, 81, 243 and so on."
        )
    if isinstance(encoder, A3DHPCfg):
        return replace(encoder, stages=layers)
    assert isinstance(encoder, VPoseCfg)
    return replace(encoder, widths=(3,) * layers)


def tap(layer: int) -> Change:
    """The Action Projector behind another layer of the encoder, 1 the shallowest."""
    return lambda run: _apm(run, replace(_get(run), tap=layer))


def pose_prompts(depth: float = 1, dim: float = 1, length: float = 1) -> Change:
    """APP's D, C and L multiplied: small models keep the paper's proportions, and its best setting shares its run."""

    def change(run: RunCfg) -> RunCfg:
        app = _app(run)
        app = replace(app, depth=int(app.depth * depth), dim=int(app.dim * dim), length=round(app.length * length))
        return _pose_prompt(run, app)

    return change


def chain(*changes: Change) -> Change:
    """One change after the other."""

    def change(run: RunCfg) -> RunCfg:
        for each in changes:
            run = each(run)
        return run

    return change


def _get(run: RunCfg) -> APMCfg:
    assert run.model.apm is not None
    return run.model.apm


def _atp(run: RunCfg) -> TextPromptCfg:
    recogniser = _get(run).recogniser
    assert isinstance(recogniser, TextPromptCfg)
    return recogniser


def _app(run: RunCfg) -> PosePromptCfg:
    app = _get(run).pose_prompt
    assert app is not None
    return app


def _apm(run: RunCfg, apm: APMCfg) -> RunCfg:
    return replace(run, model=replace(run.model, apm=apm))


def _pose_prompt(run: RunCfg, app: PosePromptCfg) -> RunCfg:
    return _apm(run, replace(_get(run), pose_prompt=app))


def _recogniser(run: RunCfg, recogniser: TextPromptCfg) -> RunCfg:
    return _apm(run, replace(_get(run), recogniser=recogniser))
