import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.training.batches import Batches


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 2**40))
def test_passes_are_permutations(n, batch, seed):
    batches = Batches(n, batch, seed)
    steps = -(-3 * n // batch)
    stream = torch.cat([batches(step) for step in range(steps)])
    assert stream.shape[0] == steps * batch
    for number in range(3):
        assert sorted(stream[number * n : (number + 1) * n].tolist()) == list(range(n))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 100), st.lists(st.integers(0, 50), min_size=1))
def test_a_batch_depends_on_seed_and_step_only(n, batch, seed, steps):
    torch.manual_seed(1)
    wandering = Batches(n, batch, seed)
    for step in steps:
        torch.rand(3)
        assert torch.equal(wandering(step), Batches(n, batch, seed)(step))


def test_passes_and_seeds_differ():
    batches = Batches(1000, 1000, 0)
    assert not torch.equal(batches(0), batches(1))
    assert not torch.equal(batches(0), Batches(1000, 1000, 1)(0))


def test_global_random_numbers_are_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    Batches(100, 10, 0)(5)
    assert torch.equal(torch.rand(2), expected)
