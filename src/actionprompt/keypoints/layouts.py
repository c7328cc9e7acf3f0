"""What 2D detectors call joints, and how Human3.6M's 17 joints follow from theirs.

Each of the 17 is a weighted sum of a detector's points. Where a layout has no such point:

* pelvis = mean of the hips; thorax = mean of the shoulders; spine = mean of pelvis and thorax;
* head top = ears + 0.54 (ears - thorax): with the shoulders at 0.818 of the stature, the ear holes at 0.936 and the
  top at 1 (after Drillis and Contini 1966), it is as far above the ears as 0.54 of their height above the shoulders.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError, unknown
from actionprompt.skeleton import COCO_17, H36M_17

ABOVE_EARS = 0.54
LIMBS = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")

Combination = dict[str, float]
"""Points and their weights, which sum to 1."""


@dataclass(frozen=True)
class Layout:
    """A detector's points."""

    name: str
    points: tuple[str, ...]
    """In the order of the files; a file may have more (feet, hands, face), which are not read."""
    counts: tuple[int, ...]
    """How many points files of this layout have."""
    h36m: dict[str, Combination]
    """Human3.6M's 17 joints from them."""

    def weights(self) -> Float[np.ndarray, "17 p"]:
        """The combinations as a matrix."""
        matrix = np.zeros((H36M_17.num_joints, len(self.points)))
        for row, joint in zip(matrix, H36M_17.joints, strict=True):
            for point, weight in self.h36m[joint].items():
                row[self.points.index(point)] += weight
        return matrix

    @property
    def needed(self) -> list[int]:
        """Indices of the points that any joint follows from."""
        used: list[int] = self.weights().any(0).nonzero()[0].tolist()
        return used


def layouts() -> dict[str, Layout]:
    """By name."""
    coco = COCO_17.joints
    halpe = (*coco, "head", "neck", "hip", "left big toe", "right big toe", "left small toe", "right small toe",
             "left heel", "right heel")  # fmt: skip
    body = (
        "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
        "mid hip", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle", "right eye",
        "left eye", "right ear", "left ear", "left big toe", "left small toe", "left heel", "right big toe",
        "right small toe", "right heel",
    )  # fmt: skip
    blaze = (
        "nose", "left eye inner", "left eye", "left eye outer", "right eye inner", "right eye", "right eye outer",
        "left ear", "right ear", "mouth left", "mouth right", "left shoulder", "right shoulder", "left elbow",
        "right elbow", "left wrist", "right wrist", "left pinky", "right pinky", "left index", "right index",
        "left thumb", "right thumb", "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
        "left heel", "right heel", "left foot index", "right foot index",
    )  # fmt: skip
    known = (
        Layout("coco17", coco, (17, 133), combine()),
        Layout("halpe26", halpe, (26, 136), combine({"hip": 1.0}, {"neck": 1.0}, {"head": 1.0})),
        Layout("body25", body, (25, 135), combine({"mid hip": 1.0}, {"neck": 1.0})),
        Layout("blazepose33", blaze, (33,), combine()),
        Layout("h36m17", H36M_17.joints, (17,), {joint: {joint: 1.0} for joint in H36M_17.joints}),
    )
    return {layout.name: layout for layout in known}


def layout_for(count: int, name: str | None, where: str) -> Layout:
    """The layout of so many points a person: the named one, else the only one of that number.

    Raises:
        InputError: an unknown layout, another number of points than it has, or a number that fits none or several.
    """
    known = layouts()
    fitting = [layout for layout in known.values() if count in layout.counts]
    names = " or ".join(layout.name for layout in fitting)
    if name is not None:
        if name not in known:
            raise unknown("layout", name, known)
        if count not in known[name].counts:
            hint = f"; {count} points are {names}" if fitting else ""
            raise InputError(f"{where} has {count} points a person, and {name} has {known[name].counts[0]}{hint}.")
        return known[name]
    if len(fitting) > 1:
        raise InputError(f"{where} has {count} points a person: say whether they are {names} (--keypoints.layout).")
    if not fitting:
        counts = ", ".join(f"{layout.name} {layout.counts[0]}" for layout in known.values())
        raise InputError(f"{where} has {count} points a person, which is none of the known layouts ({counts}).")
    return fitting[0]


def combine(
    pelvis: Combination | None = None, thorax: Combination | None = None, head_top: Combination | None = None
) -> dict[str, Combination]:
    """The 17 joints; what a layout has no point for follows from its neighbours."""
    pelvis = pelvis or {"left hip": 0.5, "right hip": 0.5}
    thorax = thorax or {"left shoulder": 0.5, "right shoulder": 0.5}
    ears = {"left ear": 0.5, "right ear": 0.5}
    limbs = {f"{side} {limb}": {f"{side} {limb}": 1.0} for side in ("left", "right") for limb in LIMBS}
    return {
        "pelvis": pelvis,
        "spine": _sum((0.5, pelvis), (0.5, thorax)),
        "thorax": thorax,
        "nose": {"nose": 1.0},
        "head top": head_top or _sum((1 + ABOVE_EARS, ears), (-ABOVE_EARS, thorax)),
        **limbs,
    }


def _sum(*terms: tuple[float, Combination]) -> Combination:
    total: Combination = {}
    for factor, combination in terms:
        for point, weight in combination.items():
            total[point] = total.get(point, 0.0) + factor * weight
    return total
