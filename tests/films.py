"""Small videos made by code."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

CLOCK = 90_000
QUARTERS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""What phones write for a picture that must be turned clockwise by so many degrees."""


def picture(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """Red upper left, green upper right, blue lower left, and a grey level that tells the frame."""
    image = np.full((height, width, 3), 40 + 3 * number % 200, dtype=np.uint8)
    image[: height // 4, : width // 4] = 255, 0, 0
    image[: height // 4, -width // 4 :] = 0, 255, 0
    image[-height // 4 :, : width // 4] = 0, 0, 255
    return image


def film(
    path: Path,
    frames: int = 10,
    fps: float = 30,
    *,
    times: Sequence[float] | None = None,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    audio: bool = False,
    options: dict[str, str] | None = None,
    keys: int = 250,
    aspect: Fraction | None = None,
) -> Path:
    """Writes a video of ``picture``s."""
    with av.open(str(path), "w", options=options or {}) as out:
        stream = out.add_stream(codec, rate=Fraction(fps).limit_denominator(1001), options={"g": str(keys), "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if times is not None:
            stream.codec_context.time_base = Fraction(1, CLOCK)
        second = out.add_stream("aac", rate=44100, layout="mono") if audio else None
        for i in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(i, *size), format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(times[i] * CLOCK), Fraction(1, CLOCK)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if second is not None:
            silence(out, second, frames / fps)
    return path


def silence(out: "av.container.OutputContainer", stream: "av.AudioStream", seconds: float) -> None:
    """Sound, of which nothing is heard."""
    for i in range(max(1, round(seconds * 44100 / 1024))):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44100, i * 1024
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Writes a display matrix into an MP4's track header."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (x << 16 for x in matrix)
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path
