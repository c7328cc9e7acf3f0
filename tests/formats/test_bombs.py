"""Small files that would take gigabytes, or forever, if they were believed."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.encoders.checkpoint_reader import read_checkpoint
from actionprompt.formats.npz_pickle import read_arrays, read_npy, read_npz
from confined import confined, refused


def npz(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def header(shape: tuple[int, ...] = (), descr: str = "|O") -> bytes:
    text = io.BytesIO()
    np.lib.format.write_array_header_1_0(text, {"descr": descr, "fortran_order": False, "shape": shape})
    return text.getvalue()


def npy(path: Path, content: bytes) -> Path:
    path.write_bytes(header() + content)
    return path


def big(path: Path, megabytes: int, name: str = "p.npy") -> Path:
    """An archive with a member that unpacks to so many zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w", force_zip64=True) as file:
        file.write(header((megabytes * 2**20,), "|u1"))
        for _ in range(megabytes):
            file.write(bytes(2**20))
    return path


def test_an_archive_that_grows_a_thousandfold(tmp_path: Path):
    path = big(tmp_path / "grows.npz", 600)
    assert path.stat().st_size < 1e6
    for read in (read_npz, read_arrays, read_checkpoint):
        if read is read_checkpoint:
            path = big(tmp_path / "grows.npz", 600, "state/p.npy")
        assert "would unpack to 629 MB" in refused(read, path, memory=2**29)


def test_what_nobody_reads_is_not_unpacked(tmp_path: Path):
    path = big(tmp_path / "beside.npz", 600)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("pose.npy", header((2,), "<f8") + np.ones(2).tobytes())
    found = confined(lambda: read_arrays(path, {"pose"}.__contains__)["pose"].tolist(), memory=2**28)
    assert found == [1.0, 1.0]


def test_an_array_announced_larger_than_it_is(tmp_path: Path):
    path = npz(tmp_path / "a.npz", {"p.npy": header((10**12,), "<f8") + bytes(64)})
    assert "announced and 64 are there" in refused(read_npz, path)
    (tmp_path / "a.npy").write_bytes(header((2**33,), "|u1"))
    assert "announced and 0 are there" in refused(read_npy, tmp_path / "a.npy")


def test_another_way_of_packing(tmp_path: Path):
    path = npz(tmp_path / "a.npz", {"p.npy": header((2,), "|u1") + b"ab"}, zipfile.ZIP_LZMA)
    assert "packed otherwise than numpy does" in refused(read_npz, path)


def shared(levels: int) -> bytes:
    """A pickle of lists that hold the one below twice."""
    content: list = [1]
    for _ in range(levels):
        content = [content, content]
    return pickle.dumps(content)


def tuples_as_key(levels: int) -> bytes:
    """A dict whose key takes 2 ** levels steps to hash."""
    return b"\x80\x04}" + b")" + b"2\x86" * levels + b"K\x01s."


def an_array_of_objects(count: int) -> bytes:
    """What numpy writes for an array of objects, of a shape that it does not have."""
    honest = pickle.dumps(np.array([None], dtype=object), protocol=2)
    assert honest.count(b"K\x01\x85") == 1
    return honest.replace(b"K\x01\x85", b"J" + struct.pack("<i", count) + b"\x85")


BOMBS = {
    "shared lists": shared(60),
    "a key of tuples": tuples_as_key(60),
    "an array of a billion objects": an_array_of_objects(10**9),
    "a memory of a billion places": b"\x80\x04Nr" + struct.pack("<I", 2**30 - 1) + b".",
    "a text of four gigabytes": b"\x80\x04\x8d" + struct.pack("<Q", 2**32) + b".",
    "bytes of two gigabytes": b"\x80\x04B" + struct.pack("<I", 2**31) + b".",
    "an array of bytes of eight gigabytes": b"\x80\x05\x96" + struct.pack("<Q", 2**33) + b".",
    "a number of two gigabytes": b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b".",
    "a list in itself": b"\x80\x04]\x94h\x00a.",
    "lists in lists": b"\x80\x04" + b"]" * 200_000 + b"a" * 199_999 + b".",
    "a text encoded again and again": b"\x80\x02c_codecs\nencode\nq\x00X"
    + struct.pack("<I", 2**20) + b"a" * 2**20 + b"q\x01X\x06\x00\x00\x00latin1q\x02"
    + b"h\x00h\x01h\x02\x86R" * 5000 + b".",
}  # fmt: skip


HARMLESS = ("shared lists", "a memory of a billion places", "lists in lists", "a list in itself")
"""Read for what they are: each list is made once."""


@pytest.mark.parametrize("bomb", BOMBS)
def test_pickles_that_explode(tmp_path: Path, bomb: str):
    def weigh(path: Path, read) -> str:
        return type(read(path)).__name__

    for path, read in ((npy(tmp_path / "a.npy", BOMBS[bomb]), read_npy),
                       (npz(tmp_path / "a.npz", {"p.npy": header() + BOMBS[bomb]}), read_npz)):  # fmt: skip
        outcome = confined(weigh, path, read, memory=2**27, seconds=5)
        assert "damaged" in str(outcome) if bomb not in HARMLESS else outcome in ("list", "NoneType", "dict")


def torch_file(path: Path, zipped: bool, **tensors: torch.Tensor) -> Path:
    torch.save(tensors, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.mark.parametrize("zipped", [True, False], ids=["archive", "legacy"])
def test_a_tensor_larger_than_its_storage(tmp_path: Path, zipped: bool):
    path = torch_file(tmp_path / "a.pth", zipped, a=torch.ones(1).expand(2**32))
    assert "over 1 numbers" in refused(read_checkpoint, path)


def test_a_storage_larger_than_the_file(tmp_path: Path):
    whole = torch_file(tmp_path / "a.pth", False, a=torch.ones(7)).read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[:-36] + struct.pack("<q", 2**33) + whole[-28:])
    assert "announced and 28 are there" in refused(read_checkpoint, tmp_path / "a.pth")


def test_a_torch_archive_that_grows(tmp_path: Path):
    path = torch_file(tmp_path / "a.pth", True, a=torch.zeros(4))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["a/data/0"] = bytes(300 * 2**20)
    assert "would unpack to" in refused(read_checkpoint, npz(path, members), memory=2**27)


@pytest.mark.parametrize("bomb", BOMBS)
def test_weight_files_that_explode(tmp_path: Path, bomb: str):
    archive = npz(tmp_path / "a.pth", {"a/data.pkl": BOMBS[bomb]})
    start = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {}))
    (tmp_path / "b.pth").write_bytes(start + BOMBS[bomb] + pickle.dumps([], 2))
    for path in (archive, tmp_path / "b.pth"):
        assert "weights" in refused(read_checkpoint, path, memory=2**27, seconds=5)
