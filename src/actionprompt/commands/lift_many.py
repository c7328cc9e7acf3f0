"""``actionprompt lift SOURCE ... --out-dir DIR``: many sources, here, in several processes, or on a cluster."""

import glob
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from actionprompt.cluster.tasks import Finished, here, share
from actionprompt.commands.lift_args import LiftArgs, load_lifter
from actionprompt.commands.lift_file import MANY, check_options, lift_file
from actionprompt.commands.lift_joints import is_video
from actionprompt.commands.lift_table import line, style, tell
from actionprompt.commands.options import anchored
from actionprompt.errors import InputError, unknown
from actionprompt.files import check_writable
from actionprompt.inference.batch import record as records
from actionprompt.inference.batch.quality import quality
from actionprompt.inference.batch.record import Record
from actionprompt.inference.batch.sources import Source, find_sources

if TYPE_CHECKING:
    from rich.console import Console

    from actionprompt.model.lifter import Lifter

FAILED = 3
"""The exit code if some sources failed."""


@dataclass(frozen=True)
class Recipe:
    """All that a source's outputs depend on, but the source itself; goes to whoever lifts it."""

    args: LiftArgs
    folder: Path
    settings: dict[str, Any]
    """What makes outputs differ, as plain data."""

    def outs(self, source: Source) -> tuple[Path, ...]:
        """The files of a source, for one person."""
        return tuple(self.folder / f"{source.name}.{suffix}" for suffix in self.args.formats)


def lift_many(args: LiftArgs) -> int:
    """Lifts what is not finished yet; returns 0 if everything is, and 3 if some sources failed."""
    from actionprompt.console import console as new_console

    console = new_console(stderr=True)
    if args.out_dir is None:
        raise InputError("Several sources are lifted into a folder: say which with --out-dir.")
    sources = share(find_sources(args.sources, args.out_dir), args.shard, "--shard")
    recipe = _recipe(args, args.out_dir, sources)
    known = {source: records.read_record(recipe.folder, source.name) for source in sources}
    todo = [source for source in sources if not _is_settled(recipe, source, known[source])]
    console.print(f"{len(sources)} sources, {len(sources) - len(todo)} of them finished or failed before.")
    if args.slurm:
        _submit(recipe, todo, console)
        if args.slurm_job.cluster == "slurm":
            return 0
    with _interruptible():
        try:
            for count, finished in enumerate(() if args.slurm else _work(recipe, todo), 1):
                made = _answer(recipe, finished)
                console.print(f"{count}/{len(todo)} {line(made)}", style=style(made), soft_wrap=True)
        finally:
            everything = _all_records(recipe.folder)
            records.write_manifest(recipe.folder, everything)
    return FAILED if tell(recipe.folder, sources, everything, console) else 0


def lift_one(recipe: Recipe, source: Source) -> Record:
    """Lifts one source, unless it is finished, and writes its record; what is wrong with it is in the record."""
    from actionprompt.console import console as new_console

    begin = perf_counter()
    before = records.read_record(recipe.folder, source.name)
    made = Record(source.shown, source.name, "failed", "", (0, 0, ""))
    try:
        stamp = records.stamp_of(source.path, before)
        made = replace(made, stamp=stamp, key=records.key_of(stamp[2], recipe.settings))
        if _is_final(recipe, before, made.key):
            assert before is not None
            return before
        _clear(recipe, source)
        lifter = _loaded(recipe.args)
        outs, quiet = recipe.outs(source), new_console(quiet=True)
        done = lift_file(source.path, outs, recipe.args, lifter, quiet, recipe.args.threads)
        if done.failed:
            raise done.failed[0]
        made = replace(
            made,
            state="done",
            people=len(done.tracks),
            frames=sum(track.num_frames for track in done.tracks),
            quality=quality(done.tracks, done.found),
            files=tuple(file.relative_to(recipe.folder).as_posix() for file in done.files),
            note=" ".join(done.found.dropped),
        )
    except InputError as error:
        said = str(error).replace(str(source.path), source.shown)
        made = replace(made, error=said.removeprefix(f"{source.shown} "))
    except Exception as error:  # whatever it is, it is this source's own trouble
        made = replace(made, error=f"{type(error).__name__}: {error}")
    for file in set(before.files if before else ()) - set(made.files):
        if file.endswith(tuple(f".{suffix}" for suffix in recipe.args.formats)):
            (recipe.folder / file).unlink(missing_ok=True)  # people of an earlier run who are not there any more
    made = replace(made, seconds=perf_counter() - begin)
    records.write_record(recipe.folder, made)
    return made


def lift_share(recipe: Recipe, sources: Sequence[Source]) -> None:
    """What a Slurm job does."""
    for source in sources:
        lift_one(recipe, source)


@cache
def _loaded(args: LiftArgs) -> "Lifter":
    """The model, loaded once in each process."""
    import torch

    torch.set_num_threads(args.threads)
    return load_lifter(args)


