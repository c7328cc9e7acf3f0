"""The figures that are asked for, from finished runs and data."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from actionprompt.data.clip import Corpus
from actionprompt.reproduce.grid import GridRun, job
from actionprompt.reproduce.plan import Plan
from actionprompt.reproduce.results import Result
from actionprompt.reproduce.tables import figure3, figure4
from actionprompt.training.run_folder import RunFolder


def draw(
    name: str,
    plan: Plan,
    seeds: Sequence[int],
    results: Mapping[str, Result],
    corpus: Callable[[], Corpus],
    root: Path,
    folder: Path,
) -> list[Path]:
    """Draws a figure; no files where its runs are not finished."""
    if name == "figure1":
        from actionprompt.reproduce.figures import embedding

        return embedding.draw(corpus(), folder)
    if name == "figure3":
        from actionprompt.reproduce.figures import depth

        return depth.draw(figure3(plan), seeds, results, folder)
    runs = figure4_runs(plan, seeds, root)
    if any(run.state != "trained" for run in runs):
        return []
    from actionprompt.model.files import load
    from actionprompt.reproduce.figures import poses

    base, ours = (load(RunFolder(run.folder).model) for run in runs)
    return poses.draw(base, ours, corpus(), folder)


def figure4_runs(plan: Plan, seeds: Sequence[int], root: Path) -> list[GridRun]:
    """Baseline and APM at the first seed."""
    lines = [(line.run, f"figure4/{line.paper}") for line in figure4(plan).lines]
    return [job(run, seeds[0], root, (name,)) for run, name in lines if run is not None]
