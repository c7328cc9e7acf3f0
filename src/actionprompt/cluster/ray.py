"""Tasks on a Ray cluster, which gives them to another worker when one dies."""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from actionprompt.cluster.tasks import Answer, Finished, Lost, Task, Work
from actionprompt.errors import InputError

LOCAL = "local"
"""The address that starts a Ray of its own on this machine, for as long as the work takes."""
RETRIES = 3
"""How often Ray gives a task to another worker after one died."""
ANSWER = 10.0
"""Seconds in which somebody answers at an address."""


def on_ray(work: "Work[Task, Answer]", tasks: Sequence[Task], address: str) -> Iterator[Finished[Task, Answer]]:
    """Tasks in the order in which they are finished; a CPU core each.

    A worker that is killed or runs out of memory is replaced, and its task starts over: the work must leave whole
    files, or none.

    Args:
        work: what to do with a task; actionprompt is installed wherever Ray runs it, and files lie where all see them.
        tasks: all of them.
        address: ``host:port``, ``auto``, ``ray://...``, or :data:`LOCAL`.

    Raises:
        InputError: Ray is not installed, or nobody answers at the address.
    """
    try:
        import ray
    except ImportError as error:
        raise InputError("--ray needs Ray: pip install 'actionprompt[ray]'.") from error
    with _connected(address):
        remote: Any = ray.remote(work_on).options(num_cpus=1, max_retries=RETRIES)
        shared = ray.put((work, Path.cwd()))
        most = max(4, 4 * int(ray.cluster_resources().get("CPU", 1)))
        left = list(reversed(tasks))
        running: dict[Any, Task] = {}
        while left or running:
            while left and len(running) < most:
                task = left.pop()
                running[remote.remote(shared, task)] = task
            done, _ = ray.wait(list(running), num_returns=1)
            for reference in done:
                task = running.pop(reference)
                try:
                    yield Finished(task, ray.get(reference))
                except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError) as error:
                    why = "was out of memory" if isinstance(error, ray.exceptions.OutOfMemoryError) else "died"
                    yield Finished(task, Lost(f"the Ray worker that had it {why} {RETRIES + 1} times"))


def work_on(shared: "tuple[Work[Task, Answer], Path]", task: Task) -> Answer:
    """What a Ray task is: the work on one of ours, in the folder in which it was asked for."""
    work, folder = shared
    if folder.is_dir():  # on another machine it may not be there; absolute paths go on working
        os.chdir(folder)
    return work(task)


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """Inside, Ray works for us.

    Ray's workers look for modules in the folder that is the current one when we connect, before all others. That is an
    empty one: a file of the user's folder never stands in for a package.
    """
    import ray

    here = Path.cwd()
    with TemporaryDirectory() as empty:
        os.chdir(empty)
        try:
            _connect(address)
        finally:
            os.chdir(here)
        try:
            yield
        finally:
            ray.shutdown()


def _connect(address: str) -> None:
    import ray

    options = {"include_dashboard": False} if address == LOCAL else {"address": address}
    host, _, port = address.rpartition(":")
    try:
        if host and "/" not in host and port.isdecimal():
            socket.create_connection((host, int(port)), timeout=ANSWER).close()  # Ray itself tries for minutes
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    except (RuntimeError, ValueError, OverflowError, OSError) as error:
        first = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(f"No Ray cluster answers at {address!r} ({first}): give its address, or {LOCAL}.") from error
