"""Whole sequences of 2D joints to 3D poses and actions."""

from types import MappingProxyType
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from actionprompt.data.clip import Clip, with_confidence
from actionprompt.data.windows import Windows
from actionprompt.errors import InputError
from actionprompt.inference.incremental import IncrementalLifter
from actionprompt.inference.person_view import RealCamera, look, trained_looking
from actionprompt.model.app import Selection, SoftSelection
from actionprompt.model.forward import ForwardPass
from actionprompt.model.lifter import Lifted, Lifter, check_screen
from actionprompt.skeleton import H36M_17, Skeleton
from actionprompt.virtual_camera import turn_back

USUAL_CAMERA = RealCamera()
"""A level camera with a lens as phones have it, at 50 frames a second."""

SOFT = SoftSelection(least=0.05)
"""Whose prompts are used in use: those of all actions, as probable as they are, but for very improbable ones."""
WINDOWS = MappingProxyType({"cpu": 64, "cuda": 1024})
"""Windows that are lifted at a time where one answers one frame. On the CPU fewer make small products and more leave
the cache: A3DHP lifts 210 frames/s at 8, 288 at 64, 96 at 1,024."""


class Poses(NamedTuple):
    """A lifted sequence, one entry per frame."""

    pose: Float[Tensor, "n j 3"]
    """Camera axes (x right, y down, z forward), root-relative, metres."""
    action: Int[Tensor, " n"]
    """Index into the lifter's ``actions``; -1 without APM."""
    probability: Float[Tensor, "n k"]
    """Eq. 5's probabilities; k = 0 without APM."""


