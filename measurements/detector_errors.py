"""How far a detector's 2D joints are from the truth on a calibrated video.

``python measurements/detector_errors.py FILE``: the file is laid out as ``balance-beam.npz`` (docs/data.md), that is
``world`` (n, 33, 3), and for each camera ``camN/keypoints`` (n, 33, 2), ``camN/K``, ``camN/R``, ``camN/t``, of
BlazePose's landmarks. Errors are shares of the person's height on the screen. Nothing is fitted to the file; the
simulated detector's defaults follow these numbers.
"""

import sys
from pathlib import Path

import numpy as np

from actionprompt.keypoints.layouts import layouts
from actionprompt.skeleton import H36M_17

LEG = 0.491
"""Thigh and shank together, of a person's height."""


def main(path: Path, fps: float = 60.0) -> None:
    """Prints bias and jitter by joint and camera, the errors' memory, and how often sides are exchanged."""
    with np.load(path) as file:
        data = dict(file)
    weights = layouts()["blazepose33"].weights()
    world = weights @ data["world"]
    for camera in sorted({key.split("/")[0] for key in data if "/" in key}):
        error = errors(world, weights @ data[f"{camera}/keypoints"], *(data[f"{camera}/{k}"] for k in "KRt"))
        bias, jitter = error.mean(0), error.std(0)
        print(
            f"\n{camera}: all joints together are off by {np.abs(error.mean((0, 1))).round(4).tolist()} of the height"
        )
        print(
            f"bias beside that {(bias - bias.mean(0)).std():.2%}, jitter {np.sqrt((jitter**2).mean()):.2%} "
            f"(median joint {np.median(jitter):.2%})"
        )
        print(
            f"memory {memory(error - bias) / fps:.3f} s, frame to frame {np.diff(error, axis=0).std() / np.sqrt(2):.2%}"
        )
        print(f"sides exchanged in {exchanged(world, weights, data, camera):.2%} of the frames")
        for joint, b, j in zip(H36M_17.joints, bias, jitter, strict=True):
            print(f"  {joint:15} bias {b[0]:7.2%} {b[1]:7.2%}   jitter {j[0]:6.2%} {j[1]:6.2%}")


def seen(world: np.ndarray, k: np.ndarray, r: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and depth of world points in a camera."""
    points = world @ r.T + t.reshape(1, 1, 3)
    pixels = points @ k.T
    return pixels[..., :2] / pixels[..., 2:], points[..., 2]


def errors(world: np.ndarray, found: np.ndarray, k: np.ndarray, r: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Found less true points, (n, 17, 2), of the person's height."""
    true, depth = seen(world, k, r, t)
    hip, knee, ankle = (world[:, H36M_17.joints.index(f"right {joint}")] for joint in ("hip", "knee", "ankle"))
    leg = (np.linalg.norm(hip - knee, axis=-1) + np.linalg.norm(knee - ankle, axis=-1)).mean()
    height: np.ndarray = k[1, 1] * leg / LEG / depth[:, H36M_17.root]
    return (found - true) / height[:, None, None]


def memory(error: np.ndarray) -> float:
    """Frames after which errors correlate by less than 1/e with themselves."""
    for lag in range(1, error.shape[0]):
        if (error[lag:] * error[:-lag]).mean() < (error**2).mean() / np.e:
            return float(lag)
    return float(error.shape[0])


def exchanged(world: np.ndarray, weights: np.ndarray, data: dict[str, np.ndarray], camera: str) -> float:
    """Share of frames in which the legs would be nearer to the truth with left and right exchanged."""
    true, _ = seen(world, *(data[f"{camera}/{k}"] for k in "KRt"))
    found = weights @ data[f"{camera}/keypoints"]
    legs = [H36M_17.joints.index(f"{side} {joint}") for side in ("left", "right") for joint in ("knee", "ankle")]
    mirrored = [H36M_17.mirror[joint] for joint in legs]
    straight, crossed = (np.linalg.norm(found[:, order] - true[:, legs], axis=-1).sum(-1) for order in (legs, mirrored))
    return float((crossed < straight).mean())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
