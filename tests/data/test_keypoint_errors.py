from pathlib import Path

import numpy as np
import pytest
from keypoint_files import SIZE, dump, flat, people, write

from actionprompt.data.inspect import inspect
from actionprompt.data.keypoints import read_keypoints
from actionprompt.data.layouts import layouts
from actionprompt.errors import InputError


def read(path: Path, kind: str = "", **options) -> object:
    """With what the format does not say."""
    return read_keypoints(path, **{"size": SIZE, **({"layout": "coco17"} if kind == "npy" else {}), **options})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON .*: expected keypoints of COCO"),
        ('{"a": 1}', "is no keypoint file: expected COCO"),
        ("3", "is no keypoint file"),
        ('"text"', "is no keypoint file"),
        ("[]", "holds no detected people"),
        ("[1, 2]", "is no keypoint file"),
        ('{"people": []}', "holds no detected people"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, "x"]}]}', "has keypoints that are no numbers"),
        ('{"people": [{}]}', "looks like a keypoint file, but is malformed"),
        ('{"people": 4}', "looks like a keypoint file, but is malformed"),
        ('[{"image_id": 1, "keypoints": [1, 2, 3, 4]}]', "has 4 numbers per person instead of x, y, confidence"),
        (
            '[{"image_id": 1, "keypoints": [1, 2, 3]}, {"image_id": 2, "keypoints": []}]',
            "frame 1: a person has another",
        ),
        (
            '{"images": [], "annotations": [{"image_id": 3, "keypoints": [1, 2, 3]}]}',
            "annotated in image 3, which is not",
        ),
        ('{"instance_info": [{"frame_id": 1}]}', "looks like a keypoint file, but is malformed"),
    ],
)
def test_what_is_no_keypoint_file_is_refused(tmp_path: Path, content: str, message: str):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read(path)


