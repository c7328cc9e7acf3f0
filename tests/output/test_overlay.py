import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.output.drawing import LEFT, RIGHT, Figure, draw, turned
from actionprompt.output.overlay import even, write_overlay
from actionprompt.skeleton import H36M_17
from actionprompt.video.decode import open_video
from films import film

JOINTS = H36M_17.joints


def figure(frames: int = 20, first: int = 0, *, posed: bool = True, labels: bool = True) -> Figure:
    """Somebody who stands and moves to the right, facing us: left joints on our right."""
    heights = {
        "pelvis": 0, "hip": 0, "knee": 45, "ankle": 90, "spine": -25, "thorax": -50, "nose": -60, "top": -75,
        "shoulder": -50, "elbow": -25, "wrist": 0,
    }  # fmt: skip
    body = np.zeros((17, 3))
    for j, name in enumerate(JOINTS):
        side = 0.2 if name.startswith("left") else -0.2 if name.startswith("right") else 0.0
        body[j] = side, heights[name.split()[-1]] / 100, 0
    flat = body[None, :, :2] * 0.5 + np.linspace(-0.3, 0.3, frames)[:, None, None] * [1, 0]
    pose = np.repeat(body[None], frames, 0) if posed else None
    return Figure("Ann", H36M_17, 50.0, first, flat, pose, ("walking 93 %",) * frames if labels else ())


def test_between_frames():
    moving = figure(frames=11, first=5)
    assert moving.at(0.05) is None
    assert moving.at((5 + 11.01) / 50) is None
    joints, pose, label = moving.at((5 + 2.25) / 50) or (None, None, "")
    np.testing.assert_allclose(joints, 0.75 * moving.keypoints[2] + 0.25 * moving.keypoints[3])
    assert pose is not None
    assert label == "walking 93 %"
    before = moving.at((5 - 0.5) / 50)  # a video's frame between two of the model's
    assert before is not None
    np.testing.assert_array_equal(before[0], moving.keypoints[0])


def drawn(image: np.ndarray, figures: list[Figure], time: float) -> np.ndarray:
    """A copy of the image with the figures in it."""
    picture = image.copy()
    draw(picture, figures, time)
    return picture


def near(image: np.ndarray, x: float, y: float, colour: tuple[int, int, int]) -> bool:
    """Whether the colour is at a place."""
    patch = image[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].reshape(-1, 3).astype(int)
    return bool((np.abs(patch - colour).max(1) < 40).any())


def test_the_sides_have_their_colours_where_the_joints_are():
    person = figure(posed=False)
    image = drawn(np.full((400, 600, 3), 90, np.uint8), [person], 0.1)
    found = person.at(0.1)
    assert found is not None
    for side, colour in (("left", LEFT), ("right", RIGHT)):
        for joint in ("knee", "elbow", "wrist"):
            x, y = (found[0][JOINTS.index(f"{side} {joint}")] + [1, 400 / 600]) * 300
            assert near(image, x, y, colour)
    assert (image[-40:, :40] == 90).all()
    assert (drawn(image, [person], 99.0) == image).all()  # nobody is there any more


def test_people_beyond_the_picture_and_tiny_pictures():
    away = figure()
    moved = Figure(away.name, H36M_17, 50.0, 0, away.keypoints + 9, away.pose, away.labels)
    for size in ((2, 2), (40, 30), (200, 300)):
        image = drawn(np.zeros((*size, 3), np.uint8), [moved, away], 0.1)
        assert image.shape == (*size, 3)


def test_only_people_s_places_change():
    """A frame with odd sides, drawn into in place, equals itself away from the figure, its sign and the corner."""
    image = np.random.default_rng(0).integers(0, 255, (301, 401, 3), dtype=np.uint8)
    person = figure(posed=False)
    found = person.at(0.1)
    assert found is not None
    picture = drawn(image, [person], 0.1)
    x, y = ((found[0] + [1, 301 / 401]) * 401 / 2).T
    away = np.ones((301, 401), dtype=bool)
    away[max(0, int(y.min()) - 60) : int(y.max()) + 20, max(0, int(x.min()) - 60) : int(x.max()) + 60] = False
    assert away.mean() > 0.3
    assert (picture[away] == image[away]).all()
    assert (picture != image).any()


