"""Windows over clips, by one gather.

Every clip is stored once, padded at both ends by repeating its first and last frame; a window is then a contiguous
slice of memory, and a batch is a gather of whole slices, wherever the data live (RAM or GPU).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from actionprompt.data.clip import Clip
from actionprompt.encoders.base import Window
from actionprompt.errors import InputError

Index = int | Int[Tensor, "*b"]


class Batch(NamedTuple):
    """A training step's windows."""

    keypoints: Float[Tensor, "b f j i"]
    pose: Float[Tensor, "b t j 3"]
    clip: Int[Tensor, " b"]
    """Which clip, or take, each is from."""


class Windows:
    """All windows of some clips, in order: clip by clip, frame by frame.

    An encoder that answers one frame gets one window per ``stride`` frames (default 1: every frame). One that answers
    its whole window gets windows ``stride`` frames apart (default F: no overlap) that cover the clip and hang over
    both its ends alike; ``valid`` tells which answered frames are real.

    With ``reach_back`` such windows lie as MixSTE's authors laid them for evaluation: from the first frame on, the last
    one reaching back to end with the clip. Then all answered frames are valid: those on which the last two windows
    overlap are answered twice, and those that pad a clip shorter than a window are answered, too.
    """

    def __init__(
        self, clips: Sequence[Clip], window: Window, stride: int | None = None, *, reach_back: bool = False
    ) -> None:
        if not clips or not all(clip.num_frames for clip in clips):
            raise InputError(
                "There are no clips to make windows of." if not clips else "There is a clip without frames."
            )
        if stride is not None and stride < 1:
            raise InputError(f"Windows cannot start every {stride} frames: the least is 1.")
        if odd := [clip.name for clip in clips if clip.pose is not None and clip.pose.shape[0] != clip.num_frames]:
            raise InputError(f"Clip {odd[0]!r} has another number of frames in 3D than in 2D.")
        if len(joints := sorted({clip.keypoints.shape[1] for clip in clips})) > 1:
            raise InputError(f"There are clips of {' and '.join(map(str, joints))} joints: windows need one layout.")
        if reach_back and window.out == 1:
            raise InputError("Windows that reach back are for encoders that answer whole windows (MixSTE).")
        self.window, self.reach_back = window, reach_back
        self.num_joints = clips[0].keypoints.shape[1]
        self.stride = stride or window.out
        starts = [self._starts(clip.num_frames) for clip in clips]
        pads = [
            (-int(s[0]), max(0, int(s[-1]) + window.frames - c.num_frames)) for s, c in zip(starts, clips, strict=True)
        ]
        lengths = torch.tensor(
            [clip.num_frames + before + after for clip, (before, after) in zip(clips, pads, strict=True)]
        )
        ends = lengths.cumsum(0)
        offsets = ends - lengths + torch.tensor([before for before, _ in pads])

        self._inputs = _joined([clip.inputs(window.channels) for clip in clips], pads)
        poses = [clip.pose for clip in clips if clip.pose is not None]
        self._pose = _joined(poses, pads) if len(poses) == len(clips) else None
        counts = torch.tensor([s.shape[0] for s in starts])
        self._clip = torch.arange(len(clips)).repeat_interleave(counts)
        self._first = torch.cat(starts)
        """First input frame of each window, counted in its clip (negative: padding)."""
        self._start = self._first + offsets[self._clip]
        self._frames = torch.tensor([clip.num_frames for clip in clips])

    def _starts(self, n: int) -> Int[Tensor, " w"]:
        if self.window.out == 1:
            return torch.arange(0, n, self.stride) - self.window.past
        if self.reach_back:
            whole = torch.arange(n // self.window.frames) * self.window.frames
            rest = [max(0, n - self.window.frames)] if n % self.window.frames else []
            return torch.cat([whole, torch.tensor(rest, dtype=whole.dtype)])
        count = max(0, -(-(n - self.window.frames) // self.stride)) + 1
        overhang = (count - 1) * self.stride + self.window.frames - n
        return torch.arange(count) * self.stride - overhang // 2

    def __len__(self) -> int:
        """The number of windows."""
        return self._start.shape[0]

    def to(self, device: torch.device | str) -> "Windows":
        """Moves the data; later gathers happen there."""
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(self, name, value.to(device))
        return self

    @property
    def device(self) -> torch.device:
        """Where the data are."""
        return self._inputs.device

    def inputs(self, i: Index) -> Float[Tensor, "*b f j i"]:
        """2D joints of window(s) i, with their confidence where the window has 3 channels; an int gives one window."""
        return _slices(self._inputs, self._start[i], self.window.frames)

    def targets(self, i: Index) -> Float[Tensor, "*b t j 3"]:
        """3D joints of the answered frame(s) of window(s) i.

        Raises:
            InputError: a clip has no 3D.
        """
        if self._pose is None:
            raise InputError("These clips have 2D only: there is no 3D pose to compare with.")
        return _slices(self._pose, self._start[i] + self.window.past, self.window.out)

    def weights(self) -> None:
        """Training shows every window once a pass."""

    def batch(self, i: Int[Tensor, " b"]) -> Batch:
        """Input, answers and clips of windows i.

        Raises:
            InputError: a clip has no 3D.
        """
        return Batch(self.inputs(i), self.targets(i), self.clip(i))

    def clip(self, i: Index) -> Int[Tensor, "*b"]:
        """Which clip window(s) i belong to."""
        return self._clip[i]

    def frames(self, i: Index) -> Int[Tensor, "*b t"]:
        """The answered frames' numbers in their clip; outside [0, n) where a window hangs over an end."""
        return self._first[i].unsqueeze(-1) + self.window.past + torch.arange(self.window.out, device=self.device)

    def valid(self, i: Index) -> Bool[Tensor, "*b t"]:
        """Which answered frames count: the real ones, not padding. Each counts once if windows do not overlap."""
        frame = self.frames(i)
        if self.reach_back:
            return torch.ones_like(frame, dtype=torch.bool)
        return (frame >= 0) & (frame < self._frames[self._clip[i]].unsqueeze(-1))


def _joined(parts: Sequence[Float[Tensor, "_ j d"]], pads: Sequence[tuple[int, int]]) -> Float[Tensor, "n j d"]:
    """All clips one after the other, each with its first and last frame repeated, written once."""
    j, d = parts[0].shape[1:]
    counts = [before + part.shape[0] + after for part, (before, after) in zip(parts, pads, strict=True)]
    store = _empty(sum(counts), parts[0].reshape(-1, j * d)).view(-1, j, d)
    for room, part, (before, after) in zip(store.split(counts), parts, pads, strict=True):
        room[:before], room[before : before + part.shape[0]] = part[0], part
        room[room.shape[0] - after :] = part[-1]
    return store


def _slices(store: Float[Tensor, "n j d"], start: Int[Tensor, "*b"], length: int) -> Float[Tensor, "*b f j d"]:
    """Rows start .. start + length of the store: a gather of long contiguous rows from an overlapping view."""
    n, j, d = store.shape
    rows = store.as_strided((n - length + 1, length * j * d), (j * d, 1))
    picked = _empty(start.numel(), rows)
    torch.index_select(rows, 0, start.reshape(-1), out=picked)
    return picked.view(*start.shape, length, j, d)


def _empty(count: int, like: Float[Tensor, "n d"]) -> Float[Tensor, "b d"]:
    """Room for ``count`` rows. On the CPU numpy finds it: it asks for huge pages, which makes the gather 3x faster."""
    if like.device.type != "cpu":
        return like.new_empty(count, like.shape[1])
    return torch.from_numpy(np.empty((count, like.shape[1]), dtype=like.numpy().dtype))
