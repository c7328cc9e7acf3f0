"""A process of its own for each question, and the memory that it takes."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from actionprompt.cluster.safe_start import take_nothing_from_here
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
    take_nothing_from_here()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(question, args)