def _recipe(args: LiftArgs, folder: Path, sources: Sequence[Source]) -> Recipe:
    """Checks everything that can be checked before the work.

    Raises:
        InputError: an option that cannot be, or has no effect on many sources; an output that is an input.
    """
    from actionprompt.hub import shipped
    from actionprompt.output import formats

    check_writable(folder / "manifest.csv")
    for name, value in (("workers", args.workers), ("threads", args.threads)):
        if value < 1:
            raise InputError(f"--{name} is {value}: it must be at least 1.")
    engines = [
        name for name, on in (("--workers", args.workers > 1), ("--ray", args.ray), ("--slurm", args.slurm)) if on
    ]
    if len(engines) > 1:
        raise InputError(f"{' and '.join(engines)} exclude each other: give one of them.")
    if wrong := [name for name in args.formats if name not in (*formats(), "mp4")]:
        raise unknown("output format", wrong[0], [*formats(), "mp4"])
    single = {"--out": args.out, "--keypoints.file": args.keypoints.file, "--detector.save": args.detector.save}
    if given := [name for name, value in single.items() if value]:
        raise InputError(f"{given[0]} is for one source: with --out-dir leave it out (--formats says what to write).")
    model = shipped.find(args.model or shipped.DEFAULT)
    absolute = replace(anchored(args), model=str(model.absolute()))
    settings = {k: v for k, v in asdict(args).items() if k not in (*MANY, "sources", "out_dir", "model", "device")}
    settings |= {"formats": sorted(args.formats), "threads": args.threads, "model": records.digest([model])}
    recipe = Recipe(absolute, folder.absolute(), settings | {"version": version("actionprompt")})
    _check_sources(recipe, sources)
    return recipe


def _check_sources(recipe: Recipe, sources: Sequence[Source]) -> None:
    taken = {source.path.resolve() for source in sources}
    for kind in dict.fromkeys(is_video(str(source.path)) for source in sources):
        one = next(s for s in sources if is_video(str(s.path)) == kind)
        keypoints = recipe.args.keypoints if not kind else LiftArgs(()).keypoints
        detector = recipe.args.detector if kind else LiftArgs(()).detector
        usual = replace(recipe.args, sources=(str(one.path),), keypoints=keypoints, detector=detector)
        check_options(usual, recipe.outs(one))
    for source in sources:
        if hit := [out for out in recipe.outs(source) if out.resolve() in taken]:
            raise InputError(f"{hit[0]} is an input and would be an output: give another --out-dir.")


def _is_settled(recipe: Recipe, source: Source, record: Record | None) -> bool:
    """Whether a source need not be looked at: unchanged since its record, which is final."""
    if record is None or not source.path.is_file():
        return False
    facts = source.path.stat()
    if tuple(record.stamp[:2]) != (facts.st_size, facts.st_mtime_ns):
        return False
    return _is_final(recipe, record, records.key_of(record.stamp[2], recipe.settings))


def _is_final(recipe: Recipe, record: Record | None, key: str) -> bool:
    if record is not None and record.state == "failed" and record.key == key:
        return not recipe.args.retry
    return records.is_finished(recipe.folder, record, key)


def _clear(recipe: Recipe, source: Source) -> None:
    """Removes what a process that was killed left half-written."""
    name = recipe.folder / source.name
    for people in ("", "-person*"):
        for part in name.parent.glob(f".{glob.escape(name.name)}{people}.*.part.*"):
            part.unlink(missing_ok=True)


def _work(recipe: Recipe, todo: Sequence[Source]) -> Iterator[Finished[Source, Record]]:
    work, args = partial(lift_one, recipe), recipe.args
    if args.ray is not None:
        from actionprompt.cluster.ray import on_ray

        return on_ray(work, todo, args.ray)
    if args.workers > 1:
        from actionprompt.cluster.processes import in_processes

        return in_processes(work, todo, args.workers)
    return here(work, todo)


def _answer(recipe: Recipe, finished: Finished[Source, Record]) -> Record:
    """What came of a source; of one that nobody came back from, a record that says so."""
    if isinstance(finished.answer, Record):
        return finished.answer
    source = finished.task
    stamp = records.stamp_of(source.path, None)
    key = records.key_of(stamp[2], recipe.settings)
    why = f"It could not be lifted: {finished.answer.why}."
    lost = Record(source.shown, source.name, "failed", key, stamp, error=why)
    _clear(recipe, source)
    records.write_record(recipe.folder, lost)
    return lost


def _submit(recipe: Recipe, todo: Sequence[Source], console: "Console") -> None:
    from actionprompt.cluster import slurm

    count = min(recipe.args.slurm, len(todo))
    shares = [(recipe, todo[i::count]) for i in range(count)]
    if not shares:
        return
    numbers = slurm.submit(lift_share, shares, recipe.args.slurm_job, recipe.folder / records.FOLDER / "slurm")
    console.print(
        f"Submitted {count} jobs: {', '.join(numbers)}. When they are done, the same command makes the table."
    )


def _all_records(folder: Path) -> list[Record]:
    """Of all sources that were ever lifted into the folder, by name."""
    root = folder / records.FOLDER
    names = sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.json"))
    return [record for name in names if (record := records.read_record(folder, name)) is not None]


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends the work as Ctrl-C does: with whole files only, and a manifest."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
