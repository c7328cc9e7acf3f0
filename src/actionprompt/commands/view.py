"""``actionprompt view FILE``: lifted motion as a page in the browser."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from actionprompt.commands.options import parse
from actionprompt.errors import InputError

if TYPE_CHECKING:
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
    """The true motion: a .npz file with an array `pose` (frames, joints, 3) in metres, or a file of motion capture."""
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

    from actionprompt.console import console

    page = args.out or args.file.with_suffix(".html")
    if args.file.suffix.lower() in (".html", ".htm"):
        if not args.file.is_file():
            raise InputError(f"There is no page {args.file}.")
        page = args.file
    else:
        if page.suffix.lower() not in (".html", ".htm"):
            raise InputError(f"{page} is to be a page: its name ends in .html.")
        _write(args, page)
        console().print(f"wrote {page}", soft_wrap=True)
    if args.open and not webbrowser.open(page.resolve().as_uri()):
        console().print(f"No browser can be started here: open {page} yourself.", soft_wrap=True)
    return 0


def _write(args: ViewArgs, page: Path) -> None:
    from actionprompt.console import console
    from actionprompt.output.npz import read_lifted
    from actionprompt.output.show import viewer_motion
    from actionprompt.output.truth import errors, read_truth
    from actionprompt.viewer import write_page

    first = read_lifted(args.file)
    motion = viewer_motion(first, args.file.stem, f"Person {first.person} of {args.file.stem}")
    poses = dict(motion.poses)
    for path in args.beside:
        other = read_lifted(path)
        _check_same(path, other, args.file, first)
        poses[path.stem] = other.pose
    truth = None if args.truth is None else read_truth(args.truth, first)
    if truth is not None and args.truth is not None:
        p1, pa = errors(first.pose - first.pose[:, first.skeleton.root, None], truth.pose)
        done = f" ({'; '.join(truth.notes)})" if truth.notes else ""
        console().print(f"{args.truth.name}{done}: P1 {1000 * p1:.1f} mm, PA-MPJPE {1000 * pa:.1f} mm", soft_wrap=True)
    true = None if truth is None else truth.pose
    write_page(replace(motion, poses=poses, truth=true), page, args.video, args.embed, _played(args.video))


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
