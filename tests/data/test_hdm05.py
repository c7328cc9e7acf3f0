import csv
import lzma
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.data.config import HDM05Cfg, VirtualCamerasCfg
from actionprompt.data.hdm05 import ACTIONS, TEST, TRAIN, find, parse_name, read
from actionprompt.data.inspect.kinds import inspect
from actionprompt.data.load import load as load_data
from actionprompt.errors import InputError
from actionprompt.formats.markers import bone_lengths
from actionprompt.skeleton import HDM05_17

CLIPS = (
    "train/7/HDM_dg_lieDownFloor_014_120",  # the one that jumps
    "train/7/HDM_dg_lieDownFloor_013_120",
    "test/6/HDM_tr_kickLFront1Reps_025_120",  # the fastest sound one
)
SQUAT = "HDM_bd_squat1Reps_001_120.amc"


@pytest.fixture(scope="module")
def archive(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index, the skeletons beside three clips, and those clips."""
    file, folder = shared / "data/hdm05-11.tar.xz", tmp_path_factory.mktemp("hdm05")
    if not file.is_file():
        pytest.skip("needs shared/data/hdm05-11.tar.xz")
    folders = {f"hdm05/{Path(clip).parent}" for clip in CLIPS}
    with lzma.open(file) as stream, tarfile.open(fileobj=stream) as tar:
        for member in tar:
            name, path = member.name.removesuffix(".amc"), Path(member.name)
            asf = path.suffix == ".asf" and str(path.parent) in folders
            if asf or name.removeprefix("hdm05/") in CLIPS or path.name == "index.csv":
                tar.extract(member, folder, filter="data")
    return folder / "hdm05"


def test_real_clips_become_takes_and_the_jumping_one_is_named(archive: Path):
    corpus = load_data(HDM05Cfg(archive, VirtualCamerasCfg(cameras=2)))
    (dropped,) = corpus.dropped
    assert dropped.startswith("HDM_dg_lieDownFloor_014_120: a joint jumps at 70 m/s")
    with (archive / "index.csv").open() as file:
        frames = {row["trial"]: int(row["frames_50fps"]) for row in csv.DictReader(file)}
    assert {clip.name: clip.num_frames for clip in corpus.clips} == {
        Path(name).name: frames[Path(name).name] for name in CLIPS[1:]
    }
    assert {(clip.action, clip.subject) for clip in corpus.clips} == {
        ("lie down on the floor", "dg"),
        ("kick to the front", "tr"),
    }
    assert (corpus.train_subjects, corpus.test_subjects) == (("dg",), ("tr",))
    assert (corpus.fps, corpus.skeleton.name, len(corpus.clips)) == (50, "hdm05_17", 4)
    assert "The data used in this project was obtained from HDM05" in corpus.facts["source"]


def test_real_takes_are_people_who_stand_on_the_floor(archive: Path):
    for take in read(archive).takes:
        pose = take.pose.numpy()
        lengths = dict(
            zip([HDM05_17.joints[j] for _, j in HDM05_17.bones], bone_lengths(pose, HDM05_17).T, strict=True)
        )
        for bone, (least, most) in {
            "right knee": (0.3, 0.55),
            "left elbow": (0.2, 0.4),
            "left wrist": (0.15, 0.35),
        }.items():
            assert least < lengths[bone].mean() < most
            assert np.ptp(lengths[bone]) < 0.004
        first = dict(zip(HDM05_17.joints, pose[0], strict=True))
        assert 1.35 < first["head"][2] - min(first["left ankle"][2], first["right ankle"][2]) < 1.75
        assert -0.1 < pose[..., 2].min() < 0.2
        assert np.linalg.norm(first["left hip"] - first["right hip"]) == pytest.approx(0.2, abs=0.05)


def test_left_is_left(archive: Path):
    (kick,) = (take for take in read(archive).takes if take.action == "kick to the front")
    at = {name: kick.pose[:, i] for i, name in enumerate(HDM05_17.joints)}
    highest = int(at["left ankle"][:, 2].argmax())
    assert at["left ankle"][highest, 2] > at["right ankle"][:, 2].max() + 0.3  # kickLFront: the left leg kicks
    ahead = (at["left ankle"] - at["pelvis"])[highest]
    across = (at["left hip"] - at["right hip"])[highest]
    assert torch.linalg.cross(across, ahead)[2] < 0  # from left to ahead is clockwise, seen from above


def test_the_cache_gives_the_same_takes(archive: Path):
    first, second = read(archive), read(archive)
    assert first.dropped == second.dropped
    assert all(torch.equal(a.pose, b.pose) for a, b in zip(first.takes, second.takes, strict=True))


def test_names():
    assert parse_name(Path("HDM_bd_squat1Reps_003_120.amc")) == ("bd", "squat1Reps")
    assert parse_name(Path("HDM_xx_squat1Reps_003_120.amc")) is None
    assert parse_name(Path("HDM_bd_squat1Reps_003_60.amc")) is None
    assert len(set(ACTIONS.values())) == 11
    assert not set(TRAIN) & set(TEST)


def fake(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def test_finding(tmp_path: Path):
    fake(tmp_path, "a/HDM_bd_squat1Reps_002_120.amc", "a/HDM_bd_squat1Reps_001_120.amc", "HDM_bd.asf")
    fake(tmp_path, "a/HDM_bd_cartwheel_001_120.amc", "a/other.amc")
    assert [(m.name[-7:-4], m.action, m.asf.name) for m in find(tmp_path)] == [
        ("001", "squat", "HDM_bd.asf"),
        ("002", "squat", "HDM_bd.asf"),
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ((), "holds no HDM05-11 clips"),
        (("HDM_bd_cartwheel_001_120.amc", "HDM_bd.asf"), "holds no HDM05-11 clips"),
        ((SQUAT, "HDM_bk.asf"), "has no skeleton: put its actor's HDM_bd.asf beside it"),
        ((f"a/{SQUAT}", f"b/{SQUAT}", "HDM_bd.asf"), "are the same clip"),
    ],
)  # fmt: skip
def test_wrong_folders_are_refused(tmp_path: Path, files: tuple[str, ...], message: str):
    with pytest.raises(InputError, match=message):
        find(fake(tmp_path, *files))
    with pytest.raises(InputError, match="does not exist: give the folder"):
        find(tmp_path / "nowhere")


def test_a_skeleton_of_another_make_is_refused(archive: Path, tmp_path: Path):
    kick = archive / f"{CLIPS[2]}.amc"
    shutil.copy(kick, tmp_path)
    asf = kick.with_name("HDM_tr.asf").read_text(encoding="latin-1")
    (tmp_path / "HDM_tr.asf").write_text(asf.replace("lclavicle", "collar"), encoding="latin-1")
    with pytest.raises(InputError, match=r"moves a bone lclavicle|has no bone lclavicle"):
        read(tmp_path)


def test_inspection_says_what_there_is_and_what_is_wrong(archive: Path, tmp_path: Path):
    report = inspect(archive)
    facts = dict(report.facts)
    assert report.problems == ()
    assert facts["subjects"] == "train dg; test tr"
    assert facts["actions"] == "kick to the front, lie down on the floor"
    assert "014_120" in facts["dropped"]
    fake(tmp_path, SQUAT, "HDM_bd.asf")
    assert "is not a skeleton" in inspect(tmp_path).problems[0]
