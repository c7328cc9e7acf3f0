"""What a layer remembers between chunks, and sums over the windows of a chunk.

Axis letters beside those of ``encoders/base.py``: n new rows, r rows with their history.
"""

from collections.abc import Callable
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor

T = TypeVar("T")


class History:
    """The last ``reach`` rows of a sequence that arrives in chunks.

    Before its first row stands that row, repeated. So at every layer: when the first frame is repeated before
    a clip, each layer's feature is the same for all frames up to the first.
    """

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self._rows: Tensor | None = None
        self._end = 0

    def extend(self, x: Float[Tensor, "b n c"]) -> Float[Tensor, "b r c"]:
        """The remembered rows and the new ones, in order: a view, good until the next call."""
        if self.reach == 0:
            return x
        n = x.shape[1]
        if self._rows is None:
            self._rows = self._room(x[:, :1].expand(-1, self.reach, -1), n)
        elif self._end + n > self._rows.shape[1]:
            self._rows = self._room(self._rows[:, self._end - self.reach : self._end], n)
        self._rows[:, self._end : self._end + n] = x
        self._end += n
        return self._rows[:, self._end - n - self.reach : self._end]

    def _room(self, kept: Float[Tensor, "b reach c"], n: int) -> Float[Tensor, "b size c"]:
        """Memory for n more rows, and as many spare ones as are kept, so that moving costs O(1) a row."""
        rows = kept.new_empty(kept.shape[0], 2 * self.reach + n, kept.shape[2])
        rows[:, : self.reach] = kept
        self._end = self.reach
        return rows


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
