"""Whole sequences through VPose beside a plain dilated form of ``nn.Conv1d`` layers, and what APM costs beside it.

    python measurements/bench_whole_sequence.py [--channels 1024] [--frames 4000] [--threads 2] [--turns 5]

Both have the same random weights and answer the same frames, without the mirror image. They take turns; the best turn
of each counts, and the median of the turns' ratios. It prints frames a second, ratios, and the share of what a large
matrix product reaches on this machine in the same run.
"""

import argparse
import statistics
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.bench.measure import Subject, clock
from actionprompt.encoders.config import VPoseCfg
from actionprompt.encoders.vpose import VPose
from actionprompt.inference.lifting import lift
from actionprompt.model.config import LifterCfg
from actionprompt.training.presets import presets

SQUARE = 2048
"""Side of the matrices whose product is the measure of the machine."""


class Plain(nn.Module):
    """The published form as anybody would write it: convolutions, batch norms, a sum."""

    def __init__(self, encoder: VPose, widths: tuple[int, ...]) -> None:
        super().__init__()
        channels, dilation = encoder.shrink.in_features, widths[0]
        self.expand = nn.Conv1d(2 * encoder.num_joints, channels, widths[0], bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.blocks = nn.ModuleList()
        for width in widths[1:]:
            wide = nn.Conv1d(channels, channels, width, dilation=dilation, bias=False)
            norms = nn.BatchNorm1d(channels), nn.BatchNorm1d(channels)
            self.blocks.append(nn.ModuleList([wide, norms[0], nn.Conv1d(channels, channels, 1, bias=False), norms[1]]))
            dilation *= width
        self.shrink = nn.Conv1d(channels, 3 * encoder.num_joints, 1)
        self._take(encoder)

    def _take(self, encoder: VPose) -> None:
        """The encoder's weights."""
        self.expand.weight.data.copy_(encoder.expand.weight.mT)
        self.norm.load_state_dict(encoder.expand_norm.state_dict())
        for mine, theirs in zip(self.blocks, encoder.blocks, strict=True):
            wide, norm, point, point_norm = mine  # type: ignore[misc]
            wide.weight.data.copy_(theirs.conv.weight.mT)
            point.weight.data.copy_(theirs.mix.weight[..., None])
            norm.load_state_dict(theirs.norm.state_dict())
            point_norm.load_state_dict(theirs.mix_norm.state_dict())
        self.shrink.weight.data.copy_(encoder.shrink.weight[..., None])
        self.shrink.bias.data.copy_(encoder.shrink.bias)

    def forward(self, x: Float[Tensor, "b c r"]) -> Float[Tensor, "b o n"]:
        """Joints of every frame that has a whole window."""
        x = self.norm(self.expand(x)).relu()
        for wide, norm, point, point_norm in self.blocks:
            edge = wide.dilation[0] * (wide.kernel_size[0] // 2)
            x = x[:, :, edge:-edge] + point_norm(point(norm(wide(x)).relu())).relu()
        joints: Tensor = self.shrink(x)
        return joints


class Measured(NamedTuple):
    """What was found."""

    difference: float
    """The largest one to the plain form, of the largest coordinate."""
    rates: dict[str, float]
    """Frames a second of each task."""
    product: float
    """Operations a second of a large matrix product."""
    ratios: dict[tuple[str, str], float]
    """How many times as fast as the first task the second one is: the median of the turns."""
    operations: int
    """Of VPose, a frame."""


PAIRS = (("plain", "VPose"), ("VPose", "VPose + APM, hard"), ("VPose", "VPose + APM, soft"))


@torch.inference_mode()
def measure(channels: int, frames: int, turns: int) -> Measured:
    """Lets the tasks take turns, with as many threads as torch has."""
    cfg = VPoseCfg((3,) * 5, channels)
    vpose = Subject("VPose", LifterCfg(cfg, None)).build()
    assert isinstance(vpose.encoder, VPose)
    whole = Subject("VPose + APM", LifterCfg(cfg, presets()["vpose+apm"][1].model.apm)).build()
    plain = Plain(vpose.encoder, cfg.widths).eval()
    x = 0.1 * torch.randn(frames, 17, 2)
    past, future = vpose.encoder.window.past, vpose.encoder.window.future
    padded = torch.cat([x[:1].expand(past, -1, -1), x, x[-1:].expand(future, -1, -1)]).flatten(1).mT[None].contiguous()
    pose = lift(vpose, x, camera=None).pose
    square = torch.rand(SQUARE, SQUARE)
    tasks: dict[str, Callable[[], object]] = {
        "plain": lambda: plain(padded),
        "VPose": lambda: lift(vpose, x, camera=None),
        "VPose + APM, hard": lambda: lift(whole, x, camera=None, selection=None),
        "VPose + APM, soft": lambda: lift(whole, x, camera=None),
        "product": lambda: square @ square,
    }
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(turns + 1):  # the first one warms up
        for name, task in tasks.items():
            taken = clock(task).wall
            seconds[name] += [taken] if turn else []
    return Measured(
        float((plain(padded)[0].mT.reshape(pose.shape) - pose).abs().max() / pose.abs().max()),
        {name: frames / min(taken) for name, taken in seconds.items() if name != "product"},
        2 * SQUARE**3 / min(seconds["product"]),
        {
            (one, other): statistics.median(a / b for a, b in zip(seconds[one], seconds[other], strict=True))
            for one, other in PAIRS
        },
        2 * sum(p.numel() for n, p in vpose.encoder.named_parameters() if n.endswith("weight") and p.ndim > 1),
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    for name, value in (("channels", 1024), ("frames", 4000), ("threads", 2), ("turns", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    found = measure(args.channels, args.frames, args.turns)
    print(f"largest difference to the plain form: {found.difference:.1e} of the largest coordinate")
    print(f"a product of {SQUARE} x {SQUARE} matrices: {found.product / 1e9:.0f} GFLOPS")
    for name, rate in found.rates.items():
        share = rate * found.operations / found.product
        print(f"{name:20} {rate:7,.0f} frames/s; VPose's arithmetic alone at {share:.2f} of the product")
    for (one, other), ratio in found.ratios.items():
        print(f"{other} is {ratio:.2f} times as fast as {one}")


if __name__ == "__main__":
    main()
