from pathlib import Path

import numpy as np
import pytest

from actionprompt.data.inspect.kinds import inspect
from actionprompt.errors import InputError
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.read import read_keypoints
from keypoint_files import SIZE, csv_text, dump, flat, people, write


def read(path: Path, kind: str = "", **options) -> object:
    """With what the format does not say."""
    return read_keypoints(path, **{"size": SIZE, **({"layout": "coco17"} if kind == "npy" else {}), **options})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON .*: expected keypoints of COCO"),
        ('{"a": 1}', "is not a keypoint file: expected COCO"),
        ("3", "is not a keypoint file"),
        ('"text"', "is not a keypoint file"),
        ("[]", "holds no detected people"),
        ("[1, 2]", "is not a keypoint file"),
        ('{"people": []}', "holds no detected people"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, "x"]}]}', "has keypoints that are not numbers"),
        ('{"people": [{}]}', "looks like a keypoint file, but is malformed"),
        ('{"people": 4}', "looks like a keypoint file, but is malformed"),
        ('[{"image_id": 1, "keypoints": [1, 2, 3, 4]}]', "has 4 numbers per person instead of x, y, confidence"),
        (
            '[{"image_id": 1, "keypoints": [1, 2, 3]}, {"image_id": 2, "keypoints": [1, 2, 3, 4, 5, 6]}]',
            "frame 1: a person has another",
        ),
        (
            '{"images": [{"id": 4}], "annotations": [{"image_id": 3, "keypoints": [1, 2, 3]}]}',
            "annotated in image 3, which is not",
        ),
        ('{"instance_info": [{"frame_id": 1}]}', "looks like a keypoint file, but is malformed"),
        ('{"instance_info": []}', "holds no detected people"),
        ('{"instance_info": [{"frame_id": 1e400, "instances": []}]}', r"is malformed \(OverflowError: "),
        ('{"images": [{"id": 1, "frame_id": 1e400}], "annotations": []}', r"is malformed \(OverflowError: "),
        ('{"people": [{"person_id": 1e400, "pose_keypoints_2d": [1, 2, 3]}]}', r"is malformed \(OverflowError: "),
        (
            '{"instance_info": [{"frame_id": 3, "instances": []}, {"frame_id": 3, "instances": []}]}',
            "has frame 3 twice: give a file of one video",
        ),
        (
            '{"instance_info": [{"frame_id": 3, "instances": []}, {"frame_id": 1000000000, "instances": []}]}',
            "has 2 frame numbers between 3 and 1,000,000,000: these are pictures",
        ),
        ('{"images": [{"id": 4}, {"id": 4}], "annotations": []}', "has image 4 twice"),
        (
            '{"images": [{"id": 4, "video_id": 1}, {"id": 5, "video_id": 2}], "annotations": []}',
            "has images of videos 1 and 2: give a file of one video",
        ),
        (
            '{"images": [{"id": 4, "frame_id": 1}, {"id": 5, "frame_id": 1}], "annotations": []}',
            "has frame 1 twice: give a file of one video",
        ),
        (
            '{"images": [{"id": 4, "frame_id": 1}, {"id": 5}], "annotations": []}',
            "has a frame_id in 1 of 2 images: give it in all or none",
        ),
        (
            '{"images": [{"id": 4, "frame_id": -1}, {"id": 5, "frame_id": 0}], "annotations": []}',
            "has a frame -1: frames are numbered from 0",
        ),
        (
            '[{"image_id": "a/0.jpg", "keypoints": [1, 2, 3]}, {"image_id": "b/0.jpg", "keypoints": [1, 2, 3]}]',
            "has images of 2 videos, whose names begin with 'a/' and 'b/': give the keypoints of one",
        ),
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"metadata": None}, "`metadata` is NoneType instead of a table"),
        ({"metadata": "coco"}, "`metadata` is .* instead of a table"),
        ({"metadata": {"video_metadata": 3}}, "`video_metadata` is int instead of a table"),
        ({"metadata": {"video_metadata": {"v": None}}}, "`v` is NoneType instead of a table"),
        ({"metadata": {"video_metadata": {"v": {"w": None, "h": 480}}}}, "`size` must be width and height"),
        ({"metadata": {"video_metadata": {"v": {"w": [1, 2], "h": 480}}}}, "are lists of unequal length"),
        ({"positions_2d": {"v": {"custom": None}}}, "positions_2d holds something that is not a list of arrays"),
        ({"positions_2d": {"v": None}}, "positions_2d is not a table of videos"),
        ({"positions_2d": {"v": {"custom": [None]}}}, "keypoints are object of shape"),
        ({"positions_2d": {"v": {"custom": [[[1], [1, 2]]]}}}, "are lists of unequal length"),
    ],
)
def test_broken_files_of_the_field(tmp_path: Path, content: dict[str, object], message: str):
    whole = {"positions_2d": {"v": {"custom": [people()[0, ..., :2]]}}, "metadata": {"layout_name": "coco"}}
    np.savez(tmp_path / "x.npz", **(whole | content))
    with pytest.raises(InputError, match=message):
        read(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"person_id": 1e400}, r"a_002_keypoints.json looks like .* malformed \(OverflowError: "),
        ({"pose_keypoints_2d": [[1], [1, 2]]}, r"looks like .* malformed \(ValueError: "),
        ({"pose_keypoints_2d": [1, 2, 3]}, "another number of points than the first one"),
    ],
)
def test_broken_files_of_openpose(tmp_path: Path, change: dict[str, object], message: str):
    for f in range(3):
        person = {"pose_keypoints_2d": flat(people()[0, f])} | (change if f == 2 else {})
        dump(tmp_path / f"a_{f:03d}_keypoints.json", {"people": [person]})
    with pytest.raises(InputError, match=message):
        read(tmp_path)


