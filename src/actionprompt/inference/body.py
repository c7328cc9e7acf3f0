"""One body on its own rays: a person's bones keep one length, left as right, and joints go where they were seen.

A network answers every frame by itself, so that one person's bones change from frame to frame, and its joints miss the
2D joints that it was given. Here the two are brought together without another network: bones get their length, each
joint moves to the nearest point of its own ray, the lengths are measured again, and so on. What is left at the end is
a body whose bones have one length in all frames, on a path that is smooth.

The rays are smoothed before: joints that were seen twitch by more than people do.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from actionprompt.output.trajectory import translations
from actionprompt.skeleton import H36M_17, Skeleton

FASTEST = 15.0
"""Metres a second: no person's root is faster."""
SURE = 0.5
"""Confidence of a 2D joint from which on it counts fully."""
FAINT = 1e-3
"""What a joint that nobody saw counts beside one that was seen: frames without any still have a place."""
PROPORTIONS = {
    "hip": 0.0225, "knee": 0.1000, "ankle": 0.1098, "spine": 0.0581, "thorax": 0.0581, "nose": 0.0408,
    "head top": 0.0309, "shoulder": 0.0448, "elbow": 0.0728, "wrist": 0.0562,
}  # fmt: skip
"""Each bone's share of all bones together, by the joint at its end: the mean of 18 training subjects of UI-PRMD and
CMU, pelvis, thorax and spine as detectors' points give them. Only what was hardly seen leans on it."""
TRUNK_AND_LEG = 0.779
"""Hip to ankle and hip to shoulder together, as a share of the stature (Drillis and Contini 1966)."""


@dataclass(frozen=True)
class BodyCfg:
    """How bones and rays are brought together."""

    rounds: int = 4
    """How often bones get their lengths and joints go to their rays."""
    ray_smoothing: float = 0.04
    """Seconds: standard deviation of the Gaussian that smooths the 2D joints for this (the outputs keep them)."""
    confidence_smoothing: float = 0.2
    """Seconds: standard deviation of the Gaussian that smooths how much joints count: none jumps off its ray."""
    distance_smoothing: float = 0.2
    """Seconds: standard deviation of the Gaussian that smooths the distance of the root."""
    usual: float = 0.002
    """How much usual proportions count beside a bone that is fully seen in all frames."""


class Fitted(NamedTuple):
    """A body on its rays."""

    pose: Float[np.ndarray, "n j 3"]
    """Camera axes, relative to the root joint, metres; every bone has one length."""
    root: Float[np.ndarray, "n 3"]
    """The root's path in camera axes, metres."""
    lengths: Float[np.ndarray, " bones"]
    """Metres, in the order of the skeleton's bones."""


class Bones(NamedTuple):
    """A skeleton's bones as arrays."""

    parent: Int[np.ndarray, " bones"]
    child: Int[np.ndarray, " bones"]
    chain: Float[np.ndarray, "j bones"]
    """1 where a bone is on the way from the root to a joint: joints are sums of bones."""
    mirror: Int[np.ndarray, " bones"]
    """Each bone's counterpart on the other side."""
    usual: Float[np.ndarray, " bones"]
    """Usual proportions, their sum 1."""


@lru_cache
def bones_of(skeleton: Skeleton = H36M_17) -> Bones:
    """The bones of a joint layout."""
    parent, child = np.array(skeleton.bones).T
    bone_to = {joint: bone for bone, joint in enumerate(child.tolist())}
    chain = np.zeros((skeleton.num_joints, child.size))
    for end in bone_to:
        joint = end
        while joint != skeleton.root:
            chain[end, bone_to[joint]] = 1
            joint = skeleton.parents[joint]
    mirror = np.array([bone_to[skeleton.mirror[joint]] for joint in child])
    usual = np.array([_usual(skeleton.joints[joint]) for joint in child])
    return Bones(parent, child, chain, mirror, usual / usual.sum())


def _usual(joint: str) -> float:
    """The usual proportion of the bone that ends at a joint."""
    name = joint.removeprefix("left ").removeprefix("right ")
    return PROPORTIONS.get(name, PROPORTIONS["nose"])


