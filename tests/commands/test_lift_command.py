import json
from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from actionprompt.camera import denormalise_screen
from actionprompt.data.clip import Clip
from actionprompt.data.config import SyntheticCfg, VirtualCamerasCfg
from actionprompt.data.load import load as load_data
from actionprompt.formats.bvh import read_bvh
from actionprompt.inference.body import variation
from actionprompt.inference.lifting import lift
from actionprompt.model.files import load
from actionprompt.output.npz import read_lifted
from actionprompt.skeleton import H36M_17
from small import model_file


@pytest.fixture(scope="module")
def clip() -> Clip:
    return load_data(SyntheticCfg(subjects=3, frames=60, virtual_cameras=VirtualCamerasCfg(cameras=1))).clips[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_file(tmp_path_factory.mktemp("model"))


@pytest.fixture
def keypoints(clip: Clip, tmp_path: Path) -> Path:
    path = tmp_path / "motion.npz"
    pixels = denormalise_screen(clip.keypoints, 1000, 800).numpy()
    np.savez(path, keypoints=pixels, layout="h36m17", size=np.array([1000, 800]))
    return path


ALONE = ("--camera.no-follow", "--no-one-body")
"""As the network answers."""


def call(*args: object) -> int:
    try:
        return cli.main([str(a) for a in args])
    except SystemExit as left:
        assert isinstance(left.code, int)
        return left.code


def test_keypoints_to_every_format(clip: Clip, model: Path, keypoints: Path, tmp_path: Path, capsys) -> None:
    names = ["a.html", "a.npz", "a.csv", "a.json", "a.segments.csv", "a.segments.json", "a.bvh", "a.glb", "a.trc"]
    outs = [tmp_path / "deep" / name for name in names]
    assert call("lift", keypoints, "--model", model, "--no-flip", *ALONE, "-o", *outs) == 0
    assert all(out.stat().st_size > 60 for out in outs)
    told = " ".join(capsys.readouterr().err.split())
    assert "Person 0: 60 frames, 1.2 s." in told
    found = read_lifted(outs[1])
    expected = lift(load(model), clip.keypoints)
    np.testing.assert_allclose(found.pose, expected.pose, atol=2e-5)
    np.testing.assert_allclose(found.probability, expected.probability, atol=1e-3)
    assert found.size == (1000, 800)
    assert any("motion.npz" in note for note in found.notes)


def test_the_default_outputs(model: Path, keypoints: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("lift", keypoints, "--model", model) == 0
    assert sorted(p.name for p in tmp_path.glob("motion-3d*")) == ["motion-3d.html", "motion-3d.npz"]
    assert variation(read_lifted(tmp_path / "motion-3d.npz").pose) < 1e-5
    assert call("lift", keypoints, "--model", model, *ALONE) == 0
    expected = lift(load(model), lift_input(tmp_path / "motion.npz"), flip=H36M_17)
    np.testing.assert_allclose(read_lifted(tmp_path / "motion-3d.npz").pose, expected.pose, atol=2e-5)


def test_heights_scale_people(model: Path, keypoints: Path, tmp_path: Path, capsys) -> None:
    outs = tmp_path / "as_believed.npz", tmp_path / "scaled.npz"
    assert call("lift", keypoints, "--model", model, "-o", outs[0]) == 0
    assert call("lift", keypoints, "--model", model, "--height", "1.78", "-o", outs[1]) == 0
    believed, scaled = (read_lifted(out) for out in outs)
    ratio = scaled.pose[:, 1:] / believed.pose[:, 1:]
    np.testing.assert_allclose(ratio, ratio.flat[0], rtol=1e-3)
    np.testing.assert_allclose(scaled.root / believed.root, ratio.flat[0], rtol=1e-3)
    assert any("to the given height of 1.78 m" in note for note in scaled.notes)
    assert call("lift", keypoints, "--model", model, "--height", "178", "-o", outs[1]) == 2
    assert "metres, not 178; 178 seem to be centimetres: 1.78" in " ".join(capsys.readouterr().err.split())
    assert call("lift", keypoints, "--model", model, "--height", "1.7", "1.8", "-o", outs[1]) == 2
    assert "2 heights are given, and 1 people are lifted" in " ".join(capsys.readouterr().err.split())


def test_all_files_hold_one_motion(model: Path, keypoints: Path, tmp_path: Path) -> None:
    outs = [tmp_path / f"a.{suffix}" for suffix in ("npz", "bvh", "trc")]
    assert (
        call(
            "lift",
            keypoints,
            "--model",
            model,
            "--axes",
            "y-up",
            "--smooth",
            "savitzky-golay",
            "--no-feet",
            "-o",
            *outs,
        )
        == 0
    )
    with np.load(outs[0]) as found:
        points = found["pose"] + found["root_approximate"][:, None]
    bones = read_bvh(outs[1])
    hips = [bones.names.index(name) for name in ("Hips", "LeftUpLeg", "LeftLeg", "LeftFoot", "RightHand")]
    mine = [H36M_17.joints.index(name) for name in ("pelvis", "left hip", "left knee", "left ankle", "right wrist")]
    np.testing.assert_allclose(bones.points[:, hips], points[:, mine], atol=1e-3)
    rows = [line.split("\t") for line in outs[2].read_text().splitlines()[6:]]
    markers = np.array([[float(cell) for cell in row[2:53]] for row in rows]).reshape(-1, 17, 3) / 1000
    np.testing.assert_allclose(markers, points, atol=1e-3)


def lift_input(path: Path):
    from actionprompt.keypoints.read import read_keypoints

    return read_keypoints(path).tracks[0].keypoints


def test_another_frame_rate_is_interpolated(model: Path, keypoints: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "slow.npz"
    assert call("lift", keypoints, "--model", model, "--keypoints.fps", "25", "-o", out) == 0
    assert "25 frames/s -> 50 frames/s, interpolated" in " ".join(capsys.readouterr().err.split())
    assert read_lifted(out).num_frames == 119


def test_a_tilt_is_told(model: Path, keypoints: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.npz"
    assert call("lift", keypoints, "--model", model, "--no-flip", "--camera.pitch", "auto", "-o", out) == 0
    assert any(note.startswith("the camera is taken to") for note in read_lifted(out).notes)


def test_characters(model: Path, keypoints: Path, tmp_path: Path, capsys) -> None:
    outs = [tmp_path / "a.bvh", tmp_path / "a.vrm", tmp_path / "a.vrma"]
    flags = ("--rig", "mixamo", "--character.t-pose", "--character.in-place", "--character.fps", 25)
    assert call("lift", keypoints, "--model", model, "--no-flip", *flags, "-o", *outs) == 0
    file = read_bvh(outs[0])
    assert file.fps == pytest.approx(25)
    assert len(file.points) == 31  # 60 frames at 50 a second, and the T-pose
    assert {"Spine2", "LeftUpLeg", "RightToeBase"} < set(file.names)
    assert np.ptp(file.points[:, 0, [0, 2]], axis=0).max() < 1e-5
    assert all(out.read_bytes()[:4] == b"glTF" for out in outs[1:])
    assert "Person 0's feet: one stands in" in capsys.readouterr().err


def test_a_single_frame_is_lifted_with_a_warning(model: Path, keypoints: Path, tmp_path: Path, capsys) -> None:
    one = tmp_path / "one.npz"
    with np.load(keypoints) as file:
        np.savez(one, keypoints=file["keypoints"][:1], layout="h36m17", size=file["size"])
    assert call("lift", one, "--model", model, "-o", tmp_path / "o.npz") == 0
    assert "less than the model's window of 9 frames" in " ".join(capsys.readouterr().err.split())
    assert read_lifted(tmp_path / "o.npz").num_frames == 1


def test_a_pipe(clip: Clip, model: Path, monkeypatch, capsys) -> None:
    lines = [json.dumps(frame.tolist()) for frame in clip.keypoints[:5]]
    monkeypatch.setattr("sys.stdin", iter(lines))
    assert call("lift", "-", "--model", model, "--keypoints.units", "screen", "--keypoints.layout", "h36m17") == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [a["frame"] for a in answers] == list(range(5))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("lift nowhere.npz --model MODEL", "There is no keypoint file nowhere.npz"),
        ("lift nowhere.mp4 --model MODEL", "There is no video file nowhere.mp4"),
        ("lift motion.npz --model MODEL -o a.xyz", "Nothing writes a.xyz"),
        ("lift motion.npz --model MODEL -o a.mp4", "the source is none"),
        ("lift motion.npz --model nosuch", "There is no model 'nosuch'"),
        ("lift motion.npz --model no/such", "There is no model file no/such"),
        ("lift motion.npz --model MODEL --people -1", "--people is -1"),
        ("lift motion.npz --model MODEL --keypoints.fps 0", "it must be a number from 1 to 10,000"),
        ("lift motion.npz --model MODEL --keypoints.fps nan", "it must be a number from 1 to 10,000"),
        ("lift motion.npz --model MODEL --camera.view 190", "field of view lies between 0 and 180"),
        ("lift motion.npz --model MODEL --camera.pitch 99", "pitch lies in"),
        ("lift motion.npz --model MODEL --keypoints.layout coco", "coco17"),
        ("lift motion.npz --model MODEL --keypoints.units relative", "they seem to be pixels"),
        ("lift motion.npz --model MODEL --keypoints.size 10 10", "1000 x 800"),
        ("lift motion.npz --model MODEL -o motion.npz", "is already an input"),
        ("lift motion.npz --model MODEL -o a.npz a.npz", "another output"),
        ("lift motion.npz --model MODEL -o motion.npz/a.npz", "cannot be written"),
        ("lift motion.npz --model MODEL --detector.partial", "--detector.* have no effect"),
        ("lift motion.npz --model MODEL --detector.save a.npz", "--detector.* have no effect"),
        ("lift motion.npz --model MODEL --page-video embed", "--page-video has no effect"),
        ("lift motion.mp4 --model MODEL --keypoints.fps 25", "--keypoints.* describe a keypoint file"),
        ("lift motion.mp4 --model MODEL --detector.save a.csv", "give a .npz file of its own"),
        ("lift motion.npz --model MODEL -o .", "is a folder"),
        ("lift motion.npz --model MODEL --lag 2", "--lag is for pipes"),
        ("lift motion.npz --model MODEL --camera.focal -5", "--camera.focal is -5.0"),
        ("lift motion.npz --model MODEL --keypoints.layout coco17", "says that its layout is h36m17, not coco17"),
        ("lift - --model MODEL", "--keypoints.size"),
        ("lift - --model MODEL --keypoints.size 9 9 -o a.npz", "--out has no effect on a pipe"),
        ("lift - --model MODEL --keypoints.size 9 9 --keypoints.fps 0", "--keypoints.fps is 0.0"),
        ("lift - --model MODEL --keypoints.size 9 9 --keypoints.file a", "--keypoints.file has no effect on a pipe"),
        ("lift - --model MODEL --keypoints.size 9 9 --no-flip", "--flip has no effect on a pipe"),
        ("lift motion.npz --model MODEL --rig mixamo -o a.npz", "write a file in .bvh, .glb"),
        ("lift motion.npz --model MODEL --character.fps 0 -o a.bvh", "frame rate is a number above 0"),
        ("lift - --model MODEL --keypoints.size 9 9 --rig vrm", "--rig has no effect on a pipe"),
        ("lift motion.npz --model MODEL --osc 39539", "--osc is for pipes (-) and webcams"),
        ("lift - --model MODEL --keypoints.size 9 9 --osc 99999", "give HOST:PORT"),
        ("lift motion.npz --model MODEL --show", "--show is for pipes (-) and webcams"),
        ("lift motion.npz --model MODEL --camera.focal 900 --camera.view 50", "give one of them"),
        ("view motion.npz -o motion.npz --no-open", "its name ends in .html"),
        ("view nowhere.npz", "There is no file nowhere.npz"),
        ("view nowhere.html", "There is no page nowhere.html"),
        ("view motion.npz", "has no array"),
    ],
)
def test_bad_input(args: str, message: str, model: Path, keypoints: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(keypoints.parent)
    before = sorted(keypoints.parent.iterdir())
    assert call(*args.replace("MODEL", str(model)).split()) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert message in told
    assert "Traceback" not in told
    assert sorted(keypoints.parent.iterdir()) == before


def test_viewing(model: Path, keypoints: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "m.npz"
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    assert call("lift", keypoints, "--model", model, "-o", out) == 0
    assert call("view", out, "--beside", out, "--truth", out) == 0
    assert opened == [(tmp_path / "m.html").resolve().as_uri()]
    assert "Person 0 of m" in (tmp_path / "m.html").read_text()
    assert call("lift", out, "--model", model, "-o", tmp_path / "again.npz") == 2
    assert call("view", tmp_path / "m.html") == 0
    assert len(opened) == 2
    short = tmp_path / "short.npz"
    np.savez(short, pose=np.zeros((3, 17, 3)))
    assert call("view", out, "--truth", short, "--no-open") == 2


def test_people_are_not_written_over_an_input(model: Path, keypoints: Path, capsys) -> None:
    source = keypoints.rename(keypoints.with_name("run-person0.npz"))
    before = source.read_bytes()
    assert call("lift", source, "--model", model, "-o", source.with_name("run.npz")) == 2
    assert "Several people of" in capsys.readouterr().err
    assert source.read_bytes() == before


def test_a_file_of_detections_is_not_viewed(tmp_path: Path, capsys) -> None:
    file = tmp_path / "seen.npz"
    np.savez(file, keypoints=np.zeros((1, 17, 2)), confidence=np.ones((1, 17)), frame=[0], times=[0.0])
    assert call("view", file, "--no-open") == 2
    assert "holds what a detector saw, in 2D: lift it first" in capsys.readouterr().err
