"""MotionBERT's pickle and MPI-INF-3DHP's files, made by code, read and scored."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.data.config import MotionBERTCfg, MPIINF3DHPCfg
from actionprompt.data.load import load
from actionprompt.data.windows import Windows
from actionprompt.encoders.config import DSTformerCfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.evaluation.evaluate import evaluate
from actionprompt.metrics import auc, pck
from actionprompt.model.config import LifterCfg
from actionprompt.skeleton import H36M_17

RANDOM = np.random.default_rng(0)
SOURCES = {
    "train": ("s_01_act_02_subact_01_ca_01", "s_05_act_15_subact_02_ca_03"),
    "test": ("s_09_act_13_subact_01_ca_02", "s_09_act_10_subact_01_ca_02", "s_11_act_02_subact_02_ca_04"),
}


def motionbert_file(folder: Path, **changes: object) -> Path:
    content = {}
    for split, sources in SOURCES.items():
        n = 8 * len(sources)
        image = RANDOM.uniform(200, 800, (n, 17, 3)).astype(np.float32)
        factor = RANDOM.uniform(3, 5, n)
        content[split] = {
            "joint_2d": RANDOM.uniform(0, 1000, (n, 17, 2)).astype(np.float32),
            "confidence": RANDOM.uniform(0, 1, (n, 17, 1)).astype(np.float32),
            "joint3d_image": image,
            "camera_name": np.array([{1: "54138969", 2: "55011271"}.get(k // 8, "54138969") for k in range(n)]),
            "source": [sources[k // 8] for k in range(n)],
            "action": [2] * n,
        }
        if split == "test":
            content[split] |= {"joints_2.5d_image": image * factor[:, None, None], "2.5d_factor": factor}
    content["train"] |= changes
    (folder / "h36m.pkl").write_bytes(pickle.dumps(content))
    return folder / "h36m.pkl"


def test_motionberts_file(tmp_path: Path) -> None:
    file = motionbert_file(tmp_path)
    raw = pickle.loads(file.read_bytes())
    corpus = load(MotionBERTCfg(file))
    assert [clip.action for clip in corpus.clips] == ["directions", "walking dog", "sitting down", "directions"]
    assert [clip.subject for clip in corpus.clips] == ["S1", "S5", "S9", "S11"]
    assert (corpus.train_subjects, corpus.test_subjects) == (("S1", "S5"), ("S9", "S11"))
    assert len(load(MotionBERTCfg(file, drifting=True)).clips) == 5
    one, part = corpus.clips[0], raw["train"]
    expected = part["joint_2d"][:8] / 1000 * 2 - [1, 1.002]
    np.testing.assert_allclose(one.keypoints.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(one.confidence, torch.from_numpy(part["confidence"][:8, :, 0]))
    target = part["joint3d_image"][:8] / 1000 * 2
    np.testing.assert_allclose(one.pose.numpy(), target - target[:, :1], rtol=1e-4, atol=1e-6)
    assert one.unit is None


def test_its_errors_are_millimetres_by_the_factor(tmp_path: Path) -> None:
    file = motionbert_file(tmp_path)
    raw = pickle.loads(file.read_bytes())["test"]
    corpus = load(MotionBERTCfg(file))
    lifter = LifterCfg(DSTformerCfg(3, 8, 8, 1, 2), None).build(17).eval()
    clips = corpus.select(("S11",))
    found = evaluate(lifter, clips, H36M_17).row("directions").predicted_action["P1"]
    rows = slice(16, 24)
    made = Windows(clips, lifter.encoder.window)
    i = torch.arange(len(made))
    with torch.no_grad():
        screen = lifter(made.inputs(i)).pose[made.valid(i)].numpy()
    pixels = screen * 1000 / 2
    mm = pixels * raw["2.5d_factor"][rows][:, None, None]
    true = raw["joints_2.5d_image"][rows]
    slow = np.linalg.norm(mm - (true - true[:, :1]), axis=-1).mean()
    assert found == pytest.approx(slow, rel=1e-4)
    with pytest.raises(InputError, match="counts frames twice"):
        evaluate(lifter, clips, H36M_17, reach_back=True)


class Evil:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_pickles_are_read_and_not_run(tmp_path: Path) -> None:
    for content, said in (
        ({"train": Evil(tmp_path / "sprung"), "test": {}}, r"holds an object of (posix|nt)\.mkdir"),
        ([1, 2], "has no `train` and `test`"),
        ({"train": {"source": []}, "test": {}}, "`train` lacks joint_2d"),
    ):
        (tmp_path / "bad.pkl").write_bytes(pickle.dumps(content))
        with pytest.raises(InputError, match=said):
            load(MotionBERTCfg(tmp_path / "bad.pkl"))
    assert not (tmp_path / "sprung").exists()
    with pytest.raises(InputError, match="the parts of `train` differ in length"):
        load(MotionBERTCfg(motionbert_file(tmp_path, source=["s_01_act_02_subact_01"])))
    with pytest.raises(InputError, match="names the camera '7'"):
        load(MotionBERTCfg(motionbert_file(tmp_path, camera_name=np.array(["7"] * 16))))
    with pytest.raises(InputError, match="'mine' is not called like s_09_act_05_subact_02"):
        load(MotionBERTCfg(motionbert_file(tmp_path, source=["mine"] * 16)))


def mpi_files(folder: Path) -> dict[str, dict]:
    def view(n: int, **more: object) -> dict[str, object]:
        return {"data_2d": RANDOM.uniform(0, 900, (n, 17, 2)), "data_3d": RANDOM.uniform(-900, 900, (n, 17, 3)), **more}

    train = {"S1 Seq1": [{"0": view(9), "4": view(9)}, 25], "S2 Seq2": [{"8": view(7)}, 50]}
    test = {f"TS{k}": view(10, valid=(np.arange(10) % 3 > 0).astype(int)) for k in (1, 5)}
    for split, content in (("train", train), ("test", test)):
        np.savez(folder / f"data_{split}_3dhp.npz", data=content)
    return {"train": train, "test": test}


def test_mpi_inf_3dhp(tmp_path: Path) -> None:
    raw = mpi_files(tmp_path)
    corpus = load(MPIINF3DHPCfg(tmp_path))
    assert [(c.subject, c.action, c.camera, c.num_frames) for c in corpus.clips] == [
        ("S1", "Seq1", "0", 9), ("S1", "Seq1", "4", 9), ("S2", "Seq2", "8", 7), ("TS1", "TS1", "", 10),
        ("TS5", "TS5", "", 10),
    ]  # fmt: skip
    assert (corpus.train_subjects, corpus.test_subjects) == (("S1", "S2"), ("TS1", "TS5"))
    wide, given = corpus.clips[4], raw["test"]["TS5"]
    np.testing.assert_allclose(wide.keypoints[:, 8].numpy(), given["data_2d"][:, 1] / 960 - [1, 1080 / 1920], atol=1e-5)
    right_wrist, pelvis = given["data_3d"][:, 4] / 1000, given["data_3d"][:, 14] / 1000
    np.testing.assert_allclose(wide.pose[:, 16].numpy(), right_wrist - pelvis, atol=1e-5)
    np.testing.assert_allclose(wide.root.numpy(), pelvis, atol=1e-5)
    lifter = LifterCfg(VPoseCfg((3,), 8), None).build(17).eval()
    clips = corpus.select(("TS1", "TS5"))
    scores = evaluate(lifter, clips, H36M_17)
    slow = []
    for clip in clips:
        padded = clip.keypoints[[0, *range(10), 9]]
        with torch.no_grad():
            pose = lifter(padded[None]).pose[0][clip.counted]
        distance = (pose - clip.pose[clip.counted]).norm(dim=-1)
        shares = [float((distance <= limit / 1000).double().mean()) for limit in range(0, 155, 5)]
        slow.append((1000 * float(distance.mean()), 100 * shares[-1], 100 * sum(shares) / len(shares)))
    mean = np.mean(slow, axis=0)
    average = scores.average().predicted_action
    np.testing.assert_allclose([average[name] for name in ("P1", "PCK", "AUC")], mean, rtol=1e-4, atol=1e-3)
    assert scores.average().frames == 2 * 6


def test_pck_and_auc_of_known_distances() -> None:
    target = torch.zeros(1, 3, 3, dtype=torch.float64)
    predicted = target.clone()
    predicted[0, :, 0] = torch.tensor([0.0, 0.0749, 0.2])
    assert pck(predicted, target).item() == pytest.approx(2 / 3)
    assert auc(predicted, target).item() == pytest.approx((31 + 16) / 31 / 3)


def test_other_files_in_their_place(tmp_path: Path) -> None:
    mpi_files(tmp_path)
    np.savez(tmp_path / "data_test_3dhp.npz", data={"TS9": {}})
    with pytest.raises(InputError, match="'TS9' is not one of TS1"):
        load(MPIINF3DHPCfg(tmp_path))
    np.savez(
        tmp_path / "data_test_3dhp.npz",
        data={"TS1": {"data_2d": np.zeros((3, 16, 2)), "data_3d": np.zeros((3, 17, 3))}},
    )
    with pytest.raises(InputError, match=r"2D of shape \(3, 16, 2\)"):
        load(MPIINF3DHPCfg(tmp_path))
    np.savez(tmp_path / "data_test_3dhp.npz", other=np.zeros(3))
    with pytest.raises(InputError, match="no sequences in `data`"):
        load(MPIINF3DHPCfg(tmp_path))
