import csv
import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from actionprompt.evaluation import report
from actionprompt.evaluation.evaluate import evaluate
from actionprompt.evaluation.scores import MEASURES, Evaluation
from actionprompt.evaluation.terminal import show
from actionprompt.skeleton import H36M_17
from small import clip, lifter

CLIPS = [
    clip(11, 1, action="walk", subject="a", name="w1"),
    clip(14, 2, action="sit down", subject="a", name="s1"),
    clip(25, 3, action="walk", subject="b", name="w2"),
]
FACTS = {"model": "here", "flip at test time": "no"}


def evaluation(variant: str) -> Evaluation:
    return evaluate(lifter(variant), CLIPS, H36M_17, tail=("sit down",))


def markdown_table(text: str, head: str) -> list[list[str]]:
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |"))
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return [table[0], *table[2:]]


@pytest.mark.parametrize("variant", ["", "apm"])
def test_markdown_csv_and_json_hold_the_same_numbers(variant, tmp_path):
    found = evaluation(variant)
    paths = report.write(found, "A title", FACTS, tmp_path / "deep", "report-test")
    assert [p.name for p in paths] == ["report-test.md", "report-test.json", "report-test.csv"]
    text, data, rows = paths[0].read_text(), json.loads(paths[1].read_text()), paths[2].read_text()
    table = list(csv.reader(io.StringIO(rows)))
    assert markdown_table(text, "action") == table
    assert [row[0] for row in table] == ["action", "walk", "sit down", "average", "tail (P3: its P2)"]
    assert table[-1][1:] == table[2][1:]  # the only tail action
    for row in table[1:-1]:
        numbers = data["average"] if row[0] == "average" else data["actions"][row[0]]
        cells = dict(zip(table[0], row, strict=True))
        assert int(cells["frames"]) == numbers["frames"]
        for measure in MEASURES:
            assert cells[measure] == f"{numbers['predicted_action'][measure]:.2f}"
        if variant:
            assert cells["P1 label given"] == f"{numbers['true_action']['P1']:.2f}"
            assert cells["P2 label given"] == f"{numbers['true_action']['P2']:.2f}"
            for measure in report.WEIGHTED:
                assert cells[f"{measure} weighted"] == f"{numbers['weighted_actions'][measure]:.2f}"
            assert float(cells["accuracy %"]) == pytest.approx(100 * numbers["accuracy"], abs=0.05)
        else:
            assert numbers["accuracy"] is None
            assert "accuracy %" not in cells
    assert data["facts"] == FACTS
    assert data["P3"] == found.p3()
    assert f"{found.p3():.2f} mm over sit down" in text
    assert len(data["clips"]) == 3
    assert data["clips"][0]["predicted_action"]["P1"] == found.clips[0].predicted_action["P1"]


def test_confusion_sums_to_the_frames():
    found = evaluation("apm")
    table = markdown_table(report.markdown(found, "t", FACTS), r"true \ recognised")
    sums = {row[0]: sum(map(int, row[1:])) for row in table[1:]}
    assert sums == {"walk": 36, "sit down": 14}
    assert "Recognised actions" not in report.markdown(evaluation(""), "t", FACTS)


def test_terminal_shows_the_table():
    console = Console(width=200, record=True, file=io.StringIO())
    found = evaluation("apm")
    console.print(report.terminal(found, "A title"))
    text = console.export_text()
    for name, row in report.rows(found):
        for cell in report.cells(name, row, wide=False):
            assert cell in text


def test_nothing_is_cut_on_a_narrow_terminal():
    console = Console(width=40, record=True, file=io.StringIO())
    found = evaluation("apm")
    show(console, report.terminal(found, "A title"))
    words = set(console.export_text().split())
    for name, row in report.rows(found):
        assert {word for cell in report.cells(name, row, wide=False) for word in cell.split()} <= words


def test_summary():
    names = [name for name, _ in report.summary(evaluation("apm"))]
    assert names[:3] == ["P1 (MPJPE)", "P2 (depth)", "P1, P2 (Table II)"]
    assert names[3:] == ["P3 (depth, tail)", "accuracy (frames)", "label given", "weighted"]
    assert [n for n, _ in report.summary(replace(evaluation(""), tail=()))] == names[:3]
    one = [clip for clip in evaluation("").clips if clip.subject == "a"]
    assert "P1, P2 (Table II)" not in dict(report.summary(replace(evaluation(""), clips=one)))
    text = dict(report.summary(evaluation("apm")))
    average = evaluation("apm").average()
    assert text["P1 (MPJPE)"] == f"{average.predicted_action['P1']:.2f} mm"
    assert re.fullmatch(r"P1 [\d.]+, P2 [\d.]+, P3 [\d.]+ mm", text["label given"])
    assert re.fullmatch(r"P1 [\d.]+, P2 [\d.]+, MPJVE [\d.]+, MPJAE [\d.]+", text["weighted"])
