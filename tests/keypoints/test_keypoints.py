import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.camera import normalise_screen
from actionprompt.errors import InputError
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.read import KeypointFile, read_keypoints
from actionprompt.keypoints.tracks import distances
from actionprompt.video.people import at_rate
from keypoint_files import SIZE, csv_text, dump, flat, people, write

KINDS = ("coco", "results", "alphapose", "mmpose", "openpose", "npz", "npy", "field")
SIZED = ("coco", "npz", "field")
"""Formats that say the image's size."""


def expected(table: np.ndarray, layout: str = "coco17") -> torch.Tensor:
    """The 17 joints of one person (frames, points, 3) on the normalised screen."""
    joints = np.einsum("jp,npd->njd", layouts()[layout].weights(), table[..., :2])
    return normalise_screen(torch.from_numpy(joints).float(), *SIZE)


def read(path: Path, kind: str = "", **options) -> KeypointFile:
    """With what the format does not say."""
    said = {} if kind in SIZED else {"size": SIZE}
    if kind in ("npy", "openpose"):
        said["layout"] = "coco17"
    return read_keypoints(path, **{**said, **options})


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_the_same_joints(tmp_path: Path, kind: str):
    table = people()
    (track,) = (found := read(write(kind, tmp_path, table), kind)).tracks
    assert (found.layout, found.size, found.dropped) == ("coco17", SIZE, ())
    assert (track.first, track.interpolated) == (0, 0)
    assert (track.keypoints - expected(table[0])).abs().max() < 1e-5
    if kind not in ("coco", "field"):
        uses = layouts()["coco17"].weights() != 0
        least = [table[0, :, use, 2].min(0) for use in uses]
        np.testing.assert_allclose(track.confidence, np.stack(least, 1), atol=1e-6)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "field"])
def test_several_people_become_tracks(tmp_path: Path, kind: str):
    table = people(count=3)
    found = read(write(kind, tmp_path, table), kind)
    assert len(found.tracks) == len({track.person for track in found.tracks}) == 3
    places = sorted(float(track.keypoints[0, 0, 0]) for track in found.tracks)
    assert places == pytest.approx(sorted(float(expected(person)[0, 0, 0]) for person in table), abs=1e-5)
    for track in found.tracks:
        assert min((track.keypoints - expected(person)).abs().max() for person in table) < 1e-5


@pytest.mark.parametrize(("layout", "points"), [("halpe26", 26), ("mpii16", 16), ("blazepose33", 33), ("halpe26", 136)])
def test_other_layouts_are_told_by_their_number_of_points(tmp_path: Path, layout: str, points: int):
    table = people(points=points)
    found = read_keypoints(write("alphapose", tmp_path, table), size=SIZE)
    assert found.layout == layout
    count = len(layouts()[layout].points)
    assert (found.tracks[0].keypoints - expected(table[0, :, :count], layout)).abs().max() < 1e-5


def test_h36m_joints_pass_unchanged(tmp_path: Path):
    table = people()
    found = read(write("npy", tmp_path, table), layout="h36m17")
    screen = normalise_screen(torch.from_numpy(table[0, ..., :2]).float(), *SIZE)
    assert (found.tracks[0].keypoints - screen).abs().max() < 1e-5


def test_missing_points_are_interpolated_and_counted(tmp_path: Path):
    table = people(frames=9)
    holes = table.copy()
    holes[0, 3:5, 9] = 0  # left wrist, as detectors write what they do not find
    holes[0, 6, 13, 2] = 0  # left knee, found with confidence 0
    holes[0, 8, 15] = np.nan  # left ankle, at the end
    holes[0, :, 1] = 0  # left eye: no joint needs it
    (track,) = read(write("npy", tmp_path, holes), "npy").tracks
    assert track.interpolated == 4
    difference = (track.keypoints - expected(table[0])).abs().amax(-1)
    assert difference[:8].max() < 1e-5  # people walk straight on
    assert difference[8, 6] == pytest.approx(3 / 320, abs=1e-5)  # stays where it was
    lost = track.confidence == 0
    assert [(int(f), int(j)) for f, j in lost.nonzero()] == [(3, 13), (4, 13), (6, 5), (8, 6)]


def test_frames_without_a_person_are_filled(tmp_path: Path):
    table = people(frames=10)
    rows = json.loads(write("alphapose", tmp_path, table).read_text())
    (track,) = read(dump(tmp_path / "gaps.json", [row for i, row in enumerate(rows) if i not in (0, 4, 5)])).tracks
    assert (track.first, track.keypoints.shape[0]) == (0, 9)
    assert (track.keypoints - expected(table[0, 1:])).abs().max() < 1e-5
    assert track.interpolated == 2 * len(layouts()["coco17"].needed)


