from pathlib import Path

import numpy as np
import pytest

from actionprompt.cli import main
from actionprompt.data.config import Human36MCfg
from actionprompt.data.human36m import KEPT
from actionprompt.data.load import load as load_data
from actionprompt.data.prepare.human36m import prepare, prepare_hrnet, short_name
from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import read_npz
from field_files import human36m, person

TAKES = {("S1", "Photo 1"): 6, ("S9", "WalkDog"): 4, ("S11", "Directions"): 5, ("S11", "Directions 1"): 3}
LONG = {"Photo": "TakingPhoto", "WalkDog": "WalkingDog"}
IDS = ("54138969", "55011271", "58860488", "60457274")


def cdf(path: Path, pose: np.ndarray) -> None:
    """As the official files: one record of (frames, 96), millimetres."""
    from cdflib.cdfwrite import CDF

    path.parent.mkdir(parents=True, exist_ok=True)
    file = CDF(str(path), cdf_spec={"Majority": "row_major", "Encoding": 6})
    spec = {"Variable": "Pose", "Data_Type": 44, "Num_Elements": 1, "Rec_Vary": True, "Dim_Sizes": list(pose.shape)}
    file.write_var(spec, var_data=pose[None])
    file.close()


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """The download, extracted, with another folder that must not be read."""
    pytest.importorskip("cdflib")
    world, _ = human36m(TAKES)
    for subject, takes in world.items():
        for name, points in takes.items():
            word, _, number = name.partition(" ")
            stem = f"{LONG.get(word, word)} {number}".strip()
            for folder in ("D3_Positions", "D3_Positions_mono"):
                path = tmp_path / "raw" / subject / "MyPoseFeatures" / folder / f"{stem}.cdf"
                cdf(path, 1000 * points.reshape(points.shape[0], 96))
    return tmp_path / "raw"


def test_official_files_become_the_fields_files(official: Path, tmp_path: Path):
    prepare(official, tmp_path / "out")
    world, screen = human36m(TAKES)
    found = read_npz(tmp_path / "out/data_3d_h36m.npz")["positions_3d"]
    assert {(s, n) for s, takes in found.items() for n in takes} == set(TAKES) - {("S11", "Directions")}
    for subject, takes in found.items():
        for name, points in takes.items():
            assert points.dtype == np.float32
            np.testing.assert_allclose(points, world[subject][name], atol=1e-6)
    gt = read_npz(tmp_path / "out/data_2d_h36m_gt.npz")
    for subject, takes in gt["positions_2d"].items():
        for name, views in takes.items():
            np.testing.assert_allclose(views, screen[subject][name], atol=2e-3)  # pixels
    assert gt["metadata"]["num_joints"] == 17
    corpus = load_data(Human36MCfg(tmp_path / "out"))
    assert len(corpus.clips) == 3 * 4
    assert {clip.action for clip in corpus.clips} == {"taking photo", "walking dog", "directions"}


def test_the_command_line_prepares(official: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["data", "prepare", "human36m", "--source", str(official), "--out", str(tmp_path / "out")]) == 0
    assert "data_2d_h36m_gt.npz" in capsys.readouterr().out
    assert main(["data", "prepare", "human36m", "--source", str(tmp_path / "no"), "--out", str(tmp_path)]) == 2
    assert "holds no D3_Positions" in capsys.readouterr().err
    assert main(["data", "prepare", "coco"]) == 2
    assert main(["data", "prepare", "--help"]) == 0


def test_wrong_downloads_are_refused(official: Path, tmp_path: Path):
    positions = official / "S1/MyPoseFeatures/D3_Positions"
    twin = tmp_path / "raw/again/S1/D3_Positions/TakingPhoto 1.cdf"
    cdf(twin, np.zeros((2, 96), np.float32))
    with pytest.raises(InputError, match="is there twice: keep one S1 Photo 1"):
        prepare(official, tmp_path / "out")
    twin.unlink()
    (positions / "Dancing.cdf").write_bytes(b"")
    with pytest.raises(InputError, match="is not a take of Human3.6M"):
        prepare(official, tmp_path / "out")
    (positions / "Dancing.cdf").rename(positions / "Smoking.cdf")
    with pytest.raises(InputError, match=r"Smoking\.cdf is not a \.cdf file"):
        prepare(official, tmp_path / "out")
    (positions / "Smoking.cdf").unlink()
    cdf(positions / "Smoking.cdf", np.zeros((2, 64), np.float32))
    with pytest.raises(InputError, match=r"Pose has shape .* instead of \(1, frames, 96\)"):
        prepare(official, tmp_path / "out")


