"""A detector looks at every frame; what it sees becomes detections, as a keypoint file would hold them."""

import time as clock
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from actionprompt.console import console as new_console
from actionprompt.errors import InputError
from actionprompt.keypoints.detections import Detections
from actionprompt.video.ahead import ahead
from actionprompt.video.decode import Video

LEAST = 5.0
"""Frames a second that a detector must see to know who is who."""


@dataclass(frozen=True)
class Person:
    """A person in one frame."""

    points: Float[np.ndarray, "p 2"]
    """Pixels, in the order of the detector's layout."""
    confidence: Float[np.ndarray, " p"]
    """0 to 1."""


@runtime_checkable
class Detector(Protocol):
    """Finds people's joints in the frames of one video, which it is shown in the order of time."""

    @property
    def name(self) -> str:
        """What reports say of the detector."""

    @property
    def layout(self) -> str:
        """The layout of its points: a name in ``data.layouts.layouts()``."""

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], time: float) -> list[Person]:
        """The people in an upright RGB frame at so many seconds; those of a new video once time goes back."""


@dataclass(frozen=True)
class Seen:
    """What a detector saw in a video."""

    detections: Detections
    frames: int
    """That were looked at."""
    seconds: float
    """That the detector needed, without decoding."""
    broken: str = ""
    """Where a damaged file breaks off, if it does."""

    @property
    def share(self) -> float:
        """A share of the frames in which somebody was seen."""
        return np.unique(self.detections.frame).size / self.frames

    @property
    def rate(self) -> float:
        """Frames a second of the detector."""
        return self.frames / max(self.seconds, 1e-9)


def detect(
    video: Video,
    detector: Detector,
    *,
    hidden: bool = False,
    partial: bool = False,
    most: float | None = None,
    every: int = 1,
) -> Seen:
    """Shows a detector the frames of a video, which are decoded in another thread meanwhile.

    Args:
        video: the video.
        detector: the detector.
        hidden: whether to show no progress bar (on stderr).
        partial: whether the frames before the place where a damaged file breaks off may be used.
        most: frames a second to look at, at most, since slow motion cameras give hundreds; None: all frames.
        every: look at every so-manieth of them only; joints between are interpolated when a track is made.

    Raises:
        InputError: nobody is in the video, it is damaged, or ``every`` leaves fewer than ``LEAST`` frames a second.
    """
    _check(every, video.fps if most is None else min(video.fps, most))
    rows: list[tuple[int, Person]] = []
    times: list[float] = []
    broken: list[str] = []
    seconds = 0.0
    with (
        FrameBar(video.expected, f"looking for people ({detector.name})", hidden) as bar,
        closing(ahead(_some(video.frames(broken.append if partial else None), most, every))) as frames,
    ):
        for time, image in frames:
            if image is None:
                bar()
                continue
            begin = clock.perf_counter()
            rows += [(len(times), person) for person in detector(image, time)]
            seconds += clock.perf_counter() - begin
            times.append(time)
            bar()
    if not rows:
        raise InputError(f"No person was found in {video.path} ({len(times):,} frames, {detector.name}).")
    detections = Detections(
        np.array([frame for frame, _ in rows]),
        ("",) * len(rows),
        np.stack([person.points for _, person in rows]).astype(float),
        np.stack([person.confidence for _, person in rows]).astype(float),
        detector.layout,
        video.size,
        np.array(times),
    )
    return Seen(detections, len(times), seconds, "".join(broken))


def _check(every: int, fps: float) -> None:
    if every < 1:
        raise InputError(f"--detector.every is {every}: look at every frame (1), every second one (2), or so.")
    if every > 1 and fps / every < LEAST:
        raise InputError(
            f"--detector.every {every} leaves {fps / every:.1f} frames a second, too few to follow people: say at most "
            f"{max(1, int(fps / LEAST))} for this video."
        )


def _some(
    frames: Iterator[tuple[float, UInt8[np.ndarray, "h w 3"]]], most: float | None, every: int
) -> Iterator[tuple[float, UInt8[np.ndarray, "h w 3"] | None]]:
    """The frames, with nothing in the place of those that are not looked at."""
    times: list[float] = []
    for time, image in frames:
        if looked := due(times, time, most):
            times.append(time)
        yield time, image if looked and (len(times) - 1) % every == 0 else None


def due(times: list[float], time: float, most: float | None) -> bool:
    """Whether a frame is looked at: not so many a second that there are more than ``most`` on average."""
    return most is None or not times or (time - times[0]) * most >= len(times) - 0.01


class FrameBar:
    """Progress over the frames of a video, with frames a second; on stderr, so that pipes stay clean."""

    def __init__(self, total: int | None, what: str, hidden: bool) -> None:
        columns = (
            TextColumn("{task.description}", style="bold", markup=False),
            BarColumn(), TextColumn("{task.fields[done]}"),
            TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        )  # fmt: skip
        self._bar = Progress(*columns, console=new_console(stderr=True), disable=hidden)
        self._task = self._bar.add_task(what, total=total, done="", rate="")
        self._total = total

    def __enter__(self) -> Callable[[], None]:
        self._bar.start()
        return self._advance

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def _advance(self) -> None:
        task = self._bar.tasks[0]
        done = f"{int(task.completed) + 1:,}" + (f"/{self._total:,}" if self._total else "") + " frames"
        self._bar.update(self._task, advance=1, done=done, rate=f"{task.speed:.1f} frames/s" if task.speed else "")