def test_the_corner_shows_the_pose_from_the_side():
    image = drawn(np.full((400, 600, 3), 90, np.uint8), [figure()], 0.1)
    corner = image[:136, -136:].astype(int)
    for colour in (LEFT, RIGHT):
        assert (np.abs(corner - colour).max(-1) < 40).sum() > 20
    np.testing.assert_allclose(np.linalg.norm(turned(np.eye(3)), axis=-1), 1)  # a rotation
    assert turned(np.array([[0.0, 1.0, 0.0]]))[0, 1] > 0.9  # down stays down
    assert turned(np.array([[0.0, 0.0, 1.0]]))[0, 0] < -0.5  # what is far goes to the left
    assert np.linalg.det(turned(np.eye(3))) == pytest.approx(1)


@pytest.mark.parametrize("size", [(64, 48), (320, 240)])
def test_written_at_the_video_s_own_times(tmp_path: Path, size: tuple[int, int]):
    times = np.cumsum([0, 0.02, 0.1, 0.033, 0.3, 0.02, 0.04])
    video = open_video(film(tmp_path / "v.mp4", frames=7, times=times, size=size))
    write_overlay(video, [figure()], tmp_path / "new/out.mp4", hidden=True)
    out = open_video(tmp_path / "new/out.mp4")
    frames = list(out.frames())
    np.testing.assert_allclose([time for time, _ in frames], times, atol=1e-4)
    for (time, image), (_, before) in zip(frames, video.frames(), strict=True):
        wanted = drawn(before, [figure()], time)
        assert np.abs(image.astype(int) - wanted).mean() < 12
        assert abs(image[..., 1].mean() - wanted[..., 1].mean()) < 4  # colours survive
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.mp4"]


def test_odd_sizes_become_even_and_large_ones_smaller(tmp_path: Path):
    image = np.arange(5 * 3 * 3, dtype=np.uint8).reshape(5, 3, 3)
    assert even(image).shape == (6, 4, 3)
    assert (even(image)[:5, :3] == image).all()
    video = open_video(film(tmp_path / "v.mp4", frames=2, size=(320, 240)))
    write_overlay(video, [figure()], tmp_path / "small.mp4", longest=101, hidden=True)
    assert open_video(tmp_path / "small.mp4").size == (100, 76)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are Unix's")
def test_a_disk_that_fills(tmp_path: Path):
    video = open_video(film(tmp_path / "v.mp4", frames=30, size=(320, 240)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        with pytest.raises(InputError, match=r"\(after \d\.\d s of the video\); the part .* in out\.mp4\.partial\.$"):
            write_overlay(video, [figure(100)], tmp_path / "out.mp4", hidden=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4.partial", "v.mp4"]


def test_what_cannot_be_written(tmp_path: Path):
    video = open_video(film(tmp_path / "v.mp4"))
    with pytest.raises(InputError, match=r"must end in \.mp4"):
        write_overlay(video, [figure()], tmp_path / "out.avi", hidden=True)
    with pytest.raises(InputError, match="is the video itself"):
        write_overlay(video, [figure()], video.path, hidden=True)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Cannot write .*out.mp4"):
        write_overlay(video, [figure()], tmp_path / "file/out.mp4", hidden=True)


def test_a_damaged_video_gives_no_overlay(tmp_path: Path):
    path = film(tmp_path / "v.mkv", frames=90, keys=10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="breaks off at"):
        write_overlay(open_video(path), [figure()], tmp_path / "out.mp4", hidden=True)
    assert not (tmp_path / "out.mp4").exists()
    said: list[str] = []
    write_overlay(open_video(path), [figure()], tmp_path / "out.mp4", hidden=True, broken=said.append)
    assert len(said) == 1
    assert 10 < len(list(open_video(tmp_path / "out.mp4").frames())) < 80
