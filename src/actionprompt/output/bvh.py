"""Biovision motion capture (.bvh): one person's bones as a tree with angles, for Blender and most animation programs.

World axes with y up; every bone has rotations in the order z, x, y in degrees, the first also its position. The format
has no place for the unit of length, nor for notes.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float

from actionprompt.output.character import Character
from actionprompt.output.rotations import Rigged, euler_zxy

Unit = Literal["m", "cm"]
ROTATIONS = "Zrotation Xrotation Yrotation"


def bvh_text(shown: Character, unit: Unit = "m") -> str:
    """The file's text."""
    scale = {"m": 1.0, "cm": 100.0}[unit]
    motion, frames = shown.motion, len(shown.times)
    angles = euler_zxy(motion.rotations).reshape(frames, -1)
    rows = np.concatenate([motion.place * scale, angles], axis=1)
    lines = [" ".join(f"{value:.6f}" for value in row) for row in rows]
    head = f"MOTION\nFrames: {frames}\nFrame Time: {1 / shown.fps:.9f}\n"
    return "HIERARCHY\n" + _tree(motion, 0, scale, "") + head + "\n".join(lines) + "\n"


def _tree(motion: Rigged, index: int, scale: float, indent: str) -> str:
    """A bone and all below it."""
    bone, offsets = motion.rig.bones[index], motion.rig.offsets(motion.lengths) * scale
    channels = f"3 {ROTATIONS}" if index else f"6 Xposition Yposition Zposition {ROTATIONS}"
    inner = "".join(
        _tree(motion, child, scale, indent + "  ") for child, parent in enumerate(motion.rig.parents) if parent == index
    )
    if not inner:
        end = _numbers(motion.rig.ends(motion.lengths)[index] * scale)
        inner = f"{indent}  End Site\n{indent}  {{\n{indent}    OFFSET {end}\n{indent}  }}\n"
    return (
        f"{indent}{'JOINT' if index else 'ROOT'} {bone.name}\n{indent}{{\n"
        f"{indent}  OFFSET {_numbers(offsets[index])}\n{indent}  CHANNELS {channels}\n{inner}{indent}}}\n"
    )


def _numbers(values: Float[np.ndarray, "3"]) -> str:
    return " ".join(f"{value:.6f}" for value in values)
