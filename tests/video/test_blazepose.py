import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.keypoints.layouts import layouts
from actionprompt.skeleton import H36M_17
from actionprompt.video.blazepose import BlazePose, Followed, distinct, inside, largest, tiles
from actionprompt.video.decode import Video, open_video
from actionprompt.video.detect import Person, detect
from actionprompt.video.people import tracks
from actionprompt.video.regions import Region
from films import film

JOINTS = list(H36M_17.joints)


@dataclass(frozen=True)
class Part(Video):
    """Some frames of a video."""

    first: int = 0
    count: int = 1

    def frames(self, broken: object = None) -> Iterator[tuple[float, np.ndarray]]:
        return islice(super().frames(), self.first, self.first + self.count)


@pytest.fixture(scope="module")
def blazepose(weights: Path) -> BlazePose:
    return BlazePose(weights=weights, threads=1)


def test_the_frame_is_covered_by_its_tiles():
    for width, height in ((1768, 994), (480, 640), (100, 100), (1, 1), (3000, 100)):
        found = tiles(width, height)
        assert found[0].size == max(width, height)
        for region in found:
            assert region.x - region.size / 2 >= min(0, (width - region.size) / 2) - 1e-6
        for share in (1.0, 0.6):
            squares = [r for r in found if r.size == share * min(width, height)]
            for x, y in np.random.default_rng(0).uniform(0, 1, (50, 2)) * [width, height]:
                assert any(max(abs(r.x - x), abs(r.y - y)) <= r.size / 2 + 1e-6 for r in squares)
    assert len(tiles(1768, 994)) == 12


def followed(x: float, size: float, sure: float) -> Followed:
    points = np.array([[x - size / 4, 0], [x + size / 4, size]])
    return Followed(Person(points, np.ones(2)), Region(x, size / 2, size), sure)


def test_who_is_seen_twice_counts_once():
    a, again, b = followed(100.0, 200.0, 0.8), followed(120.0, 180.0, 0.9), followed(180.0, 200.0, 0.7)
    assert distinct([a, again, b]) == [again, b]
    assert distinct([]) == []
    assert inside(again.person, a.person) == 0.5
    assert inside(again.person, followed(400.0, 200.0, 0.7).person) == 0


def test_the_most_prominent_are_kept():
    near, far, unsure = followed(100.0, 300.0, 0.7), followed(600.0, 100.0, 0.9), followed(900.0, 300.0, 0.6)
    assert largest([far, near, unsure], 1) == [near]
    assert largest([far, near, unsure], 2) == [near, unsure]
    assert largest([far, near], 2) == [far, near]


def test_as_mediapipe(blazepose: BlazePose, demo: Path):
    """Its own Python API on the same pictures.

    Half a pixel of the networks' pictures apart, which are coarse (2.4 and 4.4 pixels): on the CPU MediaPipe takes
    the value of a pixel's centre for its corner's.
    """
    golden = json.loads((Path(__file__).parent / "golden/mediapipe_pose.json").read_text())
    squares = {square["frame"]: square for square in golden["squares"]}
    for number, (_, image) in enumerate(islice(open_video(demo).frames(), 101)):
        if number in squares:
            column = squares[number]["column"]
            people = blazepose(np.ascontiguousarray(image[:, column : column + 994]), float(number))
            expected = np.array(squares[number]["landmarks"])
            apart = min((np.linalg.norm(p.points - expected[:, :2], axis=-1) for p in people), key=np.mean)
            nearest = min(people, key=lambda p: np.linalg.norm(p.points - expected[:, :2]))
            assert apart.mean() < 5  # of people who are 370 pixels high
            assert np.abs(nearest.confidence - expected[:, 2]).mean() < 0.05


def test_two_real_people(blazepose: BlazePose, demo: Path):
    """Frames 60 to 67: the man on the roof lifts his arms, facing us; the woman walks to the left below him."""
    video = open_video(demo)
    part = Part(**vars(video), first=60, count=8)
    seen = detect(part, blazepose, hidden=True)
    assert seen.share == 1
    assert seen.detections.frame.size >= 15
    found = tracks(seen, "demo.mp4", 50.0)
    assert len(found.tracks) == 2
    width, height = video.size
    pixels = [(t.keypoints.numpy()[0] + [1, height / width]) * width / 2 for t in found.tracks]
    man, woman = sorted(pixels, key=lambda joints: joints[0, 0])
    where = {
        "man": {"head top": (635, 95), "left ankle": (703, 425), "right ankle": (553, 425), "pelvis": (630, 280)},
        "woman": {
            "head top": (1405, 545),
            "pelvis": (1415, 735),
            "left ankle": (1500, 915),
            "right ankle": (1320, 905),
        },
    }  # read off the picture
    for joints, places in ((man, where["man"]), (woman, where["woman"])):
        for name, place in places.items():
            assert np.linalg.norm(joints[JOINTS.index(name)] - place) < 40, name
    sides = [man[JOINTS.index(f"left {j}"), 0] - man[JOINTS.index(f"right {j}"), 0] for j in
             ("shoulder", "hip", "knee", "ankle", "wrist")]  # fmt: skip
    assert min(sides) > 15  # who faces us has the left side on our right
    assert (man[[JOINTS.index("left wrist"), JOINTS.index("right wrist")], 1] < man[JOINTS.index("nose"), 1]).all()


def test_a_new_video_begins_anew(blazepose: BlazePose, demo: Path):
    (_, image), *_ = Part(**vars(open_video(demo)), first=60).frames()
    image = np.ascontiguousarray(image[:, 1000:])  # the woman
    first = blazepose(image, 0.0)
    blazepose(np.zeros_like(image), 0.1)
    again = blazepose(image, 0.0)  # time goes back
    assert len(first) == len(again) == 1
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.points, b.points)


def test_nobody_in_a_pattern(weights: Path, tmp_path: Path):
    video = open_video(film(tmp_path / "v.mp4", frames=3, size=(320, 240)))
    with pytest.raises(InputError, match=r"No person was found in .* \(3 frames, BlazePose full\)"):
        detect(video, BlazePose(weights=weights, threads=1), hidden=True)


def test_layout():
    assert BlazePose.layout in layouts()


def test_the_wheel_carries_a_licence(weights: Path):
    with zipfile.ZipFile(weights) as archive:
        licence = next(name for name in archive.namelist() if name.endswith("/LICENSE"))
        assert b"Apache License" in archive.read(licence)
