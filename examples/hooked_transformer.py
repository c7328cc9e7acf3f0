"""APM around a lifter that is not ours, without an edit of it: a small transformer, defined below, by hooks.

Run it from anywhere: ``python examples/hooked_transformer.py``. It trains for a few steps on synthetic motion and
prints the loss, the error and the share of recognised actions before and after.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.data.clip import Clip, Corpus
from actionprompt.data.config import SyntheticCfg, VirtualCamerasCfg
from actionprompt.data.load import load as load_data
from actionprompt.data.windows import Windows
from actionprompt.encoders.base import Window
from actionprompt.metrics import mpjpe
from actionprompt.model.config import APMCfg, LearnedClassesCfg, PosePromptCfg, PoseToTextCfg, TCNCfg, TextPromptCfg
from actionprompt.model.hooked import HookedLifter
from actionprompt.training.losses import loss

FRAMES, JOINTS = 27, 17


class PoseTransformer(nn.Module):
    """Somebody's lifter: a token per frame, self-attention over time, the 3D pose of the middle frame."""

    def __init__(self, dim: int = 48, depth: int = 2) -> None:
        super().__init__()
        self.embed = nn.Linear(JOINTS * 2, dim)
        self.place = nn.Parameter(0.02 * torch.randn(FRAMES, dim))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, 4, 2 * dim, dropout=0.0, batch_first=True, norm_first=True)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(dim)
        self.regress = nn.Linear(dim, JOINTS * 3)

    def forward(self, x: Float[Tensor, "b f j 2"]) -> Float[Tensor, "b 1 j 3"]:
        """Windows of normalised 2D joints to the middle frame's 3D joints."""
        z = self.embed(x.flatten(2)) + self.place
        for block in self.blocks:
            z = block(z)
        middle = self.norm(z[:, FRAMES // 2])
        return self.regress(middle).unflatten(-1, (1, JOINTS, 3))


def with_apm(network: nn.Module, actions: tuple[str, ...]) -> HookedLifter:
    """The network with APM: Z0 is what the first block puts out, Zd what the last projection takes in."""
    apm = APMCfg(
        recogniser=TextPromptCfg(
            classes=LearnedClassesCfg(dim=64),  # or TextClassesCfg(): CLIP's text encoder
            projector=TCNCfg(dropout=0.0),
            pose_to_text=PoseToTextCfg(dim=64),
        ),
        pose_prompt=PosePromptCfg(dim=64, length=16),
    )
    return HookedLifter(
        network,
        apm,
        actions,
        shallow="blocks.0",
        shallow_axes="b f c",
        final="regress",
        final_axes="b c",
        example=torch.zeros(1, FRAMES, JOINTS, 2),
    )


def score(lifter: HookedLifter, clips: list[Clip], actions: tuple[str, ...]) -> str:
    """Mean joint error and share of recognised actions on every tenth frame."""
    windows = Windows(clips, Window(FRAMES), stride=10)
    everything = torch.arange(len(windows))
    with torch.no_grad():
        pose, logits = lifter.eval()(windows.inputs(everything))
    error = 1000 * float(mpjpe(pose, windows.targets(everything)).mean())
    hit = logits.argmax(-1) == labels(clips, actions)[windows.clip(everything)]
    return f"{error:.0f} mm, {hit.double().mean():.0%} of the actions recognised"


def labels(clips: list[Clip], actions: tuple[str, ...]) -> Tensor:
    """The class of each clip."""
    return torch.tensor([actions.index(clip.action) for clip in clips])


def train(lifter: HookedLifter, corpus: Corpus, steps: int = 120, batch: int = 32) -> tuple[float, float]:
    """A plain loop; the loss L_P + lambda L_A of the first and the last ten steps."""
    clips = corpus.select(corpus.train_subjects)
    windows, label = Windows(clips, Window(FRAMES)), labels(clips, corpus.actions)
    optimiser = torch.optim.AdamW(lifter.parameters(), lr=1e-3)
    losses = []
    lifter.train()
    for _ in range(steps):
        i = torch.randint(len(windows), (batch,))
        action = label[windows.clip(i)]
        lifted = lifter(windows.inputs(i), action)  # training: the true action's prompts refine the pose
        total = loss(lifted, windows.targets(i), action, weight=0.1).total
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        losses.append(total.item())
    return sum(losses[:10]) / 10, sum(losses[-10:]) / 10


def main() -> None:
    """Trains, and prints what that changed on subjects that were not trained on."""
    torch.manual_seed(0)
    corpus = load_data(SyntheticCfg(subjects=4, frames=120, virtual_cameras=VirtualCamerasCfg(cameras=2)))
    lifter = with_apm(PoseTransformer(), corpus.actions)
    held_out = corpus.select(corpus.test_subjects)
    print(f"before  {score(lifter, held_out, corpus.actions)}")
    first, last = train(lifter, corpus)
    print(f"loss    {first:.3f} in the first ten steps, {last:.3f} in the last ten")
    print(f"after   {score(lifter, held_out, corpus.actions)}")


if __name__ == "__main__":
    main()
