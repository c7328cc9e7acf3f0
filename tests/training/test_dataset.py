from dataclasses import replace

import pytest
import torch

from actionprompt.data.clip import Clip
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17
from actionprompt.training.dataset import class_indices, training_clips
from small import ACTIONS, clip, corpus, run_cfg


def names(clips: list[Clip]) -> list[str]:
    return [c.name for c in clips]


def test_training_subjects_and_their_mirror_images():
    data = corpus()
    plain, doubled = training_clips(run_cfg(mirror=False), data), training_clips(run_cfg(), data)
    assert names(plain) == [c.name for c in data.clips if c.subject in ("s1", "s2")]
    assert len(doubled) == 2 * len(plain)
    assert names(doubled) == 2 * names(plain)
    for source, twin in zip(plain, doubled[len(plain) :], strict=True):
        assert torch.equal(twin.pose, source.mirrored(H36M_17).pose)
        assert torch.equal(twin.keypoints, source.mirrored(H36M_17).keypoints)


def test_held_out_subjects_are_not_trained_on():
    clips = training_clips(run_cfg(validation_subjects=("s1",)), corpus())
    assert {c.subject for c in clips} == {"s2"}


def test_classes():
    data = corpus()
    clips = training_clips(run_cfg(), data)
    true = [ACTIONS.index(c.action) for c in clips]
    assert class_indices(run_cfg(), data, clips).tolist() == true
    assert class_indices(run_cfg("apm", labels="one"), data, clips).tolist() == [0] * len(clips)
    shuffled = [class_indices(run_cfg("apm", labels="shuffled", seed=s), data, clips).tolist() for s in (1, 2)]
    assert sorted(shuffled[0]) == sorted(shuffled[1]) == sorted(true)
    assert shuffled[0] != true
    assert shuffled[0] != shuffled[1]


DATA = corpus()


@pytest.mark.parametrize(
    ("changes", "data", "message"),
    [
        ({}, replace(DATA, test_subjects=("s2", "s3")), "subject s2 is both a training and a test subject"),
        ({"validation_subjects": ("s3",)}, DATA, "s3: not a training subject of handmade; it has s1, s2"),
        ({"validation_subjects": ("s1", "s2")}, DATA, "no training subject left"),
        ({}, replace(DATA, train_subjects=()), "no training subject left"),
        ({}, replace(DATA, train_subjects=("s1", "s9")), "no clips of subject s9"),
        ({}, corpus(frames=1, actions=("walk",)), "has 2 frames, fewer than the encoder's window of 9"),
        ({}, replace(DATA, clips=(*DATA.clips, Clip(clip(20).keypoints, subject="s1", name="flat"))), "'flat'.*no 3D"),
    ],
)
def test_data_that_cannot_be_trained_on(changes, data, message):
    with pytest.raises(InputError, match=message):
        training_clips(run_cfg("", **changes), data)


def test_some_short_clips_are_padded():
    short = replace(DATA, clips=(*DATA.clips, clip(2, action="walk", subject="s1", name="short")))
    assert "short" in names(training_clips(run_cfg(), short))


def test_an_action_without_a_class():
    clips = [*DATA.clips, clip(20, action="swim", subject="s1", name="x")]
    with pytest.raises(InputError, match="'swim', which is not one of its actions"):
        class_indices(run_cfg("apm"), DATA, clips)
    assert class_indices(run_cfg(""), DATA, clips).shape == (10,)


def test_apm_on_clips_of_one_action_although_the_corpus_knows_more():
    whole = corpus()
    clips = [clip for clip in whole.clips if clip.action == whole.actions[0]]
    with pytest.raises(InputError, match="at least two different actions"):
        class_indices(run_cfg("apm"), whole, clips)
    assert class_indices(run_cfg(""), whole, clips).tolist() == [0] * len(clips)
