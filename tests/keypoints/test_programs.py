"""What other programs write is the same person, or refused for what it is."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.camera import normalise_screen
from actionprompt.errors import InputError
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.read import KeypointFile, read_keypoints
from actionprompt.skeleton import H36M_17
from keypoint_files import SIZE, dump, flat
from keypoint_programs import COCO, FRAMES, programs, standing

PROGRAMS = programs()


def expected(layout: str, frames: int = FRAMES) -> torch.Tensor:
    points = standing(layouts()[layout].points, frames)
    joints = np.einsum("jp,npd->njd", layouts()[layout].weights(), points[..., :2])
    return normalise_screen(torch.from_numpy(joints).float(), *SIZE)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_gives_the_same_person(tmp_path: Path, name: str) -> None:
    layout, write = PROGRAMS[name]
    (track,) = (found := read_keypoints(write(tmp_path), size=SIZE, fps=30)).tracks
    assert (found.layout, track.first, track.interpolated, found.notes) == (layout, 0, 0, ())
    torch.testing.assert_close(track.keypoints, expected(layout), atol=1e-4, rtol=0)


def moved(table: np.ndarray, right: float) -> np.ndarray:
    return table + np.array([right, 0, 0])


def results(tmp_path: Path, table: np.ndarray, names: list[object], **more: object) -> Path:
    rows = [{"image_id": name, "keypoints": flat(p), "score": 2.0} for name, p in zip(names, table, strict=True)]
    return dump(tmp_path / "k.json", [row | more for row in rows])


def read(path: Path, **options: object) -> KeypointFile:
    return read_keypoints(path, **{"size": SIZE, "fps": 30.0} | options)


def test_what_the_user_says_beats_what_is_usual(tmp_path: Path) -> None:
    points = standing(layouts()["h36m17"].points)
    assert read(results(tmp_path, points, list(range(FRAMES)))).layout == "coco17"
    (track,) = (found := read(results(tmp_path, points, list(range(FRAMES))), layout="h36m17")).tracks
    assert found.layout == "h36m17"
    torch.testing.assert_close(track.keypoints, expected("h36m17"), atol=1e-4, rtol=0)


def test_names_in_the_file_are_facts(tmp_path: Path) -> None:
    path = PROGRAMS["COCO in another order"][1](tmp_path)
    with pytest.raises(InputError, match="names its points, which are coco17, not h36m17"):
        read(path, layout="h36m17")
    content = json.loads(path.read_text())
    content["categories"][0]["keypoints"][0] = "tail"
    with pytest.raises(InputError, match=r"has the points tail, .* hips, knees, ankles"):
        read(dump(path, content))


def test_head_top_and_neck_are_taken_by_name(tmp_path: Path) -> None:
    """PoseTrack's ears are never annotated."""
    names = ("nose", "head bottom", "head top", "left ear", "right ear", *COCO[5:])
    body = standing(("nose", "neck", *names[2:]))
    body[:, 3:5] = 0
    path = results(tmp_path, body, list(range(FRAMES)))
    content = {"annotations": json.loads(path.read_text()), "categories": [{"keypoints": list(names)}]}
    (track,) = read(dump(path, content)).tracks
    pixels = (track.keypoints.numpy() + np.array([1, 0.75])) * 320
    for joint, point in (("thorax", 1), ("head top", 2), ("nose", 0)):
        np.testing.assert_allclose(pixels[:, H36M_17.joints.index(joint)], body[:, point, :2], atol=1e-2)


@pytest.mark.parametrize("bad", ["x, y, z", "metres", "three metres away"])
def test_what_is_3d_is_no_picture(tmp_path: Path, bad: str) -> None:
    table = standing(COCO)
    if bad == "x, y, z":
        table[..., 2] -= 0.7
    else:
        table = moved(table / 100, 1.0 if bad == "metres" else 30.0)
    with pytest.raises(InputError, match="it is z and not a confidence|not a size in pixels"):
        read(results(tmp_path, table, list(range(FRAMES))))


def test_mmpose_in_3d_is_refused(tmp_path: Path) -> None:
    frames = [{"frame_id": f, "instances": [{"keypoints": [[0.1, 0.2, 0.3]] * 17}]} for f in range(3)]
    with pytest.raises(InputError, match="holds joints in 3D of MMPose, which need no lifting"):
        read(dump(tmp_path / "k.json", {"meta_info": {}, "instance_info": frames}))


