import tarfile
from pathlib import Path

import numpy as np
import pytest

from actionprompt.data.config import UIPRMDCfg, VirtualCamerasCfg
from actionprompt.data.load import load as load_data
from actionprompt.data.uiprmd import ACTIONS, read
from actionprompt.errors import InputError
from actionprompt.formats.markers import bone_lengths
from actionprompt.skeleton import H36M_17

POSITIONS = Path("Segmented Movements") / "Vicon" / "Positions"
INCORRECT = Path("Incorrect Segmented Movements") / "Vicon" / "Positions"


def takes(folder, variants=("correct",)):
    return {take.name: take for take in read(folder, variants).takes}


def test_corpus_of_a_folder(uiprmd):
    corpus = load_data(UIPRMDCfg(uiprmd, virtual_cameras=VirtualCamerasCfg(cameras=2)))
    assert (corpus.fps, corpus.actions, corpus.skeleton) == (50, ACTIONS, H36M_17)
    assert (corpus.train_subjects, corpus.test_subjects, corpus.dropped) == (("s01",), ("s09",), ())
    assert [(c.name, c.camera) for c in corpus.clips[:3]] == [
        ("m01_s01", "54138969"),
        ("m01_s01", "55011271"),
        ("m05_s01", "54138969"),
    ]
    assert {c.name: (c.action, c.num_frames) for c in corpus.clips} == {
        "m01_s01": ("deep squat", 60),
        "m05_s01": ("sit to stand", 60),
        "m01_s09": ("deep squat", 40),
        "m05_s09": ("sit to stand", 40),
    }
    assert corpus.facts["variants"] == "correct"


def test_episodes_are_joined_in_time(uiprmd, moving):
    pose = takes(uiprmd)["m01_s01"].pose.numpy()
    wrist = moving(120, size=0.96)[::2, [13, 14]].mean(1) / 1000
    assert np.abs(pose[:, 13] - wrist).max() < 1e-5


def test_sides_heights_and_lengths(uiprmd, standing):
    pose = takes(uiprmd)["m01_s01"].pose.numpy()[0]  # faces +x, left is +y
    assert (pose[list(H36M_17.left), 1] > pose[list(H36M_17.right), 1] + 0.05).all()
    order = ["left ankle", "left knee", "left hip", "spine", "thorax", "nose", "head top"]
    heights = [pose[H36M_17.joints.index(name), 2] for name in order]
    assert heights == sorted(heights)
    assert 0.05 < heights[0] < 0.12
    assert pose[9, 0] > pose[8, 0]  # the nose is in front
    bones = dict(zip([H36M_17.joints[c] for _, c in H36M_17.bones], bone_lengths(pose[None], H36M_17)[0], strict=True))
    assert 0.35 < bones["left knee"] < 0.50
    assert bones["left knee"] == pytest.approx(bones["right knee"], abs=1e-4)


def test_bone_lengths_are_one_per_subject(uiprmd):
    found = takes(uiprmd)
    for subject, size in (("s01", 0.96), ("s09", 1.04)):
        lengths = [bone_lengths(t.pose.numpy(), H36M_17) for t in found.values() if t.subject == subject]
        lengths = np.concatenate(lengths)
        assert np.ptp(lengths, axis=0).max() < 1e-6
        assert lengths[0, H36M_17.bones.index((11, 12))] == pytest.approx(size * 0.26, abs=0.02)


def test_names_in_any_case_at_any_depth(tmp_path, moving, write):
    write(tmp_path / "a" / "b" / "M02_S03_E01_POSITIONS.TXT", moving(10))
    assert list(takes(tmp_path)) == ["m02_s03"]
    write(tmp_path / "m02_s03_e01_positions.txt", moving(10))
    with pytest.raises(InputError, match="are the same episode: keep one of them"):
        takes(tmp_path)


def test_kinect_files_beside_are_passed_over(uiprmd, write):
    write(
        uiprmd / "Segmented Movements" / "Kinect" / "Positions" / "m01_s01_e01_positions.txt",
        np.ones((5, 22, 3)),
    )
    write(uiprmd / "Segmented Movements" / "Vicon" / "Angles" / "m01_s01_e01_angles.txt", np.ones((5, 39, 3)))
    assert len(takes(uiprmd)) == 4


def test_variants(uiprmd, moving, write):
    with pytest.raises(InputError, match=r"no incorrect Vicon movements \(mAA_sBB_eCC_positions_inc.txt"):
        takes(uiprmd, ("correct", "incorrect"))
    write(uiprmd / INCORRECT / "m01_s01_e01_positions_inc.txt", moving(20))
    assert list(takes(uiprmd, ("incorrect",))) == ["m01_s01_inc"]
    assert set(takes(uiprmd, ("correct", "incorrect"))) == {"m01_s01_inc", *takes(uiprmd)}
    with pytest.raises(InputError, match="use correct, incorrect or both"):
        takes(uiprmd, ())


def test_marker_lost_throughout_drops_the_episode_and_cuts_the_take(uiprmd, moving, write):
    markers = moving(40, start=40, size=0.96)
    markers[:, 24] = 0
    write(uiprmd / POSITIONS / "m01_s01_e02_positions.txt", markers)
    converted = read(uiprmd, ("correct",))
    assert converted.dropped == ("m01_s01_e02: marker RASI is missing in every frame.",)
    parts = {t.name: t.pose.shape[0] for t in converted.takes if t.subject == "s01"}
    assert parts == {"m01_s01": 20, "m01_s01_e03": 20, "m05_s01": 60}


