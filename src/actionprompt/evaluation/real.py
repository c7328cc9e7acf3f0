"""A lifter on a real, calibrated video whose 3D is known: what people get, and what each stage of it is worth.

Everything is measured as people use it: from the detector's 2D joints through ``lift_people``.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from actionprompt import metrics
from actionprompt.evaluation.real_video import RealVideo, View, found_people, true_joints
from actionprompt.inference.body import variation
from actionprompt.inference.people import MotionCfg, lift_people
from actionprompt.model.app import HardSelection
from actionprompt.model.lifter import Lifter, model_rate
from actionprompt.output.track import LiftedTrack
from actionprompt.skeleton import H36M_17

HARD = HardSelection()
LIMBS = tuple(
    H36M_17.joints.index(f"{side} {joint}")
    for joint in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
    for side in ("left", "right")
)
"""The joints that are measured: what every detector sees, and every data set means the same by."""
HIPS = tuple(H36M_17.joints.index(f"{side} hip") for side in ("left", "right"))
ANKLES = tuple(H36M_17.joints.index(f"{side} ankle") for side in ("left", "right"))
STANDING = 0.15
"""Metres a second: a foot that is slower in truth stands."""
PLACES = (0.0, 0.05, 0.10, 0.15, 0.20, 0.30)
"""Shares of the picture's width by which the person is moved aside."""
ROLLS = (0.0, 10.0, 20.0, 30.0)
"""Degrees by which the camera is turned."""


class Errors(NamedTuple):
    """One lifting against the truth: 12 limb joints from the middle of the hips, camera axes, millimetres."""

    p1: float
    n: float
    pa: float
    depth: float
    variation: float
    """The variation of the limb bones' lengths, a share."""
    sliding: float
    """Mean speed of feet that stand in truth, metres a second; NaN without a path."""
    velocity: float
    """MPJVE, mm a frame."""
    acceleration: float
    """Error of the second difference, mm a frame squared."""
    jump: float
    """Largest joint step where the recognised action changes over the largest elsewhere; 0 without changes."""


class Stage(NamedTuple):
    """A row of the table."""

    name: str
    motion: MotionCfg
    repair: bool = True
    """Whether exchanged sides and wrong points are put right before."""


def stages(motion: MotionCfg, apm: bool) -> list[Stage]:
    """What ``lift`` does by default, then without each of its stages and with the detector's own 3D, then the network.

    Args:
        motion: as ``lift`` does.
        apm: whether the lifter has actions to choose prompts by.
    """
    alone = replace(motion, follow=False, body=None, roll=0.0, selection=HARD, detector_depth=0.0)
    without_choice = [Stage("prompts of the likeliest action only", replace(motion, selection=HARD))] if apm else []
    return [
        Stage("as lift does", motion),
        *without_choice,
        Stage("without the virtual camera", replace(motion, follow=False)),
        Stage("without the guessed roll", replace(motion, roll=0.0)),
        Stage("without one body on its rays", replace(motion, body=None)),
        Stage("without repair of the 2D", motion, repair=False),
        Stage("with 30 % of the detector's own 3D", replace(motion, detector_depth=0.3)),
        Stage("the network with the virtual camera", replace(motion, body=None), repair=False),
        Stage("the network alone", alone, repair=False),
    ]


def measure(lifter: Lifter, video: RealVideo, view: View, stage: Stage, *, perfect: bool = False) -> Errors:
    """One stage on one view."""
    rate = model_rate(lifter)
    found = found_people(video, view, rate, perfect=perfect, repair=stage.repair)
    (track,) = lift_people(lifter, found, stage.motion)
    return errors(track, true_joints(video, view.truth, rate))


