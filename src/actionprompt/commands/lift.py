"""``actionprompt lift SOURCE``: a video, or 2D keypoints, to 3D motion with named actions.

One file in ``lift_file``, many in ``lift_many``, live in ``lift_live``.
"""

from pathlib import Path

from actionprompt.commands.lift_args import LiftArgs, is_live, load_lifter
from actionprompt.commands.lift_file import MANY, check_options, lift_file
from actionprompt.commands.lift_joints import is_video
from actionprompt.commands.lift_outputs import default_outs, fingerprint
from actionprompt.commands.options import parse
from actionprompt.errors import InputError


def main(args: list[str]) -> int:
    """Runs the command."""
    what = (
        "Lift the people of a video, of a webcam, or 2D keypoints of a file or a pipe, to 3D motion with named actions."
    )
    parsed = parse(LiftArgs, _with_address(args), "actionprompt lift", description=what)
    if not parsed.sources:
        raise InputError("Say what to lift: a video, a keypoint file, - or webcam; several with --out-dir.")
    if len(parsed.sources) == 1 and is_live(parsed.source):
        from actionprompt.commands.lift_live import live

        return live(parsed)
    from actionprompt.inference.batch.sources import is_many

    if parsed.out_dir is None and not is_many(parsed.sources):
        return run(parsed)
    from actionprompt.commands.lift_many import lift_many

    return lift_many(parsed)


def _with_address(args: list[str]) -> list[str]:
    """The words, a lone ``--ray`` meaning the cluster that this machine belongs to."""
    following = [*args[1:], "--"]
    pairs = zip(args, following, strict=True)
    return [word for arg, after in pairs for word in ((arg, "auto") if arg == "--ray" and after[:1] == "-" else (arg,))]


def run(args: LiftArgs) -> int:
    """Finds people, lifts them, writes files, and says what it did."""
    from actionprompt.console import console as new_console

    console = new_console(stderr=True)
    is_video(args.source)  # refuses an address
    source = Path(args.source)
    outs = args.out or default_outs(source, fingerprint(source))
    check_options(args, outs)
    if beyond := [name for name in MANY if getattr(args, name) != getattr(LiftArgs(()), name)]:
        raise InputError(f"--{beyond[0].replace('_', '-')} is for many sources: give --out-dir with it.")
    lifted = lift_file(source, outs, args, load_lifter(args), console)
    total = sum(lifted.seconds.values())
    console.print(", ".join(f"{name} {s:.1f} s ({s / total:.0%})" for name, s in lifted.seconds.items()))
    if lifted.failed:
        raise lifted.failed[0]
    return 0
