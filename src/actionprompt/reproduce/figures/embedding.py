"""Fig. 1b: 3D poses of several actions, spread out by t-SNE."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from actionprompt.data.clip import Clip, Corpus
from actionprompt.errors import InputError
from actionprompt.reproduce.figures.style import ACTIONS, COLUMN, figure, save, short, style
from actionprompt.skeleton import Skeleton

POSES = 200
"""Poses of each action."""


def draw(corpus: Corpus, folder: Path) -> list[Path]:
    """Embeds training poses, each turned to face the same way, so that actions differ and viewpoints do not.

    Raises:
        InputError: scikit-learn is not installed.
    """
    poses, labels = sample(corpus)
    plane = embed(poses)
    with style():
        made = figure(COLUMN, 3.8)
        axes = made.subplots()
        for k, action in enumerate(corpus.actions):
            round_, colour = divmod(k, len(ACTIONS))
            look: dict[str, Any] = {"ms": 2.2, "mew": 0, "color": ACTIONS[colour], "alpha": 0.75}
            axes.plot(*plane[labels == k].T, "o^sD"[round_ % 4], label=short([action], 30)[0], **look)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        made.legend(loc="outside lower center", ncol=2, markerscale=2.2, columnspacing=0.8, handletextpad=0.1)
        return save(made, folder, "figure1")


def sample(corpus: Corpus) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
    """The same number of poses of every action, evenly spaced over its training clips of one camera."""
    kept, labels = [], []
    clips = [clip for clip in corpus.select(corpus.train_subjects) if clip.turn == 0 and clip.pose is not None]
    for k, action in enumerate(corpus.actions):
        poses = [facing(clip, corpus.skeleton) for clip in _one_camera(clips, action)]
        if poses:
            every = np.concatenate(poses)
            kept.append(every[np.linspace(0, len(every) - 1, min(POSES, len(every))).astype(int)])
            labels += [k] * len(kept[-1])
    return np.concatenate(kept), np.array(labels, dtype=float)


def _one_camera(clips: list[Clip], action: str) -> list[Clip]:
    first = {clip.name: clip for clip in reversed(clips) if clip.action == action}
    return list(first.values())


def facing(clip: Clip, skeleton: Skeleton) -> Float[np.ndarray, "n d"]:
    """A clip's poses turned about the image's vertical until the hips lie along the image plane."""
    assert clip.pose is not None
    pose = clip.pose.double().numpy()
    hips = pose[:, skeleton.joints.index("right hip")] - pose[:, skeleton.joints.index("left hip")]
    angle = np.arctan2(hips[:, 2], -hips[:, 0])
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y, z = np.moveaxis(pose, -1, 0)
    turned: Float[np.ndarray, "n d"] = np.stack([c * x - s * z, y, s * x + c * z], axis=-1).reshape(len(pose), -1)
    return turned


def embed(poses: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n 2"]:
    """t-SNE from a fixed start: the same picture every time on a machine."""
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise InputError("Figure 1 needs scikit-learn: pip install 'actionprompt[plots]'.") from error
    plane: Float[np.ndarray, "n 2"] = TSNE(
        perplexity=min(30, (len(poses) - 1) / 3), init="pca", random_state=0
    ).fit_transform(poses)
    return plane
