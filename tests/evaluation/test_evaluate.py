import math
from dataclasses import replace

import pytest
import torch

from actionprompt.data.clip import Clip, mirror
from actionprompt.encoders.config import MixSTECfg
from actionprompt.errors import InputError
from actionprompt.evaluation.evaluate import evaluate, tail_actions
from actionprompt.evaluation.scores import MEASURES, ORACLE_ERRORS, ClipScore, Evaluation
from actionprompt.model.app import SoftSelection
from actionprompt.model.config import LifterCfg
from actionprompt.model.forward import ForwardPass
from actionprompt.model.lifter import Lifter
from actionprompt.skeleton import H36M_17, HUMANEVA_15
from small import ACTIONS, VPOSE, clip, corpus, lifter

CLIPS = [
    clip(11, 1, action="walk", subject="a", name="w1"),
    clip(4, 2, action="sit down", subject="a", name="s1"),
    clip(25, 3, action="walk", subject="b", name="w2"),
    clip(1, 4, action="sit down", subject="b", name="s2"),
]
ORDER = list(H36M_17.mirror)


def slow_answers(model: Lifter, c: Clip, action: int | None, flip: bool) -> list[tuple[torch.Tensor, int]]:
    """Pose and recognised action of every frame: one window at a time, by the rules."""
    half = model.encoder.window.frames // 2
    answers = []
    for t in range(c.num_frames):
        frames = [min(max(t + d, 0), c.num_frames - 1) for d in range(-half, half + 1)]
        views = [c.keypoints[frames][None]]
        if flip:
            views.append(mirror(views[0], ORDER))
        with torch.no_grad():
            logits = [model(v).logits for v in views]
            if logits[0] is None:
                poses, chosen = [model(v).pose for v in views], -1
            elif action == "weighted":
                chosen, mean = int(sum(logits).argmax()), sum(logits) / len(logits)
                weights = model.apm.choose(mean, SoftSelection())
                poses = [ForwardPass(model, v, selection=SoftSelection()).pose(weights) for v in views]
            else:
                chosen = int(sum(logits).argmax())
                used = torch.tensor([chosen if action is None else action])
                poses = [model(v, used).pose for v in views]
        pose = poses[0][0, 0]
        if flip:
            pose = (pose + mirror(poses[1], ORDER)[0, 0]) / 2
        answers.append((pose, chosen))
    return answers


def slow_errors(poses: list[torch.Tensor], c: Clip) -> dict[str, float]:
    """P1, P2, MPJVE and MPJAE in mm, joint by joint."""
    p1 = p2 = moved = turned = 0.0
    for t, pose in enumerate(poses):
        pairs = list(zip(pose.tolist(), c.pose[t].tolist(), strict=True))
        p1 += sum(math.dist(p, q) for p, q in pairs) / 17
        p2 += sum(abs(p[2] - q[2]) for p, q in pairs) / 17
        if t:
            steps = (pose - poses[t - 1]).tolist(), (c.pose[t] - c.pose[t - 1]).tolist()
            moved += sum(math.dist(p, q) for p, q in zip(*steps, strict=True)) / 17
        if t > 1:
            mine, theirs = (p[t] - 2 * p[t - 1] + p[t - 2] for p in (poses, c.pose))
            turned += sum(math.dist(p, q) for p, q in zip(mine.tolist(), theirs.tolist(), strict=True)) / 17
    n = len(poses)
    means = {"P1": p1 / n, "P2": p2 / n, "MPJVE": moved / max(n - 1, 1), "MPJAE": turned / max(n - 2, 1)}
    return {name: 1000 * mean for name, mean in means.items()}


@pytest.mark.parametrize("flip", [False, True], ids=["", "flip"])
@pytest.mark.parametrize("variant", ["", "atp", "apm"])
def test_equals_a_loop_over_frames(variant, flip):
    model = lifter(variant)
    found = evaluate(model, CLIPS, H36M_17, tail=("sit down",), flip=flip, batch=7)
    assert [score.frames for score in found.clips] == [11, 4, 25, 1]
    assert found.flip == flip
    for score, c in zip(found.clips, CLIPS, strict=True):
        inferred = slow_answers(model, c, None, flip)
        given = slow_answers(model, c, ACTIONS.index(c.action), flip)
        weighted = slow_answers(model, c, "weighted", flip)
        sides = (score.predicted_action, score.true_action, score.weighted_actions)
        for measures, answers in zip(sides, (inferred, given, weighted), strict=True):
            for name, value in slow_errors([pose for pose, _ in answers], c).items():
                assert measures[name] == pytest.approx(value, rel=1e-4), (c.name, name)
        chosen = [k for _, k in inferred]
        counts = {name: chosen.count(k) for k, name in enumerate(ACTIONS) if chosen.count(k)}
        assert score.recognised == (counts if variant else {})