@pytest.mark.parametrize(
    ("content", "what"),
    [({"k4abt_sdk_version": "1", "frames": []}, "Azure Kinect"), ({"1": {"body_list": []}}, "ZED")],
)
def test_recordings_of_sensors_are_named(tmp_path: Path, content: dict[str, object], what: str) -> None:
    with pytest.raises(InputError, match=f"is a recording of .*{what}.*3D already"):
        read(dump(tmp_path / "k.json", content))


def test_kimore_is_named(tmp_path: Path) -> None:
    (tmp_path / "k.csv").write_text("\n\n" + ",".join(["0.5"] * 100) + "\n")
    with pytest.raises(InputError, match=r"25 joints of a Kinect v2 as KIMORE has them"):
        read(tmp_path / "k.csv")


def test_motive_is_named(tmp_path: Path) -> None:
    (tmp_path / "k.csv").write_text("Format Version,1.23,Take Name,Take 1\n\n,,Bone,Bone\nFrame,Time (Seconds),X,Y\n")
    with pytest.raises(
        InputError, match=r"export of Motive \(OptiTrack\), which is 3D already: export C3D, TRC or BVH"
    ):
        read(tmp_path / "k.csv")


@pytest.mark.parametrize("cells", [1, 3])
def test_deeplabcuts_training_labels(tmp_path: Path, cells: int) -> None:
    """No likelihood; a picture's path in one cell, or in three as newer versions have it. An empty point is missing."""
    body, lead = [name.replace(" ", "_") for name in layouts()["coco17"].points], [""] * (cells - 1)
    lines = [["scorer", *lead, *["anna"] * 34], ["bodyparts", *lead, *(name for name in body for _ in range(2))]]
    lines.append(["coords", *lead, *["x", "y"] * 17])
    for f, points in enumerate(standing(COCO)):
        picture = ["labeled-data", "walk", f"img{f:04d}.png"]
        x_y = [str(x) for x in points[:, :2].ravel()]
        x_y[:2] = ["", ""] if f == 1 else x_y[:2]
        lines.append([*(picture if cells == 3 else ["/".join(picture)]), *x_y])
    (tmp_path / "labels.csv").write_text("\n".join(map(",".join, lines)))
    found = read(tmp_path / "labels.csv").tracks[0]
    torch.testing.assert_close(found.keypoints[0], expected("coco17")[0], atol=1e-4, rtol=0)
    assert found.confidence[0].min() == 1
    assert found.confidence[1].min() == 0


def test_times_in_names_are_times(tmp_path: Path) -> None:
    stamps = [1683020401033 + round(1000 * f / 30) for f in range(FRAMES)]
    found = read(results(tmp_path, standing(COCO), [f"{stamp}.png" for stamp in stamps]), fps=None)
    np.testing.assert_allclose(found.times, (np.array(stamps) - stamps[0]) / 1000)
    torch.testing.assert_close(found.tracks[0].keypoints, expected("coco17"), atol=1e-4, rtol=0)


def test_milliseconds_are_no_frame_numbers(tmp_path: Path) -> None:
    names = [round(1000 * f / 30) for f in range(40)]
    with pytest.raises(InputError, match="has frame numbers 33 to 34 apart, which are milliseconds rather than frames"):
        read(results(tmp_path, standing(COCO, 40), names))
    path = results(tmp_path, standing(COCO, 30, 30.0), [40 * f for f in range(30)])
    with pytest.raises(InputError, match="are seen in one frame each, .*: are the frame numbers milliseconds"):
        read(path)


@pytest.mark.parametrize("name", ["frame_{:06d}.PNG", "clip_mp4-{:04d}_jpg.rf.0f0a9c.jpg"])
def test_numbers_in_file_names_count(tmp_path: Path, name: str) -> None:
    table = standing(COCO)
    images = [{"id": 90 - f, "file_name": name.format(5 * f)} for f in range(FRAMES)]
    people = [{"image_id": 90 - f, "keypoints": flat(p)} for f, p in enumerate(table)]
    (track,) = read(dump(tmp_path / "k.json", {"images": images, "annotations": people})).tracks
    assert track.keypoints.shape[0] == 5 * (FRAMES - 1) + 1
    torch.testing.assert_close(track.keypoints[::5], expected("coco17"), atol=1e-4, rtol=0)


