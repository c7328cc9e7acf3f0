"""Every reader on files that were damaged at random: a sentence or a sound result, in little memory and time.

``ACTIONPROMPT_FUZZ=10000 pytest tests/test_fuzz.py`` tries so many files a reader instead of a few.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from actionprompt.errors import InputError
from confined import Broken, confined
from fuzz_readers import READERS

COUNT, BATCH = int(os.environ.get("ACTIONPROMPT_FUZZ", "25")), 250
TEXTS = (
    b"nan",
    b"inf",
    b"-1",
    b"1e999",
    b"null",
    b"[]",
    b"{}",
    b'""',
    b"\xff\xfe",
    b"\x00",
    b"999999999999",
    b"[[",
    b"]",
)


class Damage(NamedTuple):
    """One thing that happened to a file."""

    kind: str
    at: int
    """A place, counted round and round through the file."""
    length: int
    text: bytes


damages = st.lists(
    st.builds(
        Damage,
        st.sampled_from(("flip", "cut out", "double", "insert", "replace", "break off")),
        st.integers(0, 2**20),
        st.integers(1, 40),
        st.sampled_from(TEXTS),
    ),
    min_size=1,
    max_size=20,
)


def damaged(content: bytes, happened: list[Damage]) -> bytes:
    """The content with a few bytes changed, cut out, doubled, or replaced by what parsers dislike."""
    data = bytearray(content)
    for kind, place, length, text in happened:
        at = place % max(1, len(data))
        match kind:
            case "flip":
                data[at : at + 1] = bytes(byte ^ 1 << length % 8 for byte in data[at : at + 1])
            case "cut out":
                del data[at : at + length]
            case "double":
                data[at:at] = data[at : at + length]
            case "insert":
                data[at:at] = text
            case "replace":
                data[at : at + length % 9] = text
            case "break off":
                del data[at + len(data) // 2 :]
    return bytes(data)


def batch(folder: Path, name: str, count: int, number: int) -> None:
    """Reads damaged files; ends at the first that lets a foreign exception or a number that is none out."""
    suffix, make, read = READERS[name]
    whole, path = make(folder / f"whole{suffix}"), folder / f"damaged{suffix}"

    @seed(number)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(damages)
    def one(happened: list[Damage]) -> None:
        path.write_bytes(damaged(whole, happened))
        try:
            found = read(path)
        except InputError as error:
            assert "\n" not in str(error), str(error)
        else:
            assert not np.isinf(found).any(), "infinite numbers are passed on"

    one()


@pytest.mark.parametrize("name", READERS)
def test_damaged_files(tmp_path: Path, name: str) -> None:
    suffix, make, read = READERS[name]
    path = tmp_path / f"sound{suffix}"
    path.write_bytes(make(tmp_path / f"whole{suffix}"))
    read(path)
    for begin in range(0, COUNT, BATCH):
        count = min(COUNT - begin, BATCH)
        try:
            confined(batch, tmp_path, name, count, begin, memory=2**29, seconds=20 + count // 3)
        except Broken as error:
            raise AssertionError(f"{name}, files {begin} to {begin + count}: {error}") from None
