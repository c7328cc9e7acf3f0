"""Takes of motion capture as virtual cameras would have filmed them."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from hashlib import blake2b

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from actionprompt.camera import project
from actionprompt.data import noise
from actionprompt.data.cameras import H36M_LENSES
from actionprompt.data.clip import Clip, Take
from actionprompt.data.config import VirtualCamerasCfg
from actionprompt.data.online import settings as online
from actionprompt.data.online.body import derived
from actionprompt.data.viewpoints import viewpoints
from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton

MOST_TURNS = 1000
FOLLOWED = 1.0
"""Seconds over which a camera that follows a person smooths the way."""


def film(
    takes: Sequence[Take],
    skeleton: Skeleton,
    cfg: VirtualCamerasCfg,
    train_subjects: Collection[str] = (),
    fps: float = 50.0,
) -> list[Clip]:
    """Films each take with virtual cameras: the first ``cfg.cameras`` of Human3.6M's, placed as for subject S9.

    (Or with as many cameras anywhere: ``cfg.viewpoints``.) A take is centred at the origin, where cameras look, and
    turned by its yaw: captured people face nearly one way, filmed people do not. Takes of training subjects are filmed
    ``cfg.yaws_per_take`` times, at different yaws, scales and tempi. Clips come take by take, turn by turn, camera by
    camera, in float32. ``fps`` is the takes' frame rate, which a simulated detector's errors depend on.

    Raises:
        InputError: settings that make no sense, or a take that walks out of a camera's field of view.
    """
    rate = frame_rate(cfg, fps)
    if cfg.detector_joints or (cfg.training == "online" and cfg.online.detector_joints):
        as_detected = derived(skeleton)
        takes = [replace(take, pose=as_detected @ take.pose.float()) for take in takes]
    return [
        clip
        for take in takes
        for turn in range(cfg.yaws_per_take if take.subject in train_subjects else 1)
        for clip in _film_take(take, skeleton, cfg, turn, rate)
    ]


def check(cfg: VirtualCamerasCfg) -> None:
    """Refuses settings that make no sense.

    Raises:
        InputError: an impossible number of cameras, turns or frames, bodies of no or twice their size, a bad detector.
    """
    if not 1 <= cfg.cameras <= len(H36M_LENSES):
        raise InputError(f"virtual_cameras.cameras is {cfg.cameras}: there are {len(H36M_LENSES)} cameras, use 1 to 4.")
    if not 1 <= cfg.yaws_per_take <= MOST_TURNS:
        raise InputError(
            f"virtual_cameras.yaws_per_take is {cfg.yaws_per_take}: "
            f"a take is filmed at least once, at most {MOST_TURNS:,} times."
        )
    if not 0 <= cfg.scale_jitter < 0.5:
        raise InputError(
            f"virtual_cameras.scale_jitter is {cfg.scale_jitter}: bodies are scaled by at least 0 and less than 0.5."
        )
    if not 0 <= cfg.speed_jitter < 0.9:
        raise InputError(
            f"virtual_cameras.speed_jitter is {cfg.speed_jitter}: takes are played faster or slower by 0 to below 0.9."
        )
    if cfg.frame_stride < 1:
        raise InputError(
            f"virtual_cameras.frame_stride is {cfg.frame_stride}: "
            "cameras take every frame (1), every second (2), and so on."
        )
    noise.check(cfg.detector)
    online.check(cfg.online)


def frame_rate(cfg: VirtualCamerasCfg, fps: float) -> float:
    """The clips' frame rate, given the takes'.

    Raises:
        InputError: settings that make no sense.
    """
    check(cfg)
    return fps / cfg.frame_stride


def describe(cfg: VirtualCamerasCfg) -> dict[str, str]:
    """What the 2D input is and how training takes were multiplied, for reports."""
    source = "ground truth" if cfg.keypoints == "gt" else noise.describe(cfg.detector)
    cameras = (
        "virtual cameras of Human3.6M (S9)" if cfg.viewpoints == "h36m" else "virtual cameras of any kind and place"
    )
    if cfg.training == "online":
        return online.describe(cfg.online) | {"2D": f"{source} in training; in tests {cfg.cameras} {cameras}"}
    varied = ""
    if cfg.yaws_per_take > 1:
        varied += f", bodies scaled by up to {cfg.scale_jitter:.0%}" if cfg.scale_jitter else ""
        varied += f", tempo changed by up to {cfg.speed_jitter:.0%}" if cfg.speed_jitter else ""
    return {
        "2D": f"{source}, {cfg.cameras} {cameras}, seed {cfg.seed}",
        "training views": f"{cfg.yaws_per_take} {'yaw' if cfg.yaws_per_take == 1 else 'yaws'} per take{varied}",
    }


def yaw(seed: int, name: str, turn: int = 0) -> float:
    """A take's turn about the vertical in radians, uniform."""
    return 2 * math.pi * _draw(seed, name, turn, "yaw")