def fit_body(
    pose: Float[np.ndarray, "n j 3"],
    rays: Float[np.ndarray, "n j 2"],
    weight: Float[np.ndarray, "n j"],
    fps: float,
    skeleton: Skeleton = H36M_17,
    settings: BodyCfg | None = None,
) -> Fitted:
    """The person with one length for each bone, on its rays.

    Args:
        pose: lifted joints in camera axes, relative to the root joint.
        rays: the 2D joints as (x / z, y / z) of the rays through them.
        weight: how much each of them counts, 0 to 1 (:func:`sureness`).
        fps: frames a second.
        skeleton: the joint layout.
        settings: how far to go.
    """
    settings, bones = settings or BodyCfg(), bones_of(skeleton)
    rays = _gaussian(rays, settings.ray_smoothing * fps)
    weight = _gaussian(weight, settings.confidence_smoothing * fps).clip(FAINT, 1)
    lengths = bone_lengths(pose, weight, bones, settings.usual)
    for _ in range(settings.rounds):
        placed = with_lengths(pose, lengths, bones)
        pose = to_rays(placed + place(placed, rays, weight)[:, None], rays, weight)
        lengths = bone_lengths(pose, weight, bones, settings.usual)
    pose = with_lengths(pose, lengths, bones)
    root = place(pose, rays, weight)
    distance = _gaussian(root[:, 2], settings.distance_smoothing * fps)
    return Fitted(pose, bounded(sideways(pose, rays, weight, distance), fps), lengths)


class CausalBody:
    """The same frame by frame, from past frames only, in constant time and memory.

    Bones have the mean length so far. Not the rays are smoothed, which would lag behind the person, but by how much the
    pose is moved to be on them.
    """

    def __init__(self, fps: float, skeleton: Skeleton = H36M_17, settings: BodyCfg | None = None) -> None:
        self.settings, self._bones, self._fps = settings or BodyCfg(), bones_of(skeleton), fps
        self._counts = self._sums = np.zeros(self._bones.child.size)
        self._frames = 0
        self._moved: Float[np.ndarray, "1 j 3"] | None = None
        self._root: Float[np.ndarray, "1 3"] | None = None

    def push(
        self, pose: Float[np.ndarray, "j 3"], rays: Float[np.ndarray, "j 2"], weight: Float[np.ndarray, " j"]
    ) -> Fitted:
        """The next frame; arguments as of :func:`fit_body`."""
        net, rays, weight = pose[None].astype(float), rays[None].astype(float), weight[None].clip(FAINT, 1)
        self._frames += 1
        fitted, lengths = net, self._lengths(net, weight)
        for _ in range(self.settings.rounds):
            placed = with_lengths(fitted, lengths, self._bones)
            fitted = to_rays(placed + place(placed, rays, weight)[:, None], rays, weight)
            fitted = fitted - fitted[:, :1]
            lengths = self._lengths(fitted, weight)
        counts, sums = length_sums(fitted, weight, self._bones)
        self._counts, self._sums = self._counts + counts, self._sums + sums
        self._moved = self._faded(self._moved, fitted - net, self.settings.ray_smoothing)
        body = with_lengths(net + self._moved, lengths, self._bones)
        return Fitted(body[0], self._placed(body, rays, weight), lengths)

    def _lengths(self, pose: Float[np.ndarray, "1 j 3"], weight: Float[np.ndarray, "1 j"]) -> Float[np.ndarray, " b"]:
        """The lengths from all frames so far and this one."""
        counts, sums = length_sums(pose, weight, self._bones)
        return _joined(self._counts + counts, self._sums + sums, self._frames, self._bones, self.settings.usual)

    def _placed(
        self, body: Float[np.ndarray, "1 j 3"], rays: Float[np.ndarray, "1 j 2"], weight: Float[np.ndarray, "1 j"]
    ) -> Float[np.ndarray, " 3"]:
        """The root: its distance is smoothed, its steps are no larger than people's."""
        distance = place(body, rays, weight)[:, 2]
        before = None if self._root is None else self._root[:, 2]
        distance = self._faded(before, distance, self.settings.distance_smoothing)
        root = sideways(body, rays, weight, distance)
        if self._root is not None:
            root = bounded(np.concatenate([self._root, root]), self._fps)[1:]
        self._root = root
        return root[0]

    def _faded(
        self, before: Float[np.ndarray, "1 ..."] | None, now: Float[np.ndarray, "1 ..."], seconds: float
    ) -> Float[np.ndarray, "1 ..."]:
        """The value now, mixed with those before, which fade within so many seconds."""
        if before is None or seconds == 0:
            return now
        share = 1 - np.exp(-1 / (self._fps * seconds))
        mixed: Float[np.ndarray, "1 ..."] = before + share * (now - before)
        return mixed


