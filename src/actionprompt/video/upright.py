"""Phones store pictures as the sensor sees them, and say how to turn them upright."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8


@dataclass(frozen=True)
class Turn:
    """A turn by a multiple of 90 degrees, possibly in a mirror: first the diagonal flip, then the others."""

    transposed: bool = False
    mirrored: bool = False
    """Left and right change places."""
    upside_down: bool = False

    def upright(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Width and height after the turn."""
        return (stored[1], stored[0]) if self.transposed else stored

    stored = upright
    """Width and height before it: the turn swaps them, or does not."""

    def __call__(self, image: UInt8[np.ndarray, "a b 3"]) -> UInt8[np.ndarray, "h w 3"]:
        """The upright image."""
        if self.transposed:
            image = image.swapaxes(0, 1)
        return np.ascontiguousarray(image[:: -1 if self.upside_down else 1, :: -1 if self.mirrored else 1])


QUARTERS = (
    Turn(),
    Turn(transposed=True, upside_down=True),
    Turn(mirrored=True, upside_down=True),
    Turn(transposed=True, mirrored=True),
)
"""Turns by 0, 90, 180 and 270 degrees against the clock."""


def turn_of(frame: Any) -> Turn:
    """What a decoded frame's display matrix asks for, to the nearest 90 degrees.

    The matrix (a b u; c d v; x y w) takes a stored pixel (p, q) to (a p + c q + x, b p + d q + y).
    """
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # beside data that PyAV has no name for, as EXIF, it tells the turn only
        return QUARTERS[round(frame.rotation / 90) % 4]
    if matrix is None:
        return Turn()
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
    if abs(a) >= abs(b):
        return Turn(mirrored=a < 0, upside_down=d < 0)
    return Turn(transposed=True, mirrored=c < 0, upside_down=b < 0)
