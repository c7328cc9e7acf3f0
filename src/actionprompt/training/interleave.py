"""Several trainings in one process, a step of each in turn: small models fill a large GPU only side by side."""

import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

from actionprompt.errors import Interrupted
from actionprompt.training.interrupts import interrupts

P = ParamSpec("P")
T = TypeVar("T")
Work = Generator[None, None, T]
"""Work that pauses wherever other work may go on, and returns its result."""


def run_to_completion(work: Callable[P, Work[T]]) -> Callable[P, T]:
    """The function that does all of such work without a pause."""

    @wraps(work)
    def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        results: list[T] = []

        def noted() -> Work[None]:
            results.append((yield from work(*args, **kwargs)))

        for _ in noted():
            pass
        return results[0]

    return whole


def interleave(works: Iterable[Work[T]], most: int) -> Iterator[T]:
    """Does ``most`` pieces of work in turns, the next one when one is finished; results as they come.

    On a GPU each has a stream of its own, on which nothing waits for the others. When one of them fails, the others are
    told to stop as Ctrl-C would tell them, so that they can save their state.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, and work is left.
    """
    waiting = iter(works)
    free = [torch.cuda.Stream() if most > 1 and torch.cuda.is_available() else None for _ in range(most)]
    active: list[tuple[Work[T], torch.cuda.Stream | None]] = []
    stopped: list[Interrupted] = []
    listening: AbstractContextManager[list[int]] = interrupts() if most > 1 else nullcontext([])
    with listening as heard:  # all are told together
        try:
            while True:
                while free and not stopped and not heard and (work := next(waiting, None)) is not None:
                    active.append((work, free.pop()))
                if not active:
                    break
                for work, stream in list(active):
                    try:
                        with torch.cuda.stream(stream):
                            next(work)
                        continue
                    except Interrupted as error:
                        stopped.append(error)
                    except StopIteration as end:
                        yield end.value
                    active.remove((work, stream))
                    free.append(stream)
        finally:
            heard.append(signal.SIGTERM)
            for work, _ in active:  # only where one has failed
                with suppress(Exception):
                    next(work)
                work.close()
            heard.pop()
    if len(stopped) == 1:
        raise stopped[0]
    if stopped:
        raise Interrupted(f"Stopped; the state of {len(stopped)} runs is saved.")
    if heard and next(waiting, None) is not None:
        raise Interrupted("Stopped between two runs.")
