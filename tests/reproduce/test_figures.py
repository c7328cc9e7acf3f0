import numpy as np
import pytest
import torch
from toys import SMALL, open_plan, plan, result

from actionprompt.data.load import load as load_data
from actionprompt.reproduce.changes import baseline
from actionprompt.reproduce.figures import depth, embedding, poses
from actionprompt.reproduce.tables import figure3
from actionprompt.training.train import build

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def corpus():
    return load_data(SMALL)


def test_depth(tmp_path):
    table = figure3(open_plan())
    runs = [line.run for line in table.lines[:4]]
    results = {r.name: r for k, run in enumerate(runs) for s in (0, 1) for r in [result(run, s, 50 - k + s)]}
    paths = depth.draw(table, (0, 1), results, tmp_path)
    assert [path.name for path in paths] == ["figure3.pdf", "figure3.png"]
    assert paths[0].read_bytes()[:4] == b"%PDF"
    before = [path.read_bytes() for path in paths]
    depth.draw(table, (0, 1), results, tmp_path)
    assert [path.read_bytes() for path in paths] == before
    assert depth.draw(table, (0, 1), {runs[0]: results[next(iter(results))]}, tmp_path) == []  # type: ignore[dict-item]


def test_the_hardest_clips_are_the_baselines(tmp_path, corpus):
    """Whatever the other model does: the largest errors of the baseline choose clips and frames."""
    base, ours = (build(cfg, corpus).eval() for cfg in (plan().vpose(baseline), plan().vpose()))
    shown = poses.examples(base, ours, corpus)
    assert len({example.clip.action for example in shown}) == len(shown) == poses.CLIPS
    errors = {}
    from actionprompt.inference.lifting import lift_windows

    for clip in corpus.select(corpus.test_subjects):
        error = (lift_windows(base, clip.keypoints).pose - clip.pose).norm(dim=-1).mean(-1)
        errors[clip.name, clip.camera] = (float(error.mean()), int(error.argmax()))
    ranked = sorted(errors, key=lambda key: -errors[key][0])
    assert [(e.clip.name, e.clip.camera) for e in shown] == ranked[: poses.CLIPS]
    assert [e.frame for e in shown] == [errors[key][1] for key in ranked[: poses.CLIPS]]
    for example in shown:
        np.testing.assert_allclose(example.truth, 1000 * example.clip.pose[example.frame].numpy())
    assert [path.name for path in poses.draw(base, ours, corpus, tmp_path)] == ["figure4.pdf", "figure4.png"]


def test_facing_undoes_a_turn(corpus):
    """The same pose from another camera height stays; turned about the vertical, it comes out the same."""
    from dataclasses import replace

    clip = corpus.clips[0]
    angle = torch.tensor(1.1)
    c, s = angle.cos(), angle.sin()
    turn = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    turned = replace(clip, pose=clip.pose @ turn.mT)
    a, b = embedding.facing(clip, corpus.skeleton), embedding.facing(turned, corpus.skeleton)
    np.testing.assert_allclose(a, b, atol=1e-5)
    right, left = (a.reshape(-1, 17, 3)[:, corpus.skeleton.joints.index(f"{side} hip")] for side in ("right", "left"))
    np.testing.assert_allclose((right - left)[:, 2], 0, atol=1e-6)
    assert ((right - left)[:, 0] < 0).all()


def test_as_many_poses_of_every_action(corpus):
    poses_of, labels = embedding.sample(corpus)
    counts = np.bincount(labels.astype(int))
    assert len(counts) == len(corpus.actions)
    assert set(counts) == {min(embedding.POSES, 20 * 2)}
    assert poses_of.shape == (counts.sum(), 51)
