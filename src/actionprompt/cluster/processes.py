"""Tasks in several processes of this machine; a process that dies costs its task, and nothing else."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from actionprompt.cluster.safe_start import take_nothing_from_here
from actionprompt.cluster.tasks import Answer, Finished, Lost, Task, Work

TRIES = 2
"""How often a task is given to a process, if processes die of it."""
_busy = False


def in_processes(work: "Work[Task, Answer]", tasks: Sequence[Task], workers: int) -> Iterator[Finished[Task, Answer]]:
    """Tasks in the order in which they are finished.

    Each worker is a fresh Python that imports what the work needs and keeps what it loads. If the iteration is given up
    (Ctrl-C), the workers are interrupted, clean up after themselves, and have ended when this returns.

    Args:
        work: what to do with a task; a function of a module, or a partial of one.
        tasks: all of them; they and the answers can be pickled.
        workers: processes at the same time.

    Raises:
        InputError: as :func:`take_nothing_from_here`, or what the work raises.
    """
    take_nothing_from_here()
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    finished: queue.SimpleQueue[Finished[Task, Answer] | BaseException] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    crew = [_Worker(work, waiting, finished) for _ in range(min(workers, len(tasks)))]
    try:
        for _ in tasks:
            answer = finished.get()
            if isinstance(answer, BaseException):
                raise answer
            yield answer
    finally:
        for worker in crew:
            worker.stop()
        for worker in crew:
            worker.join()


class _Worker(threading.Thread):
    """A thread that hands one task after the other to a process of its own."""

    def __init__(self, work: "Work[Any, Any]", waiting: "queue.SimpleQueue[Any]", finished: "queue.SimpleQueue[Any]"):
        super().__init__(daemon=True)
        self._work, self._waiting, self._finished = work, waiting, finished
        self._stopped = False
        self._process = _new_process()
        self.start()

    def run(self) -> None:
        while not self._stopped:
            try:
                task = self._waiting.get_nowait()
            except queue.Empty:
                break
            try:
                self._finished.put(Finished(task, self._answer(task)))
            except BaseException as error:  # of the work itself: whoever iterates gets it
                self._finished.put(error)
                break
        self._process.shutdown()

    def _answer(self, task: Any) -> Any:
        for _ in range(TRIES):
            future = self._process.submit(_doing, self._work, task)
            if not isinstance(error := future.exception(), BrokenProcessPool):
                return future.result()
            if self._stopped:
                raise error
            self._process = _new_process()
        return Lost(f"the process that worked on it ended {TRIES} times (out of memory, or a crash in a library)")

    def stop(self) -> None:
        """Interrupts the process; the thread ends with it."""
        self._stopped = True
        for pid in list(self._process._processes or {}):
            if self.is_alive():
                os.kill(pid, signal.SIGINT)


def _new_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_patient)


def _patient() -> None:
    """An interrupted process stops its work; one that has none ends without a word."""

    def interrupted(*_: object) -> None:
        if _busy:
            raise KeyboardInterrupt
        os._exit(130)

    signal.signal(signal.SIGINT, interrupted)


def _doing(work: "Work[Any, Any]", task: Any) -> Any:
    global _busy
    _busy = True
    try:
        return work(task)
    finally:
        _busy = False
