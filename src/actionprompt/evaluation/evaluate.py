"""Evaluation by the field's protocol: a lifter on clips, each frame counted once; ``scores.py`` averages."""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from actionprompt import metrics
from actionprompt.data.clip import Clip, Corpus
from actionprompt.data.windows import Windows
from actionprompt.errors import InputError
from actionprompt.evaluation.scores import MEASURES, ORACLE_ERRORS, SHARES, ClipScore, Evaluation
from actionprompt.inference.lifting import SOFT, windows_at_a_time
from actionprompt.model.forward import ForwardPass
from actionprompt.model.lifter import Lifter
from actionprompt.skeleton import Skeleton

TOKENS = MappingProxyType({"cpu": 8192, "cuda": 32768})
"""Joints times frames of a forward pass of MixSTE. On the CPU fewer are faster: layers' outputs of over 32 MB would be
memory that is asked for and given back each time (1.3 times as slow); 32,768 take some 3 GB at its full size."""

Frames = Float[Tensor, "n j 3"]


def evaluate(
    lifter: Lifter,
    clips: Sequence[Clip],
    skeleton: Skeleton,
    *,
    tail: Sequence[str] = (),
    flip: bool = False,
    batch: int | None = None,
    reach_back: bool = False,
) -> Evaluation:
    """Scores a lifter on every frame of some clips.

    Args:
        lifter: the model; moved nowhere, put in evaluation mode.
        clips: clips with 3D.
        skeleton: the clips' joint layout.
        tail: the hard actions of P3; empty: no P3.
        flip: average with the mirrored clip's answer (poses and logits).
        batch: windows per forward pass; None: as many as are fast on the device.
        reach_back: count frames as MixSTE's authors did (see ``Windows``): some twice, and padding, too.

    Raises:
        InputError: another skeleton than the model's, an action that it does not know, clips without 3D, or a tail
            action that does not occur.
    """
    check_pairing(lifter, clips, skeleton)
    clips = as_trained(lifter, clips)
    actions = _shown(lifter, clips)
    if unknown := [action for action in tail if action not in actions]:
        raise InputError(
            f"The tail action {', '.join(unknown)} does not occur in these clips; they show {', '.join(actions)}."
        )
    batch = usual_batch(lifter) if batch is None else batch
    if batch < 1:
        raise InputError(f"The batch is {batch} windows: it must be at least 1.")
    if reach_back and any(clip.unit is not None or clip.counted is not None for clip in clips):
        raise InputError("reach_back counts frames twice; these data say for each frame how it counts.")
    windows = Windows(clips, lifter.encoder.window, reach_back=reach_back).to(next(lifter.parameters()).device)
    labels = torch.tensor([_label(lifter, clip) for clip in clips], device=windows.device)
    order = list(skeleton.mirror) if flip else None
    found: list[tuple[Tensor, ...]] = []
    with torch.inference_mode():
        lifter.eval()
        for i in torch.arange(len(windows), device=windows.device).split(batch):
            valid = windows.valid(i)
            said = answer(lifter, windows.inputs(i), labels[windows.clip(i)], order)
            rows = (said.action[:, None].expand_as(valid), windows.clip(i)[:, None].expand_as(valid))
            parts = (said.predicted, said.true_action, said.weighted_actions, windows.targets(i), *rows)
            found.append(tuple(part[valid].cpu() for part in parts))
    *joined, owner = (torch.cat(part) for part in zip(*found, strict=True))
    sizes = owner.bincount(minlength=len(clips)).tolist()
    predicted, true, weighted, target, chosen = (part.split(sizes) for part in joined)
    scores = [
        _score(clip, mine, given, soft, truth, actions_of, lifter, skeleton)
        for clip, mine, given, soft, truth, actions_of in zip(
            clips, predicted, true, weighted, target, chosen, strict=True
        )
    ]
    return Evaluation(scores, actions, tuple(tail), flip, lifter.actions)