def test_an_ear_that_is_never_seen_is_the_other_one(tmp_path: Path):
    table = people()
    table[0, :, 3] = 0
    (track,) = read(write("npy", tmp_path, table), "npy").tracks
    table[0, :, 3] = table[0, :, 4]
    assert (track.keypoints - expected(table[0])).abs().max() < 1e-5
    assert (track.confidence[:, 10] == 0).all()


def test_people_without_a_joint_are_dropped_and_named(tmp_path: Path):
    table = people(count=2)
    table[1, :, 15] = 0
    found = read(write("alphapose", tmp_path, table))
    assert found.dropped == ("Person 2 (8 frames): the left ankle is never found.",)
    assert len(found.tracks) == 1
    with pytest.raises(InputError, match=r"shows nobody who can be lifted\. Person 0 .* the left ankle is never found"):
        read(write("npy", tmp_path, table[1:]), "npy")


def test_who_leaves_and_comes_back_after_long_is_somebody_else(tmp_path: Path):
    table = people(frames=60)
    rows = json.loads(write("results", tmp_path, table).read_text())
    found = read(dump(tmp_path / "gap.json", rows[:10] + rows[50:]))
    assert sorted((t.first, t.keypoints.shape[0]) for t in found.tracks) == [(0, 10), (50, 10)]


def test_relative_and_screen_coordinates(tmp_path: Path):
    table = people()
    relative = table.copy()
    relative[..., :2] /= SIZE
    (track,) = read(write("npy", tmp_path, relative), "npy", units="relative").tracks
    assert (track.keypoints - expected(table[0])).abs().max() < 1e-5
    screen = table.copy()
    screen[..., :2] = normalise_screen(torch.from_numpy(table[..., :2]), *SIZE)
    (track,) = read_keypoints(write("npy", tmp_path, screen), layout="coco17", units="screen").tracks
    assert (track.keypoints - expected(table[0])).abs().max() < 1e-5


