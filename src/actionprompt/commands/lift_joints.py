"""Where ``actionprompt lift`` has its 2D joints from: a detector that looks at a video, or a keypoint file."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from actionprompt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float
    from rich.console import Console

    from actionprompt.keypoints.read import KeypointFile
    from actionprompt.video.decode import Video
    from actionprompt.video.detect import Detector
    from actionprompt.video.part import Part
    from actionprompt.video.people import People

KEYPOINT_SUFFIXES = (".json", ".npz", ".npy", ".csv")
"""Files of keypoints; whatever else there is, is tried as a video."""
CLOSED = {
    ".h5": "an HDF5 file (as of DeepLabCut or SLEAP)",
    ".hdf5": "an HDF5 file",
    ".slp": "a project of SLEAP",
    ".nwb": "a file of Neurodata Without Borders",
    ".nc": "a NetCDF file (as of movement)",
    ".pose": "a file of pose-format",
    ".pkl": "a pickle, which would run what it says",
}
"""Files of other programs with keypoints that are not read."""
MOST_FRAMES = 60.0
"""Frames a second that a detector looks at, at most: slow motion cameras give hundreds."""
SAME_RATE = 0.05
"""By how much a given frame rate and a file's own times may differ."""
Size = Annotated[tuple[int, int] | None, tyro.conf.arg(metavar="WIDTH HEIGHT")]


@dataclass(frozen=True)
class KeypointArgs:
    """2D joints from a file or a pipe instead of a detector."""

    file: Path | None = None
    """Keypoints of the video: npz, npy, CSV, JSON (COCO, AlphaPose, MMPose) or OpenPose's folder; no detector runs."""
    layout: str | None = None
    """Whose points: coco17, halpe26, body25, blazepose33, h36m17 (default: as the file says, or by their number)."""
    size: Size = None
    """The image in pixels, where neither file nor video says."""
    units: Literal["pixels", "relative", "screen"] = "pixels"
    """Coordinates: pixels, relative (0 to 1 of width and height), or screen (width -1 to 1)."""
    fps: float | None = None
    """Frames per second of a keypoint file or a pipe (default: the video's, else the model's)."""


@dataclass(frozen=True)
class DetectorArgs:
    """Who looks for people in the video."""

    name: Literal["blazepose", "rtmlib"] = "blazepose"
    """blazepose (weights fetched once with pip), or rtmlib where it is installed."""
    weights: Path | None = None
    """A folder or wheel that holds BlazePose's .tflite files."""
    partial: bool = False
    """Lift what comes before the place where a damaged video breaks off."""
    every: int = 1
    """Look at every so-manieth frame only, and interpolate between: 2 halves the time (docs/video.md says what it
    costs)."""
    save: Path | None = None
    """Keep what the detector saw in this .npz file: `--keypoints.file` lifts it again without looking."""


def look(
    path: Path,
    video: "Video",
    k: KeypointArgs,
    d: DetectorArgs,
    fps: float,
    console: "Console",
    part: "Part",
    mirror: bool = False,
    threads: int = 2,
    device: str = "cpu",
) -> "tuple[People, tuple[str, ...]]":
    """The people in a part of a video, by a detector or from a keypoint file of it."""
    from actionprompt.keypoints.arrays import write_arrays
    from actionprompt.keypoints.read import read_keypoints
    from actionprompt.video.part import part_of, people_in
    from actionprompt.video.people import at_rate
    from actionprompt.video.people import tracks as people_seen

    if k.file is not None:
        own = None if k.fps is not None else video.times()
        size = k.size or video.size
        known = read_keypoints(
            k.file, layout=k.layout, size=size, units=k.units, fps=_rate(k.fps), times=own, mirrored=mirror
        )
        note = f"2D joints of {path.name} from {k.file.name} ({known.layout})"
        times = _times(known, k.fps)
        if video.duration and abs(times[-1] - video.duration) > 0.5:
            why = f"{k.file} covers {times[-1]:.1f} s, and the video lasts {video.duration:.1f} s."
            console.print(why, style="yellow")
        return people_in(at_rate(known, times, fps), part, video.slow), (note, *video.notes)
    from actionprompt.video.detect import detect

    detector = load_detector(d, threads=threads, device=device)
    shown = part_of(video, part)
    seen = detect(shown, detector, hidden=console.quiet, partial=d.partial, most=MOST_FRAMES, every=d.every)
    if seen.broken:
        console.print(f"{seen.broken} What comes before is lifted.", style="yellow")
    console.print(
        f"{seen.frames:,} frames, somebody in {seen.share:.0%} of them; the detector saw {seen.rate:.1f} frames/s."
    )
    if d.save is not None:
        write_arrays(seen.detections, d.save)
        console.print(f"wrote {d.save}", soft_wrap=True)
    note = f"2D joints of {path.name} by {detector.name}" + (f"; {seen.broken}" if seen.broken else "")
    return people_seen(seen, str(path), fps), (note, *video.notes)