def _draw(seed: int, name: str, turn: int, what: str) -> float:
    """A number in [0, 1) for a turn of a take: the same in every process."""
    digest = blake2b(f"{seed}/{name}/{turn}/{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def stage(pose: Float[Tensor, "n j 3"], root: int, angle: float, scale: float = 1) -> Float[Tensor, "n j 3"]:
    """The take with the root's mean place above the origin, turned by ``angle`` about the vertical, scaled."""
    centre = pose[:, root].mean(0) * pose.new_tensor([1, 1, 0])
    c, s = math.cos(angle), math.sin(angle)
    return (pose - centre) @ pose.new_tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]]).mT * scale


def played(world: Float[Tensor, "n j 3"], tempo: float) -> Float[Tensor, "m j 3"]:
    """The take played faster (tempo above 1) or slower; joints move straight on between its frames."""
    n = world.shape[0]
    time = torch.arange(int((n - 1) / tempo) + 1, dtype=torch.float64) * tempo
    before = time.floor().long().clamp_max(max(0, n - 2))
    share = (time - before)[:, None, None].to(world.dtype)
    return world[before] * (1 - share) + world[(before + 1).clamp_max(n - 1)] * share


def _film_take(take: Take, skeleton: Skeleton, cfg: VirtualCamerasCfg, turn: int, fps: float) -> list[Clip]:
    """One clip per camera, at ``fps`` frames a second."""

    def draw(what: str) -> float:
        return _draw(cfg.seed, take.name, turn, what)

    scale = 1 + cfg.scale_jitter * (2 * draw("scale") - 1) if turn else 1.0
    world = stage(take.pose.float(), skeleton.root, yaw(cfg.seed, take.name, turn), scale)
    if turn and cfg.speed_jitter:
        world = played(world, 1 + cfg.speed_jitter * (2 * draw("tempo") - 1))
    views = viewpoints(cfg, world, draw)
    if any(_outside(view.see(world)).any() for view in views):
        world = followed(world, skeleton.root, round(FOLLOWED * fps * cfg.frame_stride))
        views = viewpoints(cfg, world, draw)
    clips = []
    for view in views:
        pose = view.see(world[:: cfg.frame_stride])
        _check_in_view(pose, take.name, view.name)
        root = pose[:, skeleton.root]
        clip = Clip(
            keypoints=project(pose, view.intrinsic),
            pose=(pose - root[:, None]).contiguous(),
            root=root.clone(),
            action=take.action,
            subject=take.subject,
            name=take.name,
            camera=view.name,
            turn=turn,
            focal=float(view.intrinsic[0]),
        )
        simulated = cfg.keypoints == "simulated"
        clips.append(noise.detected(clip, skeleton, cfg.detector, fps) if simulated else clip)
    return clips


def followed(world: Float[Tensor, "n j 3"], root: int, frames: int) -> Float[Tensor, "n j 3"]:
    """The take as a camera sees it that goes along: without the root's path, smoothed over ``frames``."""
    path = world[:, root, :2].double()
    at = torch.arange(path.shape[0])
    reach = at.minimum(at.flip(0)).clamp_max(frames // 2)  # at the ends a shorter middle, or steady walks would bend
    sums = pad(path, (0, 0, 1, 0)).cumsum(0)
    smooth = (sums[at + reach + 1] - sums[at - reach]) / (2 * reach + 1)[:, None]
    return world - pad(smooth.to(world.dtype), (0, 1))[:, None]


def _outside(pose: Float[Tensor, "n j 3"]) -> Bool[Tensor, "n j"]:
    """Which points are beyond 45 degrees, or behind the lens."""
    x, y, depth = pose.unbind(-1)
    return x.abs().maximum(y.abs()) >= depth


def _check_in_view(pose: Float[Tensor, "n j 3"], take: str, camera: str) -> None:
    """Beyond 45 degrees (or behind the lens) ``project`` clamps, and 2D would no longer belong to 3D."""
    outside = _outside(pose)
    if outside.any():
        frame = int(outside.nonzero()[0, 0])
        raise InputError(
            f"Take {take} leaves the view of camera {camera} at frame {frame}, although the camera goes along: "
            "people must stay within about 2.5 m of the smoothed way; cut the take or drop it."
        )
