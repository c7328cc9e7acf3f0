"""The results in the repository give the tables in the repository."""

from pathlib import Path

import pytest

from actionprompt.commands import reproduce

RESULTS = sorted((Path(__file__).parents[2] / "docs" / "results").glob("*/results.json"))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.parent.name)
def test_the_same_bytes(path: Path, tmp_path: Path):
    data, scale, *changed = path.parent.name.split("-")
    tables = sorted(file.stem for file in path.parent.glob("*.md"))
    args = [*tables, "--data", data, "--scale", scale, "--results", str(path), "--out", str(tmp_path), "--quiet"]
    for text in changed:
        args += ["--frames", text.removesuffix("frames")] if text.endswith("frames") else ["--steps", text]
    assert tables
    assert reproduce.main(args) == 0
    for file in path.parent.iterdir():
        if file.suffix in (".md", ".csv", ".tex"):
            assert (tmp_path / path.parent.name / file.name).read_bytes() == file.read_bytes(), file.name