def lift(
    lifter: Lifter,
    keypoints: Float[Tensor, "n j i"],
    *,
    flip: Skeleton | None = None,
    overlap: int = 0,
    block: int = 2048,
    camera: RealCamera | None = USUAL_CAMERA,
    selection: Selection | None = SOFT,
) -> Poses:
    """Lifts a sequence: the answers of :func:`lift_windows`, up to rounding, in less time.

    All windows share VPose's features, so that its time is linear in the number of frames; other encoders
    (and VPose in half precision) get a window per answer. Either way a block of frames is computed at a time:
    beyond the input and the answers, memory does not grow with the sequence.

    Args:
        lifter: the model; put in evaluation mode.
        keypoints: joints on the normalised screen (``camera.normalise_screen``); for a model that reads confidence
            also that (n j 3), or it is taken to be 1.
        flip: the joint layout, to average poses and logits with the mirrored sequence's; None: no average.
        overlap: frames that neighbouring windows share, poses and logits being averaged; for encoders that
            answer all frames of a window (MixSTE).
        block: frames that are computed at a time, about.
        camera: what is known of the camera: a model that was trained with a virtual camera which looks at the person
            (the shipped ones) sees the person through it, and its answers are turned back; other models see the
            joints as they are. None: the joints are as the model is to see them.
        selection: whose pose prompts are used: in use those of all actions, weighted by their probabilities, so that
            nothing jumps when the recognised action changes; None: as the model's settings say (the paper's: those of
            the likeliest action).

    Raises:
        InputError: no frames, another number of joints than the model's, coordinates that are not numbers, or
            an overlap or block that cannot be.
    """
    if block < 1:
        raise InputError(f"A block needs at least 1 frame; got {block}.")
    if camera is not None and trained_looking(lifter):
        x, rotation = seen_through(lifter, keypoints, camera)
        answer = lift(lifter, x, flip=flip, overlap=overlap, block=block, camera=None, selection=selection)
        return answer._replace(pose=turn_back(answer.pose, rotation))
    if not IncrementalLifter.covers(lifter):
        window = lifter.encoder.window
        tokens = window.frames * lifter.num_joints  # MixSTE's are the joints
        batch = min(windows_at_a_time(lifter), block) if window.out == 1 else max(1, block // tokens)
        return lift_windows(lifter, keypoints, batch, flip=flip, overlap=overlap, camera=None, selection=selection)
    x = check_sequence(lifter, keypoints, overlap)
    incremental, late = IncrementalLifter(lifter, mirror_order(lifter, flip), selection), lifter.encoder.window.future
    n = x.shape[0]
    frames = torch.arange(n + late, device=x.device).clamp_max(n - 1)  # the last frame is repeated
    blocks = max(1, round((n + late) / block))  # of one size: a few frames left over would take long
    answers = [incremental.push(x[some]) for some in frames.tensor_split(blocks)]
    logits = [answer.logits for answer in answers if answer.logits is not None]
    return _poses(torch.cat([a.pose for a in answers])[late:], torch.cat(logits)[late:] if logits else None)


def windows_at_a_time(lifter: Lifter) -> int:
    """How many windows are fast where the lifter is, if one answers one frame."""
    return WINDOWS.get(next(lifter.parameters()).device.type, WINDOWS["cpu"])


def lift_windows(
    lifter: Lifter,
    keypoints: Float[Tensor, "n j i"],
    batch: int = 1024,
    *,
    flip: Skeleton | None = None,
    overlap: int = 0,
    camera: RealCamera | None = USUAL_CAMERA,
    selection: Selection | None = SOFT,
) -> Poses:
    """Lifts a sequence with one window per answer: any encoder, but up to F times the work.

    Args:
        lifter: the model; put in evaluation mode.
        keypoints: joints on the normalised screen (``camera.normalise_screen``); for a model that reads confidence
            also that (n j 3), or it is taken to be 1.
        batch: windows per forward pass.
        flip: as in :func:`lift`.
        overlap: as in :func:`lift`.
        camera: as in :func:`lift`.
        selection: as in :func:`lift`.

    Raises:
        InputError: as in :func:`lift`.
    """
    if camera is not None and trained_looking(lifter):
        seen, rotation = seen_through(lifter, keypoints, camera)
        answer = lift_windows(lifter, seen, batch, flip=flip, overlap=overlap, camera=None, selection=selection)
        return answer._replace(pose=turn_back(answer.pose, rotation))
    x = check_sequence(lifter, keypoints, overlap)
    order, window = mirror_order(lifter, flip), lifter.eval().encoder.window
    clip = Clip(keypoints[..., :2], confidence=keypoints[..., 2] if keypoints.shape[-1] == 3 else None)
    windows = Windows([clip], window, stride=window.out - overlap).to(x.device)
    n, k = x.shape[0], 0 if lifter.apm is None else len(lifter.actions)
    pose, logits, times = x.new_zeros(n, lifter.num_joints, 3), x.new_zeros(n, k), x.new_zeros(n)
    with torch.inference_mode():
        for start in range(0, len(windows), batch):
            i = torch.arange(start, min(start + batch, len(windows)), device=x.device)
            valid = windows.valid(i)
            frames = windows.frames(i)[valid]
            lifted = lift_batch(lifter, windows.inputs(i).to(x.dtype), order, selection)
            times.index_add_(0, frames, times.new_ones(frames.shape[0]))
            pose.index_add_(0, frames, lifted.pose[valid])
            if lifted.logits is not None:
                logits.index_add_(0, frames, lifted.logits[:, None].expand(*valid.shape, -1)[valid])
    return _poses(pose / times[:, None, None], None if lifter.apm is None else logits / times[:, None])


def seen_through(
    lifter: Lifter, keypoints: Float[Tensor, "n j i"], camera: RealCamera
) -> tuple[Float[Tensor, "n j i"], Float[Tensor, "n 3 3"]]:
    """The joints as the lifter's virtual camera sees them, and by which rotations; raises what :func:`lift` says."""
    x = check_sequence(lifter, keypoints)
    looked = look(lifter, x[..., :2], camera)
    return torch.cat([looked.keypoints, x[..., 2:]], -1), looked.rotation


def lift_batch(
    lifter: Lifter, x: Float[Tensor, "b f j i"], order: list[int] | None, selection: Selection | None = SOFT
) -> Lifted:
    """A batch of windows; with ``order``, poses and logits averaged with those of the mirrored windows."""
    answer = ForwardPass(lifter, x, order, selection)
    return Lifted(answer.pose(), answer.logits)


def check_joints(lifter: Lifter) -> None:
    """Refuses a model that does not lift the joints that people in videos and on pipes are given.

    Raises:
        InputError: a model of other joints than Human3.6M's 17.
    """
    if lifter.num_joints != H36M_17.num_joints:
        raise InputError(f"The model lifts {lifter.num_joints} joints; people have Human3.6M's 17: use such a model.")


def check_sequence(lifter: Lifter, keypoints: Float[Tensor, "n j i"], overlap: int = 0) -> Float[Tensor, "n j i"]:
    """The sequence in the model's precision and on its device; raises what :func:`lift` says."""
    if not isinstance(keypoints, Tensor):
        raise InputError(f"The 2D joints are a {type(keypoints).__name__}: torch.as_tensor makes the tensor of it.")
    channels = lifter.encoder.window.channels
    if channels == 3 and keypoints.ndim == 3 and keypoints.shape[-1] == 2:
        keypoints = with_confidence(keypoints, None)
    if keypoints.ndim != 3 or keypoints.shape[0] < 1 or keypoints.shape[1:] != (lifter.num_joints, channels):
        raise InputError(
            f"The model lifts sequences of shape (frames, {lifter.num_joints}, {channels}); "
            f"got {tuple(keypoints.shape)}."
        )
    check_screen(keypoints)
    out = lifter.encoder.window.out
    if not 0 <= overlap < out:
        can = "1 frame do not overlap" if out == 1 else f"{out} frames overlap by 0 to {out - 1} frames"
        raise InputError(f"Windows that answer {can}; got {overlap}.")
    return keypoints.to(next(lifter.parameters()))


def mirror_order(lifter: Lifter, flip: Skeleton | None) -> list[int] | None:
    """The mirror permutation of a joint layout that has to be the model's."""
    if flip is None:
        return None
    trained = lifter.metadata.get("skeleton", flip.name)
    if flip.num_joints != lifter.num_joints or flip.name != trained:
        raise InputError(
            f"The model was trained on {lifter.num_joints} joints ({trained}); it cannot be mirrored as"
            f" {flip.num_joints} joints ({flip.name})."
        )
    return list(flip.mirror)


def _poses(pose: Float[Tensor, "n j 3"], logits: Float[Tensor, "n k"] | None) -> Poses:
    if logits is None:
        none = torch.full((pose.shape[0],), -1, device=pose.device)
        return Poses(pose, none, pose.new_empty(pose.shape[0], 0))
    probability = logits.softmax(-1)
    return Poses(pose, logits.argmax(-1), probability)
