"""Fig. 4: ground truth, baseline and APM on the clips that are hardest for the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from torch import Tensor

from actionprompt.data.clip import Clip, Corpus
from actionprompt.model.lifter import Lifter
from actionprompt.reproduce.figures.style import BLACK, BLUE, ORANGE, PAGE, figure, save, short, style
from actionprompt.skeleton import Skeleton

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLIPS = 4
CAPTION = """\
Clips with the largest error of VPose, one for each of its hardest actions, at the frame of its largest error,
turned by 60 degrees to show depth. Blue: left limbs; orange: right limbs; grey: ground truth.
Numbers: mean joint error, mean depth error."""
Pose = Float[np.ndarray, "j 3"]


@dataclass(frozen=True)
class Example:
    """One frame of a clip, millimetres."""

    clip: Clip
    frame: int
    truth: Pose
    baseline: Pose
    ours: Pose


def draw(baseline: Lifter, ours: Lifter, corpus: Corpus, folder: Path) -> list[Path]:
    """The hardest clips, and in each the frame that is hardest, both chosen by the baseline's error alone."""
    shown = examples(baseline, ours, corpus)
    with style():
        made = figure(PAGE, 1.72 * len(shown) + 0.3)
        grid = made.subplots(len(shown), 4, squeeze=False)
        for row, example in zip(grid, shown, strict=True):
            _row(row, example, corpus.skeleton)
        for axes, title in zip(grid[0], ("input 2D", "ground truth", "VPose", "VPose+APM"), strict=True):
            axes.set_title(title, fontweight="bold")
        made.supxlabel(CAPTION, fontsize=7)
        return save(made, folder, "figure4")


def examples(baseline: Lifter, ours: Lifter, corpus: Corpus) -> list[Example]:
    """The clip with the baseline's largest error of each of its hardest actions, at its hardest frame."""
    from actionprompt.inference.lifting import lift

    ranked = []
    for clip in corpus.select(corpus.test_subjects):
        assert clip.pose is not None
        pose = lift(baseline, clip.keypoints).pose
        error = (pose - clip.pose).norm(dim=-1).mean(-1)
        ranked.append((float(error.mean()), int(error.argmax()), clip, pose))
    ranked.sort(key=lambda entry: -entry[0])
    hardest: dict[str, tuple[int, Clip, Tensor]] = {}
    for _, frame, clip, pose in ranked:
        hardest.setdefault(clip.action, (frame, clip, pose[frame]))
    shown = []
    for frame, clip, pose in list(hardest.values())[:CLIPS]:
        assert clip.pose is not None
        mine = lift(ours, clip.keypoints).pose[frame]
        truth, base, own = ((1000 * each).numpy() for each in (clip.pose[frame], pose, mine))
        shown.append(Example(clip, frame, truth, base, own))
    return shown


def _row(row: "Sequence[Axes]", example: Example, skeleton: Skeleton) -> None:
    """The input as the camera sees it; then the poses from the side, where depth errors show."""
    points = example.clip.keypoints[example.frame].numpy()
    _bones(row[0], points[:, 0], -points[:, 1], skeleton, (BLACK, BLUE, ORANGE))
    every = np.stack([example.truth, example.baseline, example.ours])
    across, up = turned(every, 60)
    middle = [(values.max() + values.min()) / 2 for values in (across, up)]
    half = 0.53 * max(np.ptp(across), np.ptp(up))
    for k, (axes, pose) in enumerate(zip(row[1:], every, strict=True)):
        if k:
            _bones(axes, across[0], up[0], skeleton, ("#bbbbbb",) * 3)
            error = np.linalg.norm(pose - example.truth, axis=-1).mean()
            depth = np.abs(pose[:, 2] - example.truth[:, 2]).mean()
            said = f"{error:.0f} mm, depth {depth:.0f} mm"
            axes.text(0.5, -0.02, said, transform=axes.transAxes, ha="center", va="top")
        _bones(axes, across[k], up[k], skeleton, (BLACK, BLUE, ORANGE))
        axes.set_xlim(middle[0] - half, middle[0] + half)
        axes.set_ylim(middle[1] - half, middle[1] + half)
    clip = example.clip
    row[0].set_ylabel(f"{short([clip.action], 20)[0]}\n{clip.subject}, frame {example.frame}", fontsize=7)
    for axes in row:
        axes.set_aspect("equal", "datalim" if axes is row[0] else "box")
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)


def turned(poses: Float[np.ndarray, "m j 3"], degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Poses seen from another side than the camera's: across and up, in the poses' unit."""
    angle = np.deg2rad(degrees)
    across = np.cos(angle) * poses[..., 0] + np.sin(angle) * poses[..., 2]
    return across, -poses[..., 1]


def _bones(axes: "Axes", x: np.ndarray, y: np.ndarray, skeleton: Skeleton, colours: Sequence[str]) -> None:
    """Trunk, left and right limbs in three colours."""
    for parent, child in skeleton.bones:
        side = 1 if child in skeleton.left else 2 if child in skeleton.right else 0
        axes.plot(x[[parent, child]], y[[parent, child]], color=colours[side], lw=1.5, solid_capstyle="round")
