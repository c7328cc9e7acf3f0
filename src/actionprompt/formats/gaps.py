"""Markers that the cameras lost for a while."""

import numpy as np
from jaxtyping import Bool, Float

COMPANIONS = 4
"""Markers that carry a lost one: enough for a plane and one to spare."""


def missing(markers: Float[np.ndarray, "n m 3"]) -> Bool[np.ndarray, "n m"]:
    """Where the file has no marker: Vicon writes (0, 0, 0)."""
    empty: Bool[np.ndarray, "n m"] = (markers == 0).all(-1)
    return empty


def fill_gaps(markers: Float[np.ndarray, "n m 3"]) -> Float[np.ndarray, "n m 3"]:
    """Interpolates missing markers in time, relative to where their neighbours would have carried them.

    The neighbours matter where a marker appears late or vanishes for good: its last place in the room would
    be wrong as soon as the person moves. Every marker must be present somewhere.
    """
    gaps, time = missing(markers), np.arange(markers.shape[0])
    filled: Float[np.ndarray, "n m 3"] = markers.copy()
    for m in gaps.any(0).nonzero()[0]:
        gap = gaps[:, m]
        assert not gap.all(), f"marker {m} is missing in every frame"
        carried = _carried(markers, gaps, int(m))
        rest = markers[~gap, m] - carried[~gap]
        for axis in range(3):
            filled[gap, m, axis] = carried[gap, axis] + np.interp(time[gap], time[~gap], rest[:, axis])
    return filled


def _carried(markers: Float[np.ndarray, "n m 3"], gaps: Bool[np.ndarray, "n m"], lost: int) -> Float[np.ndarray, "n 3"]:
    """Where a marker would be, were it fixed to the near markers that keep their distance to it.

    Zeros where fewer than three markers are present throughout.
    """
    whole, seen = (~gaps.any(0)).nonzero()[0], ~gaps[:, lost]
    if whole.size < 3:
        return np.zeros_like(markers[:, lost])
    distance = np.linalg.norm(markers[seen][:, whole] - markers[seen, lost, None], axis=-1)
    near = whole[np.argsort(distance.std(0) + 0.1 * distance.mean(0))[:COMPANIONS]]
    centre = markers[:, near].mean(1)
    body, first = markers[:, near] - centre[:, None], seen.argmax()
    u, _, vt = np.linalg.svd(body.swapaxes(1, 2) @ body[first])  # Kabsch: the turn from the first frame
    vt[:, 2] *= np.linalg.det(u @ vt)[:, None]
    place: Float[np.ndarray, "n 3"] = centre + u @ vt @ (markers[first, lost] - centre[first])
    return place