def test_nothing_left(tmp_path, moving, write):
    markers = moving(10)
    markers[:, 0] = 0
    write(tmp_path / "m01_s01_e01_positions.txt", markers)
    with pytest.raises(InputError, match="can be used: m01_s01_e01: marker LFHD is missing in every frame"):
        takes(tmp_path)


def test_gap_does_not_show(uiprmd, moving, write):
    whole = takes(uiprmd)["m01_s01"].pose
    markers = moving(40, size=0.96)
    markers[:35, 14] = 0  # LWRB appears late
    write(uiprmd / POSITIONS / "m01_s01_e01_positions.txt", markers)
    assert (takes(uiprmd)["m01_s01"].pose - whole).norm(dim=-1).max() < 1e-4


def spoil(path: Path, line: int, column: int, text: str) -> None:
    rows = [row.split(",") for row in path.read_text().splitlines()]
    rows[line][column] = text
    path.write_text("\n".join(",".join(row) for row in rows))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (
            lambda p: p.write_text(""),
            "is empty: it should hold 117 numbers a line; extract it from the archive again",
        ),
        (lambda p: p.write_text("\n \n"), "is empty: it should hold 117 numbers a line"),
        (
            lambda p: p.write_text(p.read_text()[:9000]),
            r"line \d+ is cut off after \d+ of 117 numbers: extract it",
        ),
        (
            lambda p: np.savetxt(p, np.ones((9, 116)), delimiter=","),
            r"line 1 has 116 columns instead of 117 \(39 Vicon markers x, y, z in millimetres\)",
        ),
        (lambda p: np.savetxt(p, np.ones((1, 116)), delimiter=","), "line 1 has 116 columns instead of 117"),
        (
            lambda p: spoil(p, 3, 7, "nan"),
            "line 4: LBHD y is 'nan' instead of a number of millimetres within 100 m",
        ),
        (lambda p: spoil(p, 0, 116, "-inf"), "line 1: RTOE z is '-inf' instead of a number of"),
        (lambda p: spoil(p, 2, 0, "1;2"), "line 3: LFHD x is '1;2' instead of a number of"),
        (lambda p: p.write_bytes(bytes(range(256))), "has 2 columns instead of 117|is cut off|has 1 columns"),
        (
            lambda p: spoil(p, 1, 1, "1e300"),
            "line 2: LFHD y is '1e300' instead of a number of millimetres within 100 m",
        ),
        (lambda p: p.write_text(p.read_text().replace(",", " ")), "line 1 has no commas: its 117 numbers must be sep"),
        (lambda p: p.write_text(p.read_text().replace(",", "\t")), "line 1 has no commas"),
        (lambda p: np.savetxt(p, np.ones((9, 117)), delimiter=","), "different markers in one place"),
    ],
)
def test_bad_file(uiprmd, damage, says):
    path = uiprmd / POSITIONS / "m05_s01_e02_positions.txt"
    damage(path)
    with pytest.raises(InputError, match=says) as caught:
        read(uiprmd, ("correct",))
    message = str(caught.value)
    assert "m05_s01" in message
    assert str(path.parent) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere", "does not exist: give the folder that holds UI-PRMD's extracted"),
        ("set.tar.xz", "is a file: give the folder"),
        (
            "empty",
            r"holds no correct Vicon movements \(mAA_sBB_eCC_positions.txt, at any depth\): extract them",
        ),
    ],
)
def test_bad_folder(tmp_path, place, says):
    (tmp_path / "set.tar.xz").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=says):
        read(tmp_path / place, ("correct",))


def test_real_files(shared, tmp_path):
    archive = shared / "data" / "ui-prmd-vicon-correct.tar.xz"
    if not archive.is_file():
        pytest.skip("needs the UI-PRMD archive in `shared/data`")
    with tarfile.open(archive, "r|xz") as stream:
        for count, member in enumerate(stream):
            if count > 14:
                break
            if member.isfile():
                (tmp_path / Path(member.name).name).write_bytes(stream.extractfile(member).read())
    found = read(tmp_path, ("correct",))
    assert len(found.takes) >= 10
    for take in found.takes:
        lengths = bone_lengths(take.pose[:1].numpy(), H36M_17)[0]
        bones = dict(zip([H36M_17.joints[c] for _, c in H36M_17.bones], lengths, strict=True))
        assert all(0.32 < bones[f"{side} knee"] < 0.50 for side in ("left", "right"))
        assert all(0.35 < bones[f"{side} ankle"] < 0.52 for side in ("left", "right"))
        feet = take.pose[:, [3, 6], 2].amin(1)
        assert -0.03 < feet.min() < 0.15
        forward = (take.pose[:, 9] - take.pose[:, 8]).mean(0)  # from the thorax to the nose
        across = (take.pose[:, 11] - take.pose[:, 14]).mean(0)  # from the right to the left shoulder
        assert forward[0] * across[1] - forward[1] * across[0] > 0  # left is left of forward, seen from above
