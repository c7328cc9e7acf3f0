"""Live lifting at any frame rate: one person's joints as they come, with or without times, to answers."""

import json
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.data.clip import with_confidence
from actionprompt.inference.body import BodyCfg, CausalBody, sureness
from actionprompt.inference.certainty import calibrated, unknown_below
from actionprompt.inference.lifting import check_joints
from actionprompt.inference.person_view import CausalVirtualCamera, RealCamera
from actionprompt.inference.stream import Stream, StreamResult
from actionprompt.keypoints.timing import Resampler, is_gap
from actionprompt.model.lifter import Lifter, model_rate
from actionprompt.output.track import UNKNOWN
from actionprompt.virtual_camera import FOCAL, turn_back


@dataclass(frozen=True)
class LiveCfg:
    """What happens around the model, live."""

    focal: float = FOCAL
    """The camera's focal length on the normalised screen, whose width is 2."""
    roll: float = 0.0
    """Degrees by which it is turned clockwise."""
    follow: bool = True
    """Show the model the person as a virtual camera sees it that looks at them."""
    body: BodyCfg | None = field(default_factory=BodyCfg)
    """Give every bone one length and put joints onto their rays, and say where the person is; None: as the model
    answers."""


class LiveAnswer(NamedTuple):
    """What is known of one frame at the model's rate."""

    frame: int
    """Answers are counted from 0; while somebody is there, they come at the model's rate."""
    time: float | None = None
    """Seconds, where the joints came with times."""
    pose: Float[Tensor, "17 3"] | None = None
    """Camera axes, root-relative, metres; None: nobody is there, or not all of their points have been seen."""
    action: str = ""
    """The most probable one; empty without APM."""
    probability: float = 0.0
    root: Float[Tensor, " 3"] | None = None
    """Where the pelvis is, camera axes, metres: APPROXIMATE; None: it was not asked for."""
    confidence: Float[Tensor, " 17"] | None = None
    """How sure the detector is of each joint's place in the picture; 0: it was not seen in this frame."""

    def line(self) -> str:
        """The answer as JSON."""
        told: dict[str, object] = {"frame": self.frame}
        if self.time is not None:
            told["time"] = round(self.time, 4)
        told["pose"] = None if self.pose is None else [[round(x, 5) for x in joint] for joint in self.pose.tolist()]
        if self.root is not None:
            told["root_approximate"] = [round(x, 4) for x in self.root.tolist()]
        if self.confidence is not None:
            told["confidence"] = [round(x, 3) for x in self.confidence.tolist()]
        if self.action:
            told |= {"action": self.action, "probability": round(self.probability, 4)}
        return json.dumps(told)


