"""Several trainings in one process, a step of each in turn: small models fill a large GPU only side by side."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import nullcontext
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

from actionprompt.errors import Interrupted
from actionprompt.interrupts import interrupts

P = ParamSpec("P")
T = TypeVar("T")
Work = Generator[None, None, T]
"""Work that pauses wherever other work may go on, and returns its result."""


def at_once(work: Callable[P, Work[T]]) -> Callable[P, T]:
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


def abreast(works: Iterable[Work[T]], most: int) -> Iterator[T]:
    """Does ``most`` pieces of work in turns, the next one when one is finished; results as they come.

    On a GPU each has a stream of its own, on which nothing waits for the others.

    Raises:
        Interrupted: some work was; what was under way had the chance to save its state as well.
    """
    waiting, stopped = iter(works), None
    free = [torch.cuda.Stream() if torch.cuda.is_available() else None for _ in range(most)]
    active: list[tuple[Work[T], torch.cuda.Stream | None]] = []
    with interrupts() if most > 1 else nullcontext():  # all are told together
        try:
            while True:
                while free and not stopped and (work := next(waiting, None)) is not None:
                    active.append((work, free.pop()))
                if not active:
                    break
                for work, stream in list(active):
                    try:
                        with torch.cuda.stream(stream):
                            next(work)
                        continue
                    except Interrupted as error:
                        stopped = error
                    except StopIteration as end:
                        yield end.value
                    active.remove((work, stream))
                    free.append(stream)
        finally:
            for work, _ in active:
                work.close()
    if stopped:
        raise stopped