def test_an_openpose_folder_of_two_videos_is_refused(tmp_path: Path):
    person = {"pose_keypoints_2d": flat(people()[0, 0])}
    for name in ("a_000", "b_000"):
        dump(tmp_path / f"{name}_keypoints.json", {"people": [person]})
    with pytest.raises(InputError, match="has images of 2 videos, whose names begin with 'a_' and 'b_'"):
        read(tmp_path)
    (tmp_path / "b_000_keypoints.json").rename(tmp_path / "a_00_keypoints.json")
    with pytest.raises(InputError, match="has frame 0 twice"):
        read(tmp_path)


def test_csv_columns_are_all_there_and_once(tmp_path: Path):
    path, text = tmp_path / "k.csv", csv_text(people()[0])
    head, _, lines = text.partition("\n")
    for old, new, message in (
        ("nose_y", "nose", "has a column `nose x` but no column `nose y`"),
        ("nose_score", "Nose X", "has the column `Nose X` twice"),
        ("nose_score", "nose_x", "has the column `nose_x` twice"),
    ):
        path.write_text(head.replace(old, new) + "\n" + lines)
        with pytest.raises(InputError, match=message):
            read(path)
    path.write_text(head.replace("nose_score", "remark") + "\n" + lines)
    assert read(path).tracks[0].confidence[0, 9] == 1  # the nose
    path.write_text(csv_text(people()[0], first=-3))
    with pytest.raises(InputError, match="has a frame -3: frames are numbered from 0"):
        read(path)


def test_wrong_numbers_of_points_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"has 19 points a person, which is none of the known layouts \(coco17 17, "):
        read_keypoints(write("alphapose", tmp_path, people(points=19)), size=SIZE)
    with pytest.raises(InputError, match="has 17 points a person: say whether they are coco17 or h36m17"):
        read_keypoints(write("npy", tmp_path, people()), size=SIZE)
    with pytest.raises(InputError, match="has 25 points a person, and coco17 has 17; 25 points are body25 or body25b"):
        read(write("npy", tmp_path, people(points=25)), layout="coco17")
    with pytest.raises(InputError, match="There is no layout 'cmu'. There are: coco17"):
        read(write("npy", tmp_path, people()), layout="cmu")


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
    with pytest.raises(InputError, match=r"all points are between 0 and 1, .* say --keypoints.units relative"):
        read(write("npy", tmp_path, table), "npy", units="screen")
    table[0, 3, 5, 0] = -0.01
    assert len(read(write("npy", tmp_path, table), "npy", units="screen").tracks) == 1


def test_confidences_far_above_1_are_refused(tmp_path: Path):
    table = people()
    table[..., 2] *= 1.9
    assert read(write("npy", tmp_path, table), "npy").tracks[0].confidence.max() > 1
    table[0, 3, :, 2] = 90
    read(write("npy", tmp_path, table), "npy")  # one frame
    table[..., 2] = 87
    path = write("npy", tmp_path, table)
    with pytest.raises(InputError, match=r"the middle confidence of the points is 87, and 1 means sure: bring them"):
        read(path, "npy")
    assert "the middle confidence" in inspect(path).problems[0]


def test_crowds_and_pictures_are_refused(tmp_path: Path):
    row = {"image_id": 1, "keypoints": flat(people()[0, 0]), "score": 1}
    with pytest.raises(InputError, match="has 3,000 people in one frame, and at most 100 can be lifted"):
        read(dump(tmp_path / "a.json", [row] * 3000))
    with pytest.raises(InputError, match="holds 2,000 people, and at most 1,000 are lifted"):
        read(dump(tmp_path / "a.json", [row | {"image_id": i, "idx": i} for i in range(2000)]))
    with pytest.raises(InputError, match="these are pictures, not the frames of a video"):
        read(dump(tmp_path / "a.json", [row, row | {"image_id": 581929}]))


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
    (tmp_path / "late.csv").write_text(csv_text(table[0], 30))
    facts = dict(inspect(tmp_path / "late.csv").facts)
    assert facts["frames"] == "10, 10 detections"
    assert facts["person 1"].startswith("frames 30 to 39, not seen in 0 of them")
    assert (
        inspect(write("alphapose", tmp_path, people(points=19))).problems[0].startswith("19 points a person are none")
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
    assert "is not a keypoint file" in inspect(tmp_path / "x.json").problems[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": np.array([np.nan, 100])}, "`size` must be width and height"),
        ({"size": np.array(["a", "b"])}, "`size` must be width and height"),
        ({"size": np.array([1768.5, 994])}, "`size` must be width and height"),
        ({"size": np.array([1768])}, "`size` must be width and height"),
        ({"frame": np.zeros(4, int), "times": np.array([np.nan])}, "is not a file of detections"),
        ({"frame": np.zeros(4, int), "times": np.array([0, np.inf])}, "is not a file of detections"),
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
