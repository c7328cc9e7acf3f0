"""Whole sequences of 2D joints to 3D poses and actions."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from actionprompt.data.clip import Clip
from actionprompt.errors import InputError
from actionprompt.model import Lifter
from actionprompt.windows import Windows


class Poses(NamedTuple):
    """A lifted sequence, one entry per frame."""

    pose: Float[Tensor, "n j 3"]
    """Camera axes (x right, y down, z forward), root-relative, metres."""
    action: Int[Tensor, " n"]
    """Index into the lifter's ``actions``; -1 without APM."""
    probability: Float[Tensor, "n k"]
    """Eq. 5's probabilities; k = 0 without APM."""


def lift_windows(lifter: Lifter, keypoints: Float[Tensor, "n j 2"], batch: int = 1024) -> Poses:
    """Lifts a sequence with one window per answer: any encoder, but F times the work where a window answers one frame.

    Args:
        lifter: the model; put in evaluation mode.
        keypoints: joints on the normalised screen (``camera.normalise_screen``).
        batch: windows per forward pass.

    Raises:
        InputError: no frames, another number of joints than the model's, or coordinates that are not numbers.
    """
    if keypoints.ndim != 3 or keypoints.shape[0] < 1 or keypoints.shape[1:] != (lifter.num_joints, 2):
        raise InputError(
            f"The model lifts sequences of shape (frames, {lifter.num_joints}, 2); got {tuple(keypoints.shape)}."
        )
    if not bool(keypoints.isfinite().all()):
        raise InputError("The 2D joints hold NaN or infinite coordinates: interpolate missing detections first.")
    lifter.eval()
    windows = Windows([Clip(keypoints)], lifter.encoder.window).to(next(lifter.parameters()).device)
    poses, probabilities = [], []
    with torch.inference_mode():
        for i in torch.arange(len(windows), device=windows.device).split(batch):
            valid = windows.valid(i)
            pose, logits = lifter(windows.inputs(i))
            poses.append(pose[valid])
            if logits is not None:
                probabilities.append(logits.softmax(-1)[:, None].expand(*valid.shape, -1)[valid])
    pose = torch.cat(poses)
    if not probabilities:
        return Poses(pose, torch.full((pose.shape[0],), -1), pose.new_empty(pose.shape[0], 0))
    probability = torch.cat(probabilities)
    return Poses(pose, probability.argmax(-1), probability)
