"""FFmpeg's test pictures stand in for a camera."""

import errno
import sys
import threading
import time
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.video.webcam import Clock, Webcam, find_camera
from films import film, picture


def camera(rate: int = 30, seconds: float = 5) -> Webcam:
    return Webcam(f"testsrc=size=64x48:rate={rate}:duration={seconds},realtime", "lavfi")


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "camera"]


def test_frames_with_their_times(tmp_path):
    path = film(tmp_path / "virtual_cameras.mp4", frames=10, fps=10)
    with Webcam(f"movie={path},realtime", "lavfi").opened() as frames:
        seen = list(frames)
        assert frames.arrived == 10
    np.testing.assert_allclose([at for at, _ in seen], np.arange(10) / 10, atol=1e-3)
    for i, (_, image) in enumerate(seen):
        assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
        assert np.abs(image.astype(int) - picture(i)).mean() < 12


def test_who_is_slow_sees_the_newest():
    with camera(rate=50).opened() as frames:
        begin, late = time.monotonic(), []
        for at, _ in frames:
            late.append(time.monotonic() - begin - at)
            time.sleep(0.15)
            if at > 0.9:
                break
        assert 2 <= len(late) <= 8  # of about 50
        assert frames.arrived > 3 * len(late)
    assert max(late) - min(late) < 0.4  # nothing piles up: that would be 0.13 s more with every frame
    assert readers() == []


def test_times_by_the_clock_where_frames_have_none(monkeypatch):
    def decode(video):
        for i in range(6):
            frame = av.VideoFrame.from_ndarray(picture(i), format="rgb24")
            frame.pts = None
            yield frame
            time.sleep(0.03)

    with fake(monkeypatch, decode).opened() as frames:
        times = [at for at, _ in frames]
    assert times[0] == 0
    assert np.diff(times).min() > 0.01
    assert times[-1] < 1


def fake(monkeypatch, decode) -> Webcam:
    """A camera that gives what a function gives."""
    container = SimpleNamespace(streams=SimpleNamespace(video=[0]), decode=decode, close=lambda: None)
    monkeypatch.setattr(av, "open", lambda *_, **__: container)
    return Webcam("/dev/video0", "lavfi")


def test_unplugged_while_running(monkeypatch):
    def decode(video):
        frame = av.VideoFrame.from_ndarray(picture(0), format="rgb24")
        frame.pts, frame.time_base = 0, 1
        yield frame
        raise av.error.OSError(errno.ENODEV, "No such device")

    seen = []
    with (
        pytest.raises(InputError, match=r"/dev/video0 ended after 0.0 s \(No such device\): was it unplugged"),
        fake(monkeypatch, decode).opened() as frames,
    ):
        seen.extend(at for at, _ in frames)
    assert seen == [0]


def test_a_camera_that_gives_nothing_any_more(monkeypatch):
    monkeypatch.setattr("actionprompt.video.webcam.SILENT", 0.05)
    monkeypatch.setattr("actionprompt.video.webcam.CLOSING", 0.05)
    ended = threading.Event()

    def decode(video):
        ended.wait(5)
        yield from ()

    with (
        pytest.raises(InputError, match=r"\(no picture for 0 s\)"),
        fake(monkeypatch, decode).opened() as frames,
    ):
        next(iter(frames))
    ended.set()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOENT, "/dev/video7: there is no such device; there are /dev/video0 (Cam)."),
        (errno.EBUSY, "/dev/video7: another program uses it: close that one; there are /dev/video0 (Cam)."),
        (errno.EACCES, "/dev/video7: this user may not use it (on Linux: the group video may;"),
        (errno.EIO, "/dev/video7: Input/output error; there are /dev/video0 (Cam)."),
    ],
)
def test_cameras_that_cannot_be_opened(monkeypatch, code: int, sentence: str):
    def refuse(*_: object, **__: object):
        raise av.error.err_check(-code)

    monkeypatch.setattr(av, "open", refuse)
    listed(monkeypatch, ("/dev/video0", "Cam", ["video"]))
    with pytest.raises(InputError) as found, Webcam("/dev/video7", "lavfi").opened():
        pass
    assert sentence in str(found.value)


