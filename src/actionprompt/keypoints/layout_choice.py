"""Which layout the points of a file have: said, usual for the format, or seen by how bodies stand."""

from collections.abc import Sequence

import numpy as np

from actionprompt.errors import InputError, unknown
from actionprompt.keypoints.detections import Detections
from actionprompt.keypoints.layouts import Layout, layout_for, layouts
from actionprompt.skeleton import H36M_17

CLEARLY = 0.85
"""How much shorter and more alike the bones of a person are in the right layout, at least."""
SAME_STANCE = {"coco17", "h36m17"}
"""Layouts that are asked for, since files that do not say which they have are as often one as the other."""


def layout_of(detections: Detections, wanted: str | None, where: str) -> Layout:
    """The layout of the points: as said by the user, by the file, by its format, or by their number.

    Raises:
        InputError: an unknown layout, another number of points than it has, or a number that fits none or several.
    """
    known, said = layouts(), detections.layout
    if wanted is not None and wanted not in known:
        raise unknown("layout", wanted, known)
    if isinstance(said, Layout):
        if wanted not in (None, said.name):
            raise InputError(f"{where} names its points, which are {said.name}, not {wanted}.")
        return said
    if said is not None and said not in known:
        raise InputError(f"{where} says that its layout is {said!r}: there are {', '.join(known)}.")
    if wanted is not None and said is not None and wanted != said:
        raise InputError(f"{where} says that its layout is {said}, not {wanted}.")
    count, name = detections.points.shape[1], wanted or said
    fitting = [layout for layout in known.values() if count in layout.counts]
    guessed = known[detections.guess] if detections.guess else None
    if name is None and guessed in fitting:
        return guessed
    if name is None and len(fitting) > 1:
        standing = by_stance(detections, fitting)
        name = None if standing is None else standing.name
    return layout_for(count, name, where)


def by_stance(detections: Detections, fitting: Sequence[Layout]) -> Layout | None:
    """The one of some layouts by which bones are short and as long left as right; None if two do about as well.

    A wrong layout joins, say, hips with elbows.
    """
    if {layout.name for layout in fitting} <= SAME_STANCE:
        return None
    parents = np.array([max(parent, 0) for parent in H36M_17.parents])
    points = np.where(detections.missing[..., None], np.nan, detections.points)
    lengths = {}
    for layout in fitting:
        used = np.nan_to_num(points[:, : len(layout.points)])
        whole = ~np.isnan(points[:, layout.needed]).any((1, 2))
        joints = np.einsum("jp,dpc->djc", layout.weights(), used[whole])
        bones = np.linalg.norm(joints - joints[:, parents], axis=-1)
        unequal = np.abs(bones[:, list(H36M_17.left)] - bones[:, list(H36M_17.right)])
        lengths[layout.name] = float(bones.sum() + unequal.sum())
    best, second = sorted(lengths.values())[:2]
    if not 0 < best < CLEARLY * second:
        return None
    return next(layout for layout in fitting if lengths[layout.name] == best)
