"""``actionprompt lift -`` and ``actionprompt lift webcam``: answers as JSON lines while it goes on, and a live view."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import fields
from time import perf_counter
from typing import TYPE_CHECKING

from actionprompt.commands.lift_args import LiftArgs, load_lifter
from actionprompt.commands.lift_joints import load_detector
from actionprompt.errors import InputError
from actionprompt.training.interrupts import interrupts

if TYPE_CHECKING:
    from actionprompt.inference.live import Live, LiveAnswer, LiveCfg
    from actionprompt.output.vmc import VmcSender
    from actionprompt.video.single_person import SinglePersonTracker
    from actionprompt.video.webcam import Frames

    Tell = Callable[[Iterable[LiveAnswer]], LiveAnswer | None]

AROUND = {"one_body", "camera.view", "camera.focal", "camera.roll", "camera.follow"}
PIPE = {
    "model",
    "lag",
    "show",
    "osc",
    "device",
    *AROUND,
    "keypoints.layout",
    "keypoints.size",
    "keypoints.units",
    "keypoints.fps",
}
WEBCAM = {"model", "lag", "show", "osc", "device", *(AROUND - {"camera.focal"}), "detector.name", "detector.weights"}
"""The options that have an effect."""


def live(args: LiftArgs) -> int:
    """Lifts what comes; whoever reads the output may have enough at any time, as ``head`` has."""
    try:
        if args.source == "-":
            return pipe(args)
        return webcam(args)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is not written at exit either
        return 0


def pipe(args: LiftArgs) -> int:
    """JSON lines in, JSON lines out."""
    from actionprompt.inference.json_lines import PointReader, lift_lines

    _check(args, PIPE, "on a pipe (-), which answers on its output")
    k = args.keypoints
    reader = PointReader(k.layout, k.size, k.units, k.fps)
    with _told(args) as tell:
        lines = getattr(sys.stdin, "buffer", sys.stdin)  # bytes: what is not UTF-8 has a line number then
        tell(lift_lines(load_lifter(args), lines, reader, args.lag, _warn, live_settings(args, k.size)))
    return 0


def live_settings(args: LiftArgs, size: tuple[int, int] | None) -> "LiveCfg":
    """What happens around the model, for pictures of some size."""
    from actionprompt.inference.body import BodyCfg
    from actionprompt.inference.live import LiveCfg
    from actionprompt.output import Lens

    c, body = args.camera, BodyCfg() if args.one_body else None
    lens = Lens.of_view(c.view, size or (0, 0)) if c.focal is None else Lens.of_pixels(c.focal, size or (0, 0))
    return LiveCfg(lens.focal[0], c.roll or 0.0, c.follow, body)


def _warn(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def webcam(args: LiftArgs) -> int:
    """One person before a camera, until Ctrl-C."""
    from actionprompt.inference.live import Live
    from actionprompt.video.single_person import SinglePersonTracker
    from actionprompt.video.webcam import find_camera

    _check(args, WEBCAM, "on a webcam, which is answered on the output")
    camera = find_camera(args.source.partition(":")[2])
    lifter = load_lifter(args)
    with _told(args) as tell, camera.opened() as frames:  # before weights are fetched for nothing
        live = Live(lifter, args.lag, live_settings(args, None))
        follow(frames, SinglePersonTracker(load_detector(args.detector, most=1, device=args.device)), live, tell)
    return 0


def follow(frames: "Frames", seen: "SinglePersonTracker", live: "Live", tell: "Tell") -> None:
    """Detects, lifts and answers until Ctrl-C or the camera's end."""
    status = Status(frames.arrived)
    with interrupts() as stop:
        for time, image in frames:
            if stop:
                break
            begin = perf_counter()
            joints = seen(image, time)
            looked = perf_counter()
            last = tell(live.push(joints, time))
            status.add(frames.arrived, looked - begin, perf_counter() - looked, joints is not None, last)
        tell(live.end())


class Status:
    """A line on stderr, once a second: how fast it goes, and what is seen."""

    def __init__(self, arrived: int = 0) -> None:
        self._does = ""
        self._clear(arrived)

    def add(self, arrived: int, detecting: float, lifting: float, seen: bool, last: "LiveAnswer | None") -> None:
        """One more frame; seconds of its parts, how many the camera has given, and the last answer if there is one."""
        self._looked += 1
        self._seen += seen
        self._detecting += detecting
        self._lifting += lifting
        if last is not None:
            self._does = f"{last.action} {last.probability:.0%}" if last.action else ""
        if (passed := perf_counter() - self._begin) < 1:
            return
        print(
            f"camera {(arrived - self._arrived) / passed:.1f} frames/s, {self._looked / passed:.1f} looked at; "
            f"detecting {self._detecting / passed:.0%} of the time, lifting {self._lifting / passed:.0%}; "
            f"{(self._does or 'somebody') if self._seen else 'nobody'}",
            file=sys.stderr,
            flush=True,
        )
        self._clear(arrived)

    def _clear(self, arrived: int) -> None:
        self._begin, self._arrived = perf_counter(), arrived
        self._looked = self._seen = 0
        self._detecting = self._lifting = 0.0


@contextmanager
def _told(args: LiftArgs) -> Iterator["Tell"]:
    """A function that writes answers, each as it comes, shows and sends them if wanted, and returns the last one."""
    out, view, sender = sys.stdout, None, None
    with ExitStack() as stack, redirect_stdout(sys.stderr):  # nobody else writes between the answers
        if args.show:
            from actionprompt.output.live_view import LiveView

            view = stack.enter_context(LiveView())
            print(f"Live view: {view.address}", file=sys.stderr, flush=True)

        if args.osc:
            sender = stack.enter_context(_sender(args.osc, args.camera.roll or 0.0))

        def tell(answers: Iterable["LiveAnswer"]) -> "LiveAnswer | None":
            answer = None
            for answer in answers:
                print(answer.line(), file=out, flush=True)
                if view is not None:
                    view.show(answer.pose, answer.action, answer.probability)
                if sender is not None:
                    sender.send(answer.pose, answer.root, answer.action, answer.probability)
            return answer

        yield tell


def _sender(address: str, roll: float) -> "VmcSender":
    """Who sends poses to a program that shows avatars; says where they go."""
    from actionprompt.output.vmc import Address, Posing, VmcSender

    where = Address.of(address)
    sender = VmcSender(where, Posing(roll=roll))
    far = " That is another machine: whoever reads the network on the way sees the motion." if sender.elsewhere else ""
    print(f"Sending to {where.host}, port {where.port} (VMC protocol).{far}", file=sys.stderr, flush=True)
    return sender


def _check(args: LiftArgs, read: set[str], where: str) -> None:
    """Refuses options that would have no effect.

    Raises:
        InputError: one of them was given.
    """
    usual = LiftArgs(args.sources)
    for name in (field.name for field in fields(args)):
        given, default = getattr(args, name), getattr(usual, name)
        inner = [f"{name}.{part.name}" for part in fields(given)] if hasattr(given, "__dataclass_fields__") else []
        for option in inner or [name]:
            part = option.partition(".")[2]
            differs = getattr(given, part) != getattr(default, part) if part else given != default
            if differs and option not in read:
                raise InputError(f"--{option.replace('_', '-')} has no effect {where}.")