def test_averages_by_hand():
    """Inside an action weighted by frames; over actions the plain mean; P3 over the tail only."""

    def score(action: str, frames: int, error: float, given: float, **recognised: int) -> ClipScore:
        own, true = ({m: e * (i + 1) for i, m in enumerate((*MEASURES, *ORACLE_ERRORS))} for e in (error, given))
        return ClipScore("n", "c", "s", action, frames, own, true, own, recognised)

    scores = [
        score("a", 10, 1.0, 0.5, a=10),
        score("b", 5, 2.0, 1.0, b=2, c=3),
        score("a", 30, 3.0, 1.5, a=15, b=15),
        score("c", 5, 8.0, 4.0, c=5),
    ]
    found = Evaluation(scores, ("a", "b", "c"), ("b", "c"), flip=False)
    a = (10 * 1 + 30 * 3) / 40
    mine = {m: pytest.approx(a * (i + 1)) for i, m in enumerate((*MEASURES, *ORACLE_ERRORS))}
    mine["MPJVE"] = pytest.approx((9 * 1 + 29 * 3) / 38 * 5)  # n frames have n - 1 velocities
    mine["MPJAE"] = pytest.approx((8 * 1 + 28 * 3) / 36 * 6)
    assert found.row("a").predicted_action == mine
    assert found.row("a").true_action["P1"] == pytest.approx(a / 2)
    assert (found.row("a").frames, found.row("a").accuracy) == (40, 25 / 40)
    average = found.average()
    assert average.predicted_action["P1"] == pytest.approx((a + 2 + 8) / 3)
    assert average.true_action["P2"] == pytest.approx(
        (a + 2 + 8) / 3
    )  # P2 is twice P1 here, and given half of inferred
    assert (average.frames, average.accuracy) == (50, pytest.approx(32 / 50))
    assert found.p3() == pytest.approx((2 * 2 + 2 * 8) / 2)
    assert found.p3("true_action") == pytest.approx((2 + 8) / 2)
    tail = found.tail_row()
    assert tail is not None
    assert tail.predicted_action["P1"] == pytest.approx((2 + 8) / 2)
    assert (tail.frames, tail.accuracy) == (10, pytest.approx(7 / 10))
    apart = replace(found, clips=[*scores[:2], replace(scores[2], subject="t"), scores[3]])
    assert apart.by_subject().predicted_action["P1"] == pytest.approx((1 + 2 + 3 + 8) / 4)
    assert apart.average().predicted_action["P1"] == average.predicted_action["P1"]
    backwards = replace(found, classes=("c", "b", "a", "d"))
    assert [list(row) for row in backwards.confusion().values()] == [["b", "a"], ["c", "b"], ["c"]]
    assert found.confusion() == {"a": {"a": 25, "b": 15}, "b": {"b": 2, "c": 3}, "c": {"c": 5}}
    assert replace(found, tail=()).p3() is None


def test_every_frame_is_counted_once():
    for encoder in (VPOSE, MixSTECfg(9, dim=16, depth=1, heads=2), replace(VPOSE, causal=True)):
        torch.manual_seed(0)
        model = LifterCfg(encoder, lifter("apm").cfg.apm).build(17, ACTIONS).eval()
        found = evaluate(model, CLIPS, H36M_17, batch=5)
        assert [score.frames for score in found.clips] == [c.num_frames for c in CLIPS]
        assert [sum(score.recognised.values()) for score in found.clips] == [c.num_frames for c in CLIPS]
        total = sum(n for row in found.confusion().values() for n in row.values())
        assert total == found.average().frames == 41


def test_a_window_that_answers_all_its_frames():
    """Against a loop: frames of the windows that hang over an end are answered but not counted."""
    torch.manual_seed(0)
    model = LifterCfg(MixSTECfg(9, dim=16, depth=1, heads=2), None).build(17, ACTIONS).eval()
    c = CLIPS[0]
    poses = []
    for first in (-3, 6):  # 11 frames by two windows of 9, which hang over by 3 and 4
        frames = [min(max(first + i, 0), 10) for i in range(9)]
        with torch.no_grad():
            pose = model(c.keypoints[frames][None]).pose[0]
        poses += [pose[i] for i in range(9) if 0 <= first + i < 11]
    found = evaluate(model, [c], H36M_17).clips[0].predicted_action
    for name, value in slow_errors(poses, c).items():
        assert found[name] == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_the_batch_does_not_matter(batch):
    model = lifter("apm")
    a, b = evaluate(model, CLIPS, H36M_17, batch=batch), evaluate(model, CLIPS, H36M_17, batch=41)
    for one, other in zip(a.clips, b.clips, strict=True):
        assert one.predicted_action == pytest.approx(other.predicted_action, rel=1e-4)
        assert one.recognised == other.recognised


@pytest.mark.parametrize("variant", ["", "label", "atp"])
def test_without_app_the_label_changes_nothing(variant):
    found = evaluate(lifter(variant), CLIPS, H36M_17)
    assert all(score.predicted_action == score.true_action for score in found.clips)


def test_with_app_the_label_matters():
    found = evaluate(lifter("apm"), CLIPS, H36M_17)
    assert any(score.predicted_action["P1"] != score.true_action["P1"] for score in found.clips)


