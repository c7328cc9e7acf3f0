"""Files of sensors and laboratories, made by code."""

import json
from pathlib import Path

import numpy as np

AZURE = (
    "PELVIS", "SPINE_NAVEL", "SPINE_CHEST", "NECK", "SHOULDER_LEFT", "ELBOW_LEFT", "WRIST_LEFT", "SHOULDER_RIGHT",
    "ELBOW_RIGHT", "WRIST_RIGHT", "HIP_LEFT", "KNEE_LEFT", "ANKLE_LEFT", "HIP_RIGHT", "KNEE_RIGHT", "ANKLE_RIGHT",
    "NOSE", "EAR_LEFT", "EAR_RIGHT",
)  # fmt: skip
XSENS = (
    "Pelvis", "L5", "L3", "T12", "T8", "Neck", "Head", "RightUpperArm", "RightForeArm", "RightHand", "LeftUpperArm",
    "LeftForeArm", "LeftHand", "RightUpperLeg", "RightLowerLeg", "RightFoot", "LeftUpperLeg", "LeftLowerLeg",
    "LeftFoot",
)  # fmt: skip


def points(n: int, count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, count, 3)).round(4)


def trc(path: Path, places: np.ndarray, names: tuple[str, ...], unit: str = "mm", told: int | None = None) -> Path:
    rows = "".join(
        f"{i}\t{i / 50:.4f}\t" + "\t".join("" if np.isnan(x) else f"{x:.6f}" for x in row.ravel()) + "\n"
        for i, row in enumerate(places, 1)
    )
    path.write_text(
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\n"
        f"50\t50\t{told or len(places)}\t{len(names)}\t{unit}\nFrame#\tTime\t"
        + "\t\t\t".join(names)
        + "\n\t\tX1\n\n"
        + rows
    )
    return path


def mvnx(path: Path, places: np.ndarray, configuration: str = "FullBody", top: str = "0 0 0.2") -> Path:
    turn = " ".join(["0.7071067811865476 0.7071067811865476 0 0"] * len(XSENS))  # 90 degrees about x
    frame = '<frame type="{}"><orientation>' + turn + "</orientation><position>{}</position></frame>"
    frames = [frame.format(kind, "0 " * 3 * len(XSENS)) for kind in ("identity", "tpose", "tpose-isb")]
    frames += [frame.format("normal", " ".join(f"{x:.6f}" for x in row.ravel())) for row in places]
    segments = "".join(
        f'<segment label="{name}"><points><point label="pTopOfHead"><pos_b>{top}</pos_b></point></points></segment>'
        for name in XSENS
    )
    path.write_text(
        f'<?xml version="1.0"?><mvnx xmlns="http://www.xsens.com/mvn/mvnx"><subject frameRate="60" '
        f'configuration="{configuration}"><segments>{segments}</segments><frames>{"".join(frames)}</frames>'
        "</subject></mvnx>"
    )
    return path


def skeleton(path: Path, frames: list[dict[str, np.ndarray]]) -> Path:
    lines = [str(len(frames))]
    for frame in frames:
        lines.append(str(len(frame)))
        for number, joints in frame.items():
            lines += [f"{number} 0 1 1 1 1 0 0.01 -0.02 2", "25"]
            lines += [" ".join(f"{x:.5f}" for x in (*joint, *range(9))) for joint in joints]
    path.write_text("\n".join(lines))
    return path


def azure(path: Path, places: np.ndarray, times: list[int]) -> Path:
    bodies = [[{"body_id": 1, "joint_positions": (1000 * p).tolist()}] for p in places]
    frames = [{"bodies": b, "timestamp_usec": t} for b, t in zip(bodies, times, strict=True)]
    path.write_text(json.dumps({"joint_names": AZURE, "frames": frames}))
    return path
