"""``actionprompt view FILE``: lifted motion as a page in the browser."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from actionprompt.commands.options import parse
from actionprompt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    from actionprompt.output import LiftedTrack
    from actionprompt.viewer.page import Played


@dataclass(frozen=True)
class ViewArgs:
    """What to show."""

    file: tyro.conf.Positional[Path]
    """A .npz file that `actionprompt lift` wrote, or a page (.html), which is opened as it is."""
    beside: tuple[Path, ...] = ()
    """Other models' .npz files of the same person and frames, drawn over the first."""
    truth: Path | None = None
    """The true motion: a .npz file with an array `pose` (frames, joints, 3) in metres, camera axes, root-relative."""
    video: Path | None = None
    """The video that the motion comes from."""
    embed: bool = True
    """Put the video into the page, or else refer to it where it lies."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """The page (default: FILE with the suffix .html)."""
    open: bool = True
    """Open the page in the browser."""


def main(args: list[str]) -> int:
    """Runs the command."""
    return run(parse(ViewArgs, args, "actionprompt view", description="Show lifted motion in the browser."))


def run(args: ViewArgs) -> int:
    """Writes the page, and opens it."""
    import webbrowser

    page = args.out or args.file.with_suffix(".html")
    if args.file.suffix.lower() in (".html", ".htm"):
        if not args.file.is_file():
            raise InputError(f"There is no page {args.file}.")
        page = args.file
    else:
        if page.suffix.lower() not in (".html", ".htm"):
            raise InputError(f"{page} is to be a page: its name ends in .html.")
        _write(args, page)
        print(f"wrote {page}")
    if args.open and not webbrowser.open(page.resolve().as_uri()):
        print(f"No browser can be started here: open {page} yourself.")
    return 0


def _write(args: ViewArgs, page: Path) -> None:
    from actionprompt.output.read import read_npz
    from actionprompt.output.show import viewer_motion
    from actionprompt.viewer import write_page

    first = read_npz(args.file)
    motion = viewer_motion(first, args.file.stem, f"Person {first.person} of {args.file.stem}")
    poses = dict(motion.poses)
    for path in args.beside:
        other = read_npz(path)
        _check_same(path, other, args.file, first)
        poses[path.stem] = other.pose
    truth = None if args.truth is None else _truth(args.truth, first)
    write_page(replace(motion, poses=poses, truth=truth), page, args.video, args.embed, _played(args.video))


def _played(video: Path | None) -> "Played | None":
    """Where the motion's beginning is in the video, which PyAV knows."""
    from importlib.util import find_spec

    if video is None or not video.is_file() or find_spec("av") is None:
        return None
    from actionprompt.video.decode import open_video
    from actionprompt.viewer.page import Played

    known = open_video(video)
    return Played(known.begin, known.slow)


def _check_same(path: Path, other: "LiftedTrack", first_path: Path, first: "LiftedTrack") -> None:
    mine, theirs = (f"{t.num_frames} frames at {t.fps:g}/s of {t.skeleton.name}" for t in (other, first))
    if mine != theirs:
        raise InputError(f"{path} holds {mine} and {first_path} {theirs}: they must show the same motion.")


def _truth(path: Path, first: "LiftedTrack") -> "Float[np.ndarray, 'n j 3']":
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as file:
            pose: Float[np.ndarray, "n j 3"] = file["pose"]
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise InputError(f"{path} is no .npz file with an array `pose` ({error}).") from error
    if pose.shape != first.pose.shape:
        raise InputError(f"{path} holds `pose` of shape {pose.shape}; the motion's is {first.pose.shape}.")
    return pose
