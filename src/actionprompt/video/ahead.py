"""Items that are made in another thread while the ones before are used: decoding beside detecting, for example."""

from collections.abc import Generator, Iterable
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

WAIT = 0.1
"""Seconds between two looks whether anybody still wants items."""


class _End:
    """Follows the last item; holds the error that ended them, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Iterable[T], most: int = 4) -> Generator[T, None, None]:
    """The same items in the same order, up to ``most`` of them made before they are wanted.

    The thread pays off where making and using an item leave Python, as decoders, networks and encoders do. It ends
    with the iterator, also when that is closed early.

    Args:
        items: they are made in a thread of their own.
        most: items that wait at most; each may be a whole picture.

    Raises:
        BaseException: whatever making an item raises, after the items before it.
    """
    waiting: Queue[T | _End] = Queue(most)
    closed = Event()
    thread = Thread(target=_fill, args=(items, waiting, closed), name="actionprompt-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        closed.set()
        _drain(waiting)
        thread.join()


def _fill(items: Iterable[T], waiting: "Queue[T | _End]", closed: Event) -> None:
    end = _End()
    iterator = iter(items)
    try:
        for item in iterator:
            if not _put(item, waiting, closed):
                break
    except BaseException as error:  # it belongs to whoever uses the items
        end = _End(error)
    finally:
        if close := getattr(iterator, "close", None):
            close()
        _put(end, waiting, closed)


def _put(item: "T | _End", waiting: "Queue[T | _End]", closed: Event) -> bool:
    """Whether the item is in the queue; False once nobody wants items."""
    while not closed.is_set():
        try:
            waiting.put(item, timeout=WAIT)
        except Full:
            continue
        return True
    return False


def _drain(waiting: "Queue[T | _End]") -> None:
    try:
        while True:
            waiting.get_nowait()
    except Empty:
        return
