"""Every reader on files that were damaged at random: a sentence or a sound result, in little memory and time.

``ACTIONPROMPT_FUZZ=10000 pytest tests/test_fuzz.py`` tries so many files a reader instead of a few.
"""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from actionprompt.commands.options import preset
from actionprompt.commands.view import ViewArgs
from actionprompt.commands.view import run as view
from actionprompt.errors import InputError
from actionprompt.evaluation.compare import read_groups
from actionprompt.formats.acclaim import read_amc, read_asf
from actionprompt.formats.bvh import read_bvh
from actionprompt.formats.npz_pickle import read_npz
from actionprompt.formats.rigs import read_rig
from actionprompt.keypoints.read import read_keypoints
from actionprompt.skeleton import H36M_17
from confined import Broken, confined

COUNT, BATCH = int(os.environ.get("ACTIONPROMPT_FUZZ", "25")), 250
TEXTS = (
    b"nan",
    b"inf",
    b"-1",
    b"1e999",
    b"null",
    b"[]",
    b"{}",
    b'""',
    b"\xff\xfe",
    b"\x00",
    b"999999999999",
    b"[[",
    b"]",
)


def damaged(content: bytes, seed: int) -> bytes:
    """The content with a few bytes changed, cut out, doubled, or replaced by what parsers dislike."""
    pick = random.Random(seed)
    data = bytearray(content)
    for _ in range(pick.choice((1, 1, 2, 5, 20))):
        at = pick.randrange(len(data)) if data else 0
        kind = pick.randrange(6)
        if kind == 0 and data:
            data[at] ^= 1 << pick.randrange(8)
        elif kind == 1:
            data[at : at + pick.randrange(1, 40)] = b""
        elif kind == 2:
            data[at:at] = data[at : at + pick.randrange(1, 40)]
        elif kind == 3:
            data[at:at] = pick.choice(TEXTS)
        elif kind == 4:
            end = at + pick.randrange(1, 9)
            data[at:end] = pick.choice(TEXTS)
        else:
            del data[at + len(data) // 2 :]
    return bytes(data)


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
}


def batch(folder: Path, name: str, begin: int, end: int) -> None:
    """Reads damaged files; ends at the first that lets a foreign exception or a number that is none out."""
    suffix, make, read = READERS[name]
    whole, path = make(folder / f"whole{suffix}"), folder / f"damaged{suffix}"
    for seed in range(begin, end):
        path.write_bytes(damaged(whole, seed))
        try:
            found = read(path)
        except InputError as error:
            assert "\n" not in str(error), (seed, str(error))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        else:
            assert not np.isinf(found).any(), f"seed {seed}: infinite numbers are passed on"


@pytest.mark.parametrize("name", READERS)
def test_damaged_files(tmp_path: Path, name: str) -> None:
    suffix, make, read = READERS[name]
    path = tmp_path / f"sound{suffix}"
    path.write_bytes(make(tmp_path / f"whole{suffix}"))
    read(path)
    for begin in range(0, COUNT, BATCH):
        end = min(COUNT, begin + BATCH)
        try:
            confined(batch, tmp_path, name, begin, end, memory=2**29, seconds=10 + (end - begin) // 5)
        except Broken as error:
            raise AssertionError(f"{name}, seeds {begin} to {end}: {error}") from None