def test_minus_one_is_missing(tmp_path: Path) -> None:
    table = standing(COCO)
    table[3, 9, :2] = -1
    (track,) = read(results(tmp_path, table, list(range(FRAMES)))).tracks
    assert track.interpolated == 1
    torch.testing.assert_close(track.keypoints, expected("coco17"), atol=1e-4, rtol=0)


def test_an_empty_list_is_nobody(tmp_path: Path) -> None:
    folder = PROGRAMS["OpenPose's BODY_25"][1](tmp_path)
    dump(sorted(folder.iterdir())[4], {"people": [{"person_id": [-1], "pose_keypoints_2d": []}]})
    (track,) = read(folder).tracks
    torch.testing.assert_close(track.keypoints, expected("body25"), atol=1e-4, rtol=0)


def test_a_fragment_splits_nobody(tmp_path: Path) -> None:
    folder = PROGRAMS["OpenPose's BODY_25"][1](tmp_path)
    file = sorted(folder.iterdir())[4]
    whole = json.loads(file.read_text())["people"][0]["pose_keypoints_2d"]
    piece = whole[:9] + [0] * (len(whole) - 9)
    dump(file, {"people": [{"pose_keypoints_2d": piece}, {"pose_keypoints_2d": [x + 2 for x in whole]}]})
    found = read(folder)
    assert len(found.tracks) == 1
    assert found.notes == ("Pieces of a few points, beside whole people, are left out: 1.",)
    assert (found.tracks[0].keypoints - expected("body25"))[4].abs().max() == pytest.approx(2 / 320, abs=1e-4)


def test_one_number_for_all_is_no_tracking(tmp_path: Path) -> None:
    here, there = standing(COCO), moved(standing(COCO), 230)
    rows = [
        {"image_id": f"{f}.jpg", "keypoints": flat(p[f]), "idx": [0.0]} for f in range(FRAMES) for p in (here, there)
    ]
    found = read(dump(tmp_path / "k.json", rows))
    assert len(found.tracks) == 2
    assert "Person 0 is several people in one frame: nobody was tracked" in found.notes[0]
    torch.testing.assert_close(found.tracks[0].keypoints, expected("coco17"), atol=1e-4, rtol=0)


def test_exchanged_numbers_are_linked_by_place(tmp_path: Path) -> None:
    here, there = standing(COCO), moved(standing(COCO), 230)
    rows = []
    for f in range(FRAMES):
        for number, p in enumerate((here, there)):
            rows.append({"image_id": f, "keypoints": flat(p[f]), "track_id": number if f < 4 else 1 - number})
    found = read(dump(tmp_path / "k.json", rows))
    assert "The numbers of persons 0, 1 are exchanged at 0.13 s: they are linked by place." in found.notes
    torch.testing.assert_close(found.tracks[0].keypoints, expected("coco17"), atol=1e-4, rtol=0)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(("fps", "people"), [(120.0, 1), (30.0, 2)])
def test_a_gap_is_as_long_as_it_is_in_seconds(tmp_path: Path, named: bool, fps: float, people: int) -> None:
    """40 frames: 0.33 s at 120/s, and nobody is invented over 1.3 s at 30/s."""
    table = standing(COCO, 60)
    frames = [f for f in range(60) if not 10 <= f < 50]
    path = results(tmp_path, table[frames], frames, **({"track_id": 7} if named else {}))
    found = read(path, fps=fps)
    whole, parts = [(0, 60)], [(0, 10), (50, 10)]
    assert [(t.first, t.keypoints.shape[0]) for t in found.tracks] == (whole if people == 1 else parts)
    if named and people == 2:
        assert {track.person for track in found.tracks} == {"7", "7.2"}


def test_somebody_filmed_from_behind_is_lifted(tmp_path: Path) -> None:
    table = standing(COCO)
    table[:, :3] = 0  # nose and eyes
    (track,) = read(results(tmp_path, table, list(range(FRAMES)))).tracks
    ears = (expected("coco17") * 0)[:, 0] + normalise_screen(torch.from_numpy(table[:, 3:5, :2].mean(1)).float(), *SIZE)
    torch.testing.assert_close(track.keypoints[:, H36M_17.joints.index("nose")], ears, atol=1e-4, rtol=0)
    assert (track.confidence[:, H36M_17.joints.index("nose")] == 0).all()


