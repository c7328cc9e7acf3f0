import csv
import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.output import WriteCfg, formats, write
from actionprompt.output.axes import gravity_turn, world
from lifted_people import lines, person

TEXTS = ("csv", "json", "segments.csv", "segments.json", "bvh", "trc", "html")


def two(name: str = "") -> list:
    """Two people; long enough for what a format wants to see."""
    frames = 250 if name.startswith("repetitions") else 40
    return [person("1", frames, noise=0.01), person("2", frames - 10, 0.01, 1, first=1.7)]


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def needs_library(name: str) -> None:
    """Skips a test of a format whose library is not installed."""
    if "parquet" in name:
        pytest.importorskip("pyarrow", reason="needs pyarrow")
    if name == "c3d":
        pytest.importorskip("ezc3d")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file can grow beyond some bytes: what a full disk does, without one."""
    resource = pytest.importorskip("resource", reason="limits of file size need a POSIX system")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", formats())
def test_every_format_writes_one_and_several_people(tmp_path: Path, name: str):
    needs_library(name)
    assert write(two(name)[:1], tmp_path / "deep" / f"one.{name}") == [tmp_path / "deep" / f"one.{name}"]
    files = write(two(name), tmp_path / f"two.{name}")
    one = [f"two-person1.{name}", f"two-person2.{name}"]
    assert [file.name for file in files] == ([f"two.{name}"] if formats()[name].several else one)
    assert sorted(file.name for file in tmp_path.glob("*.*")) == sorted(file.name for file in files)
    assert all(file.stat().st_size > 100 for file in files)


def test_the_longest_suffix_counts_and_a_named_format_wins(tmp_path: Path):
    write(two(), tmp_path / "A.SEGMENTS.CSV")
    assert lines(tmp_path / "A.SEGMENTS.CSV")[0].startswith("person,start_s")
    write(two(), tmp_path / "b.txt", "segments.csv")
    assert lines(tmp_path / "b.txt") == lines(tmp_path / "A.SEGMENTS.CSV")


def test_names_of_people_are_made_fit_for_files(tmp_path: Path):
    people = [person("a/b c"), person("é.1")]
    assert [f.name for f in write(people, tmp_path / "x.trc")] == ["x-persona_b_c.trc", "x-personé.1.trc"]


def test_what_cannot_be_written_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"Nothing writes run\.fbx: .* \.npz, \.csv, .*\.bvh, \.glb"):
        write(two(), tmp_path / "run.fbx")
    with pytest.raises(InputError, match="no output format 'bhv'. Did you mean bvh?"):
        write(two(), tmp_path / "run", "bhv")
    with pytest.raises(InputError, match="nobody to write"):
        write([], tmp_path / "run.csv")
    with pytest.raises(InputError, match="Two tracks are called person 1"):
        write([person(), person()], tmp_path / "run.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write .*: Not a directory|Cannot write .*: File exists"):
        write(two(), tmp_path / "file" / "run.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", formats())
def test_a_disk_that_fills_leaves_no_file_that_looks_whole(tmp_path: Path, name: str):
    needs_library(name)
    path = tmp_path / f"run.{name}"
    path.write_text("an older result")
    with largest_file(60), pytest.raises(InputError, match="the disk is full; the part that fitted is in") as error:
        write(two(name)[:1], path)
    assert str(path) in str(error.value)
    assert path.read_text() == "an older result"
    (kept,) = (p for p in tmp_path.iterdir() if p != path)
    assert kept.name == f"run.{name}.partial"
    assert 0 < kept.stat().st_size <= 60
    assert len(write(two(name)[:1], path)) == 1  # and with space it goes well


def test_if_the_second_file_does_not_fit_the_first_does_not_appear(tmp_path: Path):
    people = [person("1", frames=2), person("2", frames=40)]
    size = write(people, tmp_path / "a.trc")[0].stat().st_size
    with largest_file(size), pytest.raises(InputError, match="b-person2.trc: the disk is full"):
        write(people, tmp_path / "b.trc")
    assert [p.name for p in tmp_path.glob("b*")] == ["b-person2.trc.partial"]


def test_no_space_left_and_other_errors_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for number, message in ((errno.ENOSPC, "the disk is full"), (errno.EIO, "Input/output error")):

        def fail(*args: object, number: int = number, **more: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(Path, "write_text", fail)
        with pytest.raises(InputError, match=f"run.csv: {message}; free some space"):
            write(two(), tmp_path / "run.csv")
        assert list(tmp_path.iterdir()) == []


def test_a_real_full_disk(tmp_path: Path):
    mounted = tmp_path / "small"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mounted)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    try:
        with pytest.raises(
            InputError, match=r"run\.json: the disk is full; the part that fitted is in run\.json\.partial"
        ):
            write([person(frames=400)], mounted / "run.json")
        assert [p.name for p in mounted.iterdir()] == ["run.json.partial"]
    finally:
        subprocess.run(["umount", str(mounted)], check=True)


def test_npz_holds_plain_arrays(tmp_path: Path):
    track = person(noise=0.01)
    write([track], tmp_path / "a.npz")
    found = arrays(tmp_path / "a.npz")
    for name in ("keypoints", "pose", "confidence", "probability"):
        np.testing.assert_array_equal(found[name], getattr(track, name))
    np.testing.assert_array_equal(found["root_approximate"], track.root)
    np.testing.assert_array_equal(found["time"], track.times)
    assert tuple(found["joints"]) == track.skeleton.joints
    assert tuple(found["parents"]) == track.skeleton.parents
    assert tuple(found["notes"]) == track.notes
    assert tuple(found["actions"]) == track.actions
    assert (str(found["axes"]), float(found["fps"]), str(found["person"])) == ("camera", 50, "1")
    bare = replace(track, root=None, confidence=None, actions=(), probability=np.empty((40, 0)), notes=())
    write([bare], tmp_path / "b.npz")
    assert {"confidence", "root_approximate"}.isdisjoint(arrays(tmp_path / "b.npz"))


@pytest.mark.parametrize("axes", ["y-up", "z-up"])
def test_tables_can_have_gravity_aligned_axes(tmp_path: Path, axes: str):
    people = [replace(track, up=(0.0, -0.96, -0.28)) for track in two()]
    files = write(people, tmp_path / "a.npz", settings=WriteCfg(axes=axes))
    turn, place = gravity_turn((0.0, -0.96, -0.28), axes), world(people, axes)
    for track, file in zip(people, files, strict=True):
        found = arrays(file)
        np.testing.assert_allclose(found["pose"], track.pose @ turn.T)
        np.testing.assert_allclose(found["root_approximate"], place.points(track.root))
        np.testing.assert_array_equal(found["up"], [0, 1, 0] if axes == "y-up" else [0, 0, 1])


def test_the_table_has_a_row_per_person_and_frame(tmp_path: Path):
    people = two()
    people[1] = replace(people[1], root=None)
    write(people, tmp_path / "a.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8"))))
    assert [row["person"] for row in rows] == ["1"] * 40 + ["2"] * 30
    first, last = rows[7], rows[-1]
    track, j = people[0], people[0].skeleton.joints.index("left knee")
    assert (first["frame"], first["time_s"]) == ("7", "1.6400")
    best = int(track.probability[7].argmax())
    assert first["action"] == track.actions[best]
    assert float(first["action_probability"]) == pytest.approx(track.probability[7, best], abs=1e-4)
    assert float(first["p_sitting_down"]) == pytest.approx(track.probability[7, 1], abs=1e-4)
    for i, axis in enumerate("xyz"):
        assert float(first[f"left_knee_{axis}_m"]) == pytest.approx(track.pose[7, j, i], abs=1e-4)
        assert float(first[f"root_approximate_{axis}_m"]) == pytest.approx(track.root[7, i], abs=1e-4)
        assert last[f"root_approximate_{axis}_m"] == ""
    for i, axis in enumerate("xy"):
        assert float(first[f"left_knee_image_{axis}_px"]) == pytest.approx(track.pixels[7, j, i], abs=1e-2)
    assert float(first["left_knee_confidence"]) == pytest.approx(track.confidence[7, j], abs=1e-3)
    assert None not in last


def test_without_a_size_the_table_is_in_screen_units(tmp_path: Path):
    track = person(size=(0, 0))
    write([track], tmp_path / "a.csv")
    (row, *_) = csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text()))
    assert float(row["nose_image_y_screen"]) == pytest.approx(track.keypoints[0, 9, 1], abs=1e-5)
    assert "nose_image_y_px" not in row


def test_the_document_holds_everybody(tmp_path: Path):
    people = two()
    people[1] = replace(people[1], root=None, confidence=None)
    write(people, tmp_path / "a.json")
    document = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert (document["format"], document["version"], document["axes"]) == ("actionprompt-motion", 1, "camera")
    assert document["units"]["pose"] == "m"
    for track, found in zip(people, document["people"], strict=True):
        assert (found["person"], found["first"], found["fps"]) == (track.person, track.first, 50)
        assert found["frames"] == len(found["pose"]) == len(found["keypoints"]) == track.num_frames
        np.testing.assert_allclose(found["pose"], track.pose, atol=1e-4)
        np.testing.assert_allclose(found["keypoints"], track.keypoints, atol=1e-5)
        np.testing.assert_allclose(found["probability"], track.probability, atol=1e-4)
        assert found["notes"] == list(track.notes)
        assert found["skeleton"]["joints"] == list(track.skeleton.joints)
    np.testing.assert_allclose(document["people"][0]["root_approximate"], people[0].root, atol=1e-4)
    assert {"root_approximate", "confidence"}.isdisjoint(document["people"][1])


def test_trc_is_as_opensim_reads_it(tmp_path: Path):
    track = person(noise=0.01)
    write([track], tmp_path / "a.trc")
    head, rows = lines(tmp_path / "a.trc")[:6], lines(tmp_path / "a.trc")[6:]
    assert head[0] == "PathFileType\t4\t(X/Y/Z)\ta.trc"
    named = dict(zip(head[1].split("\t"), head[2].split("\t"), strict=True))
    assert (named["DataRate"], named["NumFrames"], named["NumMarkers"], named["Units"]) == (
        "50.000000",
        "40",
        "17",
        "mm",
    )
    assert head[3].split("\t")[:2] == ["Frame#", "Time"]
    assert head[3].split("\t")[2::3] == [joint.replace(" ", "_") for joint in track.skeleton.joints]
    assert head[4].split("\t")[2:] == [f"{axis}{i}" for i in range(1, 18) for axis in "XYZ"]
    assert head[5] == ""
    values = np.array([row.split("\t") for row in rows], dtype=float)
    np.testing.assert_array_equal(values[:, 0], np.arange(1, 41))
    np.testing.assert_allclose(values[:, 1], track.times, atol=1e-6)
    expected = world([track]).points(track.points)
    np.testing.assert_allclose(values[:, 2:].reshape(40, 17, 3) / 1000, expected, atol=1e-6)
    assert {len(head[3].split("\t")), len(head[4].split("\t")), values.shape[1]} == {2 + 17 * 3}


def test_c3d_is_read_back(tmp_path: Path):
    pytest.importorskip("ezc3d")
    import ezc3d

    from actionprompt.formats.c3d import read_c3d

    track = person(noise=0.01)
    write([track], tmp_path / "a.c3d")
    found = read_c3d(tmp_path / "a.c3d")
    assert (found.fps, found.up, found.unit) == (50, "z", 0.001)
    assert found.names == tuple(joint.replace(" ", "_") for joint in track.skeleton.joints)
    np.testing.assert_allclose(found.points * 0.001, world([track], "z-up").points(track.points), atol=1e-5)
    about = ezc3d.c3d(str(tmp_path / "a.c3d"))["parameters"]["ACTIONPROMPT"]
    assert list(about["NOTES"]["value"]) == list(track.notes)
    assert list(about["FIRST_SECOND"]["value"]) == [1.5]


def test_c3d_counts_no_further_than_it_can(tmp_path: Path):
    pytest.importorskip("ezc3d")
    n = 65536
    track = replace(
        person(), keypoints=np.zeros((n, 17, 2)), pose=np.zeros((n, 17, 3)), root=None, confidence=None,
        actions=(), probability=np.empty((n, 0)),
    )  # fmt: skip
    with pytest.raises(InputError, match="counts frames up to 65535; person 1 has 65536: write TRC"):
        write([track], tmp_path / "a.c3d")


def test_texts_are_in_utf8_with_plain_line_ends(tmp_path: Path):
    track = person(notes=("modèle été",))
    for name in TEXTS:
        write([track], tmp_path / f"a.{name}")
        data = (tmp_path / f"a.{name}").read_bytes()
        assert b"\r" not in data
        assert data.endswith(b"\n")
        data.decode("utf-8")
    assert "modèle été" in (tmp_path / "a.json").read_text(encoding="utf-8")


HOSTILE = ("=1+1", "@SUM(A1)", "-2+3", "[/x]", "a/b", "a?b", "</script><b>")
"""Names that a spreadsheet computes, a terminal takes for markup, that become one file name, or end a page's script."""


@pytest.mark.parametrize("name", formats())
def test_names_of_strangers_are_text_in_every_format(tmp_path: Path, name: str):
    needs_library(name)
    everybody = [
        person(text, 250 if name.startswith("repetitions") else 8, seed=i, actions=("=x()", "[foo]", "c"))
        for i, text in enumerate(HOSTILE)
    ]
    files = write(everybody, tmp_path / f"all.{name}")
    assert len(files) == (1 if formats()[name].several else len(HOSTILE))
    assert all(file.parent == tmp_path and file.is_file() for file in files)
    if name.endswith("csv"):
        rows = list(csv.DictReader(io.StringIO(files[0].read_text())))
        shown = {row["person"].lstrip("'") for row in rows}
        assert shown <= set(HOSTILE)
        assert len(shown) == len(HOSTILE) or name.startswith("repetitions")  # not everybody repeats a movement
        cells = [cell for row in [rows[0].keys(), *(row.values() for row in rows)] for cell in row]
        for cell in cells:
            if cell.startswith(("=", "+", "-", "@")):
                float(cell)  # a number
    if name == "html":
        assert "</script><b>" not in files[-1].read_text()
