"""Text that a stranger wrote: how long and how deep it is is checked before a parser sees it."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actionprompt.errors import InputError

LONGEST = 1_000_000
"""Bytes of a file of settings."""
DEEPEST = 64
"""Lists and tables inside each other, and parts of a dotted key."""
_STRINGS = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_DOTTED = re.compile(rf"(?:\.[ \t]*[\w-]*[ \t]*){{{DEEPEST}}}")


def said(error: BaseException, most: int = 300) -> str:
    """What an exception says, in one line without a full stop; its name where it says nothing."""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return text if len(text) <= most else f"{text[:most]}..."


@contextmanager
def reading(wrong: str) -> Iterator[None]:
    """Whatever a parser makes of a foreign file becomes one sentence: what is ``wrong``, and why.

    Raises:
        InputError: the block raised any exception; its own ``InputError`` stays as it is.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # parsers raise any kind
        raise InputError(f"{wrong} ({type(error).__name__}: {said(error)}).") from error


def cell(text: str) -> str:
    """A text for a table (.csv) that no spreadsheet takes for a formula; numbers stay what they are."""
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def parse_json(text: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is none, or lists and tables lie too deep in each other.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(_too_deep()) from error


def parse_settings(text: str, toml: bool) -> Any:
    """What a TOML or JSON text of settings says: finite numbers, at most ``DEEPEST`` levels.

    Raises:
        ValueError: it is none, too long or too deep.
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is {len(text):,} characters long, and settings have at most {LONGEST:,}")
    bare = _STRINGS.sub("x", text)
    depth = 0
    for bracket in re.findall(r"[\[{\]}]", bare):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            raise ValueError(_too_deep())
    if not toml:
        return json.loads(text, parse_constant=_no_number)
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    if max(map(len, text.splitlines()), default=0) > 10_000 or _DOTTED.search(bare):
        raise ValueError(f"a key has more than {DEEPEST} parts, or a line more than 10,000 characters")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(_too_deep()) from error


def read_settings(path: Path) -> Any:
    """A user's TOML or JSON file (told by its suffix).

    Raises:
        InputError: no such file, or it is neither.
    """
    toml = path.suffix.lower() != ".json"
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
        if len(content) > LONGEST:
            raise ValueError(f"it has more than {LONGEST:,} bytes")
        return parse_settings(content.decode("utf-8-sig"), toml)
    except OSError as error:
        raise InputError(f"Cannot read the settings file {path}: {error.strerror}.") from error
    except ValueError as error:  # of either format, or not UTF-8
        raise InputError(f"{path} is not {'TOML' if toml else 'JSON'}: {said(error)}.") from error


def _too_deep() -> str:
    return f"lists and tables lie more than {DEEPEST} deep in each other"


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number")
