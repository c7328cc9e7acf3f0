"""Rotations as motion capture files write them: angles about named axes, one after the other."""

import numpy as np
from jaxtyping import Float


def about(axis: str, degrees: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n 3 3"]:
    """Rotation matrices about one axis, x, y or z; columns are the turned axes."""
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    turn: Float[np.ndarray, "*n 3 3"] = np.broadcast_to(np.eye(3), (*c.shape, 3, 3)).copy()
    turn[..., i, i], turn[..., j, j] = c, c
    turn[..., i, j], turn[..., j, i] = -s, s
    return turn


def fixed(axes: str, degrees: Float[np.ndarray, "*n k"]) -> Float[np.ndarray, "*n 3 3"]:
    """Turns about axes that stay where they are, the first one first: M = R_k ... R_2 R_1 (Acclaim)."""
    turn: Float[np.ndarray, "*n 3 3"] = np.broadcast_to(np.eye(3), (*degrees.shape[:-1], 3, 3))
    for k, axis in enumerate(axes):
        turn = about(axis, degrees[..., k]) @ turn
    return turn


def moving(axes: str, degrees: Float[np.ndarray, "*n k"]) -> Float[np.ndarray, "*n 3 3"]:
    """Turns about axes that turn along, the first one first: M = R_1 R_2 ... R_k (BVH)."""
    return fixed(axes[::-1], degrees[..., ::-1])
