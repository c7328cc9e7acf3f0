"""What engines have in common: tasks that are worked on somewhere, and those that nobody came back from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from actionprompt.errors import InputError

Task = TypeVar("Task")
Answer = TypeVar("Answer")
Work = Callable[[Task], Answer]


@dataclass(frozen=True)
class Lost:
    """A task whose process ended, again and again, without an answer."""

    why: str


@dataclass(frozen=True)
class Finished(Generic[Task, Answer]):
    """A task and what came of it."""

    task: Task
    answer: Answer | Lost


def here(work: "Work[Task, Answer]", tasks: Iterable[Task]) -> Iterator[Finished[Task, Answer]]:
    """One task after the other in this process."""
    for task in tasks:
        yield Finished(task, work(task))


def share(everything: Sequence[Task], spec: str, option: str) -> list[Task]:
    """The i-th of n equal shares.

    Args:
        everything: what is shared.
        spec: ``i/n``, 1 <= i <= n.
        option: where that was said, for the error.

    Raises:
        InputError: not of that form.
    """
    i, n = parse_share(spec, option)
    return list(everything[i - 1 :: n])


def parse_share(spec: str, option: str) -> tuple[int, int]:
    """``i/n`` as numbers; raises as :func:`share`."""
    i, slash, n = spec.partition("/")
    if not (slash and i.isdecimal() and n.isdecimal() and 1 <= int(i) <= int(n)):
        raise InputError(
            f"{option} is {spec!r}: write i/n with 1 <= i <= n, for example 2/3 for the second of three shares."
        )
    return int(i), int(n)
