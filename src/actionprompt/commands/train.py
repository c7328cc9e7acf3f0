"""``actionprompt train PRESET --data NAME``."""

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import tyro

from actionprompt.arguments import take_value
from actionprompt.commands.options import anchored, data_default, parse, preset, take_data
from actionprompt.data.config import DATA, SyntheticCfg
from actionprompt.encoders.config import NetworkCfg
from actionprompt.errors import Diverged, InputError, Interrupted, unknown
from actionprompt.model.config import LifterCfg
from actionprompt.training.config import RunCfg
from actionprompt.training.presets import APMS, presets, recipe
from actionprompt.training.run_folder import RunFolder
from actionprompt.trust import import_from_here, trusting


@dataclass(frozen=True)
class TrainArgs:
    """A training run and where to put it."""

    run: Annotated[RunCfg, tyro.conf.arg(name="")]
    out: Path | None = None
    """The run's folder (default: runs/PRESET-DATA-sSEED)."""
    overwrite: bool = False
    """Start over in a folder that already holds a run."""
    profile: bool = False
    """Print where the time went at the end."""
    tensorboard: bool = False
    """Also log for TensorBoard, into the run's folder (extra `logs`)."""


@dataclass(frozen=True)
class ResumeArgs:
    """What resuming a run takes."""

    resume: Path
    """The run's folder."""
    epochs: int | None = None
    """Go on until so many epochs, also after the run's end (learning rates go on falling as they did)."""
    profile: bool = False
    """Print where the time went at the end."""
    tensorboard: bool = False
    """Also log for TensorBoard, into the run's folder (extra `logs`)."""


def main(args: list[str]) -> int:
    """Runs the command."""
    if any(arg.partition("=")[0] == "--resume" for arg in args):
        resume = parse(ResumeArgs, args, "actionprompt train", description="Resume an interrupted run.")
        how = {"profile": resume.profile, "tensorboard": resume.tensorboard}
        folder = RunFolder(resume.resume)
        if resume.epochs is not None:
            with folder.locked():
                folder.lengthen(resume.epochs)
        return run(folder.read_settings(), resume.resume, resume=True, **how)
    if any(arg.partition("=")[0] == "--network" for arg in args):
        return _train_network(args)
    if not args or args[0].startswith("-"):
        return overview(0 if set(args) & {"-h", "--help"} else 2)
    return _train(args[0], preset(args[0]), args[1:])


def _train_network(args: list[str]) -> int:
    """A network that is not ours, named on the command line, which is why it may be imported."""
    rest = list(args)
    name = take_value(rest, "--network") or ""
    suffix = take_value(rest, "--apm") or "apm"
    if suffix not in (known := {**APMS, "none": ("", None)}) or not suffix:
        raise unknown("--apm", suffix, [key for key in known if key])
    rest = [arg.replace("--network.", "--model.encoder.", 1) if arg.startswith("--network.") else arg for arg in rest]
    import_from_here()
    made = recipe(NetworkCfg(name))
    base = RunCfg(LifterCfg(made.encoder, known[suffix][1]), SyntheticCfg(), made.schedule, made.pose_loss)
    with trusting(name.partition(":")[0]):
        return _train(f"{name.rpartition(':')[2]}+{suffix}", base, rest)


def _train(name: str, base: RunCfg, rest: list[str]) -> int:
    source = take_data(rest)
    if source is None and not name.endswith((".toml", ".json")):
        if not set(rest) & {"-h", "--help"}:
            raise InputError(f"Say which data to train on: --data {' | '.join(DATA)}.")
        source = "uiprmd"
    default = base if source is None else replace(base, data=data_default(source))
    prog = f"actionprompt train {name}" + (f" --data {source}" if source else "")
    parsed = parse(
        TrainArgs,
        rest,
        prog,
        TrainArgs(default),
        "Train a lifter. Lengths are metres, times are steps or epochs.",
    )
    stem = f"{Path(name).stem}-{source or 'data'}-s{parsed.run.seed}"
    folder = parsed.out or Path("runs") / stem
    how = {"profile": parsed.profile, "tensorboard": parsed.tensorboard}
    return run(anchored(parsed.run), folder, overwrite=parsed.overwrite, **how)


def run(
    cfg: RunCfg,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    profile: bool = False,
    tensorboard: bool = False,
) -> int:
    """Trains, and says what to do next."""
    from actionprompt.console import console as new_console
    from actionprompt.model.files import load
    from actionprompt.training.loop import is_main_process
    from actionprompt.training.train import train

    try:
        watch = train(cfg, folder, resume=resume, overwrite=overwrite, profile=profile, tensorboard=tensorboard)
    except (Interrupted, Diverged) as stopped:
        if not is_main_process():
            return 0  # the main process tells the user
        if isinstance(stopped, Diverged):
            raise
        raise Interrupted(f"{stopped} Resume it with: actionprompt train --resume {folder}") from None
    except RuntimeError as error:
        if cfg.devices < 2 or not any(word in str(error) for word in ("gloo", "onnection", "NCCL", "ncclR")):
            raise
        if not is_main_process():
            return 1
        raise Interrupted(
            f"Another process of this run has ended, and the run with it. Go on from its last checkpoint with: "
            f"actionprompt train --resume {folder}"
        ) from error
    if not is_main_process():
        return 0
    console = new_console()
    if profile:
        console.print(watch.table())
    if began := load(folder / "model.safetensors").metadata.get("encoder"):
        console.print(f"The encoder began {began}.", soft_wrap=True)
    console.print(
        f"Trained model: {folder / 'model.safetensors'}\nNow: actionprompt evaluate {shlex.quote(str(folder))}",
        soft_wrap=True,
    )
    if cfg.validation_subjects:
        from actionprompt.commands.evaluate import EvaluateArgs
        from actionprompt.commands.evaluate import run as evaluate

        evaluate(EvaluateArgs(model=folder, data=cfg.data, split="validation"), cfg)
    return 0


def overview(code: int) -> int:
    """The help of ``actionprompt train``: presets and data sets."""
    out = sys.stdout if code == 0 else sys.stderr
    print("usage: actionprompt train PRESET --data NAME [--out DIR] [options]", file=out)
    print(
        "       actionprompt train SETTINGS.toml [options]   (or a run's settings.json)\n"
        "       actionprompt train --resume RUN\n\npresets:",
        file=out,
    )
    known = presets()
    for name, (what, _) in known.items():
        print(f"  {name:<{max(map(len, known))}}  {what}", file=out)
    print("\ndata:", file=out)
    for name, (what, _) in DATA.items():
        print(f"  {name:<{max(map(len, DATA))}}  {what}", file=out)
    print("\n`actionprompt train PRESET --data NAME --help` lists every setting as a flag.", file=out)
    return code
