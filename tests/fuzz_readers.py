"""Readers of this package, each with a sound file that is made by code, for the driver that damages them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.io import savemat

from actionprompt.commands.options import preset
from actionprompt.commands.view import ViewArgs
from actionprompt.commands.view import run as view
from actionprompt.data import cache
from actionprompt.data.clip import Take
from actionprompt.data.human36m import KEPT
from actionprompt.data.mocap_table import read_table
from actionprompt.data.prepare.human36m import prepare_hrnet
from actionprompt.data.prepare.humaneva import SPLIT, read_export
from actionprompt.evaluation.compare import read_groups
from actionprompt.formats.acclaim import read_amc, read_asf
from actionprompt.formats.bvh import read_bvh
from actionprompt.formats.kinect import KINECT_V2
from actionprompt.formats.motion import read_motion
from actionprompt.formats.npz_pickle import read_npz
from actionprompt.formats.rigs import read_rig
from actionprompt.inference.json_lines import PointReader
from actionprompt.keypoints.read import read_keypoints
from actionprompt.model.files import load, save
from actionprompt.skeleton import COCO_17, H36M_17
from actionprompt.training.checkpoint import read_checkpoint, write_checkpoint
from actionprompt.training.run_folder import RunFolder
from c3d_bytes import c3d_bytes
from field_files import humaneva_pixels, person
from sensor_files import AZURE, XSENS, azure, mvnx, points, skeleton, trc
from small import lifter, run_cfg


def motion() -> dict[str, np.ndarray]:
    """What ``lift`` writes."""
    numbers = np.random.default_rng(0)
    return {
        "time": np.arange(4) / 50, "keypoints": numbers.normal(size=(4, 17, 2)),
        "pose": numbers.normal(size=(4, 17, 3)),
        "probability": np.full((4, 2), 0.5), "actions": np.array(["walk", "[/x]"]), "joints": np.array(["a"]),
        "parents": np.array([-1]), "person": np.array("1"), "skeleton": np.array("h36m17"), "fps": np.array(50.0),
        "size": np.array([640, 480]), "up": np.array([0.0, -1, 0]), "axes": np.array("camera"),
        "notes": np.array(["made by code"]),
    }  # fmt: skip


def saved(path: Path, **arrays: np.ndarray) -> bytes:
    np.savez(path, **arrays)
    return path.read_bytes()


def field_file(path: Path) -> bytes:
    return saved(path, positions_2d=np.array({"S1": {"walk": [np.ones((3, 17, 2), np.float32)]}}, dtype=object))


def report() -> bytes:
    errors = {"P1": 50.0, "P2": 30.0, "N-MPJPE": 45.0}
    average = {"predicted_action": errors, "true_action": errors, "accuracy": 0.5}
    facts = {"evaluated on": "somebody"}
    return json.dumps(
        {"average": average, "P3": 70.0, "tail": ["walk"], "flip": False, "facts": facts, "clips": []}
    ).encode()


ASF = b""":units
  length 0.45
  angle deg
:root
  order TX TY TZ RX RY RZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    name leg
    direction 0 -1 0
    length 4
    axis 0 0 20 XYZ
    dof rx ry
  end
:hierarchy
  begin
    root leg
  end
