"""Live lifting: one frame of 2D joints in, one 3D pose and its action out, in constant time and memory."""

from collections import deque
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.errors import InputError
from actionprompt.inference.incremental import Answer, IncrementalLifter
from actionprompt.inference.incremental.history import History
from actionprompt.inference.lifting import SOFT, USUAL_CAMERA, check_sequence, lift_batch, mirror_order
from actionprompt.inference.person_view import CausalVirtualCamera, RealCamera, trained_looking
from actionprompt.model.app import Selection
from actionprompt.model.lifter import Lifter
from actionprompt.skeleton import Skeleton
from actionprompt.virtual_camera import turn_back


class StreamResult(NamedTuple):
    """One answered frame."""

    frame: int
    """Which pushed frame this is, from 0."""
    pose: Float[Tensor, "j 3"]
    """Camera axes, root-relative, metres."""
    action: int
    """Index into the lifter's ``actions``; -1 without APM."""
    probability: Float[Tensor, " k"]
    """Eq. 5's probabilities; k = 0 without APM."""


class WindowedLifter:
    """The answer for the frame ``lag`` before each pushed one, from a window of its own; any encoder.

    Frames that the window asks for beyond the pushed one repeat it.
    """

    def __init__(self, lifter: Lifter, order: list[int] | None, lag: int, selection: Selection | None = SOFT) -> None:
        window = lifter.encoder.window
        self.lifter, self.order, self.selection = lifter, order, selection
        self.missing = max(0, window.future - lag)
        self.answered = 0 if window.out == 1 else window.frames - 1 - lag
        self.history = History(window.frames - self.missing - 1)

    @torch.inference_mode()
    def push(self, x: Float[Tensor, "1 j i"]) -> Answer:
        """The answer after one more frame."""
        seen = self.history.extend(x.flatten(1)[None])
        window = torch.cat([seen, seen[:, -1:].expand(-1, self.missing, -1)], dim=1)
        pose, logits = lift_batch(self.lifter, window.view(1, -1, *x.shape[1:]), self.order, self.selection)
        return Answer(pose[:, self.answered], logits)


class Stream:
    """Lifts frames as they arrive.

    A frame is answered when ``lag`` more have arrived, and as if the sequence ended there: for an encoder
    that answers one frame per window, the answer is that of ``lifting.lift`` for the frames so far.
    A causal VPose needs no lag. Others use what the lag lets them see: up to ``window.future`` frames,
    or F - 1 where a window is answered as a whole.

    A causal VPose, or one with its whole look-ahead, does O(1) work a frame; all else lifts a window per
    frame.
    """

    def __init__(
        self,
        lifter: Lifter,
        lag: int = 0,
        *,
        flip: Skeleton | None = None,
        selection: Selection | None = SOFT,
        camera: RealCamera | None = USUAL_CAMERA,
    ) -> None:
        """A stream at its first frame.

        Args:
            lifter: the model; put in evaluation mode. Bake it first, and do not train it while streaming.
            lag: frames to wait for before a frame is answered: look-ahead, which is accuracy, for delay.
            flip: the joint layout, to average poses and logits with those of the mirrored frames.
            selection: whose pose prompts are used, as in ``lifting.lift``.
            camera: what is known of the camera, as in ``lifting.lift``; the virtual camera follows past frames only.

        Raises:
            InputError: a lag that the encoder cannot use, or another joint layout than the model's.
        """
        window = lifter.encoder.window
        most = window.future if window.out == 1 else window.frames - 1
        if not 0 <= lag <= most:
            raise InputError(f"A stream of this model lags 0 to {most} frames behind; got {lag}.")
        self.lifter, self.lag = lifter.eval(), lag
        order = mirror_order(lifter, flip)
        shared = IncrementalLifter.covers(lifter) and lag == window.future
        self._lift = (
            IncrementalLifter(lifter, order, selection) if shared else WindowedLifter(lifter, order, lag, selection)
        )
        looks = camera is not None and trained_looking(lifter)
        self._camera = CausalVirtualCamera(lifter, camera) if looks and camera is not None else None
        self._turns: deque[Float[Tensor, "3 3"]] = deque()
        """How the virtual camera was turned in frames that are not answered yet."""
        self._newest: Tensor | None = None
        self._pushed = 0
        self._ended = False

    def push(self, keypoints: Float[Tensor, "j i"]) -> StreamResult | None:
        """Takes the next frame and answers the one ``lag`` before it; None for the first ``lag`` frames.

        Args:
            keypoints: joints on the normalised screen (``camera.normalise_screen``).

        Raises:
            InputError: another number of joints than the model's or coordinates that are not numbers (the
                frame is not taken, and the stream can go on), or a stream that was flushed.
        """
        if self._ended:
            raise InputError("This stream was flushed, which ends its sequence: make a new one for the next.")
        x = check_sequence(self.lifter, keypoints[None])
        if self._camera is not None:
            looked = self._camera.push(x[0, :, :2])
            self._turns.append(looked.rotation)
            x = torch.cat([looked.keypoints[None], x[..., 2:]], -1)
        self._newest = x
        return self._step(self._newest)

    def flush(self) -> list[StreamResult]:
        """Ends the sequence and answers its last ``lag`` frames, as if the last one stood still."""
        frames = [] if self._ended or self._newest is None else [self._newest] * self.lag
        self._ended = True
        return [result for result in map(self._step, frames) if result is not None]

    def _step(self, x: Float[Tensor, "1 j i"]) -> StreamResult | None:
        pose, logits = self._lift.push(x)
        self._pushed += 1
        frame = self._pushed - 1 - self.lag
        if frame < 0:
            return None
        if self._camera is not None:
            pose = turn_back(pose, self._turns.popleft()[None])
        if logits is None:
            return StreamResult(frame, pose[0], -1, pose.new_empty(0))
        return StreamResult(frame, pose[0], int(logits[0].argmax()), logits[0].softmax(-1))
