"""A process of its own for each question, and the memory that it takes."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from actionprompt.errors import InputError

T = TypeVar("T")


def memory(field: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM at most.

    Not from getrusage: its maximum counts what the parent process held when it started this one.

    Raises:
        InputError: not on Linux.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        raise InputError("Memory is read from /proc, which only Linux has: `actionprompt bench` needs Linux.")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return 1024 * int(lines[field].split()[0])


def isolated(question: Callable[..., T], *args: Any) -> T:
    """The answer of a fresh process."""
    with _elsewhere():
        pool = multiprocessing.get_context("spawn").Pool(1)
    with pool:
        return pool.apply(question, args)


@contextmanager
def _elsewhere() -> Iterator[None]:
    """An empty folder as the current one: a process that begins here takes its first modules from it."""
    here = Path.cwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)
