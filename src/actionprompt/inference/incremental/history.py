"""What a layer remembers between chunks, and sums over the windows of a chunk.

Axis letters beside those of ``encoders/base.py``: n new rows, r rows with their history.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor

T = TypeVar("T")


Before = Callable[[Tensor, int], Tensor]
"""Rows (b n c) and how many older ones they need to the older ones and these (b r c)."""


def whole(rows: Float[Tensor, "b r c"], reach: int) -> Float[Tensor, "b r c"]:
    """A sequence that comes as a whole holds the older rows already."""
    return rows


class History:
    """The last ``reach`` rows of a sequence that arrives in chunks, and the newest chunk.

    Before its first row stands that row, repeated. So at every layer: when the first frame is repeated before
    a clip, each layer's feature is the same for all frames up to the first.

    Memory is kept and used again: what makes a chunk's rows may write them where they will be read
    (:meth:`reserve`), since fresh memory costs as much time as the arithmetic of a layer.
    """

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self._rows: Tensor | None = None
        self._end = 0
        self._new = 0
        self._first = True

    def extend(self, x: Float[Tensor, "b n c"]) -> Float[Tensor, "b r c"]:
        """The remembered rows and the new ones, in order: a view, good until the next call."""
        self.reserve(x.shape, like=x).copy_(x)
        return self.rows()

    def reserve(self, shape: Sequence[int], like: Tensor) -> Float[Tensor, "b n c"]:
        """Room for the next n rows (b n c), which are to be written there before :meth:`rows` is asked."""
        b, n, c = shape
        if self._rows is None or self.reach + n > self._rows.shape[1]:
            self._move(like.new_empty(b, 2 * self.reach + n, c))  # so many spare ones that moving costs O(1) a row
        elif self._end + n > self._rows.shape[1]:
            self._move(self._rows)
        assert self._rows is not None
        self._end, self._new = self._end + n, n
        return self._rows[:, self._end - n : self._end]

    def rows(self) -> Float[Tensor, "b r c"]:
        """The remembered rows and those that were reserved last, in order: a view, good until the next call."""
        assert self._rows is not None
        first = self._end - self._new
        if self._first:
            self._rows[:, first - self.reach : first] = self._rows[:, first : first + 1]
            self._first = False
        return self._rows[:, first - self.reach : self._end]

    def _move(self, to: Float[Tensor, "b size c"]) -> None:
        """Takes the remembered rows to the beginning of some memory, maybe the same."""
        if self._rows is not None:
            kept = self._rows[:, self._end - self.reach : self._end]
            to[:, : self.reach] = kept.clone() if to is self._rows else kept
        self._rows, self._end = to, self.reach


def cut(x: Float[Tensor, "b r *c"], first: int, last: int) -> Float[Tensor, "b n *c"]:
    """Without the first and the last rows: no length is asked for, so that an export does not freeze it."""
    return x[:, first:-last] if last else x[:, first:]


def sliding_sum(x: Float[Tensor, "b r c"], count: int, stride: int) -> Float[Tensor, "b n c"]:
    """Sums of ``count`` rows that lie ``stride`` apart, from each row on: n = r - (count - 1) * stride sums."""
    n = x.shape[1] - (count - 1) * stride
    if n < stride:  # doubling would add up many rows for few sums
        return x.unfold(1, n, 1)[:, ::stride].sum(1).mT
    return slide(x, count, stride, Tensor.add, cut)


def slide(x: T, count: int, stride: int, join: Callable[[T, T], T], part: Callable[[T, int, int], T]) -> T:
    """What ``join`` makes of ``count`` rows that lie ``stride`` apart, from each row on.

    By doubling: 1, 2, 4, ... rows are joined, so that every result holds its own rows only. (Differences of
    running totals would lose digits with the length of the sequence.)

    Args:
        x: rows.
        count: rows of a window.
        stride: between a window's rows.
        join: of two windows' results, the window that covers both.
        part: x without some first and some last rows (:func:`cut`).
    """
    total, taken, width = None, 0, 1
    while True:
        if count & width:
            piece = part(x, taken * stride, (count - width - taken) * stride)
            total = piece if total is None else join(total, piece)
            taken += width
        if 2 * width > count:
            assert total is not None
            return total
        x = join(part(x, 0, width * stride), part(x, width * stride, 0))
        width *= 2