def listed(monkeypatch, *devices: tuple[str, str, list[str]]) -> None:
    known = [SimpleNamespace(name=name, description=shown, media_types=kinds) for name, shown, kinds in devices]
    monkeypatch.setattr(av, "enumerate_input_devices", lambda form: known, raising=False)


def test_cameras_by_number_and_name(monkeypatch):
    assert find_camera("", "linux") == Webcam("/dev/video0", "v4l2")
    assert find_camera("2", "linux") == Webcam("/dev/video2", "v4l2")
    assert find_camera("/dev/v4l/by-id/x", "linux") == Webcam("/dev/v4l/by-id/x", "v4l2")
    assert find_camera("", "darwin") == Webcam("0:none", "avfoundation")
    assert find_camera("FaceTime", "darwin") == Webcam("FaceTime:none", "avfoundation")
    listed(monkeypatch, ("@mic", "Microphone", ["audio"]), ("@a", "HD Cam", ["video"]), ("@b", "HD Cam 2", ["video"]))
    assert find_camera("", "win32") == Webcam("video=@a", "dshow")
    assert find_camera("1", "win32") == Webcam("video=@b", "dshow")
    assert find_camera("HD Cam 2", "win32") == Webcam("video=@b", "dshow")
    assert find_camera("hd cam", "linux") == Webcam("@a", "v4l2")
    for wanted in ("9", "Microphone"):
        with pytest.raises(InputError, match=f"There is no camera {wanted}; there are @a .HD Cam., @b"):
            find_camera(wanted, "win32")
    with pytest.raises(InputError, match="not on aix"):
        find_camera("", "aix")
    monkeypatch.delattr(av, "enumerate_input_devices", raising=False)
    with pytest.raises(InputError, match="newer PyAV"):
        find_camera("HD Cam", "linux")


def test_without_pyav_or_its_devices(monkeypatch):
    with pytest.raises(InputError, match="cannot read cameras .nothing"), Webcam("0", "nothing").opened():
        pass
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"needs PyAV: pip install 'actionprompt\[video\]'"), camera().opened():
        pass


def clocked(*frames: tuple[float | None, float]) -> list[float | None]:
    """Times of frames that say theirs and arrive so; None where one is left out."""
    clock = Clock()
    return [clock.time if clock.advance(own, arrived) else None for own, arrived in frames]


@pytest.mark.parametrize(
    ("frames", "times"),
    [
        ([(7, 100), (7.1, 100.2), (7.1, 100.3), (7.2, 100.4)], [0, 0.1, None, 0.2]),
        ([(None, 100), (None, 100.2), (None, 100.3)], [0, 0.2, 0.3]),
        ([(None, 100), (7, 100.2), (8, 100.3)], [0, 0.2, 0.3]),  # the clock counts for good
        ([(7, 100), (None, 100.2), (7.5, 100.3)], [0, 0.2, 0.3]),
        ([(7, 100), (7.1, 100.1), (2, 100.3), (2.1, 100.4)], [0, 0.1, 0.3, 0.4]),  # a jump back
        ([(7, 100), (9e8, 100.1), (9e8 + 1, 101.1)], [0, 0.1, 1.1]),
        ([(7, 100), (10, 103)], [0, 3]),  # a pause is none
    ],
)
def test_one_clock_that_only_goes_on(frames: list, times: list) -> None:
    found = clocked(*frames)
    assert [time is None for time in found] == [time is None for time in times]
    np.testing.assert_allclose([t for t in found if t is not None], [t for t in times if t is not None], atol=1e-6)


def test_a_camera_whose_time_jumps_back_goes_on(monkeypatch):
    def decode(video):
        for pts in (100, 101, 3, 4, 5):
            frame = av.VideoFrame.from_ndarray(picture(0), format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 30)
            yield frame
            time.sleep(0.1)

    with fake(monkeypatch, decode).opened() as frames:
        times = [at for at, _ in frames]
    assert len(times) == 5
    assert np.diff(times).min() > 0
    assert times[-1] < 1.5
