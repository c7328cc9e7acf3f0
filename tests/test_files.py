import os
from pathlib import Path

import pytest

from actionprompt.errors import DiskFull, InputError
from actionprompt.files import unwritable, whole, write_text


def parts(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if ".part" in file.name]


def test_a_file_that_is_replaced_keeps_its_mode_and_a_new_one_has_the_users(tmp_path: Path):
    usual = os.umask(0o027)
    try:
        write_text(tmp_path / "new.txt", "one")
    finally:
        os.umask(usual)
    assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o640
    (tmp_path / "new.txt").chmod(0o604)
    write_text(tmp_path / "new.txt", "two")
    assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o604
    assert (tmp_path / "new.txt").read_text() == "two"


def test_links_are_written_through(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "elsewhere" / "real.txt")
    for text in ("one", "two"):
        write_text(tmp_path / "link.txt", text)
        assert (tmp_path / "link.txt").is_symlink()
        assert (tmp_path / "elsewhere" / "real.txt").read_text() == text


def test_temporary_names_differ_each_time_and_no_link_is_followed(tmp_path: Path):
    seen = set()
    for _ in range(3):
        with whole(tmp_path / "a.npz", durable=True) as part:
            assert part.is_file()
            assert part.suffix == ".npz"
            assert part.parent == tmp_path
            seen.add(part.name)
    assert len(seen) == 3


def test_what_is_no_file_stays(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/null"), tmp_path / "pipe"):
        with pytest.raises(OSError, match="not a regular file"):
            write_text(path, "x")
        assert not path.is_file()


def test_what_a_killed_process_left_is_tidied_and_a_living_ones_work_is_not(tmp_path: Path):
    child = os.fork()
    if child == 0:
        with whole(tmp_path / "a.txt") as part:
            part.write_text("half")
            os._exit(9)
    os.waitpid(child, 0)
    assert len(parts(tmp_path)) == 1
    with whole(tmp_path / "a.txt") as mine:
        assert parts(tmp_path) == [mine.name]
        write_text(tmp_path / "a.txt", "meanwhile")
        assert parts(tmp_path) == [mine.name]
        mine.write_text("last")
    assert (tmp_path / "a.txt").read_text() == "last"
    assert parts(tmp_path) == []


def test_a_full_disk_is_told_from_other_reasons(tmp_path: Path):
    full = unwritable("The model", tmp_path, OSError(28, "No space left on device"))
    assert isinstance(full, DiskFull)
    assert str(full).endswith(": the disk is full.")
    assert isinstance(unwritable("The model", tmp_path, ValueError("I/O error: No space (os error 28)")), DiskFull)
    other = unwritable("The model", tmp_path, OSError(13, "Permission denied"))
    assert type(other) is InputError
    assert str(other).endswith(": Permission denied.")
