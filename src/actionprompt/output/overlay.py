"""The video again, with the lifted people drawn over it, as MP4 that every browser plays."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from actionprompt.errors import InputError
from actionprompt.files import keep_partial, whole, why_not
from actionprompt.output.drawing import Figure, draw
from actionprompt.video.ahead import ahead
from actionprompt.video.decode import Video
from actionprompt.video.detect import FrameBar
from actionprompt.video.libraries import library

CLOCK = 90_000
"""Ticks a second of the written times, so that variable frame rates stay what they are."""
QUALITY = {"crf": "21", "preset": "superfast"}
BT709 = 1
"""FFmpeg's number of HD video's colours."""


def write_overlay(
    video: Video,
    figures: Sequence[Figure],
    path: Path,
    *,
    longest: int = 1920,
    hidden: bool = False,
    broken: Callable[[str], object] | None = None,
) -> None:
    """Writes the video with the figures, frame by frame, at its own times and without its sound.

    Args:
        video: the video that the figures are from.
        figures: the people; the main one, whose pose is shown in a corner, first.
        path: the .mp4 file; it appears when it is whole.
        longest: pixels of the longer side; larger frames are made smaller.
        hidden: whether to show no progress bar.
        broken: as in ``Video.frames``.

    Raises:
        InputError: PyAV or Pillow is missing, the file cannot be written (a full disk), it is the video itself, or the
            video is damaged.
    """
    av = library("av", "Writing video needs PyAV")
    if path.suffix.lower() != ".mp4":
        raise InputError(f"The overlay is written as MP4: {path} must end in .mp4.")
    if path.exists() and path.samefile(video.path):
        raise InputError(f"{path} is the video itself: give the overlay another name.")
    if "libx264" not in av.codecs_available:
        raise InputError("This PyAV cannot write H.264: install the one from PyPI (pip install --force-reinstall av).")
    time, kept = 0.0, ""
    try:
        with whole(path) as part:
            try:
                with (
                    av.open(f"file:{part}", "w", options={"movflags": "+faststart"}) as out,
                    FrameBar(video.expected, "drawing", hidden) as bar,
                    closing(ahead(_drawn(video, list(figures), longest, broken))) as pictures,
                ):
                    stream, reformatter = None, av.video.reformatter.VideoReformatter()
                    for time, drawn in pictures:  # decoding, drawing and encoding go on at the same time
                        stream = stream or _stream(out, video.fps, drawn.shape[1], drawn.shape[0])
                        picture = av.VideoFrame.from_numpy_buffer(drawn, format="rgb24")
                        out.mux(stream.encode(_frame(reformatter, picture, time)))
                        bar()
                    if stream is not None:
                        out.mux(stream.encode(None))
            except (OSError, av.error.FFmpegError):
                kept = keep_partial(part, path)
                raise
    except (OSError, av.error.FFmpegError) as error:
        raise InputError(f"Cannot write {path}: {why_not(error)} (after {time:.1f} s of the video){kept}.") from error


def _drawn(
    video: Video, figures: list[Figure], longest: int, broken: Callable[[str], object] | None
) -> Iterator[tuple[float, UInt8[np.ndarray, "h w 3"]]]:
    """The frames with the figures over them, as they are encoded."""
    with closing(ahead(video.frames(broken))) as frames:
        for time, image in frames:
            picture = even(_smaller(image, longest))
            draw(picture, figures, time)
            yield time, picture


def even(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "a b 3"]:
    """The image with its last row and column repeated where their number is odd: H.264's colours come in pairs."""
    if image.shape[0] % 2 == image.shape[1] % 2 == 0:
        return np.ascontiguousarray(image)
    return np.pad(image, ((0, image.shape[0] % 2), (0, image.shape[1] % 2), (0, 0)), mode="edge")


def _smaller(image: UInt8[np.ndarray, "h w 3"], longest: int) -> UInt8[np.ndarray, "a b 3"]:
    share = longest / max(image.shape[:2])
    if share >= 1:
        return image
    size = [max(2, round(n * share / 2) * 2) for n in image.shape[1::-1]]
    return np.array(library("PIL.Image", "Drawing over a video needs Pillow").fromarray(image).resize(size))


def _stream(out: Any, fps: float, width: int, height: int) -> Any:
    stream = out.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options=QUALITY)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = Fraction(1, CLOCK)
    for name in ("colorspace", "color_primaries", "color_trc", "color_range"):
        setattr(stream.codec_context, name, BT709)  # range 1: 16 to 235
    return stream


def _frame(reformatter: Any, image: Any, time: float) -> Any:
    """An RGB picture in H.264's colours, at its time."""
    frame = reformatter.reformat(image, format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    frame.pts, frame.time_base = round(time * CLOCK), Fraction(1, CLOCK)
    return frame