def hrnet(folder: Path, *, nose: bool = True, cameras: tuple[str, ...] = IDS) -> dict:
    """EvoSkeleton's layout: 32 joints of which 17 are detected."""
    folder.mkdir(exist_ok=True)
    table = {}
    for subject, name in ((1, "Sitting 2"), (11, "Directions"), (11, "TakingPhoto")):
        for c, camera in enumerate(cameras):
            points = np.zeros((5, 32, 2))
            points[:, KEPT] = 500 + 100 * person(5, 17, 7 * c + subject)[..., :2]
            points[:, 14] *= nose
            table[(subject, name.split()[0], f"{name.replace(' ', '_')}.{camera}.h5")] = points.reshape(5, 64)
    np.save(folder / "twoDPose_HRN_train.npy", {k: v for k, v in table.items() if k[0] == 1})
    np.save(folder / "twoDPose_HRN_test.npy", {k: v for k, v in table.items() if k[0] != 1})
    return table


@pytest.mark.parametrize("nose", [True, False])
def test_hrnet_detections(tmp_path: Path, nose: bool):
    table = hrnet(tmp_path / "evo", nose=nose)
    path, missing = prepare_hrnet(tmp_path / "evo", tmp_path)
    assert missing == []
    content = read_npz(path)
    screen = content["positions_2d"]
    assert {s: list(takes) for s, takes in screen.items()} == {"S1": ["Sitting 2"], "S11": ["Photo"]}
    assert content["metadata"]["num_joints"] == 16 + nose
    joints = [j for j in KEPT if nose or j != 14]
    for c, camera in enumerate(IDS):
        expected = table[(1, "Sitting", f"Sitting_2.{camera}.h5")].reshape(5, 32, 2)[:, joints]
        np.testing.assert_allclose(screen["S1"]["Sitting 2"][c], expected, rtol=1e-6)


def test_wrong_detections_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"holds neither twoDPose_HRN_train\.npy nor"):
        prepare_hrnet(tmp_path, tmp_path)
    hrnet(tmp_path, cameras=IDS[:3])
    with pytest.raises(InputError, match="S1 Sitting 2 lacks camera 60457274"):
        prepare_hrnet(tmp_path, tmp_path)
    for content, message in (
        ({(1, "a", "Dance.54138969.h5"): np.ones((2, 64))}, "has an entry .*; expected"),
        ({"x": np.ones((2, 64))}, "has an entry 'x'"),
        ({(1, "Sitting", "Sitting.54138969.h5"): np.ones((2, 34))}, r"has shape \(2, 34\) instead of \(frames, 64\)"),
    ):
        np.save(tmp_path / "twoDPose_HRN_train.npy", content)
        with pytest.raises(InputError, match=message):
            prepare_hrnet(tmp_path, tmp_path)
    np.save(tmp_path / "twoDPose_HRN_train.npy", np.ones(3))
    with pytest.raises(InputError, match="is not a table of detections"):
        prepare_hrnet(tmp_path, tmp_path)


@pytest.mark.parametrize("there", ["train", "test"])
def test_a_missing_table_of_detections_is_named(tmp_path: Path, there: str, capsys: pytest.CaptureFixture[str]):
    missing = {"train": "test", "test": "train"}[there]
    hrnet(tmp_path)
    (tmp_path / f"twoDPose_HRN_{missing}.npy").unlink()
    arguments = ["--source", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["data", "prepare", "human36m-hrnet", *arguments]) == 0
    said = capsys.readouterr()
    assert "wrote" in said.out
    assert said.err == f"Not there: twoDPose_HRN_{missing}.npy\n"


def test_tables_without_takes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table = hrnet(tmp_path)
    np.save(tmp_path / "twoDPose_HRN_train.npy", {})
    corrupt = {k: v for k, v in table.items() if k[:2] == (11, "Directions")}
    for content in ({}, corrupt):
        np.save(tmp_path / "twoDPose_HRN_test.npy", content)
        arguments = ["--source", str(tmp_path), "--out", str(tmp_path / "out")]
        assert main(["data", "prepare", "human36m-hrnet", *arguments]) == 2
        said = capsys.readouterr().err
        assert "no take of Human3.6M in twoDPose_HRN_train.npy or twoDPose_HRN_test.npy." in said
    assert not (tmp_path / "out").exists()


def test_tables_with_and_without_noses_do_not_become_one_file(tmp_path: Path):
    table = hrnet(tmp_path, nose=False)
    hrnet(tmp_path)
    np.save(tmp_path / "twoDPose_HRN_train.npy", {k: v for k, v in table.items() if k[0] == 1})
    with pytest.raises(InputError, match="has 16 2D joints in S1 Sitting 2 and 17 2D joints in S11 Photo: give one"):
        prepare_hrnet(tmp_path, tmp_path)


def test_short_names():
    assert [short_name(n) for n in ("TakingPhoto 1", "WalkingDog", "SittingDown_2", "WalkTogether 1")] == [
        "Photo 1",
        "WalkDog",
        "SittingDown 2",
        "WalkTogether 1",
    ]