def sureness(confidence: Float[np.ndarray, "*n j"]) -> Float[np.ndarray, "*n j"]:
    """How much 2D joints of some confidence count: from :data:`SURE` on fully, below in proportion."""
    counted: Float[np.ndarray, "*n j"] = (confidence / SURE).clip(0, 1)
    return counted


def bone_lengths(
    pose: Float[np.ndarray, "n j 3"], weight: Float[np.ndarray, "n j"], bones: Bones, usual: float = 0.002
) -> Float[np.ndarray, " bones"]:
    """Each bone's length over all frames, left as right, metres.

    A frame counts by how surely both ends were seen and by how little the bone is foreshortened: of one that points to
    the camera a picture says nothing. What counts little leans on usual proportions.
    """
    return _joined(*length_sums(pose, weight, bones), pose.shape[0], bones, usual)


def length_sums(
    pose: Float[np.ndarray, "n j 3"], weight: Float[np.ndarray, "n j"], bones: Bones
) -> tuple[Float[np.ndarray, " bones"], Float[np.ndarray, " bones"]]:
    """Sums over frames of each bone's weight and of its weighted length; sums of parts of a track may be added."""
    bone = pose[:, bones.child] - pose[:, bones.parent]
    square = _square(bone)
    across = square - bone[..., 2] ** 2
    counts = across / square.clip(1e-12) * np.minimum(weight[:, bones.child], weight[:, bones.parent])
    return counts.sum(0), (counts * np.sqrt(square)).sum(0)


def _joined(
    counts: Float[np.ndarray, " bones"], sums: Float[np.ndarray, " bones"], frames: float, bones: Bones, usual: float
) -> Float[np.ndarray, " bones"]:
    """Lengths from what :func:`length_sums` gave; each side has its own mean, and both have the same say."""
    own = sums / counts.clip(1e-9)
    counts, own = (counts + counts[bones.mirror]) / 2, (own + own[bones.mirror]) / 2
    whole = (counts * own).sum() / (counts * bones.usual).sum().clip(1e-9)
    prior = usual * frames
    return (counts * own + prior * whole * bones.usual) / (counts + prior).clip(1e-9)


def with_lengths(
    pose: Float[np.ndarray, "n j 3"], lengths: Float[np.ndarray, " bones"], bones: Bones | None = None
) -> Float[np.ndarray, "n j 3"]:
    """The pose with each bone in its own direction and of a given length; its root stands at the origin."""
    bones = bones or bones_of()
    bone = pose[:, bones.child] - pose[:, bones.parent]
    bone = bone * (lengths / np.sqrt(_square(bone)).clip(1e-6))[..., None]
    joints: Float[np.ndarray, "n j 3"] = np.matmul(bones.chain, bone)
    return joints


def to_rays(
    points: Float[np.ndarray, "n j 3"], rays: Float[np.ndarray, "n j 2"], weight: Float[np.ndarray, "n j"]
) -> Float[np.ndarray, "n j 3"]:
    """Each joint moved to the nearest point of its own ray, as far as it counts."""
    x, y = rays[..., 0], rays[..., 1]
    along = (points[..., 0] * x + points[..., 1] * y + points[..., 2]) / (x * x + y * y + 1)
    nearest = np.stack([x * along, y * along, along], axis=-1)
    return points + weight[..., None] * (nearest - points)


