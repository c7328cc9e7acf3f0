"""Ctrl-C and SIGTERM as a wish that a loop can grant when its state is whole."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Note:
    """A signal handler that takes note."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def __call__(self, number: int, _: object) -> None:
        self.seen.append(number)
        if signal.getsignal(signal.SIGINT) is self:
            signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """Collects Ctrl-C and SIGTERM instead of dying from them; a second Ctrl-C does.

    Inside another one's body it hears what that one hears: work that is done in turns stops together.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main thread can hear signals
        yield []
        return
    if isinstance(outer := signal.getsignal(signal.SIGTERM), _Note):
        yield outer.seen
        return
    note = _Note()
    heard = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, note) for number in heard}
    try:
        yield note.seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
