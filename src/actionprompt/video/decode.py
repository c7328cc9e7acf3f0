"""Frames of a video file with their times, whatever its container, codec and frame rate."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from actionprompt.errors import InputError
from actionprompt.video.fields import Fields
from actionprompt.video.libraries import library
from actionprompt.video.upright import Turn, turn_of

SHORT = 0.5
"""Seconds that may be missing at the end: durations in files are not exact."""
OPTIONS = {"protocol_whitelist": "file"}
"""A playlist does not make FFmpeg open the network."""
CAPTURE_RATE = "com.android.capture.fps"
"""What Android's cameras call the rate at which they took the pictures, which they then store at 30 a second."""
SAME_RATE = 1.25
"""Up to this ratio the taken and the stored rate are one."""


@dataclass(frozen=True)
class Video:
    """A video file that has at least one frame; it is opened again by each call of ``frames``."""

    path: Path
    size: tuple[int, int]
    """Width and height of the upright image with square pixels."""
    fps: float
    """Frames a second, on average, as they were taken; the frames' own times count."""
    duration: float | None
    """Seconds, as the file says."""
    num_frames: int | None
    """The number of frames as the file says it."""
    turn: Turn
    """What makes the stored picture upright."""
    begin: float = 0.0
    """When the first picture is shown by a player, seconds."""
    slow: float = 1.0
    """How many times slower a player shows it than it happened (slow motion)."""
    notes: tuple[str, ...] = ()
    """What a user should know about the file."""

    @property
    def expected(self) -> int | None:
        """How many frames there probably are."""
        return max(1, round(self.duration * self.fps)) if self.duration else self.num_frames

    def frames(
        self, broken: Callable[[str], object] | None = None
    ) -> Iterator[tuple[float, UInt8[np.ndarray, "h w 3"]]]:
        """Seconds since the first frame (strictly rising) and the upright RGB image; one frame is held at a time.

        A frame without a time, or not later than the one before, counts as 1 / fps later. Interlaced frames become two.

        Args:
            broken: is told, in a sentence, where a damaged file breaks off; the frames until there then count.
                None: a damaged file is an error.

        Raises:
            InputError: the file has gone, or is damaged: at which time.
        """
        av = library("av", "Reading video needs PyAV")
        reformatter = av.video.reformatter.VideoReformatter()
        width, height = self.turn.stored(self.size)
        with _opened(self.path) as (container, stream):
            pictures, end = _Pictures(container, stream), 0.0
            for time, frame in _timed(Fields(pictures, stream), self.fps / self.slow, _clock(container)):
                rgb = reformatter.reformat(frame, width=width, height=height, format="rgb24")
                yield time / self.slow, self.turn(rgb.to_ndarray())
                end = (time + (_seconds(frame.duration, frame.time_base) or self.slow / self.fps)) / self.slow
            why = pictures.broken or _cut(self.duration, end, self.fps)
        if why:
            sentence = f"{self.path} breaks off at {end:.2f} s: it {why}."
            if broken is None:
                raise InputError(sentence)
            broken(sentence)

    def times(self) -> Float[np.ndarray, " n"]:
        """Seconds of all frames since the first one, as other programs count them, without decoding them.

        Interlaced frames are one each; a beginning that cannot be decoded is none.
        """
        with _opened(self.path) as (container, stream):
            packets = [packet for packet in container.demux(stream) if packet.size and not packet.is_discard]
            by_dts = container.format.name == "avi" or any(packet.pts is None for packet in packets)
            first = next((i for i, packet in enumerate(packets) if packet.is_keyframe), 0)
            start = packets[first].pts
            ticks = [
                i if by_dts else packet.pts
                for i, packet in enumerate(packets[first:])
                if first == 0 or by_dts or packet.pts >= start
            ]
            step = self.slow / self.fps if by_dts else float(stream.time_base)
        seconds = np.unique(np.array(ticks)) * step / self.slow
        return seconds - seconds[0]


def open_video(path: Path, fps: float | None = None) -> Video:
    """Looks at a video file and decodes its first frame.

    Args:
        path: the file.
        fps: frames a second at which it was taken, where the file says another rate.

    Raises:
        InputError: PyAV is not installed; no such file, a folder, an empty file, no video, a video of which no frame
            can be decoded, or one of 0 x 0 pixels.
    """
    with _opened(path) as (container, stream):
        pictures = _Pictures(container, stream)
        frame = next(iter(pictures), None)
        if frame is None:
            width, height = stream.codec_context.width, stream.codec_context.height
            if not (width and height):
                raise InputError(f"{path} has pictures of {width} x {height} pixels: nothing can be seen in it.")
            raise InputError(f"No frame of {path} can be decoded: it {pictures.broken or 'holds none'}.")
        turn = turn_of(frame)
        pixel = float(stream.sample_aspect_ratio or 1)  # height 1: anamorphic video has wide or narrow pixels
        size = turn.upright((max(1, round(frame.width * pixel)), frame.height))
        timed = frame.time is not None and stream.average_rate
        stored = float((stream.average_rate if timed else stream.guessed_rate) or stream.average_rate or 25)
        slow, notes = _slow(container, stored, fps)
        lost, told = _lost(stream, frame)
        if frame.interlaced_frame:
            stored *= 2
            told = (*told, f"interlaced: its half pictures are lifted, {stored:g} a second")
        duration = _duration(container, stream)
        begin = 0.0 if frame.time is None else frame.time - min(0.0, (container.start_time or 0) / 1e6)
        return Video(
            path,
            size,
            stored * slow,
            None if duration is None else (duration - lost) / slow,
            stream.frames or None,
            turn,
            max(0.0, begin),
            slow,
            tuple(f"{path.name}: {note}." for note in (*notes, *told)),
        )


