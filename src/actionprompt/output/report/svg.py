"""Drawings of a report: curves with a band, and a figure from the front and from the right."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from actionprompt.output.report.summary import Band
from actionprompt.skeleton import Skeleton

LEFT, RIGHT, MIDDLE = "#1f6feb", "#c4501b", "#444c56"
"""The body's sides, and what is between them."""
WIDTH, HEIGHT, MARGIN = 230, 110, 26
MOST = 400
"""Points of a curve: a longer one is thinned out."""


class Curve(NamedTuple):
    """A line, with a band around it where there are repetitions."""

    colour: str
    values: Float[np.ndarray, " n"]
    spread: Float[np.ndarray, " n"] | None = None


def curve(colour: str, found: Band | Float[np.ndarray, " n"]) -> Curve:
    """A band over repetitions, or values over time, thinned out."""
    if isinstance(found, Band):
        return Curve(colour, found.mean, found.spread)
    step = -(-found.size // MOST)
    return Curve(colour, found[::step])


def chart(curves: Sequence[Curve], below: tuple[str, str]) -> str:
    """Curves over the same stretch, degrees; ``below`` is written at its beginning and its end."""
    low, high = _limits(curves)
    parts = [_grid(low, high)]
    for colour, values, spread in curves:
        if spread is not None:
            edge = [*_points(values + spread, low, high), *reversed(_points(values - spread, low, high))]
            parts.append(f'<polygon points="{" ".join(edge)}" fill="{colour}" opacity="0.18"/>')
        parts += [
            f'<polyline points="{" ".join(run)}" fill="none" stroke="{colour}" stroke-width="1.4"/>'
            for run in _runs(values, low, high)
        ]
    y = HEIGHT - 4
    parts += [
        f'<text x="{MARGIN}" y="{y}">{below[0]}</text>',
        f'<text x="{WIDTH - 4}" y="{y}" text-anchor="end">{below[1]}</text>',
    ]
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _limits(curves: Sequence[Curve]) -> tuple[float, float]:
    ends = [np.zeros(0)]
    for _, values, spread in curves:
        around = 0 if spread is None else spread
        ends += [(values - around)[np.isfinite(values)], (values + around)[np.isfinite(values)]]
    every = np.concatenate(ends)
    if not every.size:
        return 0.0, 10.0
    low, high = np.floor(every.min() / 10) * 10, np.ceil(every.max() / 10) * 10
    return float(low), float(max(high, low + 10))


def _place(count: int, values: Float[np.ndarray, " n"], low: float, high: float) -> Float[np.ndarray, "n 2"]:
    x = MARGIN + np.arange(count) / max(1, count - 1) * (WIDTH - MARGIN - 4)
    y = 6 + (high - values) / (high - low) * (HEIGHT - 26)
    return np.stack([x, y], axis=1)


def _points(values: Float[np.ndarray, " n"], low: float, high: float) -> list[str]:
    return [f"{x:.1f},{y:.1f}" for x, y in _place(values.size, values, low, high)]


def _runs(values: Float[np.ndarray, " n"], low: float, high: float) -> list[list[str]]:
    """The curve in pieces: it has gaps where the angle is not defined."""
    runs: list[list[str]] = [[]]
    for (x, y), known in zip(_place(values.size, values, low, high), np.isfinite(values), strict=True):
        if known:
            runs[-1].append(f"{x:.1f},{y:.1f}")
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _grid(low: float, high: float) -> str:
    lines = []
    for value in np.linspace(low, high, 3):
        y = 6 + (high - value) / (high - low) * (HEIGHT - 26)
        lines.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - 4}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d0d7de" stroke-width="0.6"/>'
            f'<text x="{MARGIN - 3}" y="{y + 3:.1f}" text-anchor="end">{value:.0f}</text>'
        )
    return "".join(lines)


def figure(pose: Float[np.ndarray, "j 3"], skeleton: Skeleton, up: Sequence[float]) -> str:
    """A pose from the front and from its right side, its lowest joint at the bottom."""
    above = np.asarray(up, dtype=float) / np.linalg.norm(up)
    across = pose[skeleton.joints.index("right hip")] - pose[skeleton.joints.index("left hip")]
    right = across - (across @ above) * above
    right /= max(float(np.linalg.norm(right)), 1e-9)
    ahead = np.cross(above, right)
    views = [_view(pose @ -right, pose @ above, skeleton, 60), _view(pose @ ahead, pose @ above, skeleton, 170)]
    return f'<svg viewBox="0 0 230 200" role="img">{"".join(views)}</svg>'


def _view(x: Float[np.ndarray, " j"], y: Float[np.ndarray, " j"], skeleton: Skeleton, middle: float) -> str:
    scale = 175 / max(float(np.ptp(y)), 1.7)
    at = np.stack([middle + (x - x[skeleton.root]) * scale, 190 - (y - y.min()) * scale], axis=1)
    lines = []
    for a, b in skeleton.bones:
        colour = LEFT if b in skeleton.left else RIGHT if b in skeleton.right else MIDDLE
        lines.append(
            f'<line x1="{at[a, 0]:.1f}" y1="{at[a, 1]:.1f}" x2="{at[b, 0]:.1f}" y2="{at[b, 1]:.1f}" '
            f'stroke="{colour}" stroke-width="3" stroke-linecap="round"/>'
        )
    return "".join(lines)
