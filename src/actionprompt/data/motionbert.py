"""Human3.6M in MotionBERT's file, which MotionAGFormer, PoseMamba and TCPFormer read, too, and its evaluation.

Targets are relative to the picture: x and y on the normalised screen, depth in the same unit, the root at zero. Errors
are taken in millimetres: the answer for a test frame times half the width of its picture times its ``2.5d_factor`` is
compared with ``joints_2.5d_image``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from actionprompt.camera import normalise_screen
from actionprompt.data.clip import Clip, Corpus
from actionprompt.data.config import MotionBERTCfg
from actionprompt.data.human36m import ACTIONS, FPS, TAIL, TEST, TRAIN
from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import read_pickle
from actionprompt.skeleton import H36M_17

SIZES = {"54138969": (1000, 1002), "60457274": (1000, 1002), "55011271": (1000, 1000), "58860488": (1000, 1000)}
"""Pictures in pixels by camera."""
NUMBERS = (
    "directions", "discussion", "eating", "greeting", "phoning", "posing", "purchases", "sitting", "sitting down",
    "smoking", "taking photo", "waiting", "walking", "walking dog", "walking together",
)  # fmt: skip
"""Official action numbers, from 2 on."""
DRIFTING = ("s_09_act_05_subact_02", "s_09_act_10_subact_02", "s_09_act_13_subact_01")
"""Sources whose 3D drifts away from the pictures (S9: greeting, sitting down, waiting); evaluation leaves them out."""
NEEDED = ("joint_2d", "confidence", "joint3d_image", "camera_name", "source")


def load_motionbert(cfg: MotionBERTCfg) -> Corpus:
    """Reads the file; a clip ends where its ``source`` changes.

    Raises:
        InputError: no such file, another one, or parts that do not fit each other.
    """
    content = read_pickle(cfg.path)
    if not isinstance(content, dict) or not {"train", "test"} <= set(content):
        raise InputError(f"{cfg.path} is not MotionBERT's Human3.6M file: it has no `train` and `test`.")
    clips = [clip for split in ("train", "test") for clip in _clips(content[split], split, cfg)]
    present = dict.fromkeys(clip.subject for clip in clips)
    left_out = () if cfg.drifting else tuple(f"{name}: its 3D drifts away from the pictures." for name in DRIFTING)
    return Corpus(
        name="Human3.6M (MotionBERT)",
        skeleton=H36M_17,
        fps=FPS,
        actions=tuple(ACTIONS.values()),
        clips=tuple(clips),
        train_subjects=tuple(subject for subject in TRAIN if subject in present),
        test_subjects=tuple(subject for subject in TEST if subject in present),
        tail=TAIL,
        dropped=left_out,
        facts={
            "source": "Human3.6M (Ionescu et al. 2014) in MotionBERT's file, licensed for academic use",
            "2D": f"stacked hourglass of {cfg.path.name}, with confidence",
            "3D": "relative to the picture; errors by MotionBERT's protocol, millimetres by its 2.5D factor",
        },
    )


def _clips(part: Any, split: str, cfg: MotionBERTCfg) -> Iterator[Clip]:
    needed = NEEDED + (("joints_2.5d_image", "2.5d_factor") if split == "test" else ())
    if not isinstance(part, dict) or (lacking := [key for key in needed if key not in part]):
        what = ", ".join(lacking) if isinstance(part, dict) else "a dict"
        raise InputError(f"{cfg.path}: `{split}` lacks {what}.")
    arrays = {key: np.asarray(part[key]) for key in needed}
    counts = {key: len(array) for key, array in arrays.items()}
    if len(set(counts.values())) != 1:
        raise InputError(f"{cfg.path}: the parts of `{split}` differ in length: {counts}.")
    source = arrays["source"].astype(str)
    starts = np.flatnonzero(np.r_[True, source[1:] != source[:-1]])
    for start, end in zip(starts, [*starts[1:], len(source)], strict=True):
        here = {key: array[start:end] for key, array in arrays.items()}
        name = str(source[start])
        if cfg.drifting or not name.startswith(DRIFTING):
            yield _clip(here, name, cfg.path)


def _clip(part: dict[str, Any], source: str, path: Path) -> Clip:
    """One source's frames."""
    subject, action = _named(source, path)
    camera = str(part["camera_name"][0])
    if camera not in SIZES:
        raise InputError(f"{path}: {source} names the camera {camera!r}; there are {', '.join(SIZES)}.")
    width, height = SIZES[camera]
    pixels, image = (torch.from_numpy(part[key].astype(np.float32)) for key in ("joint_2d", "joint3d_image"))
    pose, unit = _relative(image / width * 2), None
    if "2.5d_factor" in part:
        unit = torch.from_numpy(part["2.5d_factor"].astype(np.float32)).flatten() * width / 2 / 1000
        metres = _relative(torch.from_numpy(part["joints_2.5d_image"].astype(np.float32)) / 1000)
        pose = metres / unit[:, None, None]
    return Clip(
        normalise_screen(pixels[..., :2], width, height),
        pose,
        action=action,
        subject=subject,
        name=source,
        camera=camera,
        confidence=torch.from_numpy(part["confidence"].astype(np.float32)).reshape(pixels.shape[:2]),
        unit=unit,
    )


def _relative(points: Float[torch.Tensor, "n j 3"]) -> Float[torch.Tensor, "n j 3"]:
    return points - points[:, :1]


def _named(source: str, path: Path) -> tuple[str, str]:
    """Subject and action of a source such as s_09_act_05_subact_02_ca_01."""
    words = source.split("_")
    try:
        return f"S{int(words[1])}", NUMBERS[int(words[3]) - 2]
    except (IndexError, ValueError) as error:
        raise InputError(f"{path}: the source {source!r} is not called like s_09_act_05_subact_02.") from error
