"""One video or keypoint file of ``actionprompt lift``: checked, lifted, written."""

import re
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from actionprompt.commands.lift_args import CameraArgs, CharacterArgs, LiftArgs
from actionprompt.commands.lift_joints import DetectorArgs, KeypointArgs, is_video, look, open_source, read
from actionprompt.commands.lift_outputs import fingerprint
from actionprompt.errors import InputError
from actionprompt.files import check_writable

if TYPE_CHECKING:
    from rich.console import Console

    from actionprompt.inference.people import MotionCfg
    from actionprompt.model.lifter import Lifter
    from actionprompt.output import CharacterCfg, LiftedTrack
    from actionprompt.video.decode import Video
    from actionprompt.video.people import People

TOLD = ("no path", "hardly seen", "left and right", "the camera is taken")
"""Beginnings of the notes that are said on the screen, too: where not to trust what was lifted."""
MOST_SEGMENTS = 12
"""Segments of a person that are shown in the terminal."""
LARGEST = 30_000_000
"""Bytes of a video that is put into a page if nothing else is said."""
CHARACTERS = (".bvh", ".glb", ".vrm", ".vrma")
"""Suffixes of files that hold a character."""
MANY = ("formats", "workers", "threads", "shard", "retry", "ray", "slurm", "slurm_job")
"""Options that are for many sources."""


class LiftedFile(NamedTuple):
    """What was made of a source."""

    tracks: "list[LiftedTrack]"
    found: "People"
    files: list[Path]
    seconds: dict[str, float]
    failed: list[InputError]
    """Of the outputs: what could not be written."""


def check_options(args: LiftArgs, outs: tuple[Path, ...]) -> None:
    """Refuses what would have no effect or cannot be, before anything is done.

    Raises:
        InputError: there is some.
    """
    video, source = is_video(args.source), Path(args.source)
    if args.lag:
        raise InputError("--lag is for pipes (-) and webcams: files are lifted with all the look-ahead there is.")
    if args.show:
        raise InputError("--show is for pipes (-) and webcams: files become pages, which `actionprompt view` opens.")
    if args.osc:
        raise InputError("--osc is for pipes (-) and webcams: of files write .vrma, .bvh or .glb.")
    _settings(args)
    _character(args)
    _ = args.part  # refuses an end before the start
    _check_effect(args, video)
    _check_characters(args, outs)
    _check_outs(outs, video, [source, *(p for p in (args.keypoints.file, args.detector.weights) if p)], args.model)


def lift_file(
    source: Path, outs: tuple[Path, ...], args: LiftArgs, lifter: "Lifter", console: "Console", threads: int = 2
) -> LiftedFile:
    """Finds people, lifts them and writes files; says what it did on the console.

    Raises:
        InputError: something is wrong with the source.
    """
    from actionprompt.inference.people import lift_people
    from actionprompt.model.lifter import model_rate

    begin = perf_counter()
    k, rate = args.keypoints, model_rate(lifter)
    film = open_source(source, args.fps, args.mirror) if is_video(str(source)) else None
    if film is not None:
        for note in film.notes:
            console.print(note, style="yellow", soft_wrap=True)
        found, notes = look(source, film, k, args.detector, rate, console, args.part, args.mirror, threads, args.device)
    else:
        found, notes = read(source, k, rate, args.part, args.mirror)
    looked = perf_counter()
    chosen = _chosen(found, args.people)
    tracks = lift_people(lifter, chosen, _settings(args), (*notes, *found.notes, fingerprint(source)))
    lifted = perf_counter()
    _tell(tracks, found, lifter.encoder.window.frames, console)
    files, failed = _write_all(source, outs, tracks, args, film, console)
    times = {"2D joints": looked - begin, "lifting": lifted - looked, "writing": perf_counter() - lifted}
    return LiftedFile(tracks, found, files, times, failed)


