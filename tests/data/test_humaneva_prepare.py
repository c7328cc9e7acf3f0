from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from actionprompt import cli
from actionprompt.data.config import HumanEvaCfg
from actionprompt.data.load import load as load_data
from actionprompt.data.prepare.humaneva import SPLIT, chunks, prepare, read_export
from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import read_npz
from field_files import humaneva_pixels, person


def export(folder: Path, subject: str, action: str, invalid: slice = slice(0), **changed: np.ndarray | None) -> Path:
    """A sequence as MATLAB would save it; some frames are invalid."""
    world = person(SPLIT[action][subject][-1] + 3, 15, 1)
    pose = 1000 * world.astype(float)
    pose[invalid] = np.nan
    arrays = {"pose": pose, "screen": np.stack([humaneva_pixels(world, subject, c) for c in range(3)]).astype(float)}
    path = folder / subject / f"{subject}_{action}_1.mat"
    path.parent.mkdir(exist_ok=True)
    savemat(path, {name: array for name, array in (arrays | changed).items() if array is not None})
    return path


def test_from_matlab_to_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for action in ("Walking", "Jog"):
        export(tmp_path, "S1", action, slice(100, 110))
    assert cli.main(["data", "prepare", "humaneva", "--source", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "wrote" in said.out
    assert "Not there: S2_Walking_1.mat, S3_Walking_1.mat, S2_Jog_1.mat, S3_Jog_1.mat, S1_ThrowCatch_1.mat" in said.err
    corpus = load_data(HumanEvaCfg(tmp_path / "out"))
    frames = {clip.name: clip.num_frames for clip in corpus.clips}
    assert frames == {
        "Validate/S1 Walking 1 chunk0": 95,
        "Validate/S1 Walking 1 chunk2": 480,
        "Train/S1 Walking 1 chunk0": 613,
        "Validate/S1 Jog 1 chunk0": 95,
        "Validate/S1 Jog 1 chunk2": 257,
        "Train/S1 Jog 1 chunk0": 373,
    }
    world = read_npz(tmp_path / "out" / "data_3d_humaneva15.npz")["positions_3d"]
    assert world["Train/S1"]["Jog 1 chunk0"] == pytest.approx(person(743, 15, 1)[367:740], abs=1e-5)


def test_the_fields_numbers_of_frames():
    counts = {(a, s): (f[2] - f[1], f[1] - f[0]) for a, subjects in SPLIT.items() for s, f in subjects.items()}
    assert counts["Walking", "S1"] == (613, 585)
    assert counts["Jog", "S3"] == (441, 396)
    assert counts["Box", "S2"] == (352, 377)
    assert ("ThrowCatch", "S3") not in counts


def test_chunks_are_numbered_with_the_gaps():
    valid = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1], bool)
    assert list(chunks(valid, 0, 9)) == [(0, slice(0, 2)), (2, slice(3, 6)), (4, slice(8, 9))]
    assert list(chunks(valid, 2, 5)) == [(1, slice(3, 5))]
    assert list(chunks(valid, 6, 8)) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pose": None}, r"`pose` is float64 of shape \(0,\) instead of \(frames, 15, 3\) with at least 740 frames"),
        ({"pose": np.ones((800, 20, 3))}, r"`pose` is float64 of shape \(800, 20, 3\) instead of"),
        ({"pose": np.ones((700, 15, 3))}, "with at least 740 frames"),
        ({"pose": np.ones((743, 15, 3))}, "shows nobody whose joints are in millimetres"),
        ({"pose": np.full((743, 15, 3), np.nan)}, "shows nobody whose joints are in millimetres"),
        ({"screen": np.ones((2, 743, 15, 2))}, r"`screen` has shape \(2, 743, 15, 2\) instead of \(3, 743, ...\)"),
        ({"screen": np.full((3, 743, 15, 2), np.nan)}, "has NaN or infinite pixels in frames whose `pose` is valid"),
    ],
)
def test_other_exports_are_refused(tmp_path: Path, changed: dict[str, np.ndarray | None], message: str):
    path = export(tmp_path, "S1", "Jog", **changed)
    with pytest.raises(InputError, match=message):
        read_export(path, 740)


def test_invalid_frames_must_be_nan(tmp_path: Path):
    world = 1000 * person(743, 15, 1).astype(float)
    world[100:110] = 0
    path = export(tmp_path, "S1", "Jog", pose=world)
    with pytest.raises(InputError, match="row 101 of `pose` shows nobody: invalid frames must be NaN, not zeros"):
        read_export(path, 740)
    world[:50], world[100:110] = np.nan, 7
    path = export(tmp_path, "S1", "Jog", pose=world)
    with pytest.raises(InputError, match="row 101 of `pose` shows nobody"):
        prepare(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [np.inf, 1e300])
def test_infinite_numbers_are_not_invalid_frames(tmp_path: Path, number: float):
    world = 1000 * person(SPLIT["Jog"]["S1"][-1] + 3, 15, 1).astype(float)
    world[5, 2, 1] = number
    path = export(tmp_path, "S1", "Jog", pose=world)
    with pytest.raises(InputError, match="`pose` has infinite numbers: invalid frames must be NaN"):
        read_export(path, 740)


def test_what_is_no_export_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"holds no exported sequence such as S1_Walking_1\.mat"):
        prepare(tmp_path, tmp_path)
    path = export(tmp_path, "S1", "Jog")
    path.write_text("hello")
    with pytest.raises(InputError, match="is not a MATLAB file that can be read"):
        prepare(tmp_path, tmp_path)
    (tmp_path / path.name).write_text("twice")
    with pytest.raises(InputError, match="are the same sequence: keep one of them"):
        prepare(tmp_path, tmp_path)
