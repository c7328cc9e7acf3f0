"""A lifter's evaluation on some clips with everything that a report says about it: one way for every command."""

from collections.abc import Callable, Sequence

from actionprompt.data.clip import Clip, Corpus, confidence_read
from actionprompt.evaluation.evaluate import evaluate, tail_of
from actionprompt.evaluation.report import evaluated_on
from actionprompt.evaluation.scores import Evaluation
from actionprompt.model.lifter import Lifter


def run(
    lifter: Lifter,
    corpus: Corpus,
    clips: Sequence[Clip],
    where: tuple[str, Sequence[str]],
    judge: Callable[[], tuple[Lifter, str]],
    *,
    tail: Sequence[str] = (),
    flip: bool = False,
    batch: int | None = None,
    reach_back: bool = False,
) -> tuple[Evaluation, dict[str, str]]:
    """Scores a lifter, and says what it is and how it was scored.

    Args:
        lifter: the model.
        corpus: the data set.
        clips: those of its clips that are scored.
        where: the split's name and its subjects.
        judge: whose errors on training subjects choose the tail actions where the data set names none, and its name.
        tail: the hard actions of P3; empty: those of the data set, or of ``judge``.
        flip: average with the answers for the mirrored clips.
        batch: windows per forward pass; None: as many as are usual.
        reach_back: count frames as MixSTE's authors did.

    Returns:
        The scores, and the facts of a report.

    Raises:
        InputError: clips that the lifter was not made for, or tail actions that do not occur.
    """
    chosen = "given"
    if not tail:
        tail, chosen = tail_of(corpus, clips, judge, batch)
    scores = evaluate(lifter, clips, corpus.skeleton, tail=tail, flip=flip, batch=batch, reach_back=reach_back)
    facts = {
        **lifter.metadata,
        "evaluated on": evaluated_on(corpus, *where),
        "flip at test time": "yes" if flip else "no",
        "frames": "as MixSTE's authors counted: overlaps twice, padding too" if reach_back else "each counted once",
        "confidence": confidence_read(clips, lifter.encoder.window.channels),
        "tail actions (P3)": f"{', '.join(tail)} ({chosen})",
        "weights": "of the last training step",
        "note": _rates(lifter, corpus),
    }
    return scores, {key: value for key, value in facts.items() if value}


def _rates(lifter: Lifter, corpus: Corpus) -> str:
    """A note where a model sees another frame rate than in training."""
    trained, here = lifter.metadata.get("fps", f"{corpus.fps:g}"), f"{corpus.fps:g}"
    return "" if trained == here else f"the model was trained at {trained} frames/s and sees {here} here"