def errors(track: LiftedTrack, truth: Float[np.ndarray, "n 17 3"]) -> Errors:
    """A lifted track against true joints in camera axes."""
    mine, theirs = _limbs(track.pose), _limbs(truth)
    p1, n, pa, depth = (
        1000 * float(measure(mine, theirs).mean())
        for measure in (metrics.mpjpe, metrics.n_mpjpe, metrics.p_mpjpe, metrics.depth_error)
    )
    return Errors(
        p1,
        n,
        pa,
        depth,
        variation=variation(track.pose, track.skeleton),
        sliding=sliding(track, truth),
        velocity=1000 * float(metrics.velocity_error(mine, theirs).mean()),
        acceleration=1000 * float(metrics.acceleration_error(mine, theirs).mean()),
        jump=largest_jump(track),
    )


def own_errors(video: RealVideo, view: View, fps: float) -> Errors | None:
    """The detector's own 3D against the truth."""
    if view.own is None:
        return None
    own, truth = true_joints(video, view.own, fps), true_joints(video, view.truth, fps)
    n = own.shape[0]
    return errors(LiftedTrack("1", 0.0, fps, H36M_17, np.zeros((n, 17, 2)), own), truth)


def sliding(track: LiftedTrack, truth: Float[np.ndarray, "n 17 3"]) -> float:
    """How fast feet slide that stand in truth, metres a second."""
    if track.root is None:
        return float("nan")
    mine, theirs = (
        np.linalg.norm(np.diff(joints[:, ANKLES], axis=0), axis=-1) * track.fps for joints in (track.points, truth)
    )
    stand = theirs < STANDING
    return float(mine[stand].mean()) if stand.any() else float("nan")


def largest_jump(track: LiftedTrack) -> float:
    """The largest joint step where the likeliest action changes, over the largest one elsewhere."""
    if not track.actions:
        return 0.0
    step = np.linalg.norm(np.diff(track.pose, axis=0), axis=-1).max(1)
    changes = np.diff(track.probability.argmax(1)) != 0
    if not changes.any() or changes.all():
        return 0.0
    return float(step[changes].max() / max(float(step[~changes].max()), 1e-9))


def elsewhere(lifter: Lifter, video: RealVideo, stage: Stage) -> Iterator[tuple[str, float]]:
    """P1 with the person moved aside in the picture, and with the camera rolled; from perfect 2D, mean over views."""
    for share in PLACES:
        yield f"{share:.0%} aside", _mean_p1(lifter, video, stage, share, 0.0)
    for degrees in ROLLS[1:]:
        yield f"rolled by {degrees:g} degrees", _mean_p1(lifter, video, stage, 0.0, degrees)


def _mean_p1(lifter: Lifter, video: RealVideo, stage: Stage, share: float, degrees: float) -> float:
    turned = [view.turned(_aim(view, share, degrees), view.perfect) for view in video.views]
    sure = [view._replace(confidence=np.ones_like(view.confidence)) for view in turned]
    return float(np.mean([measure(lifter, video, view, stage).p1 for view in sure]))


def _aim(view: View, share: float, degrees: float) -> Float[np.ndarray, "3 3"]:
    """The turn of the camera, first level, that puts the person's middle a share of the width aside, then rolls it."""
    level = _about(2, np.arctan2(-view.up[0], -view.up[1]))
    x, y, z = level @ np.median(view.truth.reshape(-1, 3), axis=0)
    tilt = _about(0, np.arctan2(y, z))
    aside = np.arctan(share * view.size[0] / view.intrinsic[0, 0])
    pan = _about(1, aside - np.arctan2(x, np.hypot(y, z)))
    turn: Float[np.ndarray, "3 3"] = _about(2, -np.radians(degrees)) @ pan @ tilt @ level
    return turn


def _about(axis: int, angle: float) -> Float[np.ndarray, "3 3"]:
    """The rotation about an axis, right-handed."""
    from scipy.spatial.transform import Rotation

    rotation: Float[np.ndarray, "3 3"] = Rotation.from_rotvec(angle * np.eye(3)[axis]).as_matrix()
    return rotation


def _limbs(joints: Float[np.ndarray, "n 17 3"]) -> torch.Tensor:
    """The limb joints, from the middle of the hips."""
    hips = joints[:, HIPS].mean(1, keepdims=True)
    return torch.from_numpy((joints - hips)[:, LIMBS].astype(float))
