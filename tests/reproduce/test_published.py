"""The results in the repository give the tables in the repository."""

from pathlib import Path

import pytest

from actionprompt.commands import reproduce
from actionprompt.data.config import UIPRMDCfg
from actionprompt.reproduce.cells import overall, tail_of
from actionprompt.reproduce.plan import Plan
from actionprompt.reproduce.published import read_all
from actionprompt.reproduce.scales import SCALES, lasting, reading
from actionprompt.reproduce.tables import TABLES

FOLDER = Path(__file__).parents[2] / "docs" / "results"
RESULTS = sorted(FOLDER.rglob("results.json"))
PIXELS = "unit pixels bias 3 jitter 3 outlier_rate 0".split()
PIXELS = [f"--data.virtual_cameras.detector.{w}" if i % 2 == 0 else w for i, w in enumerate(PIXELS)]
AMBIGUOUS = [
    *PIXELS,
    "--data.virtual_cameras.keypoints",
    "simulated",
    "--data.virtual_cameras.detector.miss_rate",
    "0.25",
]
DATA = {
    "ambiguous-2d": [*AMBIGUOUS, "--data.virtual_cameras.detector.episode_length", "1"],
    "ten-frames-a-second": ["--data.virtual_cameras.frame_stride", "5"],
    "varied-bodies": ["--data.virtual_cameras.scale_jitter", "0.12"],
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


CONVERGED = {"VPose": "uiprmd-gpu-243frames-12800", "A3DHP": "uiprmd-gpu-12800", "MixSTE": "uiprmd-gpu-9600"}


@pytest.mark.parametrize(("actions", "name"), [("true", "APM"), ("one", "the control")])
def test_the_readme_says_what_the_results_say(actions: str, name: str):
    """Of converged runs, the change averaged over the three encoders."""
    data = UIPRMDCfg(Path(), virtual_cameras=SCALES["cpu"].virtual_cameras)
    lines, results = [], {}
    for encoder, folder in CONVERGED.items():
        _, _, *frames, steps = folder.split("-")
        scale = reading(SCALES["gpu"], 243) if frames else SCALES["gpu"]
        table = TABLES["controls"](Plan(lasting(scale, int(steps)), data))
        lines += [line for line in table.lines if line.paper == f"{encoder}+APM, {actions}"]
        results |= read_all(FOLDER / folder / "results.json")
    cells = []
    for column in ("P1", "P2", "P3", "N-MPJPE"):
        gain, half = overall(lines, column, (0, 1, 2), results, tail_of(table, (0, 1, 2), results))
        text = f"{gain:+.1f} ± {half:.1f} %"
        cells.append(f"**{text}**" if abs(gain) > half else text)
    row = " | ".join(cells)
    assert f"| all three, mean change, {name} | {row} |" in (FOLDER / "README.md").read_text("utf-8")
    if actions == "true":  # the first page has P1 and P2 of it
        first_page = (FOLDER.parents[1] / "README.md").read_text("utf-8")
        assert f"| all three, mean change | | {cells[0]} | {cells[1]} |" in first_page
