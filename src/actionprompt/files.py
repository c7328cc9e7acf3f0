"""Files that appear whole or not at all."""

import errno
import glob
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from actionprompt.errors import DiskFull, InputError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where nothing more fits: on the disk, into a user's share, into a file."""


@contextmanager
def whole(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """A temporary file beside ``path`` to write to; it becomes ``path`` if the block succeeds and is deleted if not.

    The folder is made if need be. A link is written through; a file that is replaced keeps its mode. The temporary
    name ends like the real one, for writers that look at it, nobody can guess it, and it names the process, so that
    what a killed one left is deleted by the next that writes ``path``.

    Args:
        path: the file to be.
        durable: whether the content must survive a power cut right afterwards.

    Raises:
        OSError: the folder or the file cannot be written, or ``path`` is something else than a file.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and not target.is_file():
        raise OSError(errno.EEXIST, "it is not a regular file", str(path))
    tidy(target)
    part = target.with_name(f".{target.stem[:100]}.{_mark()}-{secrets.token_hex(8)}.part{target.suffix[:50]}")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o666))
    try:
        yield part
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        if durable:
            _sync(part)
        os.replace(part, target)
        if durable:
            _sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def tidy(path: Path) -> None:
    """Deletes what processes of this machine that are no more left of their work on a file."""
    if os.name != "posix":
        return
    begin, host = f".{path.stem[:100]}.", _mark().partition("-")[2]
    for part in path.parent.glob(f"{glob.escape(begin)}*.part{glob.escape(path.suffix[:50])}"):
        process, _, rest = part.name.removeprefix(begin).partition("-")
        if process.isdecimal() and rest.startswith(f"{host}-") and not _lives(int(process)):
            part.unlink(missing_ok=True)


def keep_partial(part: Path, path: Path) -> str:
    """Keeps what was written before the disk was full, say, under a name that says so; the words for the message."""
    if not part.exists() or not part.stat().st_size:
        return ""
    partial = path.with_name(f"{path.name}.partial")
    os.replace(part, partial)
    return f"; the part that fitted is in {partial.name}"


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8, with the line ends that the text has.

    Raises:
        OSError: the file cannot be written.
    """
    with whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def unwritable(what: str, path: Path, error: Exception) -> InputError:
    """The error for something that cannot be written: ``DiskFull`` where that is the reason."""
    return (DiskFull if is_full(error) else InputError)(f"{what} cannot be written to {path}: {why_not(error)}.")


def is_full(error: Exception) -> bool:
    """Whether something could not be written because nothing more fits."""
    return getattr(error, "errno", None) in FULL or f"os error {errno.ENOSPC}" in str(error)  # safetensors has no errno


def why_not(error: Exception) -> str:
    """Why something could not be read or written, in words."""
    return "the disk is full" if is_full(error) else getattr(error, "strerror", None) or str(error).rstrip(".")


def check_writable(path: Path) -> None:
    """Finds out before long work whether a file can be written at all.

    Raises:
        InputError: it is a folder, or its place cannot be written to.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; a file is to be written.")
    place = next(parent for parent in path.absolute().parents if parent.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise InputError(f"{path} cannot be written: {place} is not a folder that this user may write to.")


def _mark() -> str:
    """This process and its machine, in a name."""
    return f"{os.getpid()}-{blake2b(socket.gethostname().encode(), digest_size=4).hexdigest()}"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 asks only
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _sync(path: Path) -> None:
    """Has the system write a file or a folder to its disk now; some file systems cannot for folders."""
    flags = os.O_RDONLY | (getattr(os, "O_DIRECTORY", 0) if path.is_dir() else 0)
    with suppress(PermissionError):  # Windows opens no folders
        handle = os.open(path, flags)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(handle)
