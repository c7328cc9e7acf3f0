"""Loose guards of what is fast: ratios in one run, never absolute times."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MEASUREMENTS = Path(__file__).parents[2] / "measurements"


@pytest.fixture
def measurements(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(MEASUREMENTS))
    yield
    sys.modules.pop("bench_whole_sequence", None)


def test_whole_sequences_keep_up_with_plain_convolutions(measurements: None) -> None:
    from bench_whole_sequence import measure

    found = measure(channels=256, frames=1500, turns=5)
    assert found.difference < 1e-5
    assert found.ratios["plain", "VPose"] > 0.7
    assert found.ratios["VPose", "VPose + APM, hard"] > 0.1
