"""Motion capture files made by code: a person who stands, sways and bends the knees."""

from pathlib import Path

import numpy as np

# name, parent, offset in centimetres from it; y up, the person looks along z, so that the left is +x
MIXAMO = (
    ("Hips", "", (0, 0, 0)),
    ("Spine", "Hips", (0, 10, 0)), ("Spine1", "Spine", (0, 12, 0)), ("Spine2", "Spine1", (0, 12, 0)),
    ("Neck", "Spine2", (0, 15, 0)), ("Head", "Neck", (0, 10, 2)), ("HeadTop_End", "Head", (0, 18, 0)),
    *(
        (f"{side}{name}", f"{side}{parent}" if parent in ("Shoulder", "Arm", "ForeArm", "UpLeg", "Leg") else parent,
         (sign * x, y, z))
        for side, sign in (("Left", 1), ("Right", -1))
        for name, parent, (x, y, z) in (
            ("Shoulder", "Spine2", (6, 12, 0)), ("Arm", "Shoulder", (11, 0, 0)), ("ForeArm", "Arm", (0, -28, 0)),
            ("Hand", "ForeArm", (0, -26, 0)), ("UpLeg", "Hips", (9, 0, 0)), ("Leg", "UpLeg", (0, -43, 0)),
            ("Foot", "Leg", (0, -42, 0)),
        )
    ),
)  # fmt: skip


def bvh(path: Path, frames: int = 60, *, scale: float = 1.0, seed: int = 0, prefix: str = "mixamorig:") -> Path:
    """Writes a BVH file with 30 frames/s; ``scale`` is units per centimetre."""
    children: dict[str, list[str]] = {name: [] for name, _, _ in MIXAMO}
    offsets = {name: offset for name, _, offset in MIXAMO}
    for name, parent, _ in MIXAMO:
        if parent:
            children[parent].append(name)
    order: list[str] = []

    def write(name: str, depth: int) -> str:
        order.append(name)
        pad, (x, y, z) = "  " * depth, (scale * v for v in offsets[name])
        place = "6 Xposition Yposition Zposition" if not depth else "3"
        inner = "".join(write(child, depth + 1) for child in children[name])
        inner = inner or f"{pad}  End Site\n{pad}  {{\n{pad}    OFFSET 0 {scale} 0\n{pad}  }}\n"
        return (
            f"{pad}{'JOINT' if depth else 'ROOT'} {prefix}{name}\n{pad}{{\n{pad}  OFFSET {x} {y} {z}\n"
            f"{pad}  CHANNELS {place} Zrotation Xrotation Yrotation\n{inner}{pad}}}\n"
        )

    tree = "HIERARCHY\n" + write("Hips", 0)
    random, time = np.random.default_rng(seed), np.arange(frames)[:, None] / 30
    angles = 6 * np.sin(
        2 * np.pi * random.uniform(0.3, 0.8, 3 * len(order)) * time + random.uniform(0, 6, 3 * len(order))
    )
    place = scale * np.stack([20 * np.sin(time[:, 0]), 92 + 0 * time[:, 0], 10 * time[:, 0]], 1)
    rows = "\n".join(" ".join(f"{v:.5f}" for v in row) for row in np.concatenate([place, angles], 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{tree}MOTION\nFrames: {frames}\nFrame Time: 0.0333333\n{rows}\n")
    return path


def c3d(path: Path, names: tuple[str, ...], markers: np.ndarray, rate: float = 100.0, unit: str = "mm") -> Path:
    """Writes markers (n, m, 3) with ezc3d; NaN is a lost marker."""
    import ezc3d

    content = ezc3d.c3d()
    content["parameters"]["POINT"]["RATE"]["value"] = [rate]
    content["parameters"]["POINT"]["LABELS"]["value"] = list(names)
    content["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    points = np.ones((4, markers.shape[1], markers.shape[0]))
    points[:3] = markers.transpose(2, 1, 0)
    content["data"]["points"] = points
    path.parent.mkdir(parents=True, exist_ok=True)
    content.write(str(path))
    return path


def table(folder: Path, *rows: str, head: str = "file,subject,action") -> Path:
    """Writes takes.csv."""
    path = folder / "takes.csv"
    path.write_text("\n".join((head, *rows)) + "\n")
    return path


ACCLAIM = (
    *(
        (f"{s}{name}", f"{s}{parent}" if parent else "root", (sign * x, y, z))
        for s, sign in (("l", 1), ("r", -1))
        for name, parent, (x, y, z) in (
            ("hipjoint", "", (9, -4, 0)), ("femur", "hipjoint", (2, -42, 0)), ("tibia", "femur", (0, -41, 0)),
        )
    ),
    ("lowerback", "root", (0, 11, 0)), ("upperback", "lowerback", (0, 11, 0)), ("thorax", "upperback", (0, 11, 0)),
    ("lowerneck", "thorax", (0, 8, 0)), ("upperneck", "lowerneck", (0, 8, 1)), ("head", "upperneck", (0, 8, 0)),
    *(
        (f"{s}{name}", f"{s}{parent}" if parent else "thorax", (sign * x, y, z))
        for s, sign in (("l", 1), ("r", -1))
        for name, parent, (x, y, z) in (
            ("clavicle", "", (18, 4, 0)), ("humerus", "clavicle", (28, 0, 0)), ("radius", "humerus", (15, 0, 0)),
            ("wrist", "radius", (9, 0, 0)),
        )
    ),
)  # fmt: skip
"""Bone, parent, vector in centimetres, as in CMU's skeletons: y up, the left is +x."""


def acclaim(folder: Path, subject: str, trial: str, frames: int = 90, *, seed: int = 0) -> Path:
    """Writes subject/subject.asf and subject/trial.amc: a person sways; lengths in Acclaim's unit."""
    here = folder / subject
    here.mkdir(parents=True, exist_ok=True)
    unit = 0.01 / (0.0254 / 0.45)
    bones = "".join(
        f"  begin\n    id {i}\n    name {name}\n    direction {x} {y} {z}\n"
        f"    length {unit * np.linalg.norm((x, y, z))}\n    axis 0 0 0 XYZ\n    dof rx ry rz\n  end\n"
        for i, (name, _, (x, y, z)) in enumerate(ACCLAIM, 1)
    )
    tree = "".join(f"    {parent} {name}\n" for name, parent, _ in ACCLAIM)
    (here / f"{subject}.asf").write_text(
        ":version 1.10\n:name VICON\n:units\n  mass 1.0\n  length 0.45\n  angle deg\n:root\n"
        "   order TX TY TZ RX RY RZ\n   axis XYZ\n   position 0 0 0\n   orientation 0 0 0\n"
        f":bonedata\n{bones}:hierarchy\n  begin\n{tree}  end\n"
    )
    random, time = np.random.default_rng(seed), np.arange(frames)[:, None] / 120
    angles = 5 * np.sin(2 * np.pi * random.uniform(0.2, 0.6, 3 * len(ACCLAIM)) * time + random.uniform(0, 6))
    lines = [":FULLY-SPECIFIED", ":DEGREES"]
    for n, row in enumerate(angles, 1):
        lines += [str(n), f"root 0 {unit * 90:.4f} {unit * 0.5 * n:.4f} 0 0 0"]
        lines += [
            f"{name} {a:.5f} {b:.5f} {c:.5f}"
            for (name, _, _), (a, b, c) in zip(ACCLAIM, row.reshape(-1, 3), strict=True)
        ]
    path = here / f"{trial}.amc"
    path.write_text("\n".join(lines) + "\n")
    return path
