"""``actionprompt evaluate RUN``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from actionprompt.commands.devices import to_device
from actionprompt.commands.evaluate_real import is_real
from actionprompt.commands.evaluate_real import main as evaluate_real
from actionprompt.commands.evaluate_truth import has_truth
from actionprompt.commands.evaluate_truth import main as evaluate_truth
from actionprompt.commands.options import data_default, parse, take_data, to_ask
from actionprompt.data.config import DATA, DataCfg
from actionprompt.errors import InputError
from actionprompt.hub import shipped as models
from actionprompt.training.config import RunCfg
from actionprompt.training.run_folder import RunFolder

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class EvaluateArgs:
    """What to evaluate on what."""

    model: tyro.conf.Positional[Path]
    """A run's folder, or a model file (.safetensors; then also give --data)."""
    data: DataCfg
    """The data set (default: the one that the run was trained on)."""
    split: Literal["test", "train", "validation"] = "test"
    """Whose clips: the data set's test or training subjects, or the subjects that the run held out."""
    flip: bool = False
    """Average the answer with that for the mirrored input; the report says so."""
    tail: tuple[str, ...] = ()
    """The hard actions of P3 (default: the data set's, else the three of largest depth error on training subjects)."""
    baseline: Path | None = None
    """Run or model whose errors on training subjects choose the tail actions (default: the evaluated model)."""
    reach_back: bool = False
    """Count frames as MixSTE's authors did: the last window of a clip reaches back and its overlap counts twice."""
    out: Path | None = None
    """Folder of the reports (default: the run's folder)."""
    batch: int | None = None
    """Windows per forward pass (default: 1,024, and fewer for MixSTE, whose windows are large)."""
    device: Annotated[str, tyro.conf.arg(metavar="cpu|cuda")] = "cpu"
    """Where to compute."""


def main(args: list[str]) -> int:
    """Runs the command."""
    if is_real(args):
        return evaluate_real(args)
    if has_truth(args):
        return evaluate_truth(args)
    source = take_data(args)
    place = next((Path(a) for a in args[:1] if not a.startswith("-")), None)
    settings = RunFolder(place).read_settings() if place is not None and place.is_dir() else None
    if source is None and settings is None and not set(args) & {"-h", "--help"}:
        if place is None:
            raise InputError("Name a run's folder or a model file first: actionprompt evaluate RUN [options].")
        if not place.exists() and str(place) not in models.shipped():
            raise InputError(f"There is no run folder or model file {place}, and no shipped model of that name.")
        if place.is_file() and place.suffix != ".safetensors":
            raise InputError(f"{place} is neither a run's folder nor a model file (.safetensors).")
        raise InputError(f"{place} is a model file: say which data to evaluate it on: --data {' | '.join(DATA)}.")
    default = data_default(source or "uiprmd") if source or settings is None else settings.data
    parsed = parse(
        EvaluateArgs,
        args,
        "actionprompt evaluate",
        to_ask(EvaluateArgs, data=default),
        "Errors (P1 MPJPE, P2 depth error, P3 depth error of the tail actions; millimetres) and action accuracy.",
    )
    return run(parsed, settings)


def run(args: EvaluateArgs, settings: RunCfg | None) -> int:
    """Evaluates, prints and writes the tables."""
    from actionprompt.console import console as new_console
    from actionprompt.data.load import load as load_data
    from actionprompt.evaluation import report
    from actionprompt.evaluation import run as evaluation
    from actionprompt.evaluation.evaluate import check_pairing
    from actionprompt.evaluation.terminal import show
    from actionprompt.model.files import load

    def model_file(path: Path) -> Path:
        return RunFolder(path).model if path.is_dir() else models.find(str(path))

    file = model_file(args.model)
    if args.model.is_dir() and not file.exists():
        raise InputError(
            f"The run in {args.model} is not finished: resume it with `actionprompt train --resume {args.model}`."
        )
    lifter = to_device(load(file), args.device)
    corpus = load_data(args.data)
    held_out = settings.validation_subjects if settings else ()
    subjects = {"test": corpus.test_subjects, "train": corpus.train_subjects, "validation": held_out}[args.split]
    if not subjects:
        raise InputError(
            f"There are no {args.split} subjects" + (": the run held none out." if args.split == "validation" else ".")
        )
    clips = corpus.select(subjects)
    check_pairing(lifter, clips, corpus.skeleton)
    judge = args.baseline or args.model
    result, facts = evaluation.run(
        lifter,
        corpus,
        clips,
        (args.split, subjects),
        lambda: (to_device(load(model_file(judge)), args.device), str(judge)),
        tail=args.tail,
        flip=args.flip,
        batch=args.batch,
        reach_back=args.reach_back,
    )
    facts = {"model": str(file), **facts}
    title = f"{args.model.name}: {corpus.name}, {args.split}"
    console = new_console()
    show(console, report.terminal(result, title))
    for name, value in report.summary(result):
        console.print(f"{name:>18}  {value}")
    if corpus.dropped:
        console.print(
            f"{len(corpus.dropped)} recordings left out by quality control (`actionprompt data inspect` lists them)."
        )
    folder = args.out or (args.model if args.model.is_dir() else args.model.parent)
    stem = f"report-{args.split}" + "-flip" * args.flip + "-reach-back" * args.reach_back
    for path in report.write(result, title, facts, folder, stem):
        console.print(f"wrote {path}", highlight=False, soft_wrap=True)
    return 0
