import lzma
import math
import tarfile
from pathlib import Path

import numpy as np
import pytest

from actionprompt.data.config import MocapCfg, VirtualCamerasCfg
from actionprompt.data.inspect.kinds import inspect
from actionprompt.data.load import load as load_data
from actionprompt.data.mocap import convert
from actionprompt.data.mocap_table import read_table, split
from actionprompt.errors import InputError
from actionprompt.formats.markers import MARKERS, joints
from actionprompt.skeleton import H36M_17
from rig_files import bvh, c3d, table

ONE = VirtualCamerasCfg(cameras=1)


def takes(path: Path, **settings):
    return convert(read_table(path), MocapCfg(path, **settings))


@pytest.mark.parametrize("scale", [1.0, 0.01, 10.0, 1 / 2.54, 0.45 / 2.54])
def test_bvh_in_any_common_unit_becomes_the_same_person(tmp_path: Path, scale: float):
    bvh(tmp_path / "a.bvh", scale=scale)
    (take,) = takes(table(tmp_path, "a.bvh,anna,wave")).takes
    assert take.pose.shape == (99, 17, 3)  # 60 frames at 30/s last 1.97 s: 99 frames at 50/s
    at = dict(zip(H36M_17.joints, take.pose.numpy().swapaxes(0, 1), strict=True))
    length = lambda a, b: np.linalg.norm(at[a] - at[b], axis=-1)  # noqa: E731
    assert length("right hip", "right knee") == pytest.approx(0.43, abs=2e-3)
    assert length("left elbow", "left wrist") == pytest.approx(0.26, abs=2e-3)
    np.testing.assert_allclose(at["pelvis"], (at["left hip"] + at["right hip"]) / 2, atol=1e-6)
    assert (at["head top"][:, 2] - at["left ankle"][:, 2]).mean() == pytest.approx(0.77 + 0.85, abs=0.05)
    ahead = np.cross(at["left hip"] - at["right hip"], at["thorax"] - at["pelvis"])
    assert (np.linalg.norm(ahead, axis=-1) > 0).all()
    assert ahead[:, 1].mean() < 0  # the file's +z, where the person looks, is -y once z is up


def test_c3d_with_plug_in_gait_markers(tmp_path: Path, moving):
    pytest.importorskip("ezc3d")
    markers = moving(40)
    names = tuple(f"Anna:{name}" for name in MARKERS)
    lost = markers.copy()
    lost[10:14, 5] = np.nan
    for name, content, unit in (("a", markers, "mm"), ("b", lost, "mm"), ("c", markers / 1000, "m")):
        c3d(tmp_path / f"{name}.c3d", names, content, unit=unit)
    found = takes(table(tmp_path, "a.c3d,anna,step", "b.c3d,anna,step", "c.c3d,anna,turn")).takes
    for take in found:
        np.testing.assert_allclose(take.pose, joints(markers / 1000)[::2], atol=2e-3)


def test_c3d_that_lost_a_marker_throughout_is_dropped_and_named(tmp_path: Path, moving):
    pytest.importorskip("ezc3d")
    markers = moving(20)
    c3d(tmp_path / "a.c3d", MARKERS, markers)
    markers[:, 2] = np.nan
    c3d(tmp_path / "b.c3d", MARKERS, markers)
    converted = takes(table(tmp_path, "a.c3d,anna,step", "b.c3d,bob,step"))
    assert converted.dropped == ("b: LBHD is missing in every frame.",)
    assert [take.name for take in converted.takes] == ["a"]
    with pytest.raises(InputError, match="No take of .* can be used: b: LBHD"):
        takes(table(tmp_path, "b.c3d,bob,step"))


def test_wrong_c3d_files_are_refused(tmp_path: Path, moving):
    pytest.importorskip("ezc3d")
    (tmp_path / "a.c3d").write_bytes(b"nothing")
    with pytest.raises(InputError, match="is not a C3D file that can be read"):
        takes(table(tmp_path, "a.c3d,anna,step"))
    c3d(tmp_path / "a.c3d", MARKERS, moving(3), unit="furlong")
    with pytest.raises(InputError, match="has its markers in 'furlong'; known units are"):
        takes(table(tmp_path, "a.c3d,anna,step"))
    c3d(tmp_path / "a.c3d", (*MARKERS, "LFHD"), np.concatenate([moving(3), moving(3)[:, :1]], 1))
    with pytest.raises(InputError, match="two points called LFHD"):
        takes(table(tmp_path, "a.c3d,anna,step"))
    c3d(tmp_path / "a.c3d", MARKERS, moving(40))
    whole = (tmp_path / "a.c3d").read_bytes()
    (tmp_path / "a.c3d").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(InputError, match="is cut off: it holds [0-9]+ of its 40 frames"):
        takes(table(tmp_path, "a.c3d,anna,step"))


