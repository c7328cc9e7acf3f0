"""Live lifting at any frame rate: one person's joints as they come, with or without times, to answers."""

import json
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.errors import InputError
from actionprompt.model import Lifter
from actionprompt.motion import model_rate
from actionprompt.skeleton import H36M_17
from actionprompt.stream import Stream, StreamResult
from actionprompt.video.timing import LONGEST_GAP, Resampler


class LiveAnswer(NamedTuple):
    """What is known of one frame at the model's rate."""

    frame: int
    """From 0, without gaps."""
    time: float | None = None
    """Seconds, where the joints came with times."""
    pose: Float[Tensor, "17 3"] | None = None
    """Camera axes, root-relative, metres; None: nobody is there, or not all of their points have been seen."""
    action: str = ""
    """The most probable one; empty without APM."""
    probability: float = 0.0

    def line(self) -> str:
        """As JSON."""
        told: dict[str, object] = {"frame": self.frame}
        if self.time is not None:
            told["time"] = round(self.time, 4)
        told["pose"] = None if self.pose is None else [[round(x, 5) for x in joint] for joint in self.pose.tolist()]
        if self.action:
            told |= {"action": self.action, "probability": round(self.probability, 4)}
        return json.dumps(told)


class Live:
    """A stream that is fed at any frame rate, and that starts anew after a gap of over a second."""

    def __init__(self, lifter: Lifter, lag: int = 0) -> None:
        """Before the first frame.

        Args:
            lifter: a baked lifter of Human3.6M's 17 joints.
            lag: frames of look-ahead at the model's rate, as in :class:`actionprompt.stream.Stream`.

        Raises:
            InputError: a model of other joints, or a lag that it cannot use.
        """
        if lifter.num_joints != H36M_17.num_joints:
            raise InputError(
                f"The model lifts {lifter.num_joints} joints; points become Human3.6M's 17: use such a model."
            )
        self._lifter, self._lag = lifter, lag
        self._answered = 0
        self._last: float | None = None
        """When there was something: joints, or the news that nobody is there."""
        self._empty = False
        """Whether it was said that nobody is there."""
        self._begin()

    def push(self, joints: Float[Tensor, "17 2"], time: float | None = None) -> Iterator[LiveAnswer]:
        """Answers, as they are computed, that the next frame makes possible.

        Args:
            joints: on the normalised screen.
            time: seconds, later than before; None, for all frames: they come at the model's rate.
        """
        if time is None:
            yield from self._step(joints, None)
            return
        if self._last is not None and time - self._last > LONGEST_GAP:
            yield from self.end()
        self._last = time
        for at, values in self._resampler.push(time, joints.numpy()):
            yield from self._step(torch.from_numpy(values), at)

    def blank(self, time: float | None = None) -> LiveAnswer:
        """The answer for a frame of which nothing can be said."""
        self._answered += 1
        return LiveAnswer(self._answered - 1, time)

    def nobody(self, time: float) -> Iterator[LiveAnswer]:
        """Answers if nobody was seen for over a second: the frames that waited, and, once, that nobody is there."""
        if self._last is None:
            self._last = time
        if time - self._last <= LONGEST_GAP or self._empty:
            return
        yield from self.end()
        self._empty = True
        yield self.blank(time)

    def end(self) -> Iterator[LiveAnswer]:
        """Ends the sequence: answers the frames that waited. Who comes next begins a new one."""
        results = self._stream.flush()
        times = list(self._times)
        self._begin()
        for result, time in zip(results, times, strict=True):
            yield self._answer(result, time)

    def _begin(self) -> None:
        self._stream = Stream(self._lifter, self._lag)
        self._resampler = Resampler(model_rate(self._lifter))
        self._times: deque[float | None] = deque()
        """Of frames that are not answered yet."""
        self._empty = False

    def _step(self, joints: Float[Tensor, "17 2"], time: float | None) -> Iterator[LiveAnswer]:
        self._empty = False
        self._times.append(time)
        result = self._stream.push(joints)
        if result is not None:
            yield self._answer(result, self._times.popleft())

    def _answer(self, result: StreamResult, time: float | None) -> LiveAnswer:
        answer = self.blank(time)._replace(pose=result.pose)
        if result.action < 0:
            return answer
        named = self._lifter.actions[result.action]
        return answer._replace(action=named, probability=float(result.probability[result.action]))
