"""Fig. 3: depth error by action for every model, and what APM gains against the baseline's error."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from actionprompt.reproduce.cells import Results, found_lines
from actionprompt.reproduce.figures.style import BLACK, MARKERS, MODELS, PAGE, figure, save, short, style
from actionprompt.reproduce.plan import Table
from actionprompt.reproduce.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Seeds = Mapping[int, Result]


def draw(table: Table, seeds: Sequence[int], results: Results, folder: Path) -> list[Path]:
    """Both parts side by side; models without a finished pair of runs are left out. Returns the files, if any."""
    rows = found_lines(table, seeds, results)
    pairs = {
        name: (done(rows[name]), done(rows[f"{name}+APM"]))
        for name in MODELS
        if done(rows.get(name, {})) and done(rows.get(f"{name}+APM", {}))
    }
    if not pairs:
        return []
    actions = _ordered(next(iter(pairs.values()))[0])
    with style():
        made = figure(PAGE, 0.8 + 0.24 * len(actions))
        left, right = made.subplots(1, 2, width_ratios=(1.5, 1))
        _by_action(left, pairs, actions)
        _gains(right, pairs, actions)
        return save(made, folder, "figure3")


def done(row: Seeds) -> Seeds:
    """The finished runs among a row's."""
    return {seed: result for seed, result in row.items() if result.state == "trained"}


def depth(row: Seeds, action: str) -> list[float]:
    """P2 of an action, seed by seed."""
    return [result.actions[action]["predicted_action"]["P2"] for result in row.values()]


def _ordered(row: Seeds) -> list[str]:
    """Actions from the easiest to the hardest for a model."""
    names = next(iter(row.values())).actions
    return sorted(names, key=lambda action: mean(depth(row, action)))


def _by_action(axes: "Axes", pairs: Mapping[str, tuple[Seeds, Seeds]], actions: Sequence[str]) -> None:
    for number, (name, (base, ours)) in enumerate(pairs.items()):
        y = [k - 0.26 * (number - (len(pairs) - 1) / 2) for k in range(len(actions))]
        means = []
        for row, label, face in ((base, name, "white"), (ours, f"{name}+APM", MODELS[name])):
            values = [depth(row, action) for action in actions]
            spread = [stdev(v) if len(v) > 1 else 0.0 for v in values]
            means.append([mean(v) for v in values])
            look: dict[str, Any] = {"color": MODELS[name], "mfc": face, "ms": 4, "mew": 0.9, "elinewidth": 0.7}
            axes.errorbar(means[-1], y, xerr=spread, fmt=MARKERS[name], label=label, **look)
        axes.hlines(y, means[0], means[1], color=MODELS[name], lw=1.6, alpha=0.4, zorder=0)
    for k in range(0, len(actions), 2):
        axes.axhspan(k - 0.5, k + 0.5, color="#f2f2f2", zorder=-1, lw=0)
    axes.set_ylim(-0.5, len(actions) - 0.5)
    axes.set_yticks(range(len(actions)), short(actions, 24))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("depth error P2 (mm); bars: s.d. over seeds")
    axes.set_title("(a)", loc="left", fontweight="bold")
    axes.legend(ncol=len(pairs), loc="lower center", bbox_to_anchor=(0.5, 1), columnspacing=1, handletextpad=0.1)


def _gains(axes: "Axes", pairs: Mapping[str, tuple[Seeds, Seeds]], actions: Sequence[str]) -> None:
    from scipy.stats import linregress

    points = []
    for name, (base, ours) in pairs.items():
        shared = [seed for seed in base if seed in ours]
        if not shared:
            continue
        x = [mean(base[s].actions[a]["predicted_action"]["P2"] for s in shared) for a in actions]
        y = [
            e - mean(ours[s].actions[a]["predicted_action"]["P2"] for s in shared)
            for a, e in zip(actions, x, strict=True)
        ]
        points += list(zip(x, y, strict=True))
        axes.plot(x, y, MARKERS[name], color=MODELS[name], ms=4.2, mec="white", mew=0.4, label=name)
    axes.axhline(0, color=BLACK, lw=0.6, ls=":")
    if len(points) > 2:
        fit = linregress(*zip(*points, strict=True))
        ends = [min(x for x, _ in points), max(x for x, _ in points)]
        label = f"slope {fit.slope:+.2f}, r = {fit.rvalue:.2f}"
        axes.plot(ends, [fit.intercept + fit.slope * x for x in ends], color=BLACK, lw=1, label=label)
    axes.set_xlabel("baseline's depth error (mm)")
    axes.set_ylabel("gain of APM (mm)")
    axes.set_title("(b)", loc="left", fontweight="bold")
    axes.legend(ncol=2, loc="lower center", bbox_to_anchor=(0.55, 1), columnspacing=1, handletextpad=0.3)
