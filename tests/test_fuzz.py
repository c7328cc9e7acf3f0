"""Every reader on files that were damaged at random: a sentence or a sound result, in little memory and time.

``ACTIONPROMPT_FUZZ=10000 pytest tests/test_fuzz.py`` tries so many files a reader instead of a few.
"""

import os
import random
from pathlib import Path

import numpy as np
import pytest

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


def damaged(content: bytes, seed: int) -> bytes:
    """The content with a few bytes changed, cut out, doubled, or replaced by what parsers dislike."""
    pick = random.Random(seed)
    data = bytearray(content)
    for _ in range(pick.choice((1, 1, 2, 5, 20))):
        at = pick.randrange(len(data)) if data else 0
        kind = pick.randrange(6)
        if kind == 0 and data:
            data[at] ^= 1 << pick.randrange(8)
        elif kind == 1:
            data[at : at + pick.randrange(1, 40)] = b""
        elif kind == 2:
            data[at:at] = data[at : at + pick.randrange(1, 40)]
        elif kind == 3:
            data[at:at] = pick.choice(TEXTS)
        elif kind == 4:
            end = at + pick.randrange(1, 9)
            data[at:end] = pick.choice(TEXTS)
        else:
            del data[at + len(data) // 2 :]
    return bytes(data)


def batch(folder: Path, name: str, begin: int, end: int) -> None:
    """Reads damaged files; ends at the first that lets a foreign exception or a number that is none out."""
    suffix, make, read = READERS[name]
    whole, path = make(folder / f"whole{suffix}"), folder / f"damaged{suffix}"
    for seed in range(begin, end):
        path.write_bytes(damaged(whole, seed))
        try:
            found = read(path)
        except InputError as error:
            assert "\n" not in str(error), (seed, str(error))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        else:
            assert not np.isinf(found).any(), f"seed {seed}: infinite numbers are passed on"


@pytest.mark.parametrize("name", READERS)
def test_damaged_files(tmp_path: Path, name: str) -> None:
    suffix, make, read = READERS[name]
    path = tmp_path / f"sound{suffix}"
    path.write_bytes(make(tmp_path / f"whole{suffix}"))
    read(path)
    for begin in range(0, COUNT, BATCH):
        end = min(COUNT, begin + BATCH)
        try:
            confined(batch, tmp_path, name, begin, end, memory=2**29, seconds=10 + (end - begin) // 5)
        except Broken as error:
            raise AssertionError(f"{name}, seeds {begin} to {end}: {error}") from None