def is_video(source: str) -> bool:
    """Whether a source is a video or a folder of pictures, and no keypoint file.

    Raises:
        InputError: it is an address.
    """
    if re.match(r"[a-z][a-z0-9+.-]+://", source, re.IGNORECASE):
        how = f"ffmpeg -i {shlex.quote(source)} -c copy clip.mkv"
        raise InputError(f"{source} is an address, and files are lifted: download or record it first ({how}).")
    path = Path(source)
    if path.is_dir():
        from actionprompt.keypoints.json_formats import is_folder
        from actionprompt.video.pictures import is_pictures

        return is_pictures(path) and not is_folder(path)
    _refuse_others(path)
    return path.suffix.lower() not in KEYPOINT_SUFFIXES


def _refuse_others(path: Path) -> None:
    """Names files that other programs take for people's motion, and that are neither video nor 2D keypoints.

    Raises:
        InputError: motion capture, or tables that no text editor opens.
    """
    from actionprompt.formats.motion import ENDINGS

    ending = path.suffix.lower()
    if ending in set(ENDINGS) - {".json"}:
        raise InputError(
            f"{path} is motion capture, which is 3D already: `actionprompt data inspect` looks at it, `evaluate "
            "--truth` compares a lift with it, and `train --data mocap` learns from it."
        )
    if ending in CLOSED and path.is_file():
        raise InputError(f"{path} is {CLOSED[ending]}, and no video: export its keypoints as CSV.")


def open_source(path: Path, fps: float | None, mirror: bool) -> "Video":
    """The video, or folder of pictures, at the rate that it was taken at, turned where it is mirrored."""
    from dataclasses import replace

    from actionprompt.video.decode import open_video
    from actionprompt.video.pictures import open_pictures

    if fps is not None and not 1 <= fps < 10000:
        raise InputError(f"--fps is {fps}: it must be a number from 1 to 10,000.")
    video = open_pictures(path, fps) if path.is_dir() else open_video(path, fps)
    return replace(video, turn=replace(video.turn, mirrored=not video.turn.mirrored)) if mirror else video


def load_detector(args: DetectorArgs, most: int = 5, threads: int = 2, device: str = "cpu") -> "Detector":
    """The detector, of at most so many people, with so many threads and on that device where it can be told."""
    if args.name == "rtmlib":
        from actionprompt.video.rtm import RTM

        return RTM(device=device.partition(":")[0])
    from actionprompt.video.blazepose import BlazePose

    return BlazePose(weights=args.weights, most=most, threads=threads)


def read(
    path: Path, k: KeypointArgs, fps: float, part: "Part", mirror: bool = False
) -> "tuple[People, tuple[str, ...]]":
    """The people in a part of a keypoint file."""
    from actionprompt.keypoints.read import read_keypoints
    from actionprompt.video.part import people_in
    from actionprompt.video.people import at_rate

    if k.file is not None:
        raise InputError(f"{path} is not a video that --keypoints.file could belong to: give one keypoint file.")
    known = read_keypoints(
        path, layout=k.layout, size=k.size, units=k.units, fps=_rate(k.fps), usual=fps, mirrored=mirror
    )
    times = _times(known, k.fps)
    guess = (
        "" if not known.assumed else f" (assumed to be at the model's {fps:g} frames/s: --keypoints.fps says otherwise)"
    )
    return people_in(at_rate(known, times, fps), part), (f"2D joints from {path.name}, {known.layout}{guess}",)


def _rate(given: float | None) -> float | None:
    """The frame rate of a keypoint file as given.

    Raises:
        InputError: one that cannot be.
    """
    if given is not None and not 1 <= given < 10000:
        raise InputError(f"--keypoints.fps is {given}: it must be a number from 1 to 10,000.")
    return given


def _times(found: "KeypointFile", given: float | None) -> "Float[np.ndarray, ' n']":
    """Seconds of the frames.

    Raises:
        InputError: another frame rate is given than the file's own times have.
    """
    import numpy as np

    assert found.times is not None, "a rate was given where the file says nothing"
    if given is not None and found.times.size > 1 and abs(np.median(np.diff(found.times)) * given - 1) > SAME_RATE:
        raise InputError("The keypoint file says the time of every frame: leave --keypoints.fps out.")
    return found.times