def as_trained(lifter: Lifter, clips: Sequence[Clip]) -> Sequence[Clip]:
    """The clips as the lifter saw its training data: through a virtual camera that looks at the person, or as filmed.

    Poses are in that camera's axes then; errors are the same in all axes, up to how fast it turns.
    """
    if lifter.metadata.get("virtual_camera") != "1":
        return clips
    size = lifter.metadata.get("virtual_camera_size")
    fps = float(lifter.metadata["fps"])
    return [clip.looked_at(fps, None if size is None else float(size)) for clip in clips]


def usual_batch(lifter: Lifter) -> int:
    """Windows per forward pass: as many as are fast, and fit into a few gigabytes."""
    window, device = lifter.encoder.window, next(lifter.parameters()).device.type
    tokens = TOKENS.get(device, TOKENS["cpu"])
    return windows_at_a_time(lifter) if window.out == 1 else max(1, tokens // (window.frames * lifter.num_joints))


def tail_actions(lifter: Lifter, corpus: Corpus, batch: int | None = None) -> tuple[str, ...]:
    """The three actions with the largest depth error on training subjects (never on test subjects)."""
    clips = [clip for clip in corpus.select(corpus.train_subjects) if clip.turn == 0]
    scores = evaluate(lifter, clips, corpus.skeleton, batch=batch)
    return tuple(sorted(scores.actions, key=lambda action: -scores.row(action).predicted_action["P2"])[:3])


def tail_of(
    corpus: Corpus, clips: Sequence[Clip], judge: Callable[[], tuple[Lifter, str]], batch: int | None = None
) -> tuple[tuple[str, ...], str]:
    """The hard actions of P3 among those that some clips show, and how they were chosen.

    Args:
        corpus: its own tail counts, where it has one.
        clips: what is evaluated.
        judge: otherwise, whose depth errors on training subjects choose, and its name; called only then.
        batch: as in :func:`evaluate`.
    """
    shown = {clip.action for clip in clips}
    tail, how = corpus.tail, "fixed for this data set"
    if not shown & set(tail):
        lifter, whose = judge()
        tail, how = tail_actions(lifter, corpus, batch), f"largest depth error of {whose} on training subjects"
    here = tuple(action for action in tail if action in shown)
    return here, how if here == tail else f"{how}; those that occur"


class Answers(NamedTuple):
    """What a lifter says of some windows, by whose pose prompts are used."""

    predicted: Float[Tensor, "b t j 3"]
    true_action: Float[Tensor, "b t j 3"]
    weighted_actions: Float[Tensor, "b t j 3"]
    action: Int[Tensor, " b"]
    """The recognised one; -1 without APM."""


def answer(lifter: Lifter, x: Float[Tensor, "b f j i"], label: Int[Tensor, " b"], order: list[int] | None) -> Answers:
    """Poses with the predicted action's, the true one's and all actions' prompts, and the recognised action.

    With ``order`` (a skeleton's mirror permutation) poses and logits are averaged with those of the mirrored windows.
    """
    seen = ForwardPass(lifter, x, order)
    action = torch.full_like(label, -1) if seen.logits is None else seen.logits.argmax(-1)
    predicted = seen.pose()
    if lifter.apm is None or lifter.apm.pose_prompt is None:
        return Answers(predicted, predicted, predicted, action)
    true = seen.pose(lifter.apm.weights_of(label.clamp_min(0), x))
    return Answers(predicted, true, seen.pose(selection=SOFT), action)


def _score(
    clip: Clip,
    predicted: Frames,
    true_action: Frames,
    weighted_actions: Frames,
    target: Frames,
    chosen: Int[Tensor, " n"],
    lifter: Lifter,
    skeleton: Skeleton,
) -> ClipScore:
    """One clip's errors over the frames that count, in metres whatever unit its poses are in."""
    poses = [predicted, true_action, weighted_actions, target]
    if clip.unit is not None:
        poses = [pose * clip.unit[:, None, None] for pose in poses]
    if clip.counted is not None:
        poses, chosen = [pose[clip.counted] for pose in poses], chosen[clip.counted]
    predicted, true_action, weighted_actions, target = poses
    recognised = {} if lifter.apm is None else count(chosen, lifter.actions)
    scores = errors(predicted, target, skeleton)
    if clip.counted is not None:  # MPI-INF-3DHP's measures, for its test sequences
        shares = metrics.pck(predicted, target), metrics.auc(predicted, target)
        scores |= {name: 100 * float(share.mean()) for name, share in zip(SHARES, shares, strict=True)}
    return ClipScore(
        clip.name,
        clip.camera,
        clip.subject,
        clip.action,
        target.shape[0],
        scores,
        true_action=scores if torch.equal(predicted, true_action) else scores | errors(true_action, target, skeleton),
        weighted_actions=scores
        if torch.equal(predicted, weighted_actions)
        else scores | errors(weighted_actions, target, skeleton),
        recognised=recognised,
    )


def count(chosen: Int[Tensor, " n"], actions: Sequence[str]) -> dict[str, int]:
    """Frames by recognised action, those that occur."""
    frames = torch.bincount(chosen, minlength=len(actions)).tolist()
    return {name: n for name, n in zip(actions, frames, strict=True) if n}


def errors(predicted: Frames, target: Frames, skeleton: Skeleton) -> dict[str, float]:
    """Each measure's mean over the frames of a clip, mm."""
    frames, none = predicted.shape[0], predicted.new_zeros(())
    velocity = metrics.velocity_error(predicted, target).mean() if frames > 1 else none
    acceleration = metrics.acceleration_error(predicted, target).mean() if frames > 2 else none
    right = (metrics.true_lengths, metrics.true_directions, metrics.true_depth_signs)
    means = (
        metrics.mpjpe(predicted, target).mean(),
        metrics.depth_error(predicted, target).mean(),
        metrics.p_mpjpe(predicted, target).mean(),
        metrics.n_mpjpe(predicted, target).mean(),
        velocity,
        acceleration,
        *(metrics.mpjpe(mend(predicted, target, skeleton), target).mean() for mend in right),
    )
    return {name: float(mean) * 1000 for name, mean in zip((*MEASURES, *ORACLE_ERRORS), means, strict=True)}


def _shown(lifter: Lifter, clips: Sequence[Clip]) -> tuple[str, ...]:
    """The actions that occur: those that the model knows in its order, then others as they come."""
    shown = dict.fromkeys(clip.action for clip in clips)
    return tuple([a for a in lifter.actions if a in shown] + [a for a in shown if a not in lifter.actions])


def _label(lifter: Lifter, clip: Clip) -> int:
    if clip.action in lifter.actions:
        return lifter.actions.index(clip.action)
    if lifter.apm is None:
        return -1
    raise InputError(
        f"The model was not trained on the action {clip.action!r} of clip {clip.name!r}; "
        f"it knows {', '.join(lifter.actions)}."
    )


def check_pairing(lifter: Lifter, clips: Sequence[Clip], skeleton: Skeleton) -> None:
    """Stops a model from meeting data it was not made for.

    Raises:
        InputError: no clips, another skeleton, or clips without 3D.
    """
    if not clips:
        raise InputError("There are no clips to evaluate on.")
    trained = lifter.metadata.get("skeleton", skeleton.name)
    if trained != skeleton.name or lifter.num_joints != skeleton.num_joints:
        raise InputError(
            f"The model was trained on {lifter.num_joints} joints ({trained}); "
            f"the data have {skeleton.num_joints} ({skeleton.name})."
        )
    if lacking := [clip.name for clip in clips if clip.pose is None]:
        raise InputError(f"Clip {lacking[0]!r} has no 3D pose to compare with ({len(lacking)} clips have none).")
