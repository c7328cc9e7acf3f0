"""Training windows of takes, gathered at any tempo and filmed again in every batch."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from actionprompt.data.clip import Take, with_confidence
from actionprompt.data.config import VirtualCamerasCfg
from actionprompt.data.online.body import HEAD
from actionprompt.data.online.draws import Draws
from actionprompt.data.online.filming import Filmed, Filming
from actionprompt.data.windows import Batch
from actionprompt.encoders.base import Window
from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton

UPPER = ("spine", "thorax", "shoulder", "elbow", "wrist", *HEAD)
"""Joints that a window takes from another one where two are combined."""


class FilmedWindows:
    """A window about every ``stride``-th frame of some takes; what it looks like is drawn when it is asked for.

    The default stride is ``window.out``; windows that answer several frames begin anywhere between two strides.

    Random numbers come from the device's own generator, as dropout's: who seeds it before a step, by (seed, step),
    gets the same batch again.
    """

    def __init__(
        self,
        takes: Sequence[Take],
        skeleton: Skeleton,
        cfg: VirtualCamerasCfg,
        window: Window,
        fps: float,
        *,
        mirror: bool = True,
        stride: int | None = None,
    ) -> None:
        if not takes or not all(take.pose.shape[0] for take in takes):
            raise InputError("There are no takes to film." if not takes else "There is a take without frames.")
        self.takes, self.skeleton, self.cfg, self.window = takes, skeleton, cfg, window
        self.fps, self.mirror = fps / cfg.frame_stride, mirror
        self.num_joints = skeleton.num_joints
        lengths = torch.tensor([take.pose.shape[0] for take in takes])
        self.stride = stride or window.out
        counts = (lengths + self.stride - 1) // self.stride
        first = counts.cumsum(0) - counts
        self._rows = torch.cat([take.pose.reshape(take.pose.shape[0], -1).float() for take in takes])
        self._offset, self._last = lengths.cumsum(0) - lengths, lengths - 1
        self._take = torch.arange(len(takes)).repeat_interleave(counts)
        self._frame = (torch.arange(len(self._take)) - first[self._take]) * self.stride
        self._upper = torch.tensor([joint.rpartition(" ")[2] in UPPER or joint in HEAD for joint in skeleton.joints])
        self._time = (torch.arange(window.frames) - window.past - (window.out - 1) // 2) * cfg.frame_stride
        self.to("cpu")

    def __len__(self) -> int:
        """The number of windows."""
        return self._take.shape[0]

    def to(self, device: torch.device | str) -> "FilmedWindows":
        """Moves the data; batches are filmed there."""
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(self, name, value.to(device))
        frames = self.window.frames
        self._filming = Filming(self.skeleton, self.cfg, frames, self.fps, mirror=self.mirror, device=device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the data are."""
        return self._rows.device

    def weights(self) -> Float[Tensor, " n"] | None:
        """How often training shows each window, so that actions are as balanced as the settings say; on the CPU."""
        if not self.cfg.online.balance:
            return None
        index = {action: k for k, action in enumerate(dict.fromkeys(take.action for take in self.takes))}
        action = torch.tensor([index[take.action] for take in self.takes])[self._take.cpu()]
        return action.bincount().double()[action] ** -self.cfg.online.balance

    def batch(self, i: Int[Tensor, " b"]) -> Batch:
        """Films windows i."""
        filmed = self.film(i, Draws(i.shape[0], self.device))
        answered = filmed.pose[:, self.window.past : self.window.past + self.window.out]
        return Batch(self.read(filmed), answered, self.clip(i))

    def inputs(self, i: Int[Tensor, " b"]) -> Float[Tensor, "b f j i"]:
        """2D joints of windows i, filmed again, with their confidence where the window has 3 channels."""
        return self.read(self.film(i, Draws(i.shape[0], self.device)))

    def read(self, filmed: Filmed) -> Float[Tensor, "b f j i"]:
        """What a network of the window's channels reads."""
        return with_confidence(filmed.keypoints, filmed.confidence) if self.window.channels == 3 else filmed.keypoints

    def film(self, i: Int[Tensor, " b"], draws: Draws) -> Filmed:
        """Films windows i with these random numbers; all frames are answered."""
        return self._filming(self.world(i, draws), draws)

    def clip(self, i: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """Which take windows i are from."""
        return self._take[i]

    def world(self, i: Int[Tensor, " b"], draws: Draws) -> Float[Tensor, "b f j 3"]:
        """World positions of windows i, each at its own tempo; before and after a take its ends are repeated."""
        online, take = self.cfg.online, self._take[i]
        tempo = draws.uniform(1 - online.speed_jitter, 1 + online.speed_jitter)
        middle = self._frame[i] + draws.uniform(0, self.stride).floor()
        last = self._last[take][:, None]
        time = (middle[:, None] + self._time * tempo[:, None]).clamp_min(0).minimum(last)
        before = time.floor()
        rows = self._offset[take][:, None] + before.long()
        after = rows + (before < last)
        here, there = (self._rows.index_select(0, row.reshape(-1)).view(*row.shape, -1) for row in (rows, after))
        world = torch.lerp(here, there, (time - before)[..., None]).unflatten(-1, (self.num_joints, 3))
        if not online.combined:
            return world
        mixed = combine(world, world.roll(1, 0), self._upper, self.skeleton)
        return torch.where(draws.share(online.combined)[:, None, None, None], mixed, world)


def combine(
    lower: Float[Tensor, "b f j 3"], upper: Float[Tensor, "b f j 3"], is_upper: Tensor, skeleton: Skeleton
) -> Float[Tensor, "b f j 3"]:
    """The first windows' legs below the second ones' trunks, arms and heads, turned so that both face the same way."""
    across = [points[..., skeleton.joints.index("left hip"), :2] for points in (lower, upper)]
    across = [
        left - points[..., skeleton.joints.index("right hip"), :2]
        for left, points in zip(across, (lower, upper), strict=True)
    ]
    (ax, ay), (bx, by) = (hips.unbind(-1) for hips in across)
    cos, sin = ax * bx + ay * by, ay * bx - ax * by
    length = (cos**2 + sin**2).sqrt().clamp_min(1e-6)
    cos, sin = (cos / length)[..., None], (sin / length)[..., None]
    x, y, z = (upper - upper[..., skeleton.root, None, :]).unbind(-1)
    turned = torch.stack([cos * x - sin * y, sin * x + cos * y, z], -1)
    return torch.where(is_upper[:, None], lower[..., skeleton.root, None, :] + turned, lower)
