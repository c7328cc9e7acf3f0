"""A training step of DSTformer beside a straightforward PyTorch twin: 27 frames, width 64, the best of several turns.

``python measurements/bench_dstformer.py`` prints both and their ratio by the processor's clock. The twin has the same
parameters and does the same arithmetic, with one product for queries, keys and values and einsum for the attention.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from actionprompt.encoders.config import DSTformerCfg

FRAMES, DIM, DEPTH, HEADS, BATCH, STEPS, TURNS = 27, 64, 2, 4, 8, 3, 5


class PlainBlock(nn.Module):
    """Pre-norm attention over one axis (1 frames, 2 joints) and an MLP."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis
        self.norm, self.mlp_norm = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.qkv, self.proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
        self.mlp = nn.Sequential(nn.Linear(DIM, 2 * DIM), nn.GELU(), nn.Linear(2 * DIM, DIM))

    def forward(self, z: Tensor) -> Tensor:
        """Refined tokens (b f j c)."""
        h = self.norm(z)
        h = h.transpose(1, 2) if self.axis == 1 else h
        q, k, v = self.qkv(h).unflatten(-1, (3, HEADS, DIM // HEADS)).unbind(-3)
        attention = (torch.einsum("bslhd,bsmhd->bshlm", q, k) / (DIM // HEADS) ** 0.5).softmax(-1)
        h = self.proj(torch.einsum("bshlm,bsmhd->bslhd", attention, v).flatten(-2))
        z = z + (h.transpose(1, 2) if self.axis == 1 else h)
        return z + self.mlp(self.mlp_norm(z))


class PlainDSTformer(nn.Module):
    """The same network, written down plainly."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(3, DIM)
        self.joints, self.frames = nn.Parameter(torch.zeros(17, DIM)), nn.Parameter(torch.zeros(FRAMES, 1, DIM))
        self.first = nn.ModuleList(nn.Sequential(PlainBlock(2), PlainBlock(1)) for _ in range(DEPTH))
        self.second = nn.ModuleList(nn.Sequential(PlainBlock(1), PlainBlock(2)) for _ in range(DEPTH))
        self.fuse = nn.ModuleList(nn.Linear(2 * DIM, 2) for _ in range(DEPTH))
        self.norm, self.represent, self.head = nn.LayerNorm(DIM), nn.Linear(DIM, DIM), nn.Linear(DIM, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Poses of all frames."""
        z = self.embed(x) + self.joints + self.frames
        for first, second, fuse in zip(self.first, self.second, self.fuse, strict=True):
            a, b = first(z), second(z)
            weight = fuse(torch.cat([a, b], -1)).softmax(-1)
            z = a * weight[..., :1] + b * weight[..., 1:]
        return self.head(torch.tanh(self.represent(self.norm(z))))


def stepper(network: nn.Module) -> Callable[[], float]:
    """A function that makes some training steps and returns processor seconds per step."""
    optimiser = torch.optim.AdamW(network.parameters(), 5e-4, fused=True)
    x, target = torch.randn(BATCH, FRAMES, 17, 3), torch.randn(BATCH, FRAMES, 17, 3)

    def steps() -> float:
        begin = time.process_time()
        for _ in range(STEPS):
            (network(x) - target).norm(dim=-1).mean().backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return (time.process_time() - begin) / STEPS

    return steps


def main() -> None:
    """Measures and prints."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    ours = DSTformerCfg(FRAMES, DIM, DIM, DEPTH, HEADS).build(17).train()
    plain = PlainDSTformer()
    count = [sum(p.numel() for p in network.parameters()) for network in (ours, plain)]
    assert count[0] == count[1], count
    tasks = [stepper(ours), stepper(plain)]
    turns = [[task() for task in tasks] for _ in range(TURNS + 1)][1:]
    mine, theirs = (min(times) for times in zip(*turns, strict=True))
    times = f"ours {1000 * mine:.1f} ms, plain {1000 * theirs:.1f} ms"
    print(f"{times} a step of {BATCH} windows: ratio {mine / theirs:.2f}")


if __name__ == "__main__":
    main()
