"""History and sliding sums against plain loops."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.inference.incremental.history import History, sliding_sum


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_history_is_the_end_of_the_sequence(reach, chunks):
    x = torch.randn(2, sum(chunks), 3)
    padded = torch.cat([x[:, :1].expand(-1, reach, -1), x], dim=1)
    history, end = History(reach), 0
    for n in chunks:
        rows = history.extend(x[:, end : end + n])
        end += n
        assert torch.equal(rows, padded[:, end - n : end + reach])


def test_history_moves_its_rows_seldom():
    history, places = History(50), set()
    for _ in range(500):
        history.extend(torch.zeros(1, 1, 4))
        places.add(history._rows.data_ptr())
        assert history._rows.shape[1] <= 101
    assert len(places) <= 11


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 30), st.integers(1, 5), st.integers(1, 12))
def test_sliding_sum(count, stride, n):
    x = torch.randn(2, n + (count - 1) * stride, 3, dtype=torch.float64)
    slow = torch.stack([x[:, t : t + (count - 1) * stride + 1 : stride].sum(1) for t in range(n)], dim=1)
    torch.testing.assert_close(sliding_sum(x, count, stride), slow)


def test_sliding_sum_keeps_small_terms_beside_large_ones():
    x = torch.ones(1, 1000, 1)
    x[:, 500] = 1e12
    sums = sliding_sum(x, 81, 3)[0, :, 0]
    assert sums[:200].unique().tolist() == [81.0]
    assert sums[501:].unique().tolist() == [81.0]
