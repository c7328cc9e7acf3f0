from pathlib import Path

import numpy as np
import pytest

from actionprompt.data import cmu
from actionprompt.data.cmu_trials import action_of
from actionprompt.data.config import CMUCfg, EverydayCfg, VirtualCamerasCfg
from actionprompt.data.everyday import HDM05, UIPRMD, read
from actionprompt.data.hdm05 import ACTIONS as HDM05_ACTIONS
from actionprompt.data.load import load as load_data
from actionprompt.data.uiprmd import ACTIONS as UIPRMD_ACTIONS
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17
from rig_files import acclaim, bvh, table

ONE = VirtualCamerasCfg(cameras=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Subjects 7 (walking), 9 (running, walking) and 13 (jumping)."""
    for i, trial in enumerate(("07_01", "09_01", "09_12", "13_11")):
        acclaim(tmp_path / "subjects", trial[:2], trial, seed=i)
    return tmp_path


def test_actions_are_those_of_the_index():
    assert action_of(7, 1) == "walking"
    assert action_of(9, 12) == "walking"
    assert action_of(13, 27) == "waving"
    assert action_of(135, 7) == "kicking"  # mawashigeri, which begins like washing
    assert action_of(127, 1) == action_of(500, 1) == ""  # a calibration pose, nobody


def test_trials_are_found_at_any_depth_with_their_skeleton_and_action(folder: Path):
    trials, unnamed = cmu.find(folder)
    assert [(t.name, t.subject, t.action) for t in trials] == [
        ("07_01", "07", "walking"), ("09_01", "09", "running"), ("09_12", "09", "walking"), ("13_11", "13", "jumping"),
    ]  # fmt: skip
    assert trials[0].file.skeleton == folder / "subjects/07/07.asf"
    assert unnamed == []


def test_takes_are_people_in_metres(folder: Path):
    take = cmu.read(folder).takes[0]
    assert take.pose.shape == (38, 17, 3)  # 90 frames at 120/s last 0.74 s: 38 frames at 50/s
    at = dict(zip(H36M_17.joints, take.pose.numpy().swapaxes(0, 1), strict=True))
    assert np.linalg.norm(at["right hip"] - at["right knee"], axis=-1) == pytest.approx(0.4205, abs=1e-3)
    assert (at["head top"][:, 2] - at["left ankle"][:, 2]).mean() == pytest.approx(1.44, abs=0.05)


def test_amc_is_preferred_to_bvh_and_unnamed_trials_are_counted(folder: Path):
    bvh(folder / "07_01.bvh", 30)
    bvh(folder / "07_02.bvh", 30)
    bvh(folder / "127_01.bvh", 30)
    trials, unnamed = cmu.find(folder)
    assert {t.name: t.file.path.suffix for t in trials if t.subject == "07"} == {"07_01": ".amc", "07_02": ".bvh"}
    assert unnamed == ["127_01"]
    assert "1 that are no named action" in cmu.read(folder).facts["trials"]


def test_a_damaged_trial_is_named_and_left_out(folder: Path):
    (folder / "subjects/09/09_01.amc").write_text("nothing")
    converted = cmu.read(folder)
    assert len(converted.takes) == 3
    assert converted.dropped[0].startswith("09_01: ")


def test_actions_that_nobody_trains_are_left_out_of_the_test(folder: Path):
    corpus = load_data(CMUCfg(folder, test=("09", "13"), virtual_cameras=ONE))
    assert corpus.actions == ("walking",)
    assert (corpus.train_subjects, corpus.test_subjects) == (("07",), ("09", "13"))
    assert corpus.dropped == (
        "09_01: no training subject is running.",
        "13_11: no training subject is jumping.",
    )
    assert "NSF EIA-0196217" in corpus.facts["source"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f / "no", "does not exist: give the folder that holds CMU's trials"),
        (lambda f: f / "subjects/07/07.asf", "is a file: give the folder"),
        (lambda f: (f / "empty").mkdir() or f / "empty", "holds no trials of CMU's motion capture"),
        (lambda f: (f / "subjects/07/07.asf").unlink() or f, r"07_01\.amc has no skeleton: put 07\.asf beside it"),
    ],
)
def test_what_is_not_there_is_said(folder: Path, change, message: str):
    with pytest.raises(InputError, match=message):
        cmu.read(change(folder))


def test_a_missing_test_subject_is_refused(folder: Path):
    with pytest.raises(InputError, match=r"no takes of test subject 99: it has 07, 09, 13 \(data.test\)"):
        load_data(CMUCfg(folder, test=("99",), virtual_cameras=ONE))


def test_every_word_of_the_sources_has_an_everyday_word():
    assert set(UIPRMD) == set(UIPRMD_ACTIONS)
    assert set(HDM05) == set(HDM05_ACTIONS.values())


def test_sources_become_one_with_subjects_told_apart(folder: Path, tmp_path: Path):
    for name in ("07", "bob"):
        bvh(tmp_path / f"own/{name}.bvh", 40)
    own = table(
        tmp_path / "own", "07.bvh,07,walking,test", "bob.bvh,bob,waving hello,train", head="file,subject,action,split"
    )
    corpus = load_data(EverydayCfg(cmu=folder, cmu_test=("09",), mocap=(own,), virtual_cameras=ONE))
    assert corpus.train_subjects == ("cmu-07", "cmu-13", "takes-bob")
    assert corpus.test_subjects == ("cmu-09", "takes-07")
    assert corpus.actions == ("jumping", "walking", "waving hello")
    assert {clip.name for clip in corpus.select(("cmu-07",))} == {"cmu/07_01"}


def test_unions_without_sense_are_refused(folder: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"Give at least one source: --data\.uiprmd"):
        read(EverydayCfg())
    with pytest.raises(InputError, match="does not exist"):
        read(EverydayCfg(cmu=folder, uiprmd=tmp_path / "no"))
    for part in "ab":
        bvh(tmp_path / part / "x.bvh", 40)
        bvh(tmp_path / part / "y.bvh", 40)
    tables = tuple(table(tmp_path / part, "x.bvh,anna,walking", "y.bvh,bob,walking") for part in "ab")
    with pytest.raises(InputError, match="Two sources are called takes, so that their subjects are too"):
        read(EverydayCfg(mocap=tables))
