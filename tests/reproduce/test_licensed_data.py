"""Tables I and II on files of the layout of data that cannot be shared."""

from pathlib import Path

import pytest
from toys import TOY

from actionprompt.commands import reproduce as command
from actionprompt.commands import reproduce_args
from actionprompt.errors import InputError
from field_files import human36m, humaneva, save

TAKES = {
    (subject, action): 12 for subject in ("S1", "S5", "S9", "S11") for action in ("Sitting", "SittingDown", "Posing 1")
}


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setattr(reproduce_args, "SCALES", {"cpu": TOY})


def rows(path: Path) -> dict[str, list[str]]:
    """The first part of a table in Markdown, by row."""
    lines = path.read_text().split("\n\n")[1].splitlines()
    return {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)}


def test_table_1_on_human36m(tmp_path):
    world, screen = human36m(TAKES)
    save(tmp_path, "h36m", world, "gt", screen)
    args = ["table1", "--data", "human36m", "--data.path", str(tmp_path), "--seeds", "0", "--out", str(tmp_path)]
    args += ["--rows", "VPose"]
    with pytest.raises(InputError, match="data_2d_h36m_hr.npz"):  # HRNet's detections, for the rows with a star
        command.main(list(args))
    assert not list(tmp_path.rglob("log.jsonl"))  # before anything was trained
    save(tmp_path, "h36m", keypoints="hr", screen=screen)
    assert command.main([*args, "--quiet"]) == 0
    table = rows(tmp_path / "human36m-cpu" / "table1.md")
    assert [head for head in table["Method"] if "paper" in head] == ["P1, paper", "P2, paper", "P3, paper"]
    for name, printed in (("VPose", "37.8"), ("VPose*", "47.5")):
        assert float(table[name][0]) > 0
        assert table[name][2] == printed
    assert table["MixSTE"][0] == "not run"
    text = (tmp_path / "human36m-cpu" / "table1.md").read_text()
    assert "| sitting down |" in text


def test_table_2_on_humaneva(tmp_path):
    world, screen = humaneva()
    save(tmp_path, "humaneva15", world, "gt", screen)
    args = ["table2", "--data", "humaneva", "--data.path", str(tmp_path), "--seeds", "0", "--out", str(tmp_path)]
    assert command.main([*args, "--quiet"]) == 0
    text = (tmp_path / "humaneva-cpu" / "table2.md").read_text()
    table = rows(tmp_path / "humaneva-cpu" / "table2.md")
    for name in ("VPose", "A3DHP", "MixSTE"):
        assert float(table[name][0]) > 0
    for cell in ("walking S1", "jogging S3"):
        assert cell in text
