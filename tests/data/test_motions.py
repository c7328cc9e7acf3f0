import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.data.figure import CHANNELS, LIMBS
from actionprompt.data.motions import MOTIONS, Motion, periodic

MOTION = pytest.mark.parametrize("motion", MOTIONS, ids=lambda m: m.name)


def test_there_are_at_least_eight_motions_with_different_names():
    names = [motion.name for motion in MOTIONS]
    assert len(set(names)) == len(names) >= 8


@MOTION
def test_tables_are_well_formed(motion: Motion):
    assert motion.phases[0] >= 0
    assert motion.phases[-1] < 1
    assert list(motion.phases) == sorted(set(motion.phases))
    assert set(motion.angles) <= {*CHANNELS, *LIMBS}
    assert {len(values) for values in motion.angles.values()} == {len(motion.phases)}
    assert all(0 <= take_off < landing <= 1 for take_off, landing in motion.flights)
    assert sum(motion.support) == 1


@MOTION
def test_cycles_close_without_a_jump(motion: Motion):
    phase = torch.linspace(-1, 2, 3001, dtype=torch.float64)
    angles = motion.at(phase)
    torch.testing.assert_close(angles[:1000], angles[1000:2000])
    assert angles.diff(dim=0).abs().max() < 3  # degrees in a thousandth of a cycle


def test_a_channel_without_a_side_moves_both():
    table = Motion("test", 1.0, (0.0, 0.5), {"knee": (1, 2), "l_arm": (3, 4), "nod": (5, 6)}).table()
    by_name = dict(zip(CHANNELS, table.mT.tolist(), strict=True))
    moving = {name: values for name, values in by_name.items() if any(values)}
    assert moving == {"r_knee": [1, 2], "l_knee": [1, 2], "l_arm": [3, 4], "nod": [5, 6]}


def test_alternating_limbs_are_half_a_cycle_apart():
    walking = next(motion for motion in MOTIONS if motion.name == "walking")
    phase = torch.linspace(0, 1, 50, dtype=torch.float64)
    now, later = walking.at(phase), walking.at(phase + 0.5)
    for limb in LIMBS:
        right, left = CHANNELS.index(f"r_{limb}"), CHANNELS.index(f"l_{limb}")
        torch.testing.assert_close(now[:, left], later[:, right])


def test_only_the_direction_of_time_tells_walking_backwards_from_walking():
    ahead, back = (next(m for m in MOTIONS if m.name == name) for name in ("walking", "walking backwards"))
    assert torch.equal(ahead.table(), back.table())
    assert ahead.period > 0 > back.period


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-90, 90), min_size=3, max_size=8), st.integers(0, 1000))
def test_periodic_equals_scipys_interpolator_on_many_cycles(values: list[int], seed: int):
    interpolate = pytest.importorskip("scipy.interpolate")
    random = np.random.default_rng(seed)
    phases = np.cumsum(random.uniform(0.05, 1, len(values)))
    phases = (phases - random.uniform(0, phases[0])) / (phases[-1] + 0.3)
    knots = np.concatenate([phases + cycle for cycle in (-2, -1, 0, 1, 2)])
    slow = interpolate.PchipInterpolator(knots, np.tile(values, 5))
    at = random.uniform(-1, 2, 50)
    table = torch.tensor(values, dtype=torch.float64)[:, None]
    fast = periodic(phases.tolist(), table, torch.from_numpy(at))[:, 0]
    np.testing.assert_allclose(fast.numpy(), slow(at), atol=1e-9)
    assert fast.min() >= min(values) - 1e-9
    assert fast.max() <= max(values) + 1e-9
