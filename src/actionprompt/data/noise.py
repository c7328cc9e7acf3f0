"""A simulated 2D detector: true 2D joints with the kinds of errors that detectors make.

Errors are drawn from the detector's seed and the clip's take, camera and turn alone, so that test input is the same in
every run and in every process, whatever the model's seed. In this order:

1. Each joint is off by a constant, ``bias``, and by a wandering, ``jitter``, which forgets itself within
   ``correlation_time`` (an Ornstein-Uhlenbeck process, sampled). Both are normal on each axis, times ``DIFFICULTY`` for
   the outer joints.
2. In some episodes both arms, or both legs, have left and right exchanged (``swap_rate``).
3. In some episodes a joint is found somewhere else (``outlier_rate``), off by a quarter of the height or so, surely.
4. In some episodes a joint is not found (``miss_rate``): as interpolated detections do, it moves straight on from where
   it was last seen to where it is seen next.

Sizes are shares of the person's height on the screen: a detector sees people cut out and scaled to one size.
Confidence falls with the error of step 1 as exp(-error / ``DOUBT``); lost joints have 0. Who is swapped is sure of it.
"""

import math
from dataclasses import fields, replace
from hashlib import blake2b

import numpy as np
import torch
from jaxtyping import Bool, Float

from actionprompt.data.clip import Clip
from actionprompt.data.config import DetectorCfg
from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton

DIFFICULTY = {"elbow": 1.25, "knee": 1.25, "wrist": 1.5, "ankle": 1.5}
"""How much larger errors are where limbs end: detectors find a wrist less well than a hip."""
ARMS = ("shoulder", "elbow", "wrist")
DOUBT = 0.04
"""The error at which confidence is 1/e, of the person's height."""
ASTRAY = 0.25
"""How far wrong points are off, of the person's height: the standard deviation along each axis."""
PIXEL = 2 / 1000
"""A pixel of a picture 1,000 wide, on the normalised screen."""
LEG = 0.491
"""Thigh and shank together, of a person's height (Drillis and Contini 1966)."""


def check(cfg: DetectorCfg) -> None:
    """Refuses what no detector does.

    Raises:
        InputError: a negative or absurd number.
    """
    limits = {
        "bias": 1.0 if cfg.unit == "height" else 100.0,
        "jitter": 1.0 if cfg.unit == "height" else 100.0,
        "correlation_time": 60.0,
        "swap_rate": 0.5,
        "miss_rate": 0.5,
        "outlier_rate": 0.5,
        "episode_length": 60.0,
    }
    for field in fields(cfg):
        value = getattr(cfg, field.name)
        if field.name in limits and not 0 <= value <= limits[field.name]:
            raise InputError(f"detector.{field.name} is {value}: it must be between 0 and {limits[field.name]:g}.")


def describe(cfg: DetectorCfg) -> str:
    """What reports say of the detector."""
    if cfg.unit == "pixels":
        sizes = f"bias {cfg.bias:g} px, jitter {cfg.jitter:g} px over {cfg.correlation_time:g} s"
    else:
        sizes = f"bias {cfg.bias:.2%} and jitter {cfg.jitter:.2%} of the height over {cfg.correlation_time:g} s"
    wrong = f" and wrong {cfg.outlier_rate:.2%}" if cfg.outlier_rate else ""
    return (
        f"simulated detector ({sizes}, limbs swapped {cfg.swap_rate:.2%}, joints lost {cfg.miss_rate:.2%}{wrong} "
        f"of the time, seed {cfg.seed})"
    )


def detected(clip: Clip, skeleton: Skeleton, cfg: DetectorCfg, fps: float) -> Clip:
    """The clip, which has 3D, as the simulated detector sees it."""
    height = height_on_screen(clip, skeleton)
    random = _random(cfg.seed, clip)
    n, joints = clip.num_frames, skeleton.num_joints
    keep = math.exp(-1 / (cfg.correlation_time * fps)) if cfg.correlation_time else 0.0
    length = max(1, round(cfg.episode_length * fps))

    offset = cfg.bias * random.standard_normal((1, joints, 2), np.float32)
    offset = offset + cfg.jitter * wander(random.standard_normal((n, joints, 2), np.float32), keep)
    offset *= difficulty(skeleton)[:, None]
    confidence = np.exp(-np.linalg.norm(offset, axis=-1) / DOUBT)
    points = clip.keypoints.numpy() + np.float32(height if cfg.unit == "height" else PIXEL) * offset

    order = np.arange(joints)[None].repeat(n, axis=0)
    for pairs, swap in zip(limbs(skeleton), episodes(n, 2, cfg.swap_rate, length, random).T, strict=True):
        order[np.ix_(swap, pairs.ravel())] = pairs[:, ::-1].ravel()
    points = np.take_along_axis(points, order[..., None], axis=1)
    confidence = np.take_along_axis(confidence, order, axis=1)

    lost = episodes(n, joints, cfg.miss_rate, length, random)
    lost &= ~lost.all(0)
    wrong = episodes(n, joints, cfg.outlier_rate, length, random)[..., None]
    points = points + wrong * (height * ASTRAY * random.standard_normal((1, joints, 2), np.float32)).astype(np.float32)
    confidence[lost] = 0
    return replace(clip, keypoints=torch.from_numpy(bridge(points, lost)), confidence=torch.from_numpy(confidence))


