import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from actionprompt.data.cache import Converted, cached, content_key
from actionprompt.data.clip import Take
from actionprompt.errors import InputError


@pytest.fixture
def files(tmp_path):
    (tmp_path / "files").mkdir()
    paths = {name: tmp_path / "files" / name for name in ("a", "b")}
    for name, path in paths.items():
        path.write_text(name * 3000)
    return paths


class Converter:
    """Counts how often it was needed."""

    def __init__(self):
        self.calls = 0
        random = torch.Generator().manual_seed(0)
        self.made = Converted(
            (
                Take(torch.rand(5, 17, 3, generator=random), "deep squat", "s01", "m01_s01"),
                Take(torch.rand(8, 17, 3, generator=random), "side lunge", "s02", "m04_s02"),
            ),
            dropped=("m01_s03_e01: marker LASI is missing in every frame.",),
            facts={"episodes": "3, 1 dropped"},
        )

    def __call__(self):
        self.calls += 1
        return self.made


def same(a: Converted, b: Converted) -> bool:
    def about(c):
        return [(t.action, t.subject, t.name) for t in c.takes], c.dropped, c.facts

    return about(a) == about(b) and all(torch.equal(s.pose, t.pose) for s, t in zip(a.takes, b.takes, strict=True))


def test_second_time_comes_from_the_disk(files, cache):
    convert = Converter()
    first, second = cached("r-1", files, convert), cached("r-1", files, convert)
    assert convert.calls == 1
    assert same(first, convert.made)
    assert same(second, convert.made)
    assert [path.suffix for path in cache.iterdir()] == [".safetensors"]


def test_new_content_name_or_version_converts_anew(files, cache):
    convert = Converter()
    cached("r-1", files, convert)
    cached("r-2", files, convert)
    cached("r-1", {"a": files["a"], "c": files["b"]}, convert)
    files["b"].write_text("b" * 2999 + "c")
    cached("r-1", files, convert)
    assert convert.calls == 4
    assert len(list(cache.iterdir())) == 4


def test_key_is_of_content_not_of_place_or_order(files, tmp_path):
    moved = {name: path.rename(tmp_path / f"moved_{name}") for name, path in reversed(files.items())}
    again = {name: tmp_path / f"again_{name}" for name in files}
    for name, path in again.items():
        path.write_text(name * 3000)
    assert content_key(moved) == content_key(again)
    assert content_key({"a": again["b"], "b": again["a"]}) != content_key(again)


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "flipped", "foreign", "no metadata", "old metadata"])
def test_damaged_file_is_written_anew(files, cache, damage):
    convert = Converter()
    cached("r-1", files, convert)
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    if damage == "foreign":
        save_file({"other": torch.zeros(3)}, path, metadata={"converted": "{}"})
    elif damage == "no metadata":
        save_file({"poses": torch.zeros(13, 17, 3)}, path)
    elif damage == "old metadata":
        save_file({"poses": torch.zeros(13, 17, 3)}, path, metadata={"converted": json.dumps({"takes": []})})
    else:
        flipped = whole[:-1] + bytes([whole[-1] ^ 1])
        path.write_bytes({"cut": whole[:-100], "garbage": b"x" * 500, "empty": b"", "flipped": flipped}[damage])
    assert same(cached("r-1", files, convert), convert.made)
    assert convert.calls == 2
    assert path.read_bytes() == whole
    cached("r-1", files, convert)
    assert convert.calls == 2


def test_a_failed_conversion_leaves_nothing(files, cache):
    def fail():
        raise InputError("a is wrong")

    with pytest.raises(InputError, match="a is wrong"):
        cached("r-1", files, fail)
    assert list(cache.iterdir()) == []


def test_half_written_file_is_never_seen(files, cache, monkeypatch):
    convert = Converter()
    monkeypatch.setattr("actionprompt.data.cache.save_file", lambda *a, **k: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.warns(UserWarning, match="Cannot keep converted files in .* set ACTIONPROMPT_CACHE"):
        assert same(cached("r-1", files, convert), convert.made)
    assert list(cache.iterdir()) == []


def test_folder_that_cannot_be_made_only_warns(files, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ACTIONPROMPT_CACHE", str(tmp_path / "file" / "cache"))
    convert = Converter()
    with pytest.warns(UserWarning, match="Cannot keep converted files"):
        assert same(cached("r-1", files, convert), convert.made)


def test_default_folder_is_the_system_cache(monkeypatch):
    from actionprompt.data.cache import folder

    monkeypatch.delenv("ACTIONPROMPT_CACHE")
    assert folder().name == "actionprompt"


def test_no_pickle_inside(files, cache):
    cached("r-1", files, Converter())
    (path,) = cache.iterdir()
    with safe_open(path, framework="pt") as file:
        assert list(file.keys()) == ["poses"]
        assert [take["name"] for take in json.loads(file.metadata()["converted"])["takes"]] == [
            "m01_s01",
            "m04_s02",
        ]


def test_vanished_file(files):
    os.remove(files["b"])
    with pytest.raises(InputError, match=r"Cannot read .*b: No such file or directory"):
        content_key(files)