def test_other_files_are_refused(tmp_path: Path):
    for name, message in (
        ("x.txt", "must be .npz, .npy, .csv or .json"),
        ("x.npy", "is damaged"),
    ):
        (tmp_path / name).write_text("hello")
        with pytest.raises(InputError, match=message):
            read(tmp_path / name)
    with pytest.raises(InputError, match="is a folder without OpenPose's"):
        read(tmp_path)
    with pytest.raises(InputError, match="There is no keypoint file"):
        read(tmp_path / "nothing.json")
    np.savez(tmp_path / "x.npz", a=np.ones(3))
    with pytest.raises(InputError, match="has no array `keypoints` but a"):
        read(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", keypoints=np.ones((3, 17)))
    with pytest.raises(InputError, match=r"keypoints are float64 of shape \(3, 17\) instead of"):
        read(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", positions_2d={"a": {"custom": [np.ones((2, 17, 2))] * 2}})
    with pytest.raises(InputError, match="holds 2 videos: give a file with the keypoints of one"):
        read(tmp_path / "x.npz")


def test_wrong_numbers_of_points_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"has 16 points a person, which is none of the known layouts \(coco17 17, "):
        read_keypoints(write("alphapose", tmp_path, people(points=16)), size=SIZE)
    with pytest.raises(InputError, match="has 17 points a person: say whether they are coco17 or h36m17"):
        read_keypoints(write("npy", tmp_path, people()), size=SIZE)
    with pytest.raises(InputError, match="has 25 points a person, and coco17 has 17; 25 points are body25"):
        read(write("npy", tmp_path, people(points=25)), layout="coco17")
    with pytest.raises(InputError, match="There is no layout 'mpii'. There are: coco17"):
        read(write("npy", tmp_path, people()), layout="mpii")


def test_wrong_units_and_sizes_are_noticed(tmp_path: Path):
    table = people()
    path = write("npy", tmp_path, table)
    for units in ("relative", "screen"):
        with pytest.raises(InputError, match=f"are not {units}; they seem to be pixels"):
            read(path, "npy", units=units)
    with pytest.raises(InputError, match="does not say the size of its images"):
        read_keypoints(path, layout="coco17")
    with pytest.raises(InputError, match=r"the middle of all points, .* is outside the image \(pixels, 80 x 60"):
        read(path, "npy", size=(80, 60))
    with pytest.raises(InputError, match="images of 0 x 480 pixels; both must be positive"):
        read(path, "npy", size=(0, 480))
    with pytest.raises(InputError, match="says that its images have 640 x 480 pixels, not 1280 x 720"):
        read_keypoints(write("coco", tmp_path, table), size=(1280, 720))
    table[..., :2] /= SIZE
    with pytest.raises(InputError, match=r"from 0, so they are not pixels; say --keypoints.units relative"):
        read(write("npy", tmp_path, table), "npy")


def test_crowds_and_pictures_are_refused(tmp_path: Path):
    row = {"image_id": 1, "keypoints": flat(people()[0, 0]), "score": 1}
    with pytest.raises(InputError, match="has 3,000 people in one frame, and at most 100 can be lifted"):
        read(dump(tmp_path / "a.json", [row] * 3000))
    with pytest.raises(InputError, match="holds 2,000 people, and at most 1,000 are lifted"):
        read(dump(tmp_path / "a.json", [row | {"image_id": i, "idx": i} for i in range(2000)]))
    with pytest.raises(InputError, match="these are pictures, not the frames of a video"):
        read(dump(tmp_path / "a.json", [row, row | {"image_id": 581929}]))
    with pytest.raises(InputError, match="has person 7 twice in frame 0"):
        read(dump(tmp_path / "a.json", [row | {"idx": 7}, row | {"idx": 7}]))


def test_inspection(tmp_path: Path):
    table = people(frames=10, count=2)
    table[1, 4, 3] = 0
    for kind, layout in (("coco", "coco17"), ("npy", "coco17 or h36m17"), ("openpose", "coco17 or h36m17")):
        report = inspect(write(kind, tmp_path, table))
        facts = dict(report.facts)
        assert facts["points"] == f"17 a person: {layout}"
        assert facts["image"] == ("640 x 480 pixels" if kind == "coco" else "not said: give it when lifting")
        assert facts["frames"] == "10, 20 detections"
        assert "units" not in facts
        people_found = [value for name, value in report.facts if name.startswith("person")]
        assert len(people_found) == 2
        assert all(value.startswith("frames 0 to 9, not seen in 0 of them; 0.") for value in people_found)
        assert report.problems == ()
    assert (
        inspect(write("alphapose", tmp_path, people(points=16))).problems[0].startswith("16 points a person are none")
    )
    np.savez(tmp_path / "screen.npz", keypoints=np.random.default_rng(0).uniform(-1, 1, (9, 17, 2)))
    assert "--keypoints.units relative (0 to 1) or screen" in dict(inspect(tmp_path / "screen.npz").facts)["units"]
    np.savez(tmp_path / "nobody.npz", keypoints=np.full((3, 17, 2), np.nan))
    assert inspect(tmp_path / "nobody.npz").problems == ("No point was found in any frame.",)
    np.savez(tmp_path / "far.npz", keypoints=np.full((3, 17, 2), 1e300))
    assert inspect(tmp_path / "far.npz").problems == ("The coordinates are about 1e+300: no image is as large.",)
    (tmp_path / "empty.csv").write_text("")
    assert "is empty: it should hold a table of keypoints" in inspect(tmp_path / "empty.csv").problems[0]
    (tmp_path / "x.json").write_text("{}")
    assert "is no keypoint file" in inspect(tmp_path / "x.json").problems[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": np.array([np.nan, 100])}, "`size` must be width and height"),
        ({"size": np.array(["a", "b"])}, "`size` must be width and height"),
        ({"size": np.array([1768.5, 994])}, "`size` must be width and height"),
        ({"size": np.array([1768])}, "`size` must be width and height"),
        ({"frame": np.zeros(4, int), "times": np.array([np.nan])}, "is no file of detections"),
        ({"frame": np.zeros(4, int), "times": np.array([0, np.inf])}, "is no file of detections"),
    ],
)
def test_arrays_beside_the_keypoints(tmp_path, change, message):
    path = tmp_path / "k.npz"
    np.savez(path, **({"keypoints": np.ones((4, 17, 2)), "confidence": np.ones((4, 17)), "layout": "coco17"} | change))
    with pytest.raises(InputError, match=message):
        read_keypoints(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY"])
def test_broken_npy(tmp_path, content):
    path = tmp_path / "k.npy"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"k\.npy"):
        read_keypoints(path)


@pytest.mark.parametrize("frame_last", [False, True])
def test_csv_cut_in_its_last_line(tmp_path, frame_last):
    names = [f"{point}_{axis}" for point in layouts()["coco17"].points for axis in "xy"]
    head = [*names, "person", "frame"] if frame_last else ["frame", "person", *names]
    path = tmp_path / "k.csv"
    path.write_text(",".join(head) + "\n" + ",".join("1" for _ in head) + "\n2\n")
    with pytest.raises(InputError, match="line 3 has fewer cells than the head"):
        read_keypoints(path)
