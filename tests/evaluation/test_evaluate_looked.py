"""Models trained with a virtual camera are evaluated through it."""

import torch

from actionprompt.data.config import SyntheticCfg, VirtualCamerasCfg
from actionprompt.data.load import load
from actionprompt.evaluation.evaluate import as_trained, evaluate
from actionprompt.skeleton import H36M_17
from small import lifter


def test_clips_are_seen_through_the_virtual_camera():
    corpus = load(SyntheticCfg(subjects=2, frames=40, virtual_cameras=VirtualCamerasCfg(cameras=1)))
    made = lifter("")
    assert as_trained(made, corpus.clips) is corpus.clips
    made.metadata = {"virtual_camera": "1", "virtual_camera_size": "0.2", "fps": "50"}
    for clip, seen in zip(corpus.clips, as_trained(made, corpus.clips), strict=True):
        assert clip.focal is not None
        lengths = [(pose[:, 1] - pose[:, 2]).norm(dim=-1) for pose in (clip.pose, seen.pose)]
        torch.testing.assert_close(*lengths)
        torch.testing.assert_close(clip.root.norm(dim=-1), seen.root.norm(dim=-1))
        assert seen.root[:, :2].abs().max() < 0.3 * seen.root[:, 2].min()  # the person is in the middle


def test_evaluation_uses_it():
    """The scores are those of the same network without a camera on clips that one has already looked at."""
    corpus = load(SyntheticCfg(subjects=2, frames=40, virtual_cameras=VirtualCamerasCfg(cameras=1)))
    made, plain = lifter(""), lifter("")
    made.metadata = {"virtual_camera": "1", "virtual_camera_size": "0.2", "fps": "50"}
    clips = list(corpus.clips[:2])
    through = evaluate(made, clips, H36M_17).clips
    before = evaluate(plain, [clip.looked_at(50, 0.2) for clip in clips], H36M_17).clips
    blind = evaluate(plain, clips, H36M_17).clips
    for a, b, c in zip(through, before, blind, strict=True):
        assert a.predicted_action == b.predicted_action
        assert a.predicted_action != c.predicted_action