TURNED = {
    "upside down": (lambda x, y: (640 - x, 480 - y), r"stands on the head in 100% .* say --camera\.roll 180\."),
    "a quarter": (lambda x, y: (y, 480 - x), r"lies with the head to the left in 100% .* --camera\.roll 90;"),
    "exchanged": (lambda x, y: (480 - y, x), r"lies with the head to the right in 100% .* --camera\.roll -90;"),
}


@pytest.mark.parametrize("how", TURNED)
def test_turned_people_are_told(tmp_path: Path, how: str) -> None:
    turn, message = TURNED[how]
    table = standing(COCO)
    table[..., 0], table[..., 1] = turn(table[..., 0].copy(), table[..., 1].copy())
    (note,) = read(results(tmp_path, table, list(range(FRAMES)))).notes
    assert re.search(message, note)


def test_exchanged_width_and_height_are_told(tmp_path: Path) -> None:
    table = moved(standing(COCO), 240)
    (note,) = read(results(tmp_path, table, list(range(FRAMES))), size=(480, 640)).notes
    assert "of the joints of person 1 are outside the picture of 480 x 640 pixels: is it 640 x 480?" in note


def mirrored(table: np.ndarray) -> np.ndarray:
    return moved(table * np.array([-1, 1, 1]), 640)


def test_a_mirrored_picture_is_put_right(tmp_path: Path) -> None:
    """A selfie, in which a detector calls left what is right; nothing tells."""
    swap = {"left": "right", "right": "left"}
    other = [COCO.index(" ".join(swap.get(word, word) for word in point.split())) for point in COCO]
    found = read(results(tmp_path, mirrored(standing(COCO))[:, other], list(range(FRAMES))))
    assert found.notes == ()
    found = read(tmp_path / "k.json", mirrored=True)
    assert found.notes == ("Person 1 is mirrored.",)
    torch.testing.assert_close(found.tracks[0].keypoints, expected("coco17"), atol=1e-4, rtol=0)


@pytest.mark.parametrize("face", [True, False])
def test_names_against_the_face_are_told_and_put_right(tmp_path: Path, face: bool) -> None:
    """Kinect v2: the pixels are mirrored, the names are not; its face is one point."""
    table = mirrored(standing(COCO))
    if face:
        table[:, [1, 2, 3, 4]] = table[:, [2, 1, 4, 3]]
    else:
        table[:, :5] = table[:, :1]
    found = read(results(tmp_path, table, list(range(FRAMES))))
    assert "Left and right of person 1's body contradict the face" in found.notes[0]
    found = read(tmp_path / "k.json", mirrored=True)
    assert found.notes == ("Person 1 is mirrored; left and right keep their names.",)
    ankles = [H36M_17.joints.index(f"{side} ankle") for side in ("left", "right")]
    torch.testing.assert_close(found.tracks[0].keypoints[:, ankles], expected("coco17")[:, ankles], atol=1e-4, rtol=0)


def test_coordinates_beyond_all_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is outside the image"):
        read(results(tmp_path, standing(COCO) * [1e30, 1e30, 1], list(range(FRAMES))))


def test_the_rate_in_an_npz_file_counts(tmp_path: Path) -> None:
    np.savez(tmp_path / "k.npz", keypoints=standing(COCO)[..., :2], layout="coco17", fps=25.0)
    assert read(tmp_path / "k.npz", fps=None).times == pytest.approx(np.arange(FRAMES) / 25)
    np.savez(tmp_path / "k.npz", keypoints=standing(COCO)[..., :2], layout="coco17", fps="fast")
    with pytest.raises(InputError, match="`fps` must be frames a second, and is"):
        read(tmp_path / "k.npz")


def test_times_in_a_table_count(tmp_path: Path) -> None:
    head = ["timestamp_ms", *(f"{point.replace(' ', '_')}_{axis}" for point in COCO for axis in "xy")]
    lines = [[40 * f + 7, *flat(p[:, :2])] for f, p in enumerate(standing(COCO))]
    (tmp_path / "k.csv").write_text("".join(",".join(map(str, line)) + "\n" for line in [head, *lines]))
    assert read(tmp_path / "k.csv", fps=None).times == pytest.approx(np.arange(FRAMES) / 25)
