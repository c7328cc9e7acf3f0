"""A part of a video or of a keypoint file, in seconds of the file as it plays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float, UInt8

from actionprompt.errors import InputError
from actionprompt.keypoints.read import Track
from actionprompt.video.decode import Video
from actionprompt.video.people import People


@dataclass(frozen=True)
class Part:
    """From when to when, in seconds of the file as it plays."""

    start: float = 0.0
    end: float = np.inf

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise InputError(
                f"--start {self.start:g} --end {self.end:g}: a part begins at 0 s or later and ends after that."
            )


@dataclass(frozen=True, kw_only=True)
class PartOfVideo(Video):
    """A video of which a part is shown; its times count from the first frame of the whole."""

    whole: Video
    part: Part

    @property
    def expected(self) -> int | None:
        """How many frames there probably are."""
        frames = self.whole.expected
        if frames is None:
            return None
        first, last = (min(max(0.0, t * self.fps / self.slow), frames) for t in (self.part.start, self.part.end))
        return max(1, round(last - first))

    def frames(
        self, broken: Callable[[str], object] | None = None
    ) -> Iterator[tuple[float, UInt8[np.ndarray, "h w 3"]]]:
        """As of the whole video, from the part's start until its end.

        Raises:
            InputError: the video ends before the part starts.
        """
        some, last = False, 0.0
        for time, image in self.whole.frames(broken):
            last = time * self.slow
            if last >= self.part.end:
                break
            if last >= self.part.start:
                some = True
                yield time, image
        if not some:
            raise InputError(f"{self.path} ends at {last:.2f} s, before --start {self.part.start:g}.")

    def times(self) -> Float[np.ndarray, " n"]:
        """Seconds of the frames between the part's start and end."""
        times = self.whole.times()
        inside: Float[np.ndarray, " n"] = times[
            (times * self.slow >= self.part.start) & (times * self.slow < self.part.end)
        ]
        return inside


def part_of(video: Video, part: Part) -> Video:
    """The part of a video; the video itself where the part is all of it."""
    if part == Part():
        return video
    return PartOfVideo(**{f.name: getattr(video, f.name) for f in fields(Video)}, whole=video, part=part)


def people_in(found: People, part: Part, slow: float = 1.0) -> People:
    """The people between a part's start and end, for files without pictures.

    Args:
        found: in the whole file.
        part: in seconds of the file as it plays.
        slow: how many times slower it plays than it happened.

    Raises:
        InputError: nobody is there then.
    """
    if part.start <= 0 and np.isinf(part.end):
        return found
    first = int(np.ceil(part.start / slow * found.fps - 1e-6))
    last = np.inf if np.isinf(part.end) else np.ceil(part.end / slow * found.fps - 1e-6)
    kept = tuple(cut for track in found.tracks if (cut := _cut(track, first, last)) is not None)
    if not kept:
        raise InputError(f"Nobody is seen from --start {part.start:g} s to --end {part.end:g} s.")
    return replace(found, tracks=kept, end=min(found.end, part.end / slow))


def _cut(track: Track, first: int, last: float) -> Track | None:
    begin = max(0, first - track.first)
    end = min(track.keypoints.shape[0], last - track.first)
    if begin >= end:
        return None
    inside = slice(begin, int(end))
    return replace(
        track,
        first=track.first + begin,
        keypoints=track.keypoints[inside],
        confidence=track.confidence[inside],
        own=None if track.own is None else track.own[inside],
        feet=None if track.feet is None else track.feet[inside],
    )