def _settings(args: LiftArgs) -> "MotionCfg":
    from actionprompt.inference.body import BodyCfg
    from actionprompt.inference.people import MotionCfg
    from actionprompt.output import OneEuro, SavitzkyGolay

    smoothing = {"none": None, "one-euro": OneEuro(), "savitzky-golay": SavitzkyGolay()}[args.smooth]
    c = args.camera
    if c.focal is not None and not c.focal > 0:
        raise InputError(f"--camera.focal is {c.focal}: a focal length is a positive number of pixels.")
    if c.focal is not None and c.view != CameraArgs().view:
        raise InputError("--camera.focal and --camera.view say the same thing in two ways: give one of them.")
    return MotionCfg(
        args.flip,
        args.overlap,
        follow=c.follow,
        body=BodyCfg() if args.one_body else None,
        root=args.root,
        view=c.view,
        focal=c.focal,
        pitch=None if c.pitch == "auto" else c.pitch,
        roll=c.roll,
        heights=args.height,
        smoothing=smoothing,
    )


def _character(args: LiftArgs) -> "CharacterCfg":
    """What BVH and glTF show.

    Raises:
        InputError: a frame rate that cannot be.
    """
    from actionprompt.output import CharacterCfg

    return CharacterCfg(args.rig, **vars(args.character))


def _check_characters(args: LiftArgs, outs: tuple[Path, ...]) -> None:
    """Refuses settings of characters that would have no effect.

    Raises:
        InputError: there are some, and no file that holds a character.
    """
    given = args.rig != LiftArgs(()).rig or args.character != CharacterArgs()
    if given and not any(path.suffix.lower() in CHARACTERS for path in outs):
        raise InputError(f"--rig and --character.* are for characters: write a file in {', '.join(CHARACTERS)}.")


def _check_outs(outs: tuple[Path, ...], video: bool, inputs: list[Path], model: str | None) -> None:
    """Wrong names are found before the work is done, not after.

    Raises:
        InputError: nothing writes such a file, it is one of the inputs or named twice, or it cannot be written there.
    """
    from actionprompt.output import formats

    taken = {path.resolve() for path in (*inputs, *([Path(model)] if model else []))}
    for path in outs:
        check_writable(path)
        if path.resolve() in taken:
            raise InputError(f"{path} is already an input or another output: give it another name.")
        one = re.compile(re.escape(path.stem) + r"-person[\w.-]+" + re.escape(path.suffix))
        if hit := [each for each in taken if each.parent == path.resolve().parent and one.fullmatch(each.name)]:
            raise InputError(f"Several people of {path} could be written over {hit[0].name}: give it another name.")
        taken.add(path.resolve())
        if path.suffix.lower() == ".mp4" and not video:
            raise InputError(f"{path} shows the skeleton over a video, and the source is none.")
        if path.suffix.lower() != ".mp4" and not any(path.name.lower().endswith(f".{name}") for name in formats()):
            raise InputError(f"Nothing writes {path.name}: names end in .mp4, .{', .'.join(formats())}.")


def _check_effect(args: LiftArgs, video: bool) -> None:
    """Refuses options that would have no effect, and finds out before the work what cannot be kept.

    Raises:
        InputError: there are some, or what the detector sees cannot be written where it was asked for.
    """
    detected = video and args.keypoints.file is None
    if detected and args.keypoints != KeypointArgs():
        raise InputError("--keypoints.* describe a keypoint file, and none is given: a detector looks at the video.")
    if not detected and args.detector != DetectorArgs():
        raise InputError("--detector.* have no effect: the 2D joints come from a file, and no detector runs.")
    if not video and args.fps is not None:
        raise InputError("--fps is of a video: the rate of a keypoint file is --keypoints.fps.")
    if not video and args.page_video != "auto":
        raise InputError("--page-video has no effect: the source is not a video.")
    if (save := args.detector.save) is None:
        return
    if save.suffix.lower() != ".npz" or save.resolve() in {path.resolve() for path in args.out}:
        raise InputError(f"--detector.save {save}: give a .npz file of its own.")
    check_writable(save)


def _chosen(found: "People", most: int) -> "People":
    if most < 0:
        raise InputError(f"--people is {most}: give how many to lift, or 0 for all.")
    return replace(found, tracks=found.tracks[: most or None])


