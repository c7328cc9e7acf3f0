"""A hooked network's lift beside the network itself plus APM by hand: a transformer of joints' frames, 27 frames.

``python measurements/bench_hooked.py`` prints the ratio by the processor's clock (asked: at most 1.05), the best of
several turns, for windows in batches as ``lift_windows`` takes them.
"""

import torch
from torch import Tensor, nn

from actionprompt.bench.measure import clock
from actionprompt.model.config import APMCfg, LearnedClassesCfg, TextPromptCfg
from actionprompt.model.forward import ForwardPass
from actionprompt.model.hooked import HookedLifter

FRAMES, DIM, BATCH, TURNS = 27, 128, 256, 15


class Plain(nn.Module):
    """Somebody's lifter: a token per frame."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(34, DIM)
        self.body = nn.Sequential(*(nn.TransformerEncoderLayer(DIM, 4, 2 * DIM, batch_first=True) for _ in range(2)))
        self.last = nn.Linear(DIM, 51)

    def forward(self, x: Tensor) -> Tensor:
        """The middle frame's pose."""
        return self.last(self.body(self.embed(x.flatten(2)))[:, FRAMES // 2]).unflatten(-1, (1, 17, 3))


def main() -> None:
    """Measures and prints."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network, x = Plain(), torch.randn(BATCH, FRAMES, 17, 2)
    actions = [f"action {k}" for k in range(15)]
    cfg = APMCfg(TextPromptCfg(LearnedClassesCfg()))
    lifter = HookedLifter(
        network, cfg, actions, shallow="embed", final="last", final_axes="b c", example=torch.zeros(1, FRAMES, 17, 2)
    ).eval()
    apm = lifter.apm
    assert apm is not None

    def by_hand() -> Tensor:
        z0 = network.embed(x.flatten(2))
        zd = network.body(z0)[:, FRAMES // 2]
        return network.last(apm.refine(zd, apm.choose(apm.recognise(z0)))).unflatten(-1, (1, 17, 3))

    with torch.inference_mode():
        torch.testing.assert_close(ForwardPass(lifter, x).pose(), by_hand(), atol=1e-5, rtol=1e-4)
        tasks = [lambda: ForwardPass(lifter, x).pose(), by_hand]
        turns = [[clock(task).processor for task in tasks] for _ in range(TURNS + 1)][1:]
    hooked, plain = (min(times) for times in zip(*turns, strict=True))
    print(f"hooked {1000 * hooked:.1f} ms, by hand {1000 * plain:.1f} ms, {BATCH} windows: ratio {hooked / plain:.3f}")


if __name__ == "__main__":
    main()