"""
AMC = b":FULLY-SPECIFIED\n:DEGREES\n" + b"".join(b"%d\nroot 1 2 3 0 10 0\nleg 4 5\n" % i for i in range(1, 6))
BVH = (
    b"HIERARCHY\nROOT hips\n{\nOFFSET 0 0 0\nCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
    b"JOINT leg\n{\nOFFSET 0 -1 0\nCHANNELS 3 Zrotation Xrotation Yrotation\nEnd Site\n{\nOFFSET 0 -1 0\n}\n}\n}\n"
    b"MOTION\nFrames: 2\nFrame Time: 0.02\n0 0 0 1 2 3 4 5 6\n0 0 0 1 2 3 4 5 6\n"
)
SETTINGS = b'seed = 3\n[schedule]\nbatch = 8\nepochs = 2\n[model.encoder]\nkind = "VPoseCfg"\nwidths = [3, 3]\n'
SETTINGS += b'[data]\nkind = "SyntheticCfg"\n'
RIG = b"[joints]\n" + b"".join(f'"{name}" = {{ A = 0.7, B = 0.3 }}\n'.encode() for name in H36M_17.joints)
POINTS = [0.9 if n % 3 == 2 else 9.0 * n for n in range(51)]
COCO = json.dumps(
    [
        {
            "image_id": i,
            "category_id": 1,
            "keypoints": POINTS,
            "score": 0.9,
        }
        for i in range(4)
    ]
).encode()


def show(path: Path) -> np.ndarray:
    view(ViewArgs(path, out=path.with_suffix(".html"), open=False))
    return np.zeros(0)


def amc(path: Path) -> np.ndarray:
    skeleton = path.with_suffix(".asf")
    skeleton.write_bytes(ASF)
    return read_amc(path, read_asf(skeleton), 120.0).points


def keypoints(path: Path) -> np.ndarray:
    found = read_keypoints(path, size=(640, 480), layout="coco17")
    return np.concatenate([track.keypoints.numpy().ravel() for track in found.tracks])


def truth(path: Path) -> np.ndarray:
    first = path.with_name("first.npz")
    np.savez(first, **motion())
    view(ViewArgs(first, truth=path, out=path.with_suffix(".html"), open=False))
    return np.zeros(0)


def compared(path: Path) -> np.ndarray:
    folder = path.parent / "run"
    folder.mkdir(exist_ok=True)
    (folder / "report-test.json").write_bytes(path.read_bytes())
    if not (folder / "settings.json").exists():
        from actionprompt.serialise import to_data
        from actionprompt.training.presets import presets

        (folder / "settings.json").write_text(json.dumps(to_data(presets()["vpose"][1])))
    groups = read_groups([folder], "report-test")
    return np.array([value for group in groups for scores in group.scores.values() for value in scores.values()])


def nothing(read: Callable[[Path], object]) -> Callable[[Path], np.ndarray]:
    def called(path: Path) -> np.ndarray:
        read(path)
        return np.zeros(0)

    return called


def measured(path: Path) -> np.ndarray:
    """A motion capture file's points, of which any may be lost."""
    return read_motion(path).points


def labelled(_: Path) -> bytes:
    said = {"POINT:LABELS": ["LKNE", "RKNE"], "POINT:UNITS": ["mm"], "POINT:X_SCREEN": ["+X"], "POINT:Y_SCREEN": ["+Z"]}
    return c3d_bytes(points(6, 2), said)


def pipe(path: Path) -> np.ndarray:
    reader = PointReader("h36m17", (640, 480))
    frames = [reader.read(line, n) for n, line in enumerate(path.read_bytes().splitlines(), 1) if line.strip()]
    return np.concatenate(
        [np.zeros(1), *(f.joints.numpy().ravel() for f in frames if f is not None and f.joints is not None)]
    )


def lines(_: Path) -> bytes:
    people = np.random.default_rng(0).uniform(9, 400, (4, 17, 3)).round(2)
    return b"".join(
        json.dumps({"keypoints": p.tolist(), "time": i / 50}).encode() + b"\n" for i, p in enumerate(people)
    )


CSV = (
    "frame,person," + ",".join(f"{name.replace(' ', '_')}_{x}" for name in COCO_17.joints for x in "xy") + "\n"
).encode()
CSV += b"".join(f"{i},1,".encode() + b",".join(b"%d.5" % (30 + n + i) for n in range(34)) + b"\n" for i in range(4))


def model(path: Path) -> bytes:
    save(lifter("label"), path)
    return path.read_bytes()


def lifted(path: Path) -> np.ndarray:
    found = load(path)
    with torch.no_grad():
        pose: np.ndarray = found(torch.zeros(1, found.encoder.window.frames, 17, 2)).pose.numpy()
    return pose


def trained() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    network = torch.nn.Linear(3, 2)
    optimiser = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    return network, optimiser


def checkpoint(path: Path) -> bytes:
    write_checkpoint(path, *trained(), 3, [1.5], 99)
    return path.read_bytes()


def resumed(path: Path) -> np.ndarray:
    network, optimiser = trained()
    read_checkpoint(path, network, optimiser, 99)
    return np.concatenate([weight.detach().numpy().ravel() for weight in network.parameters()])


def converted(path: Path) -> bytes:
    cache._write(path, cache.Converted((Take(torch.ones(5, 17, 3), "walking", "anna", "one"),)))
    return path.read_bytes()


def kept(path: Path) -> np.ndarray:
    """What a damaged cache gives: nothing (it is written anew), or what was put into it."""
    found = cache._read(path)
    return np.zeros(0) if found is None else np.concatenate([take.pose.numpy().ravel() for take in found.takes])


