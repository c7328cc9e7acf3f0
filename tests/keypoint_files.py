"""Keypoint files of common detectors, made by code: people who walk across a picture of 640 x 480 pixels."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from actionprompt.keypoints.layouts import layouts

SIZE = (640, 480)


def people(frames: int = 8, count: int = 1, points: int = 17, seed: int = 0) -> np.ndarray:
    """(people, frames, points, 3): pixels and confidence."""
    random = np.random.default_rng(seed)
    start = np.stack([120 + 180 * np.arange(count), 200 + 0 * np.arange(count)], -1)
    body = random.uniform(-60, 60, (count, 1, points, 2))
    steps = np.arange(frames)[:, None] * np.array([3.0, 1.0])
    table = np.empty((count, frames, points, 3))
    table[..., :2] = start[:, None, None] + body + steps[None, :, None]
    table[..., 2] = random.uniform(0.5, 1, table.shape[:3])
    return table.round(4)


def dump(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def csv_text(table: np.ndarray, first: int = 0) -> str:
    """One person's table; the frames are numbered from the first one."""
    names = [point.replace(" ", "_") for point in layouts()["coco17"].points]
    lines: list[list[Any]] = [["frame", *(f"{name}_{axis}" for name in names for axis in ("x", "y", "score"))]]
    lines += [[first + f, *flat(points)] for f, points in enumerate(table)]
    return "".join(",".join(map(str, line)) + "\n" for line in lines)


def flat(points: np.ndarray) -> list[float]:
    return points.ravel().tolist()


def write(kind: str, folder: Path, table: np.ndarray) -> Path:
    """A file (or folder) of some kind with these people in these frames."""
    each = [(p, f, table[p, f]) for f in range(table.shape[1]) for p in range(table.shape[0])]
    if kind == "coco":
        images = [{"id": 100 + f, "width": 640, "height": 480, "file_name": f"{f}.png"} for f in range(table.shape[1])]
        people = []
        for p, f, points in each:
            seen = points.copy()
            seen[:, 2] = 2
            people.append({"image_id": 100 + f, "track_id": p, "keypoints": flat(seen), "num_keypoints": 17})
        return dump(folder / "coco.json", {"images": images, "annotations": people, "categories": []})
    if kind == "results":
        rows = [{"image_id": 1 + f, "keypoints": flat(x), "score": 1.0, "category_id": 1} for _, f, x in each]
        return dump(folder / "results.json", rows)
    if kind == "alphapose":
        rows = [{"image_id": f"{f}.jpg", "keypoints": flat(x), "score": 2.9, "idx": p + 1} for p, f, x in each]
        return dump(folder / "alphapose-results.json", rows)
    if kind == "mmpose":
        frames = []
        for f in range(table.shape[1]):
            found = [
                {"keypoints": x[:, :2].tolist(), "keypoint_scores": x[:, 2].tolist(), "bbox": [[0, 0, 1, 1]]}
                for x in table[:, f]
            ]
            frames.append({"frame_id": f + 1, "instances": found})
        return dump(folder / "mmpose.json", {"meta_info": {"dataset_name": "coco"}, "instance_info": frames})
    if kind == "openpose":
        (folder / "openpose").mkdir()
        for f in range(table.shape[1]):
            found = [{"person_id": [-1], "pose_keypoints_2d": flat(x), "face_keypoints_2d": []} for x in table[:, f]]
            dump(folder / f"openpose/clip_{f:012d}_keypoints.json", {"version": 1.3, "people": found})
        return folder / "openpose"
    if kind == "npz":
        np.savez(folder / "k.npz", keypoints=table[..., :2], confidence=table[..., 2], size=SIZE, layout="coco17")
        return folder / "k.npz"
    if kind == "npy":
        np.save(folder / "k.npy", table)
        return folder / "k.npy"
    assert kind == "field"
    metadata = {"layout_name": "coco", "num_joints": 17, "video_metadata": {"v.mp4": {"w": 640, "h": 480}}}
    positions = {"v.mp4": {"custom": [table[0, ..., :2].astype(np.float32)]}}
    np.savez(folder / "data_2d_custom_x.npz", positions_2d=positions, metadata=metadata)
    return folder / "data_2d_custom_x.npz"
