"""A detector's errors in a batch of windows: the kinds that ``data.noise`` simulates for whole clips, on any device."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from actionprompt.data.config import DetectorCfg
from actionprompt.data.noise import ASTRAY, DOUBT, difficulty, limbs
from actionprompt.data.online.draws import Draws
from actionprompt.skeleton import Skeleton

SPREAD = 0.6
"""Videos differ: standard deviation of the logarithm of a window's factor on all its errors."""


class Found(NamedTuple):
    """What the detector finds."""

    points: Float[Tensor, "b f 2 j"]
    confidence: Float[Tensor, "b f j"]


class SimulatedDetector:
    """Errors for windows of ``frames`` frames; its constants move to a device once."""

    def __init__(
        self, cfg: DetectorCfg, skeleton: Skeleton, frames: int, fps: float, device: torch.device | str = "cpu"
    ) -> None:
        self.cfg, self.frames, self.fps = cfg, frames, fps
        self.wander = wandering(
            frames, math.exp(-1 / (cfg.correlation_time * fps)) if cfg.correlation_time else 0.0
        ).to(device)
        self.difficulty = torch.from_numpy(difficulty(skeleton)).to(device)
        self.exchanged = [exchange(pairs, skeleton.num_joints).to(device) for pairs in limbs(skeleton)]
        self.time = torch.arange(frames, device=device)
        self.joint = torch.arange(skeleton.num_joints, device=device)

    def __call__(self, points: Float[Tensor, "b f 2 j"], height: Float[Tensor, " b"], draws: Draws) -> Found:
        """The points as the detector finds them; ``height`` is the person's on the screen."""
        cfg, joints = self.cfg, points.shape[-1]
        factor = (draws.normal(SPREAD) - SPREAD**2 / 2).exp().clamp_max(3)
        jitter = self.wander @ draws.normal(cfg.jitter, self.frames, 2 * joints)
        errors = jitter.unflatten(-1, (2, joints)) + draws.normal(cfg.bias, 1, 2, joints)
        errors = errors * self.difficulty * factor[:, None, None, None]
        points = points + errors * height[:, None, None, None]
        confidence = (-errors.norm(dim=2) / DOUBT).exp()
        for order in self.exchanged:
            swapped = self.episode(cfg.swap_rate, draws)[..., None]
            points = torch.where(swapped[..., None], points.index_select(-1, order), points)
            confidence = torch.where(swapped, confidence.index_select(-1, order), confidence)
        return self.lose(Found(points + self.astray(height, draws, joints), confidence), draws)

    def chance(self, share: float) -> float:
        """How probable it is that an episode meets a window, if episodes take that share of the time."""
        length = self.length
        return 1 - (1 - share) ** ((self.frames + length - 1) / length)

    @property
    def length(self) -> int:
        """Frames of an episode."""
        return max(1, round(self.cfg.episode_length * self.fps))

    def begin(self, draws: Draws) -> Float[Tensor, " b"]:
        """First frames of episodes that meet the window; negative: before it."""
        return draws.uniform(1 - self.length, self.frames).ceil() - 1

    def episode(self, share: float, draws: Draws) -> Bool[Tensor, "b f"]:
        """Frames in which something is so."""
        first = self.begin(draws)[:, None]
        met = draws.share(self.chance(share))[:, None]
        return met & (self.time >= first) & (self.time < first + self.length)

    def astray(self, height: Float[Tensor, " b"], draws: Draws, joints: int) -> Float[Tensor, "b f 2 j"]:
        """How far off one joint is that the detector finds elsewhere."""
        when = self.episode(min(0.5, self.cfg.outlier_rate * joints), draws).to(height)
        which = (draws.uniform(0, joints).floor()[:, None] == self.joint).to(height)
        off = draws.normal(ASTRAY, 2) * height[:, None]
        return when[:, :, None, None] * off[:, None, :, None] * which[:, None, None, :]

    def lose(self, found: Found, draws: Draws) -> Found:
        """Some joints for one episode on the straight line between its ends, without confidence."""
        points, last = found.points, self.frames - 1
        first = self.begin(draws)
        before, after = (first - 1).clamp(0, last).long(), (first + self.length).clamp(0, last).long()
        share = ((self.time - before[:, None]) / (after - before)[:, None].clamp_min(1)).clamp(0, 1)
        shape = (-1, 1, *points.shape[2:])
        start, end = (points.gather(1, i.view(-1, 1, 1, 1).expand(shape)) for i in (before, after))
        joints = draws.uniform(0, 1, points.shape[-1]) < self.chance(self.cfg.miss_rate)
        inside = (self.time >= first[:, None]) & (self.time < first[:, None] + self.length)
        lost = inside[..., None] & joints[:, None]
        points = torch.where(lost[:, :, None], torch.lerp(start, end, share[..., None, None]), points)
        return Found(points, found.confidence * ~lost)


def wandering(frames: int, keep: float) -> Float[Tensor, "f f"]:
    """White noise to noise of the same variance whose neighbours in time correlate by ``keep``."""
    lag = torch.arange(frames)[:, None] - torch.arange(frames)
    powers = torch.where(lag >= 0, torch.tensor(keep, dtype=torch.float64) ** lag.clamp_min(0), 0.0)
    powers[:, 1:] *= math.sqrt(1 - keep**2)
    return powers.float()


def exchange(pairs: Tensor | object, joints: int) -> Tensor:
    """The permutation that exchanges left and right in some pairs of joints."""
    order = torch.arange(joints)
    pairs = torch.as_tensor(pairs)
    order[pairs.reshape(-1)] = pairs.flip(-1).reshape(-1)
    return order
