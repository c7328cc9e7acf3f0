"""Counted repetitions against UI-PRMD's episodes, which are one repetition each.

    python measurements/repetitions_on_uiprmd.py UIPRMD_FOLDER [--keypoints gt|simulated] [--subjects s08 s09 s10]

Takes are lifted as ``angle_errors.py`` lifts them. It prints the takes whose count is wrong, the share of right ones,
and how far the boundaries of those are from the episodes', in seconds.
"""

from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro
from angle_errors import RATE, lifted, up_of
from jaxtyping import Float

from actionprompt.analysis.repetitions import body_frame, boundaries
from actionprompt.data.config import UIPRMDCfg, VirtualCamerasCfg
from actionprompt.data.uiprmd import TEST, load_uiprmd
from actionprompt.data.uiprmd_files import find
from actionprompt.hub.shipped import DEFAULT, open_lifter
from actionprompt.skeleton import H36M_17


def episodes(path: Path, dropped: set[str]) -> dict[str, Float[np.ndarray, " e"]]:
    """The frames at which a take's episodes meet, its first and last one included, by the name that the take has."""
    known = [episode for episode in find(path, ("correct",)) if episode.name not in dropped]
    found: dict[str, Float[np.ndarray, " e"]] = {}
    for take, of_take in groupby(known, key=lambda episode: episode.take):
        for _, run in groupby(enumerate(of_take), key=lambda numbered: numbered[1].number - numbered[0]):
            parts = [episode for _, episode in run]
            name = f"{take}_e{parts[0].number:02d}" if any(key.startswith(take) for key in found) else take
            lengths = [sum(1 for line in part.path.open("rb") if line.strip()) for part in parts]
            found[name] = np.concatenate([[0], np.cumsum(lengths)]) / 2  # 100 frames/s are joined at 50
    return found


def main(
    path: Annotated[Path, tyro.conf.Positional],
    keypoints: Literal["gt", "simulated"] = "gt",
    subjects: tuple[str, ...] = TEST,
    model: str = DEFAULT,
) -> None:
    """Lifts, counts and prints."""
    cfg = UIPRMDCfg(path, virtual_cameras=VirtualCamerasCfg(cameras=1, keypoints=keypoints, detector_joints=True))
    corpus = load_uiprmd(cfg)
    true = episodes(path, {sentence.split(":")[0] for sentence in corpus.dropped})
    worlds = {take.name: take.pose.numpy() for take in corpus.takes}
    lifter, apart, right, takes = open_lifter(model), [], 0, 0
    for clip in (clip for clip in corpus.clips if clip.subject in subjects):
        found = boundaries(body_frame(lifted(lifter, clip).pose, H36M_17, up_of(clip, worlds[clip.name])), RATE)
        wanted, takes = true[clip.name], takes + 1
        if len(found) != len(wanted) - 1:
            print(f"{clip.name} ({clip.action}): {len(found)} repetitions counted, {len(wanted) - 1} there")
            continue
        right += 1
        apart += [np.abs(found - np.stack([wanted[:-1], wanted[1:]], 1)).ravel() / RATE]
    off = np.concatenate(apart)
    print(f"{right} of {takes} takes counted right ({right / takes:.1%}); boundaries off by")
    print(f"{np.median(off):.2f} s (median), {np.quantile(off, 0.9):.2f} s (nine of ten)")


if __name__ == "__main__":
    tyro.cli(main)
