"""Ctrl-C and SIGTERM as a wish that a loop can grant when its state is whole."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """Collects Ctrl-C and SIGTERM instead of dying from them; a second Ctrl-C does."""
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # only the main thread can hear signals
        yield seen
        return

    def note(number: int, _: object) -> None:
        seen.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
