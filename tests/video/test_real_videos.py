"""What phones, camcorders and editors write: slow motion, interlaced pictures, odd clocks and odd beginnings."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.video.decode import Video, open_video
from actionprompt.video.pictures import is_pictures, open_pictures
from actionprompt.video.upright import QUARTERS, Turn, turn_of
from films import film, picture


def decoded(video: Video) -> np.ndarray:
    return np.array([time for time, _ in video.frames()])


def encoded(path: Path, codec: str, options: dict[str, str], frames: int = 12, fps: int = 30, **container) -> Path:
    with av.open(str(path), "w", **container) as out:
        stream = out.add_stream(codec, rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i), format="rgb24")))
        out.mux(stream.encode(None))
    return path


def slow_motion(path: Path, rate: str = "240.000000") -> Path:
    film(path, frames=16, fps=30)
    with (
        av.open(str(path)) as found,
        av.open(str(path.with_name("s.mp4")), "w", options={"movflags": "use_metadata_tags"}) as out,
    ):
        out.metadata["com.android.capture.fps"] = rate
        stream = out.add_stream_from_template(found.streams.video[0])
        for packet in found.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return path.with_name("s.mp4")


def test_slow_motion_is_as_fast_as_it_was(tmp_path: Path) -> None:
    video = open_video(slow_motion(tmp_path / "a.mp4"))
    assert (video.slow, video.fps) == (8, 240)
    assert video.notes == ("s.mp4: taken at 240 frames/s, as the camera says, and stored at 30.",)
    np.testing.assert_allclose(decoded(video), np.arange(16) / 240, atol=1e-4)
    np.testing.assert_allclose(video.times(), np.arange(16) / 240, atol=1e-4)
    assert video.expected == 16
    usual = open_video(slow_motion(tmp_path / "a.mp4", "30.0"))
    assert (usual.slow, usual.notes) == (1, ())


def test_the_rate_that_is_said_counts(tmp_path: Path) -> None:
    video = open_video(film(tmp_path / "a.mp4", frames=8, fps=30), fps=120)
    assert video.notes == ("a.mp4: taken at 120 frames/s, as --fps says, and stored at 30.",)
    np.testing.assert_allclose(decoded(video), np.arange(8) / 120, atol=1e-4)
    tagged = open_video(slow_motion(tmp_path / "a.mp4"), fps=60)
    np.testing.assert_allclose(decoded(tagged), np.arange(16) / 60, atol=1e-4)


def test_avi_with_frames_out_of_order_has_even_times(tmp_path: Path) -> None:
    video = open_video(encoded(tmp_path / "b.avi", "libx264", {"bf": "2", "g": "12"}, frames=24))
    np.testing.assert_allclose(decoded(video), np.arange(24) / 30, atol=1e-4)
    np.testing.assert_allclose(video.times(), np.arange(24) / 30, atol=1e-4)


def interlaced(path: Path, frames: int = 10) -> Path:
    """A white bar that moves by 2 pixels from one half picture to the next, 50 a second."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg2video", rate=25, options={"flags": "+ilme+ildct", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.bit_rate = 4_000_000
        graph = av.filter.Graph()
        steps = [
            graph.add_buffer(width=96, height=64, format="yuv420p", time_base=Fraction(1, 25)),
            graph.add("setfield", "tff"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*steps).configure()
        for f in range(frames):
            image = np.full((64, 96, 3), 30, np.uint8)
            for half in (0, 1):
                image[half::2, 10 + 4 * f + 2 * half : 20 + 4 * f + 2 * half] = 230
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = f, Fraction(1, 25)
            graph.push(frame)
            out.mux(stream.encode(graph.pull()))
        out.mux(stream.encode(None))
    return path


def test_half_pictures_become_pictures(tmp_path: Path) -> None:
    video = open_video(interlaced(tmp_path / "i.mts"))
    assert video.fps == 50
    assert video.notes == ("i.mts: interlaced: its half pictures are lifted, 50 a second.",)
    found = list(video.frames())
    np.testing.assert_allclose([time for time, _ in found], np.arange(20) / 50, atol=1e-3)
    middles = [np.average(np.arange(96), weights=image[16:48].mean((0, 2)) > 130) for _, image in found]
    np.testing.assert_allclose(middles[2:-2], (14.5 + 2 * np.arange(20))[2:-2], atol=1)
    np.testing.assert_allclose(video.times(), np.arange(10) / 25, atol=1e-3)  # as others count them


def test_a_beginning_between_key_frames_is_named(tmp_path: Path) -> None:
    whole = encoded(tmp_path / "w.mp4", "libx264", {"bf": "0", "g": "10", "sc_threshold": "0"}, frames=30)
    with av.open(str(whole)) as found, av.open(str(tmp_path / "cut.mp4"), "w") as out:
        stream = out.add_stream_from_template(found.streams.video[0])
        for packet in list(found.demux(video=0))[4:]:
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    video = open_video(tmp_path / "cut.mp4")
    assert "its first 0.20 s cannot be decoded, since it starts between key frames" in video.notes[0]
    np.testing.assert_allclose(decoded(video), np.arange(20) / 30, atol=1e-3)
    np.testing.assert_allclose(video.times(), decoded(video), atol=1e-3)


def test_names_that_are_no_utf_8(tmp_path: Path) -> None:
    content = film(tmp_path / "a.mov").read_bytes()
    assert b"VideoHandler" in content
    (tmp_path / "b.mov").write_bytes(content.replace(b"VideoHandler", "Vidéo.Handl.".encode("latin-1")))
    assert decoded(open_video(tmp_path / "b.mov")).size == 10


class _Exif:
    """A frame with data beside it that PyAV has no name for."""

    rotation = -90

    @property
    def side_data(self) -> None:
        raise ValueError("31 is not a valid Type")


def test_data_that_pyav_cannot_name() -> None:
    assert turn_of(_Exif()) == QUARTERS[3] == Turn(transposed=True, mirrored=True)


@pytest.mark.parametrize(("name", "codec", "options"), [
    ("a.mp4", "libx264", {"bf": "2"}), ("a.mkv", "libx264", {"bf": "2"}), ("a.ts", "libx264", {"bf": "0"}),
    ("a.webm", "libvpx-vp9", {}), ("a.h264", "libx264", {"bf": "0"}), ("a.m2ts", "libx264", {"bf": "2"}),
    ("a.flv", "libx264", {"bf": "2"}), ("a.3g2", "mpeg4", {}), ("a.lrv", "libx264", {}),
])  # fmt: skip
def test_times_without_decoding_are_those_of_the_frames(tmp_path: Path, name: str, codec: str, options: dict) -> None:
    form = {"a.3g2": "3g2", "a.lrv": "mp4", "a.m2ts": "mpegts"}.get(name)
    video = open_video(encoded(tmp_path / name, codec, options, frames=20, format=form))
    np.testing.assert_allclose(video.times(), decoded(video), atol=2e-3)


def test_the_first_picture_may_come_late(tmp_path: Path) -> None:
    times = 1.5 + np.arange(6) / 30
    video = open_video(film(tmp_path / "late.mkv", frames=6, times=times))
    assert video.begin == pytest.approx(1.5, abs=0.002)
    np.testing.assert_allclose(video.times(), np.arange(6) / 30, atol=2e-3)


def pictures(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for i, name in enumerate(names):
        with av.open(str(folder / name), "w", format="image2", options={"update": "1"}) as out:
            stream = out.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i), format="rgb24")))
            out.mux(stream.encode(None))
    return folder


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "run", [f"frame_{n}.png" for n in (8, 9, 10, 12)])
    assert is_pictures(folder)
    assert not is_pictures(tmp_path)
    video = open_pictures(folder, 25)
    assert (video.size, video.expected) == ((64, 48), 4)
    found = list(video.frames())
    np.testing.assert_allclose([time for time, _ in found], [0, 0.04, 0.08, 0.16])
    for i, (_, image) in enumerate(found):
        np.testing.assert_array_equal(image, picture(i))
    with pytest.raises(InputError, match="do not say how many a second were taken: say --fps"):
        open_pictures(folder, None)


def test_pictures_named_by_a_clock(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "run", [f"{1683020401000 + 40 * f}.png" for f in range(3)])
    np.testing.assert_allclose(open_pictures(folder, None).times(), [0, 0.04, 0.08])
