import os
import pickle
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import read_npy, read_npz


def entry(path: Path, content: bytes, name: str = "p.npy") -> Path:
    """An .npz file whose one entry is an object array with this pickle."""
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": ()})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, header.getvalue() + content)
    return path


def same(a: object, b: object) -> bool:
    """Equal in value, type and, of arrays, type of numbers."""
    if isinstance(b, np.ndarray):
        return (
            isinstance(a, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and all(map(same, a.flat, b.flat))
        )
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in b)
    if isinstance(b, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


kinds = st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_])
arrays = hnp.arrays(kinds, hnp.array_shapes(max_side=3))
contents = st.recursive(
    arrays | st.integers() | st.text(max_size=5) | st.none() | st.booleans(),
    lambda x: st.lists(x, max_size=3) | st.tuples(x, x) | st.dictionaries(st.text(max_size=5), x, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(content=contents, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
@settings(max_examples=80, deadline=None)
def test_what_numpy_writes_is_read_as_numpy_reads_it(tmp_path_factory: pytest.TempPathFactory, content, protocol: int):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    entry(path, pickle.dumps(np.array({"it": content}, dtype=object), protocol=protocol))
    with np.load(path, allow_pickle=True) as trusted:
        expected = trusted["p"].item()
    np.testing.assert_equal(read_npz(path)["p"], expected)


def test_field_layout(tmp_path: Path):
    content = {"S1": {"Walking 1": [np.ones((2, 17, 2), np.float32)] * 4}}
    kinds = {"big": np.arange(3, dtype=">i4"), "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3))}
    texts = {
        "names": np.array(["ab", "c"]),
        "number": np.float32(2.5),
        "objects": np.array([1, "a", np.ones(2)], dtype=object),
    }
    np.savez_compressed(tmp_path / "x.npz", p=content, k=kinds, t=texts, plain=np.eye(2), row=texts["objects"])
    read = read_npz(tmp_path / "x.npz")
    assert same(read["p"], content)
    assert same(read["k"], kinds)
    assert same(read["t"], texts)
    assert same(read["plain"], np.eye(2))
    assert same(read["row"], texts["objects"])
    first, second = read["p"]["S1"]["Walking 1"][:2]
    assert first is second  # stored once, kept once


class Evil:
    def __init__(self, call, *args) -> None:
        self.call, self.args = call, args

    def __reduce__(self):
        return self.call, self.args


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "evil",
    [
        Evil(os.system, "echo > pwned"),
        Evil(eval, "1"),
        Evil(np.load, "x"),
        np.random.RandomState(0),
        Path("x"),
    ],
)
def test_nothing_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evil: object, protocol: int):
    monkeypatch.chdir(tmp_path)
    entry(tmp_path / "evil.npz", pickle.dumps({"S1": evil}, protocol=protocol))
    with pytest.raises(InputError, match=r"holds an object of \S+ where only arrays belong"):
        read_npz(tmp_path / "evil.npz")
    assert not (tmp_path / "pwned").exists()


def test_types_of_objects_are_refused(tmp_path: Path):
    records = np.zeros(2, dtype=[("a", "f4"), ("b", "O")])
    entry(tmp_path / "r.npz", pickle.dumps({"x": records}))
    with pytest.raises(InputError, match=r"r\.npz is damaged"):
        read_npz(tmp_path / "r.npz")


def test_damaged_and_foreign_files(tmp_path: Path):
    np.savez_compressed(tmp_path / "good.npz", p={"S1": np.random.default_rng(0).normal(size=500)})
    data = (tmp_path / "good.npz").read_bytes()
    (tmp_path / "short.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"short\.npz is not an \.npz file, or it is cut off"):
        read_npz(tmp_path / "short.npz")
    (tmp_path / "flipped.npz").write_bytes(data[:900] + bytes([data[900] ^ 255]) + data[901:])
    with pytest.raises(InputError, match=r"flipped\.npz (is damaged|is not an)"):
        read_npz(tmp_path / "flipped.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match=r"text\.npz is not an \.npz file"):
        read_npz(tmp_path / "text.npz")
    with pytest.raises(InputError, match=r"Cannot read .*nothing\.npz: No such file"):
        read_npz(tmp_path / "nothing.npz")
    entry(tmp_path / "cut.npz", pickle.dumps({"a": np.ones(9)})[:-20])
    with pytest.raises(InputError, match=r"cut\.npz is damaged"):
        read_npz(tmp_path / "cut.npz")


def test_single_arrays(tmp_path: Path):
    table = {(1, "Directions", "Directions 1.54138969.h5"): np.arange(6.0).reshape(2, 3)}
    np.save(tmp_path / "a.npy", np.array(table, dtype=object))
    assert same(read_npy(tmp_path / "a.npy"), table)
    np.save(tmp_path / "a.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    assert same(read_npy(tmp_path / "a.npy"), np.arange(6.0).reshape(2, 3))
    (tmp_path / "a.npy").write_text("text")
    with pytest.raises(InputError, match=r"a\.npy is damaged"):
        read_npy(tmp_path / "a.npy")
