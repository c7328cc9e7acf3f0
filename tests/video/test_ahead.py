import threading
from collections.abc import Iterator

import pytest

from actionprompt.video.ahead import ahead


def threads() -> int:
    return sum(thread.name == "actionprompt-ahead" for thread in threading.enumerate())


def test_the_same_items_in_the_same_order():
    assert list(ahead(range(100), most=3)) == list(range(100))
    assert list(ahead([])) == []
    assert threads() == 0


def test_errors_come_after_the_items_before_them():
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    items = ahead(broken())
    assert next(items) == 1
    with pytest.raises(KeyError):
        next(items)
    assert threads() == 0


def test_whoever_stops_early_ends_the_thread_and_closes_the_source():
    closed, made = [], []

    def source() -> Iterator[int]:
        try:
            for i in range(1000):
                made.append(i)
                yield i
        finally:
            closed.append(threading.current_thread().name)

    items = ahead(source(), most=2)
    assert next(items) == 0
    items.close()
    assert closed == ["actionprompt-ahead"]  # where it was made: a decoder belongs to one thread
    assert threads() == 0
    assert len(made) <= 5