def place(
    pose: Float[np.ndarray, "n j 3"], rays: Float[np.ndarray, "n j 2"], weight: Float[np.ndarray, "n j"]
) -> Float[np.ndarray, "n 3"]:
    """Where the root stands in each frame so that the joints are on their rays; frames without a place: the nearest."""
    root, known = translations(pose, rays, weight)
    if known.all():
        return root
    if not known.any():
        return np.tile([0.0, 0.0, 3.0], (root.shape[0], 1))
    frames = np.arange(known.size)
    return np.stack([np.interp(frames, frames[known], column[known]) for column in root.T], axis=1)


def sideways(
    pose: Float[np.ndarray, "n j 3"],
    rays: Float[np.ndarray, "n j 2"],
    weight: Float[np.ndarray, "n j"],
    distance: Float[np.ndarray, " n"],
) -> Float[np.ndarray, "n 3"]:
    """The root's path at a given distance: the mean of where the joints' rays want it."""
    wanted = rays * (pose[..., 2:] + distance[:, None, None]) - pose[..., :2]
    share = weight / weight.sum(1, keepdims=True)
    return np.concatenate([(wanted * share[..., None]).sum(1), distance[:, None]], axis=1)


def bounded(root: Float[np.ndarray, "n 3"], fps: float, fastest: float = FASTEST) -> Float[np.ndarray, "n 3"]:
    """The path with no step faster than people are; where one is, the root follows as fast as it may."""
    most = fastest / fps
    if root.shape[0] < 2 or np.linalg.norm(np.diff(root, axis=0), axis=1).max() <= most:
        return root
    followed = root.copy()
    for i in range(1, root.shape[0]):
        step = root[i] - followed[i - 1]
        followed[i] = followed[i - 1] + step * min(1.0, most / max(float(np.linalg.norm(step)), 1e-12))
    return followed


def stature(lengths: Float[np.ndarray, " bones"], skeleton: Skeleton = H36M_17) -> float:
    """A person's height in metres, from thigh, shank and trunk."""
    named = {skeleton.joints[child]: i for i, (_, child) in enumerate(skeleton.bones)}
    leg_and_trunk = sum(lengths[named[joint]] for joint in ("left knee", "left ankle", "spine", "thorax"))
    return float(leg_and_trunk) / TRUNK_AND_LEG


def variation(pose: Float[np.ndarray, "n j 3"], skeleton: Skeleton = H36M_17) -> float:
    """How much a person's bones change: the range of each limb bone's length over its median, the mean over bones."""
    bones = bones_of(skeleton)
    limbs = [i for i, joint in enumerate(bones.child) if skeleton.joints[joint].split()[-1] in _LIMB_ENDS]
    length = np.sqrt(_square(pose[:, bones.child[limbs]] - pose[:, bones.parent[limbs]]))
    low, middle, high = np.quantile(length, [0.05, 0.5, 0.95], axis=0)
    return float(((high - low) / middle.clip(1e-9)).mean())


_LIMB_ENDS = ("knee", "ankle", "elbow", "wrist")


def _square(vectors: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n"]:
    squares: Float[np.ndarray, "*n"] = np.einsum("...c,...c->...", vectors, vectors)
    return squares


def _gaussian(values: Float[np.ndarray, "n ..."], frames: float) -> Float[np.ndarray, "n ..."]:
    """Values over time, smoothed; a deviation of less than a tenth of a frame changes nothing.

    Before the beginning and after the end they go on as they came (turned about the last value), so that who walks
    there is not slowed down.
    """
    reach = min(values.shape[0] - 1, int(4 * frames + 0.5))
    if frames < 0.1 or reach < 1:
        return values
    from scipy.ndimage import correlate1d

    before, after = 2 * values[:1] - values[reach:0:-1], 2 * values[-1:] - values[-2 : -reach - 2 : -1]
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / frames) ** 2)
    smoothed: Float[np.ndarray, "n ..."] = correlate1d(
        np.concatenate([before, values, after]), weight / weight.sum(), axis=0
    )
    return smoothed[reach:-reach]
