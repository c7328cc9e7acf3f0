"""What ``actionprompt reproduce`` is told."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from actionprompt.cluster.slurm import SlurmCfg
from actionprompt.commands.options import to_ask
from actionprompt.data.config import DATA, DataCfg
from actionprompt.errors import InputError, unknown
from actionprompt.files import check_writable
from actionprompt.reproduce.scales import SCALES, Scale, lasting, reading
from actionprompt.reproduce.tables import ALL, FIGURES, TABLES


@dataclass(frozen=True)
class ReproduceArgs:
    """What to reproduce, on what, how large."""

    what: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="WHAT [WHAT ...]")]
    """table1 ... table9, controls, claim, encoders, choices, subjects, figure1, figure3, figure4, or all (tables 1-9,
    controls, figures)."""
    data: DataCfg
    """The data set."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """Seeds of every run."""
    scale: Literal["cpu", "online", "gpu", "paper"] = "cpu"
    """Size of models and training."""
    steps: int | None = None
    """Training steps of every run (None: the scale's)."""
    frames: int | None = None
    """Length of the windows (None: the scale's), but in table6, table7, choices and subjects, which have their own."""
    out: Path = Path("runs/reproduce")
    """Folder of the runs, and of the tables and figures (in it, DATA-SCALE)."""
    list: bool = False
    """Only list the runs, with the time that they will take."""
    render: bool = False
    """Train nothing: tables and figures of what is there."""
    train_only: bool = False
    """Make no tables and figures."""
    results: Path | None = None
    """Train nothing: tables and figure 3 of the published results in this file (results.json)."""
    collect: Path | None = None
    """Also add results (JSON), tables and figures to DATA-SCALE in this folder, small enough to publish."""
    flip: bool = False
    """Test with the mirrored input averaged in, for every table."""
    rows: tuple[str, ...] = ()
    """Train only the rows whose names (see --list) hold one of these texts (MixSTE), or are it (table1/VPose)."""
    run: Annotated[str, tyro.conf.arg(metavar="i/n")] = "1/1"
    """Train only the i-th of n shares, to spread a grid over machines."""
    workers: int = 1
    """Processes on this machine that share the runs."""
    side_by_side: int = 1
    """Runs that each process trains in turns: on a large GPU, where one small model leaves most of it idle."""
    threads: int | None = None
    """CPU threads of each process (None: PyTorch's choice)."""
    launcher: Literal["local", "slurm", "ray"] = "local"
    """Train here, submit each run to Slurm (needs submitit), or on a Ray cluster whose machines share --out."""
    ray: str = "auto"
    """Of --launcher ray: the cluster's address (auto: the one that this machine belongs to; local: one of its own)."""
    slurm: SlurmCfg = SlurmCfg()
    """What to ask Slurm for."""
    quiet: bool = False
    """No lists, bars and tables on the screen."""


def data_filmed(name: str, scale: Scale, read: bool = True) -> Any:
    """A data set's settings, training takes being filmed as usual at a scale where virtual cameras film them.

    Where the data lie need not be said if they are not read.
    """
    kind = DATA[name][1]
    filmed = any(f.name == "virtual_cameras" for f in fields(kind))
    cameras = {"virtual_cameras": scale.virtual_cameras} if filmed else {}
    return to_ask(kind, **cameras, **({} if read else {"path": Path()}))


def check_names(what: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tables and figures that are asked for.

    Raises:
        InputError: nothing, or a name that is none.
    """
    known = [*TABLES, *FIGURES, "all"]
    if not what:
        raise InputError(f"Name what to reproduce: {', '.join(known)}.")
    for name in what:
        if name not in known:
            raise unknown("table or figure", name, known)
    every = "all" in what
    return [t for t in TABLES if t in what or (every and t in ALL)], [f for f in FIGURES if every or f in what]


def check(args: ReproduceArgs) -> None:
    """Refuses options that contradict each other.

    Raises:
        InputError: they do, a number is out of its range, or a folder cannot be written to.
    """
    seeds = args.seeds
    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise InputError(f"--seeds {' '.join(map(str, seeds))}: give at least one, each once, none below 0.")
    still = [f"--{name}" for name in ("list", "render", "results") if getattr(args, name)]
    still += ["--train-only"] if args.train_only and still else []
    if len(still) > 1:
        raise InputError(f"{' and '.join(still)} exclude each other: give one of them.")
    cluster = [f"--launcher {args.launcher}"] if args.launcher != "local" else []
    here = [name for name, n in (("--workers", args.workers), ("--side-by-side", args.side_by_side)) if n > 1]
    for one, other in ((still, cluster), (still, here), (cluster, here)):
        if one and other:
            raise InputError(f"{' and '.join([*one, *other])} exclude each other: give one of them.")
    counts = {"--workers": args.workers, "--threads": args.threads, "--side-by-side": args.side_by_side}
    for name, count in counts.items():
        if count is not None and count < 1:
            raise InputError(f"{name} is {count}: it must be at least 1.")
    if args.scale == "paper" and args.steps is not None:
        raise InputError("--steps does not go with --scale paper, which trains for the baselines' own epochs.")
    if args.results and set(args.what) & {"all", "figure1", "figure4"}:
        raise InputError("--results holds no poses: name the tables, and figure3, but not figure1, figure4 or all.")
    if args.collect and (args.list or args.train_only):
        raise InputError(f"--collect publishes tables, and {'--list' if args.list else '--train-only'} makes none.")
    if args.run != "1/1" and (args.render or args.results):
        raise InputError("--run says what to train, and --render and --results train nothing.")
    if args.render and not args.collect and not args.out.is_dir():
        raise InputError(f"There is no folder {args.out}, so there are no runs to make tables of: is --out right?")
    if args.rows and args.render | (args.results is not None):
        raise InputError("--rows says what to train, and --render and --results train nothing.")
    if args.collect and args.collect.resolve() == args.out.resolve():
        raise InputError(f"--collect and --out are both {args.out}: results are published to another folder.")
    if not args.list:
        for folder in (args.out, *([args.collect] if args.collect else [])):
            check_writable(folder / "results.json")


def scale_of(args: ReproduceArgs) -> Scale:
    """The scale, with other windows and steps if they were asked for."""
    scale = SCALES[args.scale]
    if args.frames is not None:
        try:
            scale = reading(scale, args.frames)
        except InputError as error:
            raise InputError(f"--frames {args.frames}: {error}") from error
    return scale if args.steps is None else lasting(scale, args.steps)


def without_workers(given: Sequence[str]) -> list[str]:
    """The command's words without ``--workers N`` and ``--collect DIR``, for each of the processes."""
    kept, skip = [], False
    for word in given:
        name, equals, _ = word.partition("=")
        if name in ("--workers", "--collect"):
            skip = not equals
            continue
        if not skip:
            kept.append(word)
        skip = False
    return kept
