"""Text files as Windows, Excel and editors write them: with or without a byte-order mark, and in which encoding."""

import codecs
from pathlib import Path

from actionprompt.errors import InputError

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_text(path: Path) -> str:
    """What a text file says: in the encoding that its mark names, else in UTF-8, else in Windows' cp1252.

    Raises:
        InputError: it cannot be read, or is not text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8" and b"\0" not in content:
            return content.decode("cp1252", errors="replace")
        raise InputError(f"{path} is not text ({error}): save it in UTF-8.") from error