class Live:
    """A stream that is fed at any frame rate, and that starts over after a gap of over a second.

    With times, shorter absences are interpolated once somebody is there again, and after a second one answer says that
    nobody is there. Without times every frame has its answer: joints stay where they were for a second, and after that
    every answer says that nobody is there.
    """

    def __init__(self, lifter: Lifter, lag: int = 0, use: LiveCfg | None = None) -> None:
        """Before the first frame.

        Args:
            lifter: a baked lifter of Human3.6M's 17 joints.
            lag: frames of look-ahead at the model's rate, as in :class:`actionprompt.inference.stream.Stream`.
            use: what happens around the model.

        Raises:
            InputError: a model of other joints, or a lag that it cannot use.
        """
        check_joints(lifter)
        self._lifter, self._lag, self._use = lifter, lag, use or LiveCfg()
        self._rate = model_rate(lifter)
        self._reads_confidence = lifter.encoder.window.channels == 3
        self._answered = 0
        self._untimed = 0
        """Frames that came without a time."""
        self._last: float | None = None
        """When somebody was there, or when it began."""
        self._empty = False
        """Whether it was said that nobody is there."""
        self._begin()

    def push(self, joints: Float[Tensor, "17 i"] | None, time: float | None = None) -> Iterator[LiveAnswer]:
        """Answers, as they are computed, that the next frame makes possible.

        Args:
            joints: on the normalised screen, maybe with their confidence (else it is 1); None: nobody is there, or not
                all that is needed is known.
            time: seconds, later than before; None, for all frames: they come at the model's rate.
        """
        if joints is not None and joints.shape[-1] == 2:
            joints = with_confidence(joints, None)
        now = self._untimed / self._rate if time is None else time
        self._untimed += time is None
        if self._last is None:
            self._last = now
        if is_gap(now - self._last) and not self._empty:
            yield from self.end()
            self._empty = joints is None
            if self._empty and time is not None:
                yield self._blank(time)
        if joints is not None:
            self._last, self._empty = now, False
        yield from self._untimed_step(joints) if time is None else self._timed_step(joints, time)

    def restart(self) -> Iterator[LiveAnswer]:
        """Ends the sequence, and forgets the time: the next frame may come with any."""
        yield from self.end()
        self._last, self._empty = None, False

    def end(self) -> Iterator[LiveAnswer]:
        """Ends the sequence: answers the frames that waited. Who comes next begins a new one."""
        results = self._stream.flush()
        answers = [self._answer(result, time) for result, time in zip(results, list(self._times), strict=True)]
        self._begin()
        yield from answers

    def _begin(self) -> None:
        self._stream = Stream(self._lifter, self._lag, camera=None)
        camera = RealCamera(self._use.focal, math.radians(self._use.roll), self._rate)
        self._camera = CausalVirtualCamera(self._lifter, camera) if self._use.follow else None
        self._body = CausalBody(self._rate, settings=self._use.body) if self._use.body else None
        self._seen: deque[tuple[Float[Tensor, "17 3"], Float[Tensor, "3 3"] | None]] = deque()
        """Joints of frames that are not answered yet, and how the virtual camera was turned."""
        self._resampler = Resampler(self._rate)
        self._times: deque[float | None] = deque()
        """The times of frames that are not answered yet."""
        self._newest: Float[Tensor, "17 3"] | None = None
        """Joints of this sequence."""

    def _timed_step(self, joints: Float[Tensor, "17 3"] | None, time: float) -> Iterator[LiveAnswer]:
        known = [] if joints is None else self._resampler.push(time, joints.numpy())
        for at, values in known:
            yield from self._step(torch.from_numpy(values), at)

    def _untimed_step(self, joints: Float[Tensor, "17 3"] | None) -> Iterator[LiveAnswer]:
        if joints is None and self._newest is not None:
            joints = with_confidence(self._newest[:, :2], torch.zeros(self._newest.shape[0]))
        self._newest = joints
        if self._newest is None:
            yield self._blank(None)
        else:
            yield from self._step(self._newest, None)

    def _step(self, joints: Float[Tensor, "17 3"], time: float | None) -> Iterator[LiveAnswer]:
        self._times.append(time)
        looked = None if self._camera is None else self._camera.push(joints[:, :2])
        self._seen.append((joints, None if looked is None else looked.rotation))
        places = joints[:, :2] if looked is None else looked.keypoints
        read = with_confidence(places, joints[:, 2]) if self._reads_confidence else places
        result = self._stream.push(read)
        if result is not None:
            yield self._answer(result, self._times.popleft())

    def _blank(self, time: float | None) -> LiveAnswer:
        """The next answer, which says nothing yet."""
        self._answered += 1
        return LiveAnswer(self._answered - 1, time)

    def _answer(self, result: StreamResult, time: float | None) -> LiveAnswer:
        joints, rotation = self._seen.popleft()
        pose, root = self._placed(result.pose, joints, rotation)
        answer = self._blank(time)._replace(pose=pose, root=root, confidence=joints[:, 2])
        if result.action < 0:
            return answer
        probability = float(calibrated(result.probability, self._lifter)[result.action])
        known = probability >= unknown_below(self._lifter)
        return answer._replace(
            action=self._lifter.actions[result.action] if known else UNKNOWN, probability=probability
        )

    def _placed(
        self, pose: Float[Tensor, "17 3"], joints: Float[Tensor, "17 3"], rotation: Float[Tensor, "3 3"] | None
    ) -> tuple[Float[Tensor, "17 3"], Float[Tensor, " 3"] | None]:
        """A frame's pose in the real camera's axes, with one length for each bone, and its root."""
        if rotation is not None:
            pose = turn_back(pose[None], rotation[None].to(pose))[0]
        if self._body is None:
            return pose, None
        rays = joints[:, :2].numpy() / self._use.focal
        fitted = self._body.push(pose.cpu().numpy(), rays, sureness(joints[:, 2].numpy()))
        return torch.from_numpy(fitted.pose).float(), torch.from_numpy(fitted.root).float()
