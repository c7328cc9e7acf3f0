"""Frames of a camera as they come, through FFmpeg's input devices.

Devices keep some frames for whoever is slow, and drop the new ones: a thread of our own reads them all and keeps the
newest.
"""

import errno
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
from jaxtyping import UInt8

from actionprompt.errors import InputError
from actionprompt.keypoints.timing import LONGEST_GAP
from actionprompt.video.libraries import library
from actionprompt.video.upright import turn_of

FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
"""FFmpeg's devices, by system."""
SILENT = 10.0
"""Seconds without a frame after which a camera is given up."""
CLOSING = 2.0
"""Seconds that a camera has to give the frame that it is at."""
REASONS = {
    errno.ENOENT: "there is no such device",
    errno.ENODEV: "there is no such device",
    errno.ENXIO: "there is no such device",
    errno.EBUSY: "another program uses it: close that one",
    errno.EACCES: "this user may not use it (on Linux: the group video may; elsewhere: the system's privacy settings)",
    errno.EPERM: "this user may not use it (on Linux: the group video may; elsewhere: the system's privacy settings)",
    errno.ENOTTY: "it is not a camera",
}


@dataclass(frozen=True)
class Webcam:
    """A camera."""

    device: str
    """The device as FFmpeg calls it."""
    format: str
    """FFmpeg's input device."""

    @contextmanager
    def opened(self) -> Iterator["Frames"]:
        """Its frames, from now on until the end of the block, which closes it.

        Raises:
            InputError: PyAV is not installed or has no such devices, there is no such camera, it is busy, or this user
                may not use it.
        """
        av = library("av", "Reading a camera needs PyAV")
        if not any(self.format in name.split(",") for name in av.formats_available):
            raise InputError(f"This PyAV cannot read cameras ({self.format}): install the one from PyPI.")
        options = {"framerate": "30"} if self.format == "avfoundation" else {}  # its own default fits no camera
        try:
            container = av.open(self.device, format=self.format, options=options)
        except (av.error.FFmpegError, OSError) as error:
            why = REASONS.get(error.errno or 0, error.strerror)
            raise InputError(f"Cannot open the camera {self.device}: {why}{_others(self.format)}.") from error
        if not container.streams.video:
            container.close()
            raise InputError(f"{self.device} gives no pictures: name a camera.")
        frames = Frames(self.device, container)
        try:
            yield frames
        finally:
            frames.close()


class Clock:
    """Seconds since a camera's first frame: as its frames say, or as they arrive once one of them says nothing.

    Where the camera's own time jumps, it goes on from there: between the two frames the arrival counts.
    """

    def __init__(self) -> None:
        self.time = 0.0
        self._own = True
        """Whether the camera's own time counts."""
        self._before: tuple[float | None, float] | None = None
        """The camera's own time and the arrival of the last frame."""

    def advance(self, own: float | None, arrived: float) -> bool:
        """Goes on to the next frame; False: it is the last one again.

        Args:
            own: seconds, as the frame says.
            arrived: seconds of this computer's clock.
        """
        said, came = self._before or (own, arrived)
        first, self._before = self._before is None, (own, arrived)
        self._own = self._own and own is not None
        step = own - said if self._own and own is not None and said is not None else arrived - came
        if not 0 <= step <= arrived - came + LONGEST_GAP:
            step = arrived - came
        self.time += step
        return first or step > 0


class Frames:
    """Seconds since the first frame (strictly rising) and the upright RGB image, the newest that the camera gave."""

    def __init__(self, name: str, container: Any) -> None:
        self.arrived = 0
        """Frames that the camera gave, seen or not."""
        self._name, self._container = name, container
        self._ready = threading.Condition()
        self._newest: Any = None
        self._ended, self._broken, self._closed = False, "", False
        self._reader = threading.Thread(target=self._read, name="camera", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[tuple[float, UInt8[np.ndarray, "h w 3"]]]:
        """Until the camera ends.

        Raises:
            InputError: the camera was unplugged, or gives nothing any more.
        """
        reformat = library("av", "Reading a camera needs PyAV").video.reformatter.VideoReformatter().reformat
        clock = Clock()
        while (found := self._take()) is not None:
            frame, arrived = found
            if not clock.advance(frame.time, arrived):
                continue  # a camera that repeats itself
            yield clock.time, turn_of(frame)(reformat(frame, format="rgb24").to_ndarray())
        if self._broken:
            raise InputError(
                f"The camera {self._name} ended after {clock.time:.1f} s ({self._broken}): was it unplugged?"
            )

    def close(self) -> None:
        """Closes the camera; one that hangs is left to the end of the process, since its reader still holds it."""
        self._closed = True
        self._reader.join(CLOSING)
        if not self._reader.is_alive():
            self._container.close()

    def _take(self) -> tuple[Any, float] | None:
        """The newest frame, once."""
        with self._ready:
            if not self._ready.wait_for(lambda: self._newest is not None or self._ended, SILENT):
                self._broken = f"no picture for {SILENT:.0f} s"
                return None
            newest, self._newest = self._newest, None
        return newest

    def _read(self) -> None:
        """What the thread does: decodes everything and keeps the newest."""
        error = library("av", "Reading a camera needs PyAV").error
        try:
            for frame in self._container.decode(video=0):
                if self._closed:
                    break
                with self._ready:
                    self._newest = frame, monotonic()
                    self.arrived += 1
                    self._ready.notify()
        except (error.FFmpegError, OSError) as found:
            self._broken = found.strerror or str(found)
        with self._ready:
            self._ended = True
            self._ready.notify()


def find_camera(wanted: str = "", system: str = sys.platform) -> Webcam:
    """A camera by its number, its device name or a part of the name that the system shows; the first one if empty.

    Raises:
        InputError: no such camera, or a system whose cameras FFmpeg does not know.
    """
    if system not in FORMATS:
        raise InputError(f"Cameras can be read on Linux, macOS and Windows, not on {system}: pipe keypoints (-).")
    form, number = FORMATS[system], int(wanted) if wanted.isdecimal() else 0 if not wanted else None
    if form == "avfoundation":
        return Webcam(f"{wanted or 0}:none", form)  # numbers and names as they are, and no microphone
    if form == "v4l2" and (number is not None or wanted.startswith("/")):
        return Webcam(wanted if number is None else f"/dev/video{number}", form)
    known = _listed(form)
    fitting = [name for i, (name, shown) in enumerate(known) if i == number or wanted in (name, shown)]
    fitting = fitting or [name for name, shown in known if number is None and wanted.lower() in shown.lower()]
    if not fitting:
        raise InputError(f"There is no camera {wanted or 0}{_others(form)}.")
    return Webcam(f"video={fitting[0]}" if form == "dshow" else fitting[0], form)


def _listed(form: str) -> list[tuple[str, str]]:
    """Device names of the cameras, and the names that the system shows.

    Raises:
        InputError: PyAV is too old to list them.
    """
    av = library("av", "Reading a camera needs PyAV")
    if not hasattr(av, "enumerate_input_devices"):
        raise InputError("To find a camera by its name, a newer PyAV is needed: pip install -U av.")
    found = av.enumerate_input_devices(form)
    return [(one.name, one.description) for one in found if not one.media_types or "video" in one.media_types]


def _others(form: str) -> str:
    """What there is, for an error."""
    av = library("av", "Reading a camera needs PyAV")
    try:
        known = _listed(form)
    except (InputError, ValueError, av.error.FFmpegError, OSError):  # this device cannot be asked
        return ""
    return (
        f"; there are {', '.join(f'{name} ({shown})' for name, shown in known)}"
        if known
        else "; FFmpeg finds no camera at all"
    )