def height_on_screen(clip: Clip, skeleton: Skeleton) -> float:
    """The person's height on the normalised screen, from the legs' length in 3D and how large all bones appear.

    Raises:
        InputError: the clip has no 3D.
    """
    if clip.pose is None:
        raise InputError(f"Clip {clip.name!r} has no 3D pose: a simulated detector's errors are shares of the height.")
    parents, children = (list(ends) for ends in zip(*skeleton.bones, strict=True))
    seen, true = (points[:, children, :2] - points[:, parents, :2] for points in (clip.keypoints, clip.pose))
    scale = seen.norm(dim=-1).sum() / true.norm(dim=-1).sum().clamp_min(1e-9)
    hip, knee, ankle = (clip.pose[:, skeleton.joints.index(f"right {joint}")] for joint in ("hip", "knee", "ankle"))
    leg = ((hip - knee).norm(dim=-1) + (knee - ankle).norm(dim=-1)).mean()
    return float(scale * leg / LEG)


def difficulty(skeleton: Skeleton) -> Float[np.ndarray, " j"]:
    """The factor on each joint's errors."""
    return np.array([DIFFICULTY.get(joint.rpartition(" ")[2], 1.0) for joint in skeleton.joints], dtype=np.float32)


def limbs(skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """(left, right) joint pairs of the arms, and of the legs."""
    pairs = np.array([skeleton.left, skeleton.right]).T
    arm = np.array([skeleton.joints[left].endswith(ARMS) for left in skeleton.left])
    return pairs[arm], pairs[~arm]


def wander(white: Float[np.ndarray, "n j 2"], keep: float) -> Float[np.ndarray, "n j 2"]:
    """White noise of unit variance as noise of unit variance whose neighbours in time correlate by ``keep``."""
    from scipy.signal import lfilter

    fresh = math.sqrt(1 - keep**2)
    kicks = fresh * white
    kicks[0] = white[0]  # the process has been running for ever
    walk: Float[np.ndarray, "n j 2"] = lfilter([1], [1, -keep], kicks, axis=0).astype(white.dtype)
    return walk


def episodes(n: int, count: int, share: float, length: int, random: np.random.Generator) -> Bool[np.ndarray, "n c"]:
    """Which frames of ``count`` things lie in an episode of ``length`` frames; in the long run ``share`` of them do.

    Episodes begin independently in each frame, before the first one too, and may run into each other.
    """
    begins = random.random((n + length - 1, count), np.float32) < 1 - (1 - share) ** (1 / length)
    begun = np.concatenate([np.zeros((1, count), int), begins.cumsum(0)])
    inside: Bool[np.ndarray, "n c"] = begun[length:] > begun[:-length]
    return inside


def bridge(points: Float[np.ndarray, "n j 2"], lost: Bool[np.ndarray, "n j"]) -> Float[np.ndarray, "n j 2"]:
    """The points with lost ones on the straight line in time between their neighbours; at the ends they stay."""
    n = points.shape[0]
    time = np.arange(n)[:, None]
    before = np.maximum.accumulate(np.where(lost, -1, time), axis=0)
    after = np.minimum.accumulate(np.where(lost, n, time)[::-1], axis=0)[::-1]
    frame, joint = lost.nonzero()
    a, b = before[frame, joint], after[frame, joint]
    a, b = np.where(a < 0, b, a), np.where(b == n, a, b)
    share = ((frame - a) / np.maximum(b - a, 1)).astype(points.dtype)[:, None]
    filled: Float[np.ndarray, "n j 2"] = points.copy()
    filled[frame, joint] = (1 - share) * points[a, joint] + share * points[b, joint]
    return filled


def _random(seed: int, clip: Clip) -> np.random.Generator:
    """Random numbers that depend on the seed and on which filming of which take this is only."""
    key = f"detector/{seed}/{clip.name}/{clip.camera}/{clip.turn}"
    return np.random.default_rng(int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big"))