@pytest.mark.parametrize(
    ("files", "motion", "skeleton"),
    [
        (["only.asf"], "a_1", "only"),
        (["anna.asf", "anna_b.asf"], "anna_b_1", "anna_b"),
        (["10.asf", "1.asf"], "10_01", "10"),
        (["1.asf"], "1_01", "1"),
        (["1.asf", "1_01.amc"], "10_01", None),
        (["bob.asf", "bob_1.amc"], "anna_1", None),
        (["one.asf", "two.asf"], "anna_1", None),
    ],
)
def test_which_skeleton(tmp_path: Path, files: list[str], motion: str, skeleton: str | None):
    """Never that of another person."""
    for name in (*files, f"{motion}.amc"):
        (tmp_path / name).write_text("")
    path = table(tmp_path, f"{motion}.amc,anna,step")
    if skeleton is None:
        with pytest.raises(InputError, match="needs its .asf skeleton"):
            read_table(path)
    else:
        assert [row.skeleton for row in read_table(path)] == [tmp_path / f"{skeleton}.asf"]


def test_acclaim_files_of_hdm05(shared: Path, tmp_path: Path):
    archive = shared / "data/hdm05-11.tar.xz"
    if not archive.is_file():
        pytest.skip("needs shared/data/hdm05-11.tar.xz")
    wanted = ("HDM_mm_grabHighR_018_120.amc", "HDM_mm.asf")
    with lzma.open(archive) as stream, tarfile.open(fileobj=stream) as tar:
        for member in tar:
            if member.name in {f"hdm05/test/3/{name}" for name in wanted}:
                tar.extract(member, tmp_path, filter="data")
            if (tmp_path / "hdm05/test/3/HDM_mm.asf").exists() and len(list(tmp_path.rglob("*.amc"))) == 1:
                break
    folder = tmp_path / "hdm05/test/3"
    (take,) = takes(table(folder, "HDM_mm_grabHighR_018_120.amc,mm,grab high")).takes
    pose = take.pose.numpy()
    assert 1.4 < (pose[:, 10, 2] - pose[:, 3, 2]).max() < 1.8
    assert pose[:, 16, 2].max() > pose[:, 13, 2].max() + 0.5  # the right hand grabs


def test_corpus(tmp_path: Path):
    rows = []
    for i, subject in enumerate(("anna", "bob", "carl", "dora")):
        for action in ("wave", "step"):
            bvh(tmp_path / subject / f"{action}.bvh", 20, seed=i)
            rows.append(f"{subject}/{action}.bvh,{subject},{action}")
    corpus = load_data(MocapCfg(table(tmp_path, *rows), virtual_cameras=VirtualCamerasCfg(cameras=2, yaws_per_take=2)))
    assert (corpus.name, corpus.actions, corpus.fps) == ("takes", ("wave", "step"), 50)
    assert (corpus.train_subjects, corpus.test_subjects) == (("anna", "bob", "carl"), ("dora",))
    assert len(corpus.clips) == 2 * 2 * (2 * 3 + 1)
    assert {clip.name for clip in corpus.select(("dora",))} == {"dora/wave", "dora/step"}
    assert "bvh, rig mixamo, 0.01 m a unit, 30 frames/s" in corpus.facts["files"]


def test_a_person_in_both_parts_of_the_split_has_two_names(tmp_path: Path):
    for name in "abcd":
        bvh(tmp_path / f"{name}.bvh", 5)
    head = "file;subject;action;split"
    path = table(tmp_path, "a.bvh;anna;x;train", "b.bvh;anna;y;Test", "c.bvh;bob;x;train", head=head)
    rows, train, test = split(read_table(path), path)
    assert (train, test) == (("anna (train)", "bob"), ("anna (test)",))
    assert [row.subject for row in rows] == ["anna (train)", "anna (test)", "bob"]