def _tell(tracks: "list[LiftedTrack]", found: "People", window: int, console: "Console") -> None:
    """Who was lifted, what they do, and where not to trust it."""
    from actionprompt.output import segments

    console.print(f"Frame rate: {found.timing}.")
    for sentence in found.notes:
        console.print(sentence, style="yellow", soft_wrap=True)
    for sentence in found.dropped:
        console.print(f"Not lifted: {sentence}", style="yellow", soft_wrap=True)
    for track in tracks:
        all_segments = segments(track)
        does = ", ".join(
            f"{s.action} {s.start:.1f}-{s.end:.1f} s ({s.mean_probability:.0%})" for s in all_segments[:MOST_SEGMENTS]
        )
        if (more := len(all_segments) - MOST_SEGMENTS) > 0:
            does += f" and {more:,} more (-o NAME.segments.csv holds all)"
        seconds = track.num_frames / track.fps
        console.print(f"Person {track.person}: {track.num_frames:,} frames, {seconds:.1f} s. {does}", soft_wrap=True)
        if track.num_frames < window:
            short = f"That is less than the model's window of {window} frames: the edges are repeated."
            console.print(short, style="yellow")
        for note in track.notes:
            if note.startswith(TOLD):
                console.print(note, style="yellow", soft_wrap=True)


def _page_video(source: Path, args: LiftArgs) -> Path | None:
    """The video that pages show; asked for only where a browser plays it, unless the user insists."""
    from actionprompt.viewer.page import VIDEO_TYPES

    if args.page_video == "none" or source.is_dir():
        return None
    playable = source.suffix.lower() in VIDEO_TYPES
    return source if playable or args.page_video != "auto" else None


def _write_all(
    source: Path,
    outs: tuple[Path, ...],
    tracks: "list[LiftedTrack]",
    args: LiftArgs,
    film: "Video | None",
    console: "Console",
) -> tuple[list[Path], list[InputError]]:
    """Writes every file that can be written, in whatever order they are named; returns them, and what failed."""
    written, failed = [], []
    for path in outs:
        try:
            files = _write(source, path, tracks, args, film, console.quiet)
        except InputError as error:
            failed.append(error)
            continue
        written += files
        for file in files:
            console.print(f"wrote {file}", soft_wrap=True, markup=False)
    for other in failed[1:]:
        console.print(str(other), style="yellow", soft_wrap=True)
    if args.feet and any(path.suffix.lower() in CHARACTERS for path in written):
        _tell_feet(tracks, console)
    return written, failed


def _tell_feet(tracks: "list[LiftedTrack]", console: "Console") -> None:
    """How often characters' feet stand, and how far they slide."""
    from actionprompt.output.standing import standing

    for track in standing(tracks):
        for note in track.notes:
            if note.startswith("feet: "):
                console.print(f"Person {track.person}'s {note}.", soft_wrap=True)


def _write(
    source: Path, path: Path, tracks: "list[LiftedTrack]", args: LiftArgs, film: "Video | None", hidden: bool
) -> list[Path]:
    from actionprompt.output import WriteCfg, write

    if path.suffix.lower() != ".mp4":
        video = None if film is None else _page_video(source, args)
        small = video is not None and video.stat().st_size <= LARGEST
        embed = args.page_video == "embed" or (args.page_video == "auto" and small)
        shown = WriteCfg() if film is None else WriteCfg(begin=film.begin, slow=film.slow, mirrored=args.mirror)
        settings = replace(
            shown, axes=args.axes, bvh_unit=args.bvh_unit, feet=args.feet, character=_character(args),
            video=video, embed=embed,
        )  # fmt: skip
        return write(tracks, path, settings=settings)
    from actionprompt.output.overlay import write_overlay
    from actionprompt.output.show import overlay_figure

    assert film is not None, "overlays are of videos"
    write_overlay(film, [overlay_figure(track) for track in tracks], path, hidden=hidden)
    return [path]