def _slow(container: Any, stored: float, given: float | None) -> tuple[float, tuple[str, ...]]:
    """How many times slower than it happened the file plays, and a sentence if it does."""
    tag = container.metadata.get(CAPTURE_RATE, "")
    tagged = float(tag) if re.fullmatch(r"\d+(\.\d*)?", tag) else 0.0
    taken = given or tagged
    if not taken or (given is None and 1 / SAME_RATE < taken / stored < SAME_RATE):
        return 1.0, ()
    by = "--fps" if given else "the camera"
    return taken / stored, (f"taken at {taken:g} frames/s, as {by} says, and stored at {stored:.4g}",)


def _lost(stream: Any, frame: Any) -> tuple[float, tuple[str, ...]]:
    """Seconds at the beginning that cannot be decoded, as between two key frames, and a sentence if there are."""
    start = _seconds(stream.start_time, stream.time_base) or 0.0
    lost = 0.0 if frame.time is None else frame.time - start
    if lost < SHORT / 5:
        return 0.0, ()
    return lost, (f"its first {lost:.2f} s cannot be decoded, since it starts between key frames",)


def _clock(container: Any) -> str:
    """Whose times count: AVI stores none, and what is taken for them is wrong where frames are stored out of order."""
    return "dts" if container.format.name == "avi" else "pts"


class _Pictures:
    """Decoded frames until the end or the first damage."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container, self._stream = container, stream
        self.broken = ""
        """What is wrong where the frames ended, if anything is."""

    def __iter__(self) -> Iterator[Any]:
        first = None
        for frame in self._decoded():
            if frame.is_corrupt and first is None:
                continue  # a recording that starts between key frames
            first = first or frame
            if frame.is_corrupt:
                self.broken = "is damaged there"
                return
            if (frame.width, frame.height) != (first.width, first.height):
                was, now = f"{first.width} x {first.height}", f"{frame.width} x {frame.height}"
                self.broken = f"changes from pictures of {was} pixels to {now} there"
                return
            yield frame

    def _decoded(self) -> Iterator[Any]:
        error = library("av", "Reading video needs PyAV").error
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                frames = packet.decode()
            except error.FFmpegError as found:
                self.broken = f"is damaged there ({found.strerror})"
                break
            yield from frames
        try:  # frames before the damage that the decoder still holds
            frames = self._stream.codec_context.decode(None)
        except error.FFmpegError:
            return
        yield from frames


def _timed(frames: Iterable[Any], fps: float, clock: str = "pts") -> Iterator[tuple[float, Any]]:
    """Frames with their seconds since the first one, strictly rising."""
    begin, last = None, 0.0
    for i, frame in enumerate(frames):
        ticks = getattr(frame, clock)
        said = None if ticks is None or frame.time_base is None else float(ticks * frame.time_base)
        begin = said if i == 0 else begin
        time = said - begin if i > 0 and begin is not None and said is not None else 0.0
        last = 0.0 if i == 0 else time if time > last else last + 1 / fps
        yield last, frame


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The container and its first video stream that is not a cover picture."""
    av = library("av", "Reading video needs PyAV")
    if path.is_dir():
        raise InputError(f"{path} is a folder: give a video file.")
    if not path.exists():
        raise InputError(f"There is no video file {path}.")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path} is empty.")
    try:
        container = av.open(f"file:{path}", options=OPTIONS, **_lenient(av.__version__))
    except av.error.InvalidDataError as error:
        raise InputError(
            f"{path} is not a video, or its beginning or index is missing (a cut-off download?)."
        ) from error
    except (av.error.FFmpegError, OSError) as error:
        raise InputError(f"Cannot open {path}: {error.strerror}.") from error
    with container:
        if container.format.name == "tty":  # FFmpeg shows text files as a terminal would
            raise InputError(f"{path} is a text file, not a video.")
        cover = av.stream.Disposition.attached_pic
        streams = [stream for stream in container.streams.video if not stream.disposition & cover]
        if not streams:
            kinds = sorted({stream.type for stream in container.streams} - {"video"})
            raise InputError(f"{path} holds no video, only {' and '.join(kinds) or 'nothing'}: give a video file.")
        if streams[0].codec_context is None:
            raise InputError(f"{path} is coded in a way that this PyAV cannot decode: convert it to H.264.")
        yield container, streams[0]


def _lenient(version: str) -> dict[str, str]:
    """What lets PyAV open a file whose metadata are no UTF-8: an argument until release 18, nothing from 19 on."""
    return {"metadata_errors": "replace"} if int(version.split(".")[0]) < 19 else {}


def _duration(container: Any, stream: Any) -> float | None:
    """Seconds of the stream as the file says."""
    if found := _seconds(stream.duration, stream.time_base):
        return found
    if tag := re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", "")):  # Matroska
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
    alone = len(container.streams) == 1 and container.duration
    return container.duration / 1e6 if alone else None


def _seconds(ticks: int | None, time_base: Any) -> float | None:
    return float(ticks * time_base) if ticks and time_base else None


def _cut(duration: float | None, end: float, fps: float) -> str:
    """What is wrong if frames end long before the file says."""
    cut = duration is not None and end < duration - max(SHORT, 3 / fps)
    return f"should last {duration:.2f} s, so that its end is missing" if cut else ""
