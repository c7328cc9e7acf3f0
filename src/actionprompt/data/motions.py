"""Named motions as tables of key angles, and the smooth periodic curves through them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.data.figure import CHANNELS, LIMBS, TRUNK


@dataclass(frozen=True)
class Motion:
    """One cycle of a motion, as a right-hander performs it."""

    name: str
    """The name as people write it."""
    period: float
    """Seconds a cycle takes; negative: the table is played backwards."""
    phases: tuple[float, ...]
    """When the keys are reached, in [0, 1), increasing."""
    angles: dict[str, tuple[int, ...]]
    """Whole degrees added to the figure's own standing posture at each phase, by channel.

    A limb's name without ``r_`` or ``l_`` means both sides; a channel that is not named rests.
    """
    alternate: bool = False
    """The left limbs do half a cycle later what the table says of the right ones."""
    travels: bool = False
    """The figure moves on over the standing foot."""
    support: tuple[float, float] = (0.5, 0.5)
    """How much each foot (right, left) is the one that stays in place, where the figure does not travel."""
    flights: tuple[tuple[float, float], ...] = field(default=())
    """Phases at which both feet leave the floor and land."""

    def table(self) -> Float[Tensor, "keys channels"]:
        """The key angles as one array in float64, columns as in ``CHANNELS``."""
        table = torch.zeros(len(self.phases), len(CHANNELS), dtype=torch.float64)
        for name, values in self.angles.items():
            for channel in [name] if name in CHANNELS else [f"r_{name}", f"l_{name}"]:
                table[:, CHANNELS.index(channel)] = torch.tensor(values, dtype=torch.float64)
        return table

    def at(self, phase: Float[Tensor, " n"]) -> Float[Tensor, "n channels"]:
        """Angles at phases counted in cycles."""
        table = self.table()
        angles = periodic(self.phases, table, phase)
        if self.alternate:
            left = len(TRUNK) + len(LIMBS)
            angles[:, left:] = periodic(self.phases, table[:, left:], phase + 0.5)
        return angles


def periodic(phases: Sequence[float], table: Float[Tensor, "keys c"], at: Float[Tensor, " n"]) -> Float[Tensor, "n c"]:
    """Smooth closed curves through the keys that never overshoot them (Fritsch and Butland's cubics)."""
    knots = torch.tensor(phases, dtype=torch.float64)
    steps = torch.cat([knots[1:], knots[:1] + 1]) - knots
    rise = (table.roll(-1, 0) - table) / steps[:, None]
    before, after, h0, h1 = rise.roll(1, 0), rise, steps.roll(1)[:, None], steps[:, None]
    w0, w1 = 2 * h1 + h0, h1 + 2 * h0
    mean = (w0 + w1) * before * after / (w0 * after + w1 * before)  # weighted harmonic mean
    slope = torch.where(before * after > 0, mean, torch.zeros_like(mean))

    u = (at - knots[0]) % 1 + knots[0]
    i = (torch.searchsorted(knots, u, right=True) - 1).clamp(0)
    j, h = (i + 1) % len(phases), steps[i][:, None]
    s = (u - knots[i])[:, None] / h
    return (
        table[i] * (1 + 2 * s) * (1 - s) ** 2
        + slope[i] * h * s * (1 - s) ** 2
        + table[j] * s**2 * (3 - 2 * s)
        + slope[j] * h * s**2 * (s - 1)
    )


_WALK_PHASES = (0.0, 0.12, 0.3, 0.5, 0.6, 0.73, 0.87, 0.96)
_WALK: dict[str, tuple[int, ...]] = {
    "thigh": (26, 23, 6, -13, -9, 13, 28, 28),
    "knee": (2, 13, 6, 8, 34, 58, 26, 2),
    "arm": (-24, -20, -2, 20, 21, 10, -12, -22),
    "elbow": (0, 2, 8, 22, 22, 14, 4, 0),
    "spread": (-3, -5, -5, -4, -2, -1, -1, -2),
    "twist": (-7, -7, -2, 7, 7, 2, -4, -6),
    "bend": (0, 2, 1, 0, -2, -1, 0, 0),
    "lean": (3, 4, 3, 3, 4, 3, 3, 3),
}

MOTIONS = (
    Motion("walking", 1.12, _WALK_PHASES, _WALK, alternate=True, travels=True),
    Motion("walking backwards", -1.2, _WALK_PHASES, _WALK, alternate=True, travels=True),
    Motion("jogging", 0.74, (0.0, 0.14, 0.36, 0.5, 0.68, 0.85), {
        "thigh": (25, 18, -15, -8, 28, 36), "knee": (18, 34, 16, 62, 86, 44),
        "arm": (-38, -28, 12, 28, 8, -26), "elbow": (68, 64, 74, 84, 80, 70), "roll": (18,) * 6,
        "spread": (-4,) * 6, "twist": (-11, -8, 8, 11, 2, -8), "lean": (9, 11, 9, 9, 11, 9),
    }, alternate=True, travels=True, flights=((0.36, 0.5), (0.86, 1.0))),
    Motion("jumping jacks", 1.3, (0.0, 0.1, 0.36, 0.5, 0.6, 0.88), {
        "spread": (0, 0, 19, 20, 20, 1), "out": (0, 14, 118, 146, 132, 26), "elbow": (8, 8, 15, 22, 18, 8),
        "thigh": (10, 14, 4, 8, 14, 6), "knee": (18, 30, 8, 16, 28, 10), "lean": (4, 7, 0, 2, 4, 2),
    }, flights=((0.14, 0.37), (0.64, 0.87))),
    Motion("squatting", 2.7, (0.0, 0.06, 0.42, 0.54, 0.92), {
        "thigh": (0, 0, 84, 86, 0), "knee": (0, 0, 112, 116, 0), "lean": (0, 0, 42, 44, 0),
        "nod": (0, 0, -22, -22, 0), "spread": (6, 6, 14, 14, 6), "toe": (-4, -4, -12, -12, -4),
        "arm": (0, 0, 118, 122, 0), "elbow": (0, 0, 6, 6, 0),
    }),
    Motion("sitting down", 5.2, (0.0, 0.05, 0.19, 0.3, 0.62, 0.74, 0.9), {
        "thigh": (0, 0, 62, 84, 84, 66, 0), "knee": (0, 0, 84, 86, 86, 90, 0),
        "lean": (0, 0, 40, 2, 5, 45, 0), "nod": (0, 0, -12, 4, 0, -15, 0), "arm": (0, 4, 45, 26, 28, 50, 0),
        "roll": (0, 0, 5, 8, 8, 5, 0), "elbow": (0, 0, 25, 48, 46, 22, 0),
    }),
    Motion("bending down", 3.3, (0.0, 0.08, 0.42, 0.55, 0.92), {
        "thigh": (0, 0, 18, 19, 0), "knee": (0, 0, 16, 18, 0), "lean": (0, 0, 92, 96, 0),
        "nod": (0, 0, 8, 12, 0), "arm": (0, 0, 94, 98, 0), "elbow": (0, 0, 4, 2, 0),
    }),
    Motion("lunging", 3.2, (0.0, 0.06, 0.22, 0.38, 0.54, 0.72, 0.9), {
        "r_thigh": (0, 0, 52, 74, 74, 52, 0), "r_knee": (0, 0, 62, 76, 78, 66, 0),
        "l_thigh": (0, 0, -6, -19, -20, -6, 0), "l_knee": (0, 0, 8, 56, 60, 14, 0),
        "lean": (0, 0, 5, 6, 8, 7, 0), "arm": (-6, -6, -14, -16, -16, -12, -6), "roll": (50,) * 7,
        "out": (12, 12, 22, 26, 26, 20, 12), "elbow": (60, 60, 66, 68, 68, 64, 60),
    }, support=(0.0, 1.0)),
    Motion("kicking", 2.1, (0.0, 0.17, 0.32, 0.43, 0.56, 0.76), {
        "r_thigh": (0, -28, 26, 72, 52, 6), "r_knee": (0, 56, 70, 6, 40, 8), "l_thigh": (0, 8, 8, 2, 4, 0),
        "l_knee": (0, 16, 14, 6, 8, 2), "r_arm": (0, 26, -6, -34, -20, 0), "l_arm": (0, -26, 12, 42, 26, 0),
        "out": (6, 20, 26, 28, 22, 8), "elbow": (10, 30, 30, 25, 28, 15), "lean": (0, 10, 4, -9, -4, 0),
        "twist": (0, -14, 4, 18, 10, 0), "nod": (6, 4, 6, 14, 10, 6),
    }, support=(0.0, 1.0)),
    Motion("boxing", 1.15, (0.0, 0.13, 0.24, 0.36, 0.5, 0.75), {
        "arm": (35, 62, 86, 50, 35, 34), "elbow": (108, 60, 0, 92, 108, 110), "out": (-3, 0, -8, 2, -3, -3),
        "roll": (28, 32, 30, 28, 28, 28), "twist": (0, 14, 28, 10, 0, -28), "lean": (8, 9, 11, 9, 8, 11),
        "r_thigh": (-6,) * 6, "l_thigh": (26,) * 6, "r_knee": (22, 24, 27, 24, 22, 24),
        "l_knee": (24, 26, 28, 26, 24, 27), "toe": (-8,) * 6, "nod": (8,) * 6,
    }, alternate=True),
    Motion("waving", 0.8, (0.0, 0.25, 0.5, 0.75), {
        "r_out": (74, 76, 78, 76), "r_roll": (-78, -80, -82, -80), "r_elbow": (92, 66, 38, 66),
        "r_arm": (6,) * 4, "bend": (-2, -3, -4, -3), "turn": (-4,) * 4,
    }),
    Motion("talking on the phone", 6.5, (0.0, 0.2, 0.38, 0.55, 0.8), {
        "r_arm": (72, 74, 70, 72, 75), "r_out": (12, 14, 8, 12, 15), "r_roll": (34,) * 5,
        "r_elbow": (124, 126, 123, 125, 127), "l_arm": (4, 14, 6, 20, 0), "l_elbow": (20, 62, 30, 75, 10),
        "l_roll": (20, 30, 25, 35, 15), "nod": (4, 10, 2, 8, 6), "turn": (-8, 10, 2, -14, 4),
        "bend": (2, 0, 3, 5, 2), "twist": (0, 6, -4, -6, 3),
    }),
    Motion("waiting", 8.5, (0.0, 0.1, 0.35, 0.5, 0.6, 0.85), {
        "arm": (22, 24, 24, -6, -8, -6), "out": (-10, -11, -11, 22, 23, 23), "roll": (66, 66, 64, 58, 60, 60),
        "elbow": (76, 78, 76, 58, 56, 58), "turn": (0, 25, -20, 0, 30, -25), "bend": (2, 3, -2, -3, 2, 3),
        "twist": (0, 4, -4, 0, 5, -5), "r_spread": (2, 4, 0, 1, 4, 2), "l_spread": (2, 0, 4, 3, 0, 2),
    }),
)  # fmt: skip
"""Every motion, in the order of the class index.

Some hold back what they are: walking and walking backwards pass through the same poses in opposite order, so
that only velocity tells them apart; seen from the front, squatting and sitting down differ mostly in depth;
talking on the phone and waiting hardly move.
"""
