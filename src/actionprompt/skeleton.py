"""Joint layouts: names, parents and the left-right pairs that mirroring swaps (no torch in here)."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Skeleton:
    """A joint layout.

    ``joints`` are the names in file order, ``parents`` the index of each joint's parent (-1 for the root),
    ``left`` and ``right`` the paired joints in matching order.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def num_joints(self) -> int:
        """J."""
        return len(self.joints)

    @property
    def root(self) -> int:
        """Index of the joint without a parent."""
        return self.parents.index(-1)

    @cached_property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) pairs."""
        return tuple((p, j) for j, p in enumerate(self.parents) if p >= 0)

    @cached_property
    def mirror(self) -> tuple[int, ...]:
        """The permutation that swaps left and right joints."""
        order = list(range(self.num_joints))
        for a, b in zip(self.left, self.right, strict=True):
            order[a], order[b] = b, a
        return tuple(order)


FEET = ("left heel", "left toe", "right heel", "right toe")
"""Points of the feet beyond a layout's joints, in the order in which they are kept."""

H36M_17 = Skeleton(
    "h36m17",
    (
        "pelvis", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle", "spine", "thorax",
        "nose", "head top", "left shoulder", "left elbow", "left wrist", "right shoulder", "right elbow", "right wrist",
    ),
    parents=(-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15),
    left=(4, 5, 6, 11, 12, 13),
    right=(1, 2, 3, 14, 15, 16),
)  # fmt: skip

HDM05_17 = Skeleton(
    "hdm05_17",
    (*H36M_17.joints[:9], "neck", "head", *H36M_17.joints[11:]),
    H36M_17.parents,
    H36M_17.left,
    H36M_17.right,
)
"""As Human3.6M's, but for the joint on the neck, which is not a face point: not to be pooled with it."""

HUMANEVA_15 = Skeleton(
    "humaneva15",
    (
        "pelvis", "thorax", "left shoulder", "left elbow", "left wrist", "right shoulder", "right elbow", "right wrist",
        "left hip", "left knee", "left ankle", "right hip", "right knee", "right ankle", "head",
    ),
    parents=(-1, 0, 1, 2, 3, 1, 5, 6, 0, 8, 9, 0, 11, 12, 1),
    left=(2, 3, 4, 8, 9, 10),
    right=(5, 6, 7, 11, 12, 13),
)  # fmt: skip

COCO_17 = Skeleton(
    "coco17",
    (
        "nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder", "left elbow",
        "right elbow", "left wrist", "right wrist", "left hip", "right hip", "left knee", "right knee", "left ankle",
        "right ankle",
    ),
    parents=(-1, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 5, 6, 11, 12, 13, 14),
    left=(1, 3, 5, 7, 9, 11, 13, 15),
    right=(2, 4, 6, 8, 10, 12, 14, 16),
)  # fmt: skip

SKELETONS = {s.name: s for s in (H36M_17, HDM05_17, HUMANEVA_15, COCO_17)}
