"""Joint angles of lifted motion against those of the true joints, in degrees; docs/angles.md.

    python measurements/angle_errors.py UIPRMD_FOLDER [BALANCE_BEAM.npz] [--keypoints gt|simulated] [--subjects s08 ...]

Takes of UI-PRMD are seen by the first of the four virtual cameras (seed 0), lens and gravity known, and lifted as
``actionprompt lift`` does. Means over frames and sides of the absolute difference, by angle and movement.
"""

from collections import defaultdict
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import tyro
from jaxtyping import Float

from actionprompt.analysis.angles import joint_angles
from actionprompt.data.clip import Clip
from actionprompt.data.config import UIPRMDCfg, VirtualCamerasCfg
from actionprompt.data.uiprmd import TEST, load_uiprmd
from actionprompt.data.virtual_cameras import stage, yaw
from actionprompt.evaluation.real_video import RealVideo, View, found_people, read_real, true_joints
from actionprompt.hub.shipped import DEFAULT, open_lifter
from actionprompt.inference.people import MotionCfg, lift_people
from actionprompt.keypoints.detections import Detections
from actionprompt.keypoints.read import people
from actionprompt.model.lifter import Lifter, model_rate
from actionprompt.output.track import LiftedTrack
from actionprompt.skeleton import H36M_17
from actionprompt.video.people import at_rate

SIZE = (1000, 1000)
RATE = 50.0
"""Frames a second of UI-PRMD's takes, and of the models."""
Angles = dict[str, Float[np.ndarray, " n"]]
Up = tuple[float, float, float]


def lifted(lifter: Lifter, clip: Clip) -> LiftedTrack:
    """A clip as ``actionprompt lift`` lifts it, its lens known."""
    assert clip.focal is not None
    count = np.arange(clip.num_frames)
    points = (clip.keypoints.numpy() + 1) * SIZE[0] / 2
    sure = np.ones(points.shape[:2]) if clip.confidence is None else clip.confidence.numpy()
    seen = Detections(count, ("1",) * count.size, points, sure, "h36m17", SIZE, count / RATE)
    found = at_rate(people(seen, clip.name), count / RATE, model_rate(lifter))
    return lift_people(lifter, found, MotionCfg(focal=clip.focal * SIZE[0] / 2, roll=0.0))[0]


def differences(found: Angles, true: Angles) -> Angles:
    """Absolute differences by angle, the shorter way round; both sides under one name."""
    sides: dict[str, list[np.ndarray]] = defaultdict(list)
    for name in true:
        plain = name.removeprefix("left_").removeprefix("right_")
        sides[plain].append(np.abs((found[name] - true[name] + 180) % 360 - 180))
    return {name: np.concatenate(values) for name, values in sides.items()}


def of_uiprmd(lifter: Lifter, path: Path, keypoints: Literal["gt", "simulated"], subjects: tuple[str, ...]) -> None:
    """Prints the table of UI-PRMD."""
    cfg = UIPRMDCfg(path, virtual_cameras=VirtualCamerasCfg(cameras=1, keypoints=keypoints, detector_joints=True))
    corpus = load_uiprmd(cfg)
    worlds = {take.name: take.pose for take in corpus.takes}
    found: dict[str, dict[str, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
    for clip in (clip for clip in corpus.clips if clip.subject in subjects):
        assert clip.pose is not None
        up = up_of(clip, worlds[clip.name].numpy())
        true = joint_angles(clip.pose.numpy(), H36M_17, up)
        for name, values in differences(joint_angles(lifted(lifter, clip).pose, H36M_17, up), true).items():
            found[name][clip.action].append(values)
    print_table(found, list(corpus.actions))


def up_of(clip: Clip, world: Float[np.ndarray, "n j 3"]) -> Up:
    """Against gravity in the camera's axes: the rotation from the take to the clip."""
    staged = stage(torch.from_numpy(world).float(), H36M_17.root, yaw(0, clip.name)).double().numpy()
    assert clip.pose is not None
    limbs = [j for j, name in enumerate(H36M_17.joints) if "left" in name or "right" in name]
    one, other = (p - p.mean(1, keepdims=True) for p in (staged[:, limbs], clip.pose.double().numpy()[:, limbs]))
    u, _, vt = np.linalg.svd(np.einsum("nji,njk->ik", one, other))
    turn = (u * [1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt  # camera = world @ turn
    return tuple(turn[2].tolist())


def of_beam(lifter: Lifter, path: Path) -> None:
    """Prints the table of the balance beam, by camera: detections, gravity known."""
    video = read_real(path)
    found: dict[str, dict[str, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
    for view in video.views:
        for name, values in beam_differences(lifter, video, view).items():
            found[name][view.name].append(values)
    print_table(found, [view.name for view in video.views])


def beam_differences(lifter: Lifter, video: RealVideo, view: View) -> Angles:
    """Of one camera."""
    rate = model_rate(lifter)
    (track,) = lift_people(lifter, found_people(video, view, rate), MotionCfg())
    truth = true_joints(video, view.truth, rate)
    n = min(len(truth), track.num_frames)
    up: Up = tuple(view.up.tolist())
    return differences(joint_angles(track.pose[:n], H36M_17, up), joint_angles(truth[:n], H36M_17, up))


def print_table(found: dict[str, dict[str, list[np.ndarray]]], columns: list[str]) -> None:
    """Rows of angles, columns of movements or cameras, and all together."""
    print(f"| angle | {' | '.join(column[:14] for column in columns)} | all |")
    print("|---" * (len(columns) + 2) + "|")
    for name, by in found.items():
        cells = [f"{np.nanmean(np.concatenate(by[c])):.1f}" if by[c] else "" for c in columns]
        every = np.concatenate([values for c in columns for values in by[c]])
        print(f"| {name} | {' | '.join(cells)} | {np.nanmean(every):.1f} (median {np.nanmedian(every):.1f}) |")


def main(
    path: Annotated[Path, tyro.conf.Positional],
    beam: Annotated[Path | None, tyro.conf.Positional] = None,
    keypoints: Literal["gt", "simulated"] = "gt",
    subjects: tuple[str, ...] = TEST,
    model: str = DEFAULT,
) -> None:
    """Prints both tables."""
    lifter = open_lifter(model)
    of_uiprmd(lifter, path, keypoints, subjects)
    if beam is not None:
        of_beam(lifter, beam)


if __name__ == "__main__":
    tyro.cli(main)