def test_settings_that_matter_change_the_cache(tmp_path: Path):
    bvh(tmp_path / "a.bvh", 9)
    bvh(tmp_path / "b.bvh", 9)
    path = table(tmp_path, "a.bvh,anna,wave", "b.bvh,bob,wave")
    first = load_data(MocapCfg(path, virtual_cameras=ONE))
    tall = load_data(MocapCfg(path, unit=0.011, virtual_cameras=ONE))
    ratio = tall.clips[0].pose.norm(dim=-1).mean() / first.clips[0].pose.norm(dim=-1).mean()
    assert float(ratio) == pytest.approx(1.1, abs=0.01)
    assert load_data(MocapCfg(path, fps=25.0, virtual_cameras=ONE)).clips[0].num_frames == 7
    (tmp_path / "b.bvh").write_text((tmp_path / "b.bvh").read_text().replace("0.0333333", "0.0666666"))
    assert load_data(MocapCfg(path, virtual_cameras=ONE)).clips[1].num_frames > first.clips[1].num_frames


@pytest.mark.parametrize(
    ("row", "head", "message"),
    [
        ("a.bvh,anna", "file,subject", "has no column action: it needs file, subject, action"),
        ("a.bvh,anna,x,1", "file,subject,action,age", "unknown column 'age'"),
        ("a.bvh,anna,x,y", "file,subject,action,action", "two columns 'action': keep one"),
        ("a.bvh,anna,walk, slowly", "file,subject,action", "line 2 has more cells than there are columns: put quotes"),
        ("a.bvh,,x", "file,subject,action", "line 2 says no subject"),
        ("b.bvh,anna,x", "file,subject,action", r"line 2: there is no file .*b\.bvh"),
        ("a.fbx,anna,x", "file,subject,action", r"a\.fbx is none of \.amc, \.bvh, \.c3d"),
        ("a.amc,anna,x", "file,subject,action", r"a\.amc needs its \.asf skeleton"),
        ("a.amc,anna,x,b.asf", "file,subject,action,skeleton", r"has no skeleton: there is no file .*b\.asf"),
        ("a.bvh,anna,x,maybe", "file,subject,action,split", "split is 'maybe'; write train or test"),
        ("a.bvh,anna,x\na.bvh,bob,x", "file,subject,action", "names a twice"),
        ("a.bvh,anna,Sit-down\nc.bvh,bob,sit down", "file,subject,action", "in two ways, 'Sit-down' and 'sit down'"),
        ("", "file,subject,action", "names no takes"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, row: str, head: str, message: str):
    for name in ("a.bvh", "c.bvh", "a.amc", "a.fbx"):
        (tmp_path / name).write_text("")
    with pytest.raises(InputError, match=message):
        read_table(table(tmp_path, *row.split("\n"), head=head))


def test_a_split_needs_both_parts(tmp_path: Path):
    bvh(tmp_path / "a.bvh", 5)
    path = table(tmp_path, "a.bvh,anna,x")
    with pytest.raises(InputError, match="one subject only: say with a column split"):
        split(read_table(path), path)
    path = table(tmp_path, "a.bvh,anna,x,train", head="file,subject,action,split")
    with pytest.raises(InputError, match="no take is for testing"):
        split(read_table(path), path)
    with pytest.raises(InputError, match=r"Cannot read the table .*no\.csv"):
        read_table(tmp_path / "no.csv")


def test_what_is_no_person_is_refused(tmp_path: Path):
    path = table(tmp_path, "a.bvh,anna,x")
    bvh(tmp_path / "a.bvh", 5, scale=3e4)
    with pytest.raises(InputError, match=r"the right leg is 2\.55e\+06 units long, in no common unit a person's"):
        takes(path)
    bvh(tmp_path / "a.bvh", 5)
    with pytest.raises(InputError, match=r"has no point .* which the rig xsens needs"):
        takes(path, rig="xsens")
    text = (tmp_path / "a.bvh").read_text()
    (tmp_path / "a.bvh").write_text(text.replace("mixamorig:Spine1", "Rueckgrat"))
    with pytest.raises(InputError, match=r"unknown hierarchy .* nearest rig, mixamo, lacks Spine1"):
        takes(path)


def test_lengths_that_are_no_persons_are_refused(tmp_path: Path):
    bvh(tmp_path / "a.bvh", 5)
    with pytest.raises(InputError, match=r"the right leg would be 85 m long, .* or that data\.unit says"):
        takes(table(tmp_path, "a.bvh,anna,x"), unit=1.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fps": 0.0}, "data.fps is 0.0: it must be between 1 and 1000"),
        ({"fps": math.nan}, "data.fps is nan"),
        ({"fps": 1e9}, "data.fps is 1000000000.0"),
        ({"acclaim_fps": -1.0}, "data.acclaim_fps is -1.0"),
        ({"unit": 0.0}, "data.unit is 0.0: a unit of length is between 0.00001 and 10 metres"),
        ({"unit": math.inf}, "data.unit is inf"),
    ],
)
def test_settings_without_sense_are_refused(tmp_path: Path, settings: dict[str, float], message: str):
    with pytest.raises(InputError, match=message):
        load_data(MocapCfg(tmp_path / "takes.csv", **settings))


def turned(path: Path) -> None:
    """Writes a file in which z points up."""
    bvh(path, 5)
    text = path.read_text().splitlines()
    head, frames = text[: text.index("MOTION") + 3], text[text.index("MOTION") + 3 :]
    path.write_text("\n".join([*head, *(" ".join([*row.split()[:3], "0 90 0", *row.split()[6:]]) for row in frames)]))


def test_one_that_lies_among_others_that_stand_is_named(tmp_path: Path):
    turned(tmp_path / "a.bvh")
    bvh(tmp_path / "b.bvh", 5)
    path = table(tmp_path, "a.bvh,anna,x", "b.bvh,bob,x")
    assert takes(path).facts["lying"] == "a (if people stand there, another axis points up: data.up, or a column up)"
    assert "lying" in dict(inspect(path).facts)
    assert "lying" not in takes(table(tmp_path, "b.bvh,anna,x")).facts


def test_another_axis_up_is_noticed_and_can_be_set(tmp_path: Path):
    turned(tmp_path / "a.bvh")
    path = table(tmp_path, "a.bvh,anna,x")
    with pytest.raises(InputError, match="people do not stand: say with data.up, or in a column up, which axis"):
        takes(path)
    (take,) = takes(path, up="z").takes
    assert (take.pose[:, 10, 2] - take.pose[:, 3, 2]).min() > 1.4


def test_a_jump_is_mended_and_a_take_without_sound_frames_dropped(tmp_path: Path):
    for name in "abc":
        bvh(tmp_path / f"{name}.bvh", 30)
    lines = (tmp_path / "b.bvh").read_text().splitlines()
    lines[-5] = " ".join(["500", *lines[-5].split()[1:]])
    (tmp_path / "b.bvh").write_text("\n".join(lines))
    wild = [" ".join([str(500 * (i % 2)), *line.split()[1:]]) for i, line in enumerate(lines[-30:])]
    (tmp_path / "c.bvh").write_text("\n".join(lines[:-30] + wild))
    converted = takes(table(tmp_path, "a.bvh,anna,x", "b.bvh,anna,y", "c.bvh,anna,z"))
    assert converted.dropped == ("c: a joint jumps at 150 m/s (people stay below 15).",)
    assert converted.facts["mended"].startswith("b: 1 frame repaired (pelvis, right hip")
    sound, mended = converted.takes
    np.testing.assert_allclose(mended.pose, sound.pose, atol=5e-3)


def test_inspection(tmp_path: Path):
    bvh(tmp_path / "a.bvh", 30)
    bvh(tmp_path / "b.bvh", 30)
    (problem,) = inspect(table(tmp_path, "a.bvh,anna,x", "b.bvh,bob,y")).problems
    assert "no training take shows y" in problem
    report = inspect(table(tmp_path, "a.bvh,anna,x", "b.bvh,bob,x"))
    assert report.problems == ()
    assert dict(report.facts)["subjects"] == "train anna; test bob"
    facts = dict(inspect(tmp_path / "a.bvh").facts)
    assert facts["frames"] == "30 at 30 frames/s, 1.0 s"
    assert facts["rig"] == "mixamo"
    (problem,) = inspect(table(tmp_path, "a.bvh,anna", head="file,subject")).problems
    assert "has no column action" in problem  # a table of takes, not of keypoints
    assert inspect(bvh(tmp_path / "short.bvh", 1)).problems == (
        "The longest take has 1 frame: lifters read at least 9.",
    )
    (problem,) = inspect(table(tmp_path, "a.bvh,anna,x")).problems
    assert "one subject only" in problem
    (tmp_path / "b.bvh").write_text((tmp_path / "b.bvh").read_text().replace("mixamorig:Hips", "H").replace("Leg", "L"))
    assert "unknown hierarchy" in inspect(tmp_path / "b.bvh").problems[0]
    (tmp_path / "b.bvh").write_text("")
    assert "does not begin with HIERARCHY" in inspect(tmp_path / "b.bvh").problems[0]
