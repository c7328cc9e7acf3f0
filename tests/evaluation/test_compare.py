import json
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest

from actionprompt.errors import InputError
from actionprompt.evaluation import compare
from actionprompt.training.run_folder import RunFolder
from small import run_cfg

BASE, APM = [40.0, 42.0, 41.0], [39.0, 41.5, 39.5]


def report(p1: float, accuracy: float | None = None, **changes: Any) -> dict[str, Any]:
    side = {"P1": p1, "P2": p1 / 2, "N-MPJPE": p1 - 1}
    return {
        "facts": {"evaluated on": "here, test subjects a"},
        "tail": ["walk"],
        "flip": False,
        "P3": p1 / 4,
        "average": {"predicted_action": side, "true_action": side, "accuracy": accuracy},
        "clips": [{"name": "w", "camera": "c", "frames": 9}],
    } | changes


def folder(path: Path, cfg: Any, found: dict[str, Any] | None) -> Path:
    RunFolder(path).claim(cfg, overwrite=False)
    if found is not None:
        (path / "report-test.json").write_text(json.dumps(found))
    return path


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    base, apm = run_cfg(), run_cfg(mirror=False)
    return [folder(tmp_path / f"base-s{s}", replace(base, seed=s), report(p)) for s, p in enumerate(BASE)] + [
        folder(tmp_path / f"apm-s{s}", replace(apm, seed=s), report(p, 0.9)) for s, p in enumerate(APM)
    ]


def test_differences_are_paired_by_seed(runs: list[Path]) -> None:
    base, apm = compare.read_groups([*runs[:3], *reversed(runs[3:])], "report-test")
    assert (base.name, apm.name) == ("base", "apm")
    assert base.mean("P1") == pytest.approx(mean(BASE))
    assert base.spread("P1") == pytest.approx(stdev(BASE))
    assert apm.mean("accuracy") == pytest.approx(90)
    found = compare.difference(apm, base, "P1")
    assert found is not None
    assert found.mean == pytest.approx(-1)
    assert found.half == pytest.approx(4.302653 * 0.5 / 3**0.5, rel=1e-6)  # t(0.975, 2 degrees) sd / sqrt(3)
    assert found.relative == pytest.approx(-100 / 41)
    assert compare.difference(apm, base, "accuracy") is None


def test_the_table_shows_spread_and_difference(runs: list[Path]) -> None:
    groups = compare.read_groups(runs, "report-test")
    text = compare.markdown(groups, groups[0])
    assert "| base (3 seeds) | 41.00 ± 1.00 |" in text
    assert "|   paired difference | -1.00 ± 1.24 (-2.4 %) |" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tail": ["sit"]}, "the tail actions of their reports differ"),
        ({"flip": True}, r"flip at test time of their reports differ \(True here, False there\)"),
        ({"facts": {"evaluated on": "elsewhere"}}, "the data of their reports differ"),
        ({"clips": [{"name": "w", "camera": "c", "frames": 8}]}, "the clips of their reports differ"),
    ],
)
def test_reports_that_measure_different_things(changes: dict[str, Any], message: str, runs: list[Path]) -> None:
    (runs[4] / "report-test.json").write_text(json.dumps(report(40.0) | changes))
    with pytest.raises(InputError, match=message):
        compare.read_groups(runs, "report-test")


@pytest.mark.parametrize(("content", "message"), [("{", "is damaged"), ("[]", "is damaged"), ("{}", "lacks 'facts'")])
def test_a_report_that_cannot_be_read(content: str, message: str, runs: list[Path]) -> None:
    (runs[0] / "report-test.json").write_text(content)
    with pytest.raises(InputError, match=message):
        compare.read_groups(runs, "report-test")


def test_runs_that_cannot_be_compared(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="repeats seed 0"):
        compare.read_groups([*runs, folder(tmp_path / "again", run_cfg(), report(1.0))], "report-test")
    with pytest.raises(InputError, match="run `actionprompt evaluate"):
        compare.read_groups([folder(tmp_path / "new", run_cfg(seed=9), None)], "report-test")