def test_flipping_makes_the_answer_symmetric():
    model = lifter("apm")
    mirrored = [c.mirrored(H36M_17) for c in CLIPS]
    a, b = evaluate(model, CLIPS, H36M_17, flip=True), evaluate(model, mirrored, H36M_17, flip=True)
    for one, other in zip(a.clips, b.clips, strict=True):
        assert one.predicted_action == pytest.approx(other.predicted_action, rel=1e-4)
    plain, other = evaluate(model, CLIPS, H36M_17), evaluate(model, mirrored, H36M_17)
    assert plain.average().predicted_action["P1"] != pytest.approx(other.average().predicted_action["P1"], rel=1e-4)


def test_dropout_and_batch_statistics_are_off():
    model = lifter("apm").train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    a = evaluate(model, CLIPS, H36M_17)
    assert a == evaluate(model.train(), CLIPS, H36M_17)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_a_perfect_model_has_no_error():

    model = lifter("")
    flat = [replace(c, pose=torch.zeros_like(c.pose)) for c in CLIPS]
    with torch.no_grad():
        model.encoder.shrink.weight.zero_()
        model.encoder.shrink.bias.zero_()
    found = evaluate(model, flat, H36M_17)
    assert set(found.average().predicted_action.values()) == {0.0}


def test_tail_actions_come_from_training_subjects():
    data = corpus()
    model = lifter("")
    with torch.no_grad():
        model.encoder.shrink.weight.zero_()
        model.encoder.shrink.bias.zero_()

    def deep(c: Clip, depth: float) -> Clip:
        return replace(c, pose=torch.zeros_like(c.pose) + depth)

    depth = {"walk": 1.0, "sit down": 3.0, "wave": 2.0}
    clips = [deep(c, depth[c.action] if c.subject != "s3" else -9 * depth[c.action] % 7) for c in data.clips]
    data = replace(data, clips=tuple(clips))
    assert tail_actions(model, data) == ("sit down", "wave", "walk")


def test_actions_that_a_baseline_does_not_know():
    clips = [replace(c, action=f"x{i}") for i, c in enumerate(CLIPS)]
    found = evaluate(lifter(""), [*clips, CLIPS[0]], H36M_17)
    assert found.actions == ("walk", "x0", "x1", "x2", "x3")
    with pytest.raises(InputError, match="not trained on the action 'x0' of clip 'w1'; it knows walk, sit down, wave"):
        evaluate(lifter("label"), clips, H36M_17)


def test_wrong_pairings():
    model = lifter("apm")
    short = [Clip(c.keypoints[:, :15], c.pose[:, :15], action="walk") for c in CLIPS]
    with pytest.raises(InputError, match=r"17 joints \(.*\); the data have 15 \(humaneva15\)"):
        evaluate(model, short, HUMANEVA_15)
    model.metadata = {"skeleton": "coco17"}
    with pytest.raises(InputError, match=r"17 joints \(coco17\); the data have 17 \(h36m17\)"):
        evaluate(model, CLIPS, H36M_17)
    model.metadata = {"skeleton": "h36m17"}
    with pytest.raises(InputError, match="no clips"):
        evaluate(model, [], H36M_17)
    with pytest.raises(InputError, match=r"'w1' has no 3D pose to compare with \(1 clips"):
        evaluate(model, [replace(CLIPS[0], pose=None), *CLIPS[1:]], H36M_17)
    with pytest.raises(InputError, match="tail action wave does not occur in these clips; they show walk, sit down"):
        evaluate(model, CLIPS, H36M_17, tail=("wave",))
    with pytest.raises(InputError, match="at least 1"):
        evaluate(model, CLIPS, H36M_17, batch=0)


def test_frames_can_be_counted_as_mixstes_authors_did():
    torch.manual_seed(0)
    model = LifterCfg(MixSTECfg(frames=4, dim=8, depth=1, heads=2), None).build(17).eval()
    clips = [clip(6, 1, action="walk"), clip(3, 2, action="sit down")]
    found = evaluate(model, clips, H36M_17, reach_back=True)
    assert [score.frames for score in found.clips] == [8, 4]
    for score, c, frames in zip(found.clips, clips, ([0, 1, 2, 3, 2, 3, 4, 5], [0, 1, 2, 2]), strict=True):
        with torch.no_grad():
            pose = model(c.keypoints[frames].unflatten(0, (-1, 4))).pose.flatten(0, 1)
        wanted = slow_errors(list(pose), replace(c, keypoints=c.keypoints[frames], pose=c.pose[frames]))
        assert {name: score.predicted_action[name] for name in wanted} == pytest.approx(wanted, rel=1e-4)
    once = evaluate(model, clips, H36M_17)
    assert [score.frames for score in once.clips] == [6, 3]
    assert once.clips[0].predicted_action["P1"] != pytest.approx(found.clips[0].predicted_action["P1"], rel=1e-6)
