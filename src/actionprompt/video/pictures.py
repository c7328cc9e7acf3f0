"""A folder of pictures as a video: frames in the order of the numbers in their names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from actionprompt.errors import InputError
from actionprompt.keypoints.frame_numbers import frames_of
from actionprompt.video.decode import Video, open_video
from actionprompt.video.upright import Turn

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Pictures(Video):
    """Pictures in a folder, one read at a time."""

    files: tuple[Path, ...] = ()
    moments: tuple[float, ...] = ()
    """Seconds of each since the first one."""

    def frames(
        self, broken: Callable[[str], object] | None = None
    ) -> Iterator[tuple[float, UInt8[np.ndarray, "h w 3"]]]:
        """The frames, as those of a video; ``broken`` is never told anything.

        Raises:
            InputError: a picture that cannot be read, or of another size than the first one.
        """
        for moment, file in zip(self.moments, self.files, strict=True):
            image = next(iter(open_video(file).frames()))[1]
            if (image.shape[1], image.shape[0]) != self.size:
                was, now = f"{self.size[0]} x {self.size[1]}", f"{image.shape[1]} x {image.shape[0]}"
                raise InputError(f"{file} has {now} pixels, and the pictures before it {was}: give those of one video.")
            yield moment, self.turn(image)

    def times(self) -> Float[np.ndarray, " n"]:
        """Seconds of all pictures."""
        return np.array(self.moments)


def is_pictures(folder: Path) -> bool:
    """Whether a folder holds pictures."""
    return any(file.suffix.lower() in SUFFIXES for file in folder.iterdir())


def open_pictures(folder: Path, fps: float | None) -> Pictures:
    """A folder of pictures.

    Args:
        folder: holds pictures with numbers in their names: of frames, or of a computer's clock.
        fps: frames a second; the clock's numbers say it themselves.

    Raises:
        InputError: no rate is known, or the pictures are of several videos.
    """
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    found = frames_of([file.name for file in files], str(folder))
    order = np.argsort(found.numbers, kind="stable")
    if len(set(found.numbers)) < len(files):
        raise InputError(f"{folder} has several pictures of one frame: give those of one video.")
    if found.times is None and fps is None:
        raise InputError(f"{folder} holds pictures, which do not say how many a second were taken: say --fps.")
    numbers = np.array(found.numbers)[order]
    times = found.times[numbers] if found.times is not None else (numbers - numbers[0]) / (fps or 1.0)
    first = open_video(files[order[0]])
    rate = (len(files) - 1) / max(float(times[-1]), 1e-9) if len(files) > 1 else fps or 1.0
    return Pictures(
        folder,
        first.size,
        rate,
        None,
        len(files),
        Turn(),
        files=tuple(files[i] for i in order),
        moments=tuple(float(time) for time in times),
    )