def test_csv(tmp_path: Path):
    table = people(count=2)
    names = [point.replace(" ", "_") for point in layouts()["coco17"].points]
    head = ["Frame", "person", *(f"{n}_{c}" for n in names for c in ("x", "y", "confidence"))]
    with (tmp_path / "k.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for p in range(2):
            for f in range(8):
                cells = flat(table[p, f])
                cells[3 * 9 : 3 * 9 + 3] = ["", "", ""] if (p, f) == (1, 2) else cells[3 * 9 : 3 * 9 + 3]
                writer.writerow([f + 5, "ab"[p], *cells])
    found = read(tmp_path / "k.csv")
    assert {track.person: track.interpolated for track in found.tracks} == {"a": 0, "b": 1}
    assert {track.first for track in found.tracks} == {5}
    for track in found.tracks:
        assert (track.keypoints - expected(table["ab".index(track.person)])).abs().max() < 1e-5
    text = (tmp_path / "k.csv").read_text()
    (tmp_path / "k.csv").write_text(text.replace("left_hip", "hop"))
    with pytest.raises(InputError, match="has columns for .*hop.*: expected `left_hip_x`"):
        read(tmp_path / "k.csv")
    (tmp_path / "k.csv").write_text(text.replace(str(table[0, 3, 0, 0]), "far"))
    with pytest.raises(InputError, match="line 5 has a cell that is missing or no number"):
        read(tmp_path / "k.csv")


@pytest.mark.parametrize(("listed", "first"), [(0, 10), (1, 10), (100000, 10)])
def test_mmpose_counts_from_the_first_frame_in_its_list(tmp_path: Path, listed: int, first: int):
    content = json.loads(write("mmpose", tmp_path, people(frames=30)).read_text())
    for number, frame in enumerate(content["instance_info"], listed):
        frame["frame_id"] = number
        frame["instances"] = frame["instances"] if number >= listed + 10 else []
    (track,) = read(dump(tmp_path / "mmpose.json", content)).tracks
    assert (track.first, track.keypoints.shape[0]) == (first, 20)


@pytest.mark.parametrize(
    ("kind", "start", "first"),
    [
        ("csv", 0, 0),
        ("csv", 1, 1),
        ("csv", 30, 30),
        ("csv", 1299, 1299),
        ("csv", 1300, 0),
        ("csv", 100000, 0),
        ("alphapose", 0, 0),
        ("alphapose", 1, 0),
        ("alphapose", 10, 10),
        ("alphapose", 100000, 0),
        ("results", 1, 0),
        ("results", 10, 10),
        ("results", 10**30, 0),
        ("openpose", 1, 0),
        ("openpose", 10, 10),
        ("openpose", 100000, 0),
    ],
)
def test_frames_are_as_the_file_numbers_them(tmp_path: Path, kind: str, start: int, first: int):
    table = people(frames=30)
    path = tmp_path / f"k.{'csv' if kind == 'csv' else 'json'}"
    if kind == "csv":
        path.write_text(csv_text(table[0], start))
    elif kind == "openpose":
        path = write(kind, tmp_path, table)
        files = [
            (file, path / f"clip_{start + f:012d}_keypoints.json") for f, file in enumerate(sorted(path.iterdir()))
        ]
        for old, new in reversed(files):
            old.rename(new)
    else:
        rows = json.loads(write(kind, tmp_path, table).read_text())
        names = [f"{start + f}.jpg" if kind == "alphapose" else start + f for f in range(30)]
        dump(path, [row | {"image_id": name} for row, name in zip(rows, names, strict=True)])
    (track,) = read(path, kind).tracks
    assert (track.first, track.keypoints.shape[0]) == (first, 30)
    assert (track.keypoints - expected(table[0])).abs().max() < 1e-5


def test_openpose_counts_frames_without_people(tmp_path: Path):
    folder = write("openpose", tmp_path, people(frames=30))
    for file in sorted(folder.iterdir())[:10]:
        dump(file, {"people": []})
    assert read(folder, "openpose").tracks[0].first == 10


@pytest.mark.parametrize("step", [1, 10])
@pytest.mark.parametrize(("start", "first"), [(0, 0), (1, 0), (20, 20), (10003420000, 0)])
def test_coco_frames_are_those_of_the_images(tmp_path: Path, step: int, start: int, first: int):
    table = people(frames=30)
    content = json.loads(write("coco", tmp_path, table).read_text())
    for f, image in enumerate(content["images"]):
        image |= {"id": 200 - f, "frame_id": start + step * f, "video_id": 5}  # whatever the order of the ids
    for f, person in enumerate(content["annotations"]):
        person["image_id"] = 200 - f
    content["annotations"] = content["annotations"][2:]
    (track,) = read(dump(tmp_path / "coco.json", content), "coco").tracks
    assert (track.first, track.keypoints.shape[0]) == (first + 2 * step, 27 * step + 1)
    assert (track.keypoints[::step] - expected(table[0, 2:])).abs().max() < 1e-5


def test_frames_before_the_first_person_take_their_time(tmp_path: Path):
    table = people(frames=30)
    (tmp_path / "k.csv").write_text(csv_text(table[0], 60))
    found = at_rate(read(tmp_path / "k.csv"), np.arange(90) / 30, 50)
    assert found.tracks[0].first == 100


def test_distances_between_sightings_are_those_of_the_points_in_common():
    random = np.random.default_rng(0)
    before, here = random.normal(size=(3, 5, 2)), random.normal(size=(4, 5, 2))
    before[0, 1], here[1, 2], here[3] = np.nan, np.nan, np.nan
    for t, h in np.ndindex(3, 4):
        both = [p for p in range(5) if np.isfinite(before[t, p]).all() and np.isfinite(here[h, p]).all()]
        seen = before[t][np.isfinite(before[t]).all(-1)]
        size = np.hypot(*(seen.max(0) - seen.min(0)))
        slow = np.mean([np.hypot(*(before[t, p] - here[h, p])) for p in both]) / size if both else np.inf
        assert distances(before, here)[t, h] == pytest.approx(slow)


@pytest.mark.parametrize(("layout", "points", "needless"), [("coco17", 17, 1), ("blazepose33", 33, 9)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_points_that_no_joint_needs_do_not_matter(
    tmp_path: Path, layout: str, points: int, needless: int, value: float
):
    table = people(points=points)
    holes = table.copy()
    holes[0, 2:4, needless] = value
    (track,) = read_keypoints(write("npy", tmp_path, holes), layout=layout, size=SIZE).tracks
    assert (track.keypoints - expected(table[0], layout)).abs().max() < 1e-5
    assert track.interpolated == 0


@pytest.mark.parametrize("far", [1e30, 1e306, -5e4])
def test_points_absurdly_far_off_are_missing(tmp_path: Path, far: float):
    """One point, and all points of a frame."""
    table = people(frames=9, count=2)
    wild = table.copy()
    wild[0, 3, 9, 0] = far
    wild[0, 6, :, :2] = far if abs(far) > 1e6 else 1e6
    found = read(write("alphapose", tmp_path, wild))
    track = min(found.tracks, key=lambda track: float(track.keypoints[0, 0, 0]))
    assert track.interpolated == 1 + len(layouts()["coco17"].needed)
    assert (track.keypoints - expected(table[0])).abs().max() < 1e-5


def test_people_large_and_small_and_on_the_move_are_not_too_far(tmp_path: Path):
    """In a picture of 4,000 x 2,000: 30 pixels high from one side to the other, and one as high as the picture."""
    table = people(frames=200, count=2)
    table[..., :2] -= table[..., :2].mean(2, keepdims=True)
    table[0, ..., :2] = table[0, ..., :2] / 4 + np.stack([np.linspace(20, 3980, 200), np.full(200, 50)], -1)[:, None]
    table[1, ..., :2] = table[1, ..., :2] * 16 + [2000, 1000]
    found = read_keypoints(write("alphapose", tmp_path, table), size=(4000, 2000))
    assert [track.interpolated for track in found.tracks] == [0, 0]
