"""``actionprompt evaluate MODEL --truth FILE``: a lift against the motion that another system measured."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from actionprompt.commands.lift_args import CameraArgs, LiftArgs, load_lifter
from actionprompt.commands.lift_joints import DetectorArgs, KeypointArgs
from actionprompt.commands.options import parse
from actionprompt.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from actionprompt.output import LiftedTrack


@dataclass(frozen=True)
class EvaluateTruthArgs:
    """What to compare with what."""

    model: tyro.conf.Positional[Path]
    """A model, which lifts --source; or the .npz file of a person that was lifted before."""
    truth: Path
    """The measured motion: C3D, BVH, AMC, TRC, MVNX, NTU's .skeleton, Azure Kinect's JSON, or .npz with `pose`."""
    source: Path | None = None
    """The video or keypoint file of the same motion."""
    person: str | None = None
    """Whom the truth shows (default: the main person)."""
    begin: float | None = None
    """Seconds in the video at which the truth begins (default: as the file says, else 0)."""
    start: float = 0.0
    """Lift from here, seconds."""
    end: float = float("inf")
    """Lift up to here, seconds: the truth must cover what is lifted."""
    rig: str = "auto"
    """Which points of the truth are the joints: a built-in rig (docs/data.md), or a file that maps them."""
    unit: float | None = None
    """The truth's metres per unit (default: as the file says, else by the size of a person)."""
    up: Literal["auto", "x", "y", "z"] = "auto"
    """The truth's axis that points up (default: as the file says, else as is usual in its format)."""
    skeleton: Path | None = None
    """The .asf of an .amc."""
    out: Path | None = None
    """Folder of the reports (default: this one)."""
    mirror: bool = False
    """The source's picture is mirrored."""
    keypoints: KeypointArgs = KeypointArgs()
    """Keypoints."""
    detector: DetectorArgs = DetectorArgs()
    """The detector."""
    camera: CameraArgs = CameraArgs()
    """What is known of the camera."""
    device: Annotated[str, tyro.conf.arg(metavar="cpu|cuda")] = "cpu"
    """Where to compute."""


def has_truth(args: list[str]) -> bool:
    """Whether the arguments name a truth."""
    return any(arg == "--truth" or arg.startswith("--truth=") for arg in args)


def main(args: list[str]) -> int:
    """Runs the command."""
    what = "Errors of a lifted motion against the motion that another system measured."
    return run(parse(EvaluateTruthArgs, args, "actionprompt evaluate", description=what))


def run(args: EvaluateTruthArgs) -> int:
    """Lifts, compares, prints and writes the tables."""
    from actionprompt.console import console as new_console
    from actionprompt.data.motion_files import MotionFile
    from actionprompt.evaluation.terminal import save
    from actionprompt.evaluation.truth_report import as_json, compare, markdown
    from actionprompt.output.truth import read_truth

    console = new_console()
    if not args.truth.is_file():
        raise InputError(f"There is no file {args.truth}.")
    track = _track(args, console)
    hints = MotionFile(args.truth, args.skeleton, args.rig, args.unit, args.up)
    report = compare(track, read_truth(args.truth, track, hints, args.begin))
    facts = {"model or motion": str(args.model), "source": str(args.source or args.model), "person": track.person}
    title = f"{(args.source or args.model).name} against {args.truth.name}"
    _print(report.errors, report.joints, title, console)
    for note in report.notes:
        console.print(f"truth: {note}", soft_wrap=True, highlight=False)
    texts = {".md": markdown(report, title, facts), ".json": as_json(report, facts)}
    save(console, args.out or Path(), "report-truth", texts)
    return 0


def _track(args: EvaluateTruthArgs, console: "Console") -> "LiftedTrack":
    """The person whom the truth shows: lifted now, or read.

    Raises:
        InputError: nothing to lift, both a lifted motion and a source, or nobody of that name.
    """
    from actionprompt.output.npz import read_lifted

    lifted = args.model.suffix.lower() == ".npz"
    if lifted and args.source is not None:
        raise InputError(f"{args.model} is lifted already: give a model to lift {args.source}, or no --source.")
    if lifted:
        return read_lifted(args.model)
    if args.source is None:
        raise InputError("Say what was filmed while the truth was measured: --source VIDEO or --source KEYPOINTS.")
    tracks = _lift(args, args.source, console)
    for track in tracks:
        if args.person in (None, track.person):
            return track
    names = ", ".join(track.person for track in tracks)
    raise InputError(f"There is no person {args.person} in {args.source}: there are {names}.")


def _lift(args: EvaluateTruthArgs, source: Path, console: "Console") -> "list[LiftedTrack]":
    """Everybody in the source, as ``lift`` does by default."""
    from actionprompt.commands.lift_file import check_options, lift_file

    asked = LiftArgs(
        (str(source),),
        start=args.start,
        end=args.end,
        model=str(args.model),
        mirror=args.mirror,
        keypoints=args.keypoints,
        detector=args.detector,
        camera=args.camera,
        device=args.device,
    )
    check_options(asked, ())
    return lift_file(source, (), asked, load_lifter(asked), console).tracks


def _print(errors: dict[str, float], joints: dict[str, float], title: str, console: "Console") -> None:
    from rich.table import Table

    from actionprompt.evaluation.terminal import show
    from actionprompt.evaluation.truth_report import CAPTION

    table = Table("", "mm", title=title)
    for name, mm in (*errors.items(), *joints.items()):
        table.add_row(name, f"{mm:.1f}")
    show(console, table)
    console.print(CAPTION, soft_wrap=True)
