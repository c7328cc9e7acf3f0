"""Keypoint files as many programs write them, made by code: one person who walks and stands upright, in 640 x 480."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from actionprompt.keypoints.layouts import layouts
from keypoint_files import SIZE, dump, flat

FRAMES = 8
BODY = {
    "nose": (0, -150), "eye": (5, -155), "ear": (12, -150), "shoulder": (30, -115), "elbow": (45, -65),
    "wrist": (50, -20), "hip": (18, 0), "knee": (20, 65), "ankle": (22, 130), "neck": (0, -115), "thorax": (0, -115),
    "head top": (0, -175), "head": (0, -175), "mid hip": (0, 0), "pelvis": (0, 0), "big toe": (30, 140),
    "small toe": (34, 138), "heel": (18, 138), "spine": (0, -57),
}  # fmt: skip
"""Pixels from the hips, of the left side (which is to the right in the picture) and the middle."""


def standing(points: tuple[str, ...], frames: int = FRAMES, step: float = 3.0) -> np.ndarray:
    """(frames, points, 3): somebody who faces the camera and walks to the right."""
    table = np.empty((frames, len(points), 3))
    for p, point in enumerate(points):
        side, _, name = point.partition(" ")
        x, y = BODY.get(name if side in ("left", "right") else point, (0, -150))
        table[:, p, 0] = 200 + (-x if side == "right" else x) + step * np.arange(frames)
        table[:, p, 1] = 300 + y
        table[:, p, 2] = 0.5 + 0.02 * p
    table[..., 2] = np.minimum(table[..., 2], 1)
    return table


COCO = layouts()["coco17"].points
OPENPOSE18 = layouts()["openpose18"].points
MPII = ("right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle", "pelvis", "thorax",
        "upper neck", "head top", "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow",
        "left wrist")  # fmt: skip


def snake(points: tuple[str, ...]) -> list[str]:
    return [point.replace(" ", "_") for point in points]


def listed(points: np.ndarray) -> list[list[float]]:
    return points.tolist()


def _annotations(names: list[str], table: np.ndarray, **first: Any) -> dict[str, Any]:
    images = [{"id": f, "file_name": f"{f:06d}.jpg", "width": 640, "height": 480} for f in range(len(table))]
    people = [{"image_id": f, "keypoints": flat(person * [1, 1, 2])} for f, person in enumerate(table)]
    return {"images": images, "annotations": people, "categories": [{"name": "person", "keypoints": names}]} | first


def _ultralytics_folder(folder: Path, track: bool) -> Path:
    (folder / "labels").mkdir()
    for f, person in enumerate(standing(COCO)):
        shares = person / [*SIZE, 1]
        cells = [0, 0.3, 0.5, 0.2, 0.8, *shares.ravel().round(6), *([1] if track else [])]
        (folder / f"labels/run_{f + 1}.txt").write_text(" ".join(map(str, cells)) + "\n")
    return folder / "labels"


def _openpose_folder(folder: Path, key: str, points: tuple[str, ...], name: str) -> Path:
    (folder / "json").mkdir()
    for f, person in enumerate(standing(points)):
        dump(folder / f"json/{name.format(f)}", {"version": 1.2, "people": [{key: flat(person)}]})
    return folder / "json"


def _table(path: Path, head: list[str], lines: list[list[Any]], sign: str = ",") -> Path:
    path.write_text("".join(sign.join(map(str, line)) + "\n" for line in [head, *lines]))
    return path


def _deeplabcut(folder: Path, people: bool) -> Path:
    body = snake(COCO)
    head = [["scorer", *["DLC"] * 3 * 17], *([["individuals", *["ind1"] * 3 * 17]] if people else [])]
    head.append(["bodyparts", *(name for name in body for _ in range(3))])
    head.append(["coords", *["x", "y", "likelihood"] * 17])
    lines = [[f, *flat(person)] for f, person in enumerate(standing(COCO))]
    return _table(folder / "dlc.csv", head[0], [*head[1:], *lines])


def _sleap(folder: Path) -> Path:
    head = ["track", "frame_idx", "instance.score", *(f"{n}.{a}" for n in snake(COCO) for a in ("x", "y", "score"))]
    return _table(folder / "s.csv", head, [["track_0", f, 0.9, *flat(p)] for f, p in enumerate(standing(COCO))])


def _mediapipe(folder: Path, spelling: Callable[[str, int, str], str], names: tuple[str, ...]) -> Path:
    blaze = layouts()["blazepose33"].points
    head = ["frame", *(spelling(name, i, axis) for i, name in enumerate(blaze) for axis in names)]
    lines = []
    for f, person in enumerate(standing(blaze)):
        four = np.column_stack([person[:, :2], -0.1 * np.ones(33), person[:, 2]])
        lines.append([f, *flat(four)])
    return _table(folder / "mp.csv", head, lines)


def _mediapipe_long(folder: Path) -> Path:
    blaze = layouts()["blazepose33"].points
    rows = [
        [f, name.upper().replace(" ", "_"), *person[i, :2], -0.1, person[i, 2]]
        for f, person in enumerate(standing(blaze))
        for i, name in enumerate(blaze)
    ]
    return _table(folder / "long.csv", ["frame", "landmark", "x", "y", "z", "visibility"], rows)


def _detectron2(folder: Path) -> Path:
    keypoints = np.empty((FRAMES, 2), dtype=object)
    for f, person in enumerate(standing(COCO)):
        x, y, sure = person.T
        keypoints[f, 0], keypoints[f, 1] = [], np.stack([x, y, 9 * sure, sure])[None]
    np.savez(folder / "d2.npz", keypoints=keypoints, metadata=np.array({"w": 640, "h": 480}, dtype=object))
    return folder / "d2.npz"


def _saved(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "k.npz", **arrays)
    return folder / "k.npz"


def _semicolons(folder: Path) -> Path:
    head = ["frame", *(f"{name}_{axis}" for name in snake(COCO) for axis in ("x", "y", "confidence"))]
    lines = [[f, *(str(x).replace(".", ",") for x in flat(p))] for f, p in enumerate(standing(COCO))]
    return _table(folder / "s.csv", head, lines, ";")


def _encoded(folder: Path, encoding: str) -> Path:
    rows = [{"image_id": f"{f}.jpg", "keypoints": flat(p), "score": 2.0} for f, p in enumerate(standing(COCO))]
    (folder / "e.json").write_text(json.dumps(rows), encoding=encoding)
    return folder / "e.json"


def _ids(table: np.ndarray) -> list[dict[str, Any]]:
    return [{"image_id": f, "keypoints": flat(person), "score": 0.5} for f, person in enumerate(table)]


def programs() -> dict[str, tuple[str, Callable[[Path], Path]]]:
    """The layout, and what writes the file into a folder, by the name of the program and form."""
    coco = standing(COCO)
    reverse = COCO[::-1]
    eighteen = standing(OPENPOSE18)
    mmpose = [[{"keypoints": listed(p[:, :2]), "keypoint_scores": p[:, 2].tolist()}] for p in coco]
    ultra = [
        [{"name": "person", "track_id": 1,
          "keypoints": {"x": p[:, 0].tolist(), "y": p[:, 1].tolist(), "visible": p[:, 2].tolist()}}]
        for p in coco
    ]  # fmt: skip
    tfjs = [
        {"poses": [{"score": 1, "keypoints": [{"x": x, "y": y, "score": s, "name": n}
                                              for (x, y, s), n in zip(listed(p), snake(COCO), strict=True)]}]}
        for p in coco
    ]  # fmt: skip
    posenet = [
        [{"score": 1, "keypoints": [{"part": n, "position": {"x": x, "y": y}, "score": s}
                                    for (x, y, s), n in zip(listed(p), PARTS, strict=True)]}]
        for p in coco
    ]  # fmt: skip
    stgcn = [
        {"frame_index": f + 1, "skeleton": [{"pose": listed(p[:, :2]), "score": [[s] for s in p[:, 2].tolist()]}]}
        for f, p in enumerate(coco)
    ]
    kinetics = [
        {"frame_index": f + 1, "skeleton": [{"pose": flat(p[:, :2]), "score": p[:, 2].tolist()}]}
        for f, p in enumerate(eighteen)
    ]
    lines = [
        json.dumps({"frame": f + 1, "predictions": [{"keypoints": flat(p), "score": 1}]}) for f, p in enumerate(coco)
    ]

    def as_json(content: Any) -> Callable[[Path], Path]:
        return lambda folder: dump(folder / "k.json", content)

    def text(content: str) -> Callable[[Path], Path]:
        def write(folder: Path) -> Path:
            (folder / "k.json").write_text(content)
            return folder / "k.json"

        return write

    return {
        "COCO in another order": ("coco17", as_json(_annotations(snake(reverse), standing(reverse)))),
        "MPII by names": ("mpii16", as_json(_annotations(snake(MPII), standing(layouts()["mpii16"].points)))),
        "COCO without images": ("coco17", as_json({"annotations": [
            {"frame_id": f, "keypoints": flat(p * [1, 1, 2])} for f, p in enumerate(coco)]})),
        "AlphaPose, OpenPose's form": ("openpose18", as_json({"version": "AlphaPose v0.3", **{
            f"{f}.jpg": {"people": [{"pose_keypoints_2d": flat(p)}]} for f, p in enumerate(eighteen)}})),
        "AlphaPose, CMU's form": ("openpose18", as_json({"version": "AlphaPose v0.3", **{
            f"{f}.jpg": {"bodies": [{"joints": flat(p)}]} for f, p in enumerate(eighteen)}})),
        "tracked person": ("coco17", as_json({"1": {
            f"{f:04d}": {"keypoints": flat(p), "scores": None} for f, p in enumerate(coco)}})),
        "PoseFlow": ("coco17", as_json({
            f"images/s/{f:08d}.jpg": [{"keypoints": flat(p), "idx": 1}] for f, p in enumerate(coco)})),
        "OpenPose of 2017": ("openpose18", lambda d: _openpose_folder(
            d, "pose_keypoints", OPENPOSE18, "a_{:06d}_keypoints.json")),
        "Pose2Sim": ("halpe26", lambda d: _openpose_folder(
            d, "pose_keypoints_2d", layouts()["halpe26"].points, "cam04_{:06d}.json")),
        "OpenPose's BODY_25B": ("body25b", lambda d: _openpose_folder(
            d, "pose_keypoints_2d", layouts()["body25b"].points, "a_{:012d}_keypoints.json")),
        "OpenPose's BODY_25": ("body25", lambda d: _openpose_folder(
            d, "pose_keypoints_2d", layouts()["body25"].points, "a_{:012d}_keypoints.json")),
        "ultralytics' labels": ("coco17", lambda d: _ultralytics_folder(d, track=False)),
        "ultralytics' labels with tracks": ("coco17", lambda d: _ultralytics_folder(d, track=True)),
        "ultralytics' JSON": ("coco17", as_json(ultra)),
        "DeepLabCut": ("coco17", lambda d: _deeplabcut(d, people=False)),
        "DeepLabCut, several animals": ("coco17", lambda d: _deeplabcut(d, people=True)),
        "SLEAP": ("coco17", _sleap),
        "Detectron2": ("coco17", _detectron2),
        "ST-GCN": ("coco17", as_json({"label": "x", "data": stgcn})),
        "ST-GCN, Kinetics": ("openpose18", as_json({"label": "x", "data": kinetics})),
        "wrapped results": ("coco17", as_json({"data": _ids(coco)})),
        "MMPose, lists in lists": ("coco17", as_json(mmpose)),
        "openpifpaf": ("coco17", text("\n".join(lines) + "\n")),
        "tfjs": ("coco17", as_json(tfjs)),
        "posenet": ("coco17", as_json(posenet)),
        "MediaPipe, names": ("blazepose33", lambda d: _mediapipe(
            d, lambda name, i, axis: f"{name.replace(' ', '_')}_{axis}", ("x", "y", "z", "visibility"))),
        "MediaPipe, numbers": ("blazepose33", lambda d: _mediapipe(
            d, lambda name, i, axis: f"{axis}{i + 1}", ("x", "y", "z", "v"))),
        "MediaPipe, landmarks": ("blazepose33", lambda d: _mediapipe(
            d, lambda name, i, axis: f"landmark_{i}_{axis}", ("x", "y", "z", "visibility"))),
        "MediaPipe, a line a point": ("blazepose33", _mediapipe_long),
        "MediaPipe, four values": ("blazepose33", lambda d: _saved(d, keypoints=_four())),
        "MHFormer": ("h36m17", lambda d: _saved(
            d, reconstruction=standing(layouts()["h36m17"].points)[None, ..., :2].astype(np.float32))),
        "semicolons and decimal commas": ("coco17", _semicolons),
        "a byte-order mark": ("coco17", lambda d: _encoded(d, "utf-8-sig")),
        "UTF-16": ("coco17", lambda d: _encoded(d, "utf-16")),
    }  # fmt: skip


PARTS = ["nose", "leftEye", "rightEye", "leftEar", "rightEar", "leftShoulder", "rightShoulder", "leftElbow",
         "rightElbow", "leftWrist", "rightWrist", "leftHip", "rightHip", "leftKnee", "rightKnee", "leftAnkle",
         "rightAnkle"]  # fmt: skip
"""As posenet spells them."""


def _four() -> np.ndarray:
    """x, y, z, visibility."""
    table = standing(layouts()["blazepose33"].points)
    return np.concatenate([table[..., :2], -np.ones((*table.shape[:2], 1)), table[..., 2:]], axis=-1)
