"""What 2D detectors call joints, and how Human3.6M's 17 joints follow from theirs.

Each of the 17 is a weighted sum of a detector's points. Where a layout has no such point:

* pelvis = mean of the hips; thorax = mean of the shoulders; spine = mean of pelvis and thorax;
* head top = ears + 0.54 (ears - thorax): with the shoulders at 0.818 of the stature, the ear holes at 0.936 and the
  top at 1 (after Drillis and Contini 1966), it is as far above the ears as 0.54 of their height above the shoulders;
  eyes or nose, which are about as high, stand for ears that a layout lacks;
* nose = mean of the eyes, of the ears, or of head top and neck (0.870 and 1 of the stature in the same source).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce

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

    def joint_confidence(self, confidence: Float[np.ndarray, "*n p"]) -> Float[np.ndarray, "*n 17"]:
        """The least confidence of the points that each of the 17 joints follows from."""
        used = [row.nonzero()[0].tolist() for row in self.weights()]
        least = [reduce(np.minimum, [confidence[..., point] for point in points]) for points in used]
        return np.stack(least, axis=-1)

    @property
    def needed(self) -> list[int]:
        """Indices of the points that any joint follows from."""
        used: list[int] = self.weights().any(0).nonzero()[0].tolist()
        return used


def layouts() -> dict[str, Layout]:
    """By name."""
    return dict(_known())


@cache
def _known() -> dict[str, Layout]:
    coco = COCO_17.joints
    feet = ("left big toe", "left small toe", "left heel", "right big toe", "right small toe", "right heel")
    halpe = (*coco, "head", "neck", "hip", "left big toe", "right big toe", "left small toe", "right small toe",
             "left heel", "right heel")  # fmt: skip
    arms = ("right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist")
    legs = ("right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle")
    face = ("right eye", "left eye", "right ear", "left ear")
    blaze = (
        "nose", "left eye inner", "left eye", "left eye outer", "right eye inner", "right eye", "right eye outer",
        "left ear", "right ear", "mouth left", "mouth right", "left shoulder", "right shoulder", "left elbow",
        "right elbow", "left wrist", "right wrist", "left pinky", "right pinky", "left index", "right index",
        "left thumb", "right thumb", "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
        "left heel", "right heel", "left foot index", "right foot index",
    )  # fmt: skip
    mpii = (
        *("right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle"),
        *("pelvis", "thorax", "neck", "head top"),
        *("right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist"),
    )
    known = (
        Layout("coco17", coco, (17, 133), combine()),
        Layout("halpe26", halpe, (26, 136), combine({"hip": 1.0}, {"neck": 1.0}, {"head": 1.0})),
        _by_names("body25", ("nose", "neck", *arms, "mid hip", *legs, *face, *feet), (25,)),
        _by_names("body25b", (*coco, "neck", "head top", *feet), (25, 135)),
        _by_names("openpose18", ("nose", "neck", *arms, *legs, *face), (18,)),
        Layout("blazepose33", blaze, (33,), combine()),
        Layout("h36m17", H36M_17.joints, (17,), {joint: {joint: 1.0} for joint in H36M_17.joints}),
        _by_names("mpii16", mpii, (16,)),
    )
    return {layout.name: layout for layout in known}


def _by_names(name: str, points: tuple[str, ...], counts: tuple[int, ...]) -> Layout:
    found = joints_of(points)
    assert found is not None, f"{name} has all limbs"
    return Layout(name, points, counts, found)


def joints_of(points: Sequence[str]) -> dict[str, Combination] | None:
    """How the 17 joints follow from points of these names; None if limbs lack, or the head."""
    limbs = [f"{side} {limb}" for side in ("left", "right") for limb in LIMBS]
    if not set(limbs) <= set(points):
        return None
    if set(H36M_17.joints) <= set(points):
        return {joint: {joint: 1.0} for joint in H36M_17.joints}
    thorax = _first(points, "thorax", "neck") or {"left shoulder": 0.5, "right shoulder": 0.5}
    ears, eyes = (_pair(points, name) for name in ("ear", "eye"))
    top, neck = _first(points, "head top", "head"), _first(points, "neck") or thorax
    nose = _first(points, "nose") or eyes or ears or (_sum((0.5, top), (0.5, neck)) if top else None)
    level = ears or eyes or nose
    if nose is None or level is None:
        return None
    top = top or _sum((1 + ABOVE_EARS, level), (-ABOVE_EARS, thorax))
    pelvis = _first(points, "pelvis", "mid hip", "hip")
    return combine(pelvis, thorax, top, nose)


def _first(points: Sequence[str], *names: str) -> Combination | None:
    return next(({name: 1.0} for name in names if name in points), None)


def _pair(points: Sequence[str], name: str) -> Combination | None:
    both = (f"left {name}", f"right {name}")
    return dict.fromkeys(both, 0.5) if set(both) <= set(points) else None


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
    pelvis: Combination | None = None,
    thorax: Combination | None = None,
    head_top: Combination | None = None,
    nose: Combination | None = None,
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
        "nose": nose or {"nose": 1.0},
        "head top": head_top or _sum((1 + ABOVE_EARS, ears), (-ABOVE_EARS, thorax)),
        **limbs,
    }


def _sum(*terms: tuple[float, Combination]) -> Combination:
    total: Combination = {}
    for factor, combination in terms:
        for point, weight in combination.items():
            total[point] = total.get(point, 0.0) + factor * weight
    return total