def table(path: Path) -> bytes:
    for name in "ab":
        path.with_name(f"{name}.bvh").write_bytes(BVH)
    return b"file,subject,action,split,unit,fps\na.bvh,anna,walking,train,0.01,50\nb.bvh,bob,running,test,0.01,50\n"


def hrnet(path: Path) -> bytes:
    takes = {}
    for camera in ("54138969", "55011271", "58860488", "60457274"):
        points = np.zeros((5, 32, 2))
        points[:, KEPT] = 500 + 100 * person(5, 17, 1)[..., :2]
        takes[(1, "Sitting", f"Sitting_2.{camera}.h5")] = points.reshape(5, 64)
    np.save(path, takes)
    return path.read_bytes()


def hrnet_prepared(path: Path) -> np.ndarray:
    folder = path.parent / "hrnet"
    folder.mkdir(exist_ok=True)
    (folder / "twoDPose_HRN_train.npy").write_bytes(path.read_bytes())
    prepare_hrnet(folder, folder)
    return np.zeros(0)


FRAMES = SPLIT["Jog"]["S1"][-1] + 3


def matlab(path: Path) -> bytes:
    world = person(FRAMES, 15, 1)
    screen = np.stack([humaneva_pixels(world, "S1", c) for c in range(3)]).astype(float)
    savemat(path, {"pose": 1000 * world.astype(float), "screen": screen})
    return path.read_bytes()


def exported(path: Path) -> np.ndarray:
    pose, screen = read_export(path, FRAMES)
    return np.nan_to_num(
        np.concatenate([pose.ravel(), *(view.ravel() for view in screen)]), nan=0.0, posinf=np.inf, neginf=-np.inf
    )


def run_settings(path: Path) -> bytes:
    RunFolder(path.parent / "settings of").claim(run_cfg("label"), overwrite=True)
    return (path.parent / "settings of" / "settings.json").read_bytes()


def opened_run(path: Path) -> np.ndarray:
    folder = path.parent / "opened"
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_bytes(path.read_bytes())
    RunFolder(folder).read_settings()
    return np.zeros(0)


READERS: dict[str, tuple[str, Callable[[Path], bytes], Callable[[Path], np.ndarray]]] = {
    "view": (".npz", lambda path: saved(path, **motion()), show),
    "truth": (".npz", lambda path: saved(path, pose=np.zeros((4, 17, 3))), truth),
    "field file": (".npz", field_file, nothing(read_npz)),
    "report": (".json", lambda _: report(), compared),
    "settings": (".toml", lambda _: SETTINGS, nothing(lambda path: preset(str(path)))),
    "rig": (".toml", lambda _: RIG, nothing(read_rig)),
    "asf": (".asf", lambda _: ASF, nothing(read_asf)),
    "amc": (".amc", lambda _: AMC, amc),
    "bvh": (".bvh", lambda _: BVH, lambda path: read_bvh(path).points),
    "keypoints npz": (
        ".npz",
        lambda path: saved(path, keypoints=np.random.default_rng(0).uniform(9, 400, (4, 17, 2))),
        keypoints,
    ),
    "keypoints json": (".json", lambda _: COCO, keypoints),
    "keypoints csv": (".csv", lambda _: CSV, keypoints),
    "json lines": (".jsonl", lines, pipe),
    "c3d": (".c3d", labelled, measured),
    "trc": (".trc", lambda path: trc(path, points(4, 3), ("A", "B", "C")).read_bytes(), measured),
    "mvnx": (".mvnx", lambda path: mvnx(path, points(3, len(XSENS))).read_bytes(), measured),
    "ntu skeleton": (
        ".skeleton",
        lambda path: skeleton(path, [{"7": frame} for frame in points(3, len(KINECT_V2))]).read_bytes(),
        measured,
    ),
    "azure kinect": (
        ".json",
        lambda path: azure(path, points(4, len(AZURE)), [0, 40_000, 80_000, 120_000]).read_bytes(),
        measured,
    ),
    "table": (".csv", table, nothing(read_table)),
    "hrnet": (".npy", hrnet, hrnet_prepared),
    "humaneva": (".mat", matlab, exported),
    "model": (".safetensors", model, lifted),
    "checkpoint": (".safetensors", checkpoint, resumed),
    "converted": (".safetensors", converted, kept),
    "run's settings": (".json", run_settings, opened_run),
}
