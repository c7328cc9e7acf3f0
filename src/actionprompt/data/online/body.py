"""Other bodies that perform the same motion: one matrix a window, from captured joints to the new body's."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from actionprompt.data.config import OnlineCfg
from actionprompt.data.online.draws import Draws
from actionprompt.skeleton import Skeleton

PARTS = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist", "trunk", "head")
"""Bones that change their length together: those ending in such a joint, on both sides; all others of the trunk."""
HEAD = ("nose", "head top", "head", "neck")
DERIVED = {
    "pelvis": ("left hip", "right hip"),
    "thorax": ("left shoulder", "right shoulder"),
    "spine": ("left hip", "right hip", "left shoulder", "right shoulder"),
}
"""Joints that detectors' layouts take for the mean of others (``keypoints.layouts``)."""


class Bodies(NamedTuple):
    """What a batch's bodies are like."""

    joints: Float[Tensor, "b j j"]
    """Captured joints to the new body's: a weighted sum of joints for each."""
    scale: Float[Tensor, " b"]
    """How tall they are, of an adult's height."""


class BodyMaker:
    """Draws bodies for one skeleton; its constants move to a device once."""

    def __init__(self, skeleton: Skeleton, cfg: OnlineCfg, mirror: bool, device: torch.device | str = "cpu") -> None:
        self.cfg, self.mirror = cfg, mirror
        differences, sums = chains(skeleton)
        self.differences, self.sums = differences.to(device), sums.to(device)
        self.part = part_of(skeleton).to(device)
        self.derived = derived(skeleton).to(device) if cfg.detector_joints else None
        self.mirrored = torch.eye(skeleton.num_joints)[list(skeleton.mirror)].to(device)
        self.root = skeleton.root

    def __call__(self, draws: Draws) -> tuple[Bodies, Float[Tensor, " b"]]:
        """Bodies, and -1 for windows that a mirror shows, 1 for the others."""
        cfg = self.cfg
        adult, child = draws.uniform(1 - cfg.scale_jitter, 1 + cfg.scale_jitter), draws.uniform(cfg.smallest, 1.0)
        scale = torch.where(draws.share(cfg.children), child, adult)
        parts = draws.uniform(1 - cfg.bone_jitter, 1 + cfg.bone_jitter, len(PARTS))
        legs = (parts[:, PARTS.index("knee")] + parts[:, PARTS.index("ankle")]) / 2
        stretch = parts.index_select(1, self.part)
        stretch = torch.cat([stretch[:, : self.root], legs[:, None], stretch[:, self.root + 1 :]], 1)  # the path, too
        joints = self.sums @ ((stretch * scale[:, None])[..., None] * self.differences)
        if self.derived is not None:
            joints = self.derived @ joints
        turned = draws.share(0.5 if self.mirror else 0.0)
        joints = torch.where(turned[:, None, None], self.mirrored @ joints, joints)
        return Bodies(joints, scale), 1 - 2 * turned.to(scale)


def chains(skeleton: Skeleton) -> tuple[Float[Tensor, "j j"], Float[Tensor, "j j"]]:
    """Joints to bones (the root stays itself), and bones to joints: one is the other's inverse."""
    n = skeleton.num_joints
    differences, sums = torch.eye(n), torch.zeros(n, n)
    for joint, parent in enumerate(skeleton.parents):
        if parent >= 0:
            differences[joint, parent] = -1
        ancestor = joint
        while ancestor >= 0:
            sums[joint, ancestor] = 1
            ancestor = skeleton.parents[ancestor]
    return differences, sums


def part_of(skeleton: Skeleton) -> Int[Tensor, " j"]:
    """Which part the bone that ends in each joint belongs to."""
    names = [joint.rpartition(" ")[2] for joint in skeleton.joints]
    head = [joint in HEAD for joint in skeleton.joints]
    return torch.tensor(
        [
            PARTS.index("head" if is_head else name if name in PARTS else "trunk")
            for name, is_head in zip(names, head, strict=True)
        ]
    )


def derived(skeleton: Skeleton) -> Float[Tensor, "j j"]:
    """The matrix that replaces joints that detectors derive by the mean they take; the others stay."""
    matrix = torch.eye(skeleton.num_joints)
    for joint, sources in DERIVED.items():
        if joint in skeleton.joints:
            row = skeleton.joints.index(joint)
            matrix[row] = 0
            for source in sources:
                matrix[row, skeleton.joints.index(source)] = 1 / len(sources)
    return matrix
