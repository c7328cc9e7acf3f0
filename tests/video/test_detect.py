import sys
from pathlib import Path
from types import ModuleType
from urllib.error import URLError

import numpy as np
import pytest
import torch

from actionprompt.commands.lift_joints import DetectorArgs, load_detector
from actionprompt.errors import InputError
from actionprompt.keypoints.arrays import write_arrays
from actionprompt.keypoints.read import read_keypoints
from actionprompt.video.decode import open_video
from actionprompt.video.detect import Detector, Person, detect, due
from actionprompt.video.people import at_rate, tracks
from actionprompt.video.rtm import RTM
from films import film


class Grey:
    """Sees a person of 17 points, whose place is the frame's grey level, in all frames but some."""

    name, layout = "grey", "coco17"

    def __init__(self, absent: tuple[int, ...] = ()) -> None:
        self.absent, self.times = absent, list[float]()

    def __call__(self, image: np.ndarray, time: float) -> list[Person]:
        self.times.append(time)
        if len(self.times) - 1 in self.absent:
            return []
        level = image[24, 32].mean()
        return [Person(np.arange(34.0).reshape(17, 2) + np.array([level / 10, 5]), np.full(17, 0.8))]


def test_frames_become_detections(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    video = open_video(film(tmp_path / "v.mp4", frames=20, fps=25))
    detector: Detector = Grey(absent=(3, 4))
    seen = detect(video, detector)
    assert (seen.frames, seen.share) == (20, 0.9)
    assert seen.rate > 20
    assert set(range(20)) - set(seen.detections.frame) == {3, 4}
    assert (seen.detections.size, seen.detections.layout) == ((64, 48), "coco17")
    assert seen.detections.times is not None
    np.testing.assert_allclose(seen.detections.times, np.arange(20) / 25)
    out, err = capfd.readouterr()
    assert out == ""
    assert "looking for people (grey)" in err
    found = tracks(seen, str(video.path), 50.0)
    assert found.timing == "25 frames/s -> 50 frames/s, interpolated"
    (track,) = found.tracks
    assert (track.first, track.keypoints.shape) == (0, (39, 17, 2))
    assert (track.keypoints[1:, 0, 0] > track.keypoints[:-1, 0, 0] - 1e-3).all()  # the grey level rises


def test_what_was_seen_is_kept(tmp_path: Path):
    video = open_video(film(tmp_path / "v.mp4", frames=20, fps=25))
    seen = detect(video, Grey(absent=(3, 4)), hidden=True)
    file = tmp_path / "seen.npz"
    write_arrays(seen.detections, file)
    known = read_keypoints(file)
    assert known.times is not None
    again, first = at_rate(known, known.times, 50.0), tracks(seen, str(video.path), 50.0)
    assert (again.size, again.timing) == (first.size, first.timing)
    torch.testing.assert_close(again.tracks[0].keypoints, first.tracks[0].keypoints, rtol=0, atol=0)
    torch.testing.assert_close(again.tracks[0].confidence, first.tracks[0].confidence, rtol=0, atol=0)
    with np.load(file) as arrays:
        content = dict(arrays)
    for broken in ({"frame": content["frame"] + 5}, {"times": content["times"][::-1]}, {"keypoints": np.zeros(3)}):
        np.savez(file, **(content | broken))
        with pytest.raises(InputError, match=r"seen\.npz is not a file of detections"):
            read_keypoints(file)


def test_every_so_manieth_frame(tmp_path: Path):
    video = open_video(film(tmp_path / "v.mp4", frames=40, fps=25))
    seen, whole = (detect(video, Grey(), hidden=True, every=every) for every in (3, 1))
    assert seen.frames == 14
    assert seen.detections.times is not None
    np.testing.assert_allclose(seen.detections.times, np.arange(0, 40, 3) / 25)
    part, everything = (tracks(s, str(video.path), 50.0).tracks[0] for s in (seen, whole))
    # The grey level rises evenly: what is interpolated is what would have been seen.
    torch.testing.assert_close(part.keypoints, everything.keypoints[: part.keypoints.shape[0]], rtol=0, atol=4e-3)
    assert (part.keypoints[-1] - part.keypoints[0]).abs().max() > 0.02
    for every, said in ((0, "look at every frame"), (6, "leaves 4.2 frames a second.* at most 5")):
        with pytest.raises(InputError, match=said):
            detect(video, Grey(), every=every)


def test_nobody(tmp_path: Path):
    video = open_video(film(tmp_path / "v.mp4", frames=4))
    with pytest.raises(InputError, match=r"No person was found in .*v\.mp4 \(4 frames, grey\)\."):
        detect(video, Grey(absent=(0, 1, 2, 3)), hidden=True)


def test_part_of_a_damaged_video_only_if_asked_for(tmp_path: Path):
    path = film(tmp_path / "v.mkv", frames=90, keys=10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    video = open_video(path)
    with pytest.raises(InputError, match="breaks off at"):
        detect(video, Grey(), hidden=True)
    seen = detect(video, Grey(), hidden=True, partial=True)
    assert 10 < seen.frames < 80
    assert "v.mkv breaks off at" in seen.broken


@pytest.mark.parametrize("fps", [24.0, 50.0, 60.0, 100.0, 119.88, 240.0])
def test_slow_motion_is_thinned_out(fps: float):
    times: list[float] = []
    for i in range(480):
        if due(times, 5 + i / fps, 60.0):
            times.append(5 + i / fps)
    assert len(times) == pytest.approx(min(480, 480 * 60 / fps), abs=1.5)
    assert np.diff(times).max() < 1.6 / min(fps, 60)


def test_thinned_out_frames_keep_their_times(tmp_path: Path):
    video = open_video(film(tmp_path / "v.mp4", frames=40, fps=120))
    detector = Grey()
    seen = detect(video, detector, hidden=True, most=60.0)
    assert seen.detections.times is not None
    np.testing.assert_allclose(seen.detections.times, np.arange(20) / 60, atol=1e-4)
    assert detector.times == seen.detections.times.tolist()


def fake_rtmlib() -> ModuleType:
    """rtmlib's interface: an image in BGR goes in, points and scores come out."""

    class Body:
        points = 17

        def __init__(self, mode: str, to_openpose: bool, backend: str, device: str) -> None:
            assert (mode, to_openpose, backend) == ("balanced", False, "onnxruntime")
            self.device = device

        def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            assert image.flags.c_contiguous
            blue = image[-3, 3]  # the film's lower left corner
            assert blue[0] > 200 > blue[2]
            points = np.stack([np.full((self.points, 2), 7.0), np.full((self.points, 2), 9.0)])
            return points, np.stack([np.full(self.points, 1.2), np.full(self.points, 0.1)])

    made = ModuleType("rtmlib")
    made.Body, made.BodyWithFeet = Body, type("BodyWithFeet", (Body,), {"points": 26})  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(("points", "layout"), [(17, "coco17"), (26, "halpe26")])
def test_rtmlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, points: int, layout: str):
    monkeypatch.setitem(sys.modules, "rtmlib", fake_rtmlib())
    detector: Detector = RTM(points)  # type: ignore[arg-type]
    assert detector.layout == layout
    ((_, image),) = open_video(film(tmp_path / "v.mp4", frames=1)).frames()
    (person,) = detector(image, 0.0)  # the second one's scores are those of nobody
    assert person.points.shape == (points, 2)
    assert (person.points == 7).all()
    assert (person.confidence == 1).all()


def test_rtmlib_computes_where_the_model_does(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "rtmlib", fake_rtmlib())
    for device, wanted in (("cpu", "cpu"), ("cuda:1", "cuda")):
        made = load_detector(DetectorArgs(name="rtmlib"), device=device)
        assert isinstance(made, RTM)
        assert made._model.device == wanted


def test_rtmlib_as_installed():
    """The arguments that the adapter passes exist."""
    rtmlib = pytest.importorskip("rtmlib")
    import inspect

    for model in (rtmlib.Body, rtmlib.BodyWithFeet):
        assert {"mode", "to_openpose", "backend", "device"} <= set(inspect.signature(model.__init__).parameters)
        assert list(inspect.signature(model.__call__).parameters) == ["self", "image"]


def test_rtmlib_without_network(monkeypatch: pytest.MonkeyPatch):
    def offline(**_: object) -> None:
        raise URLError("Name or service not known")

    made = fake_rtmlib()
    made.BodyWithFeet = offline  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rtmlib", made)
    with pytest.raises(InputError, match=r"rtmlib cannot fetch its balanced models.*Name or service not known"):
        RTM()


def test_without_rtmlib(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    with pytest.raises(InputError, match="Detecting people with rtmlib needs it: pip install 'rtmlib'"):
        RTM()
