"""The results in the repository give the tables in the repository."""

from pathlib import Path

import pytest

from actionprompt.commands import reproduce

FOLDER = Path(__file__).parents[2] / "docs" / "results"
RESULTS = sorted(FOLDER.rglob("results.json"))
AMBIGUOUS = ["--data.film.keypoints", "simulated", "--data.film.detector.lost", "0.25"]
DATA = {
    "ambiguous-2d": [*AMBIGUOUS, "--data.film.detector.episode", "1"],
    "ten-frames-a-second": ["--data.film.every", "5"],
}
"""Settings of the data by the folder above, where they are not the usual ones."""


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: str(path.parent.relative_to(FOLDER)))
def test_the_same_bytes(path: Path, tmp_path: Path):
    data, scale, *changed = path.parent.name.split("-")
    tables = sorted(file.stem for file in path.parent.glob("*.md"))
    args = [*tables, "--data", data, "--scale", scale, "--results", str(path), "--out", str(tmp_path), "--quiet"]
    for text in changed:
        args += ["--frames", text.removesuffix("frames")] if text.endswith("frames") else ["--steps", text]
    args += DATA.get(path.parents[1].name, [])
    assert tables
    assert reproduce.main(args) == 0
    for file in path.parent.iterdir():
        if file.suffix in (".md", ".csv", ".tex"):
            assert (tmp_path / path.parent.name / file.name).read_bytes() == file.read_bytes(), file.name
