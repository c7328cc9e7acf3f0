import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from statistics import stdev

import pytest
from toys import failure, open_plan, plan, result

from actionprompt.data.config import Human36MCfg, HumanEvaCfg
from actionprompt.reproduce import render
from actionprompt.reproduce.grid import digest
from actionprompt.reproduce.measures import count_parameters, measure
from actionprompt.reproduce.paper import NOTHING, read
from actionprompt.reproduce.plan import Plan
from actionprompt.reproduce.published import read_all, write
from actionprompt.reproduce.results import Result
from actionprompt.reproduce.scales import SCALES
from actionprompt.reproduce.sheets import Page, page
from actionprompt.reproduce.tables import TABLES

PAPER = read()
SEEDS = (0, 1, 2)


def made(name: str, results: list[Result], where: Plan | None = None) -> Page:
    where = where or open_plan()
    return page(TABLES[name](where), where, "toy", SEEDS, {r.name: r for r in results}, PAPER.get(name, NOTHING))


def full(name: str, where: Plan | None = None) -> list[Result]:
    """The r-th run at seed s has P1 = 50 - r + s"""
    runs = list(dict.fromkeys(line.run for line in TABLES[name](where or open_plan()).lines if line.run))
    return [result(run, s, 50.0 - r + s) for r, run in enumerate(runs) for s in SEEDS]


def texts(shown: Page, row: int, sheet: int = 0) -> list[str]:
    return [text.text for text in shown.sheets[sheet].rows[row]]


# --- Cells --------------------------------------------------------------------------------------------------------
def test_a_finished_table():
    shown = made("table3", full("table3"))
    assert shown.sheets[0].heads == (
        *("", "Action Label", "ATP", "APP"),
        *("P1 (mm)", "Δ P1", "P1, paper: Human3.6M", "P2 (mm)", "Δ P2", "P2, paper: Human3.6M"),
        *("accuracy (%)", "accuracy, paper: Human3.6M"),
    )
    assert texts(shown, 0) == ["Baseline", "", "", "", "51.00 ± 1.00", "", "37.8", "25.50 ± 0.50", "", "33.6", "–", ""]
    last = ["Ours", "✓", "✓", "✓", "47.00 ± 1.00", "-4.00 ± 0.00 (-7.8 %)", "35.7", "23.50 ± 0.50"]
    assert texts(shown, 4) == [*last, "-2.00 ± 0.00 (-7.8 %)", "29.7", "90.00 ± 0.00", "96.2"]
    assert any("OTHER DATA" in note for note in shown.notes)
    assert not any("not done" in note for note in shown.notes)


def test_an_interval():
    """Student's t with two degrees of freedom: 4.303 s / sqrt(3)."""
    where = open_plan()
    lines = TABLES["table5"](where).lines
    results = [result(lines[0].run, s, 50) for s in SEEDS]
    results += [result(lines[1].run, s, 50 + d) for s, d in zip(SEEDS, (-1.0, 0.0, 2.5), strict=True)]
    results += [result(lines[2].run, s, 50 + d) for s, d in zip(SEEDS, (-1.0, -1.2, -1.1), strict=True)]
    shown = made("table5", results)
    sd = ((1.5**2 + 0.5**2 + 2**2) / 2) ** 0.5
    assert shown.sheets[0].rows[1][2].text == f"+0.50 ± {4.3027 * sd / 3**0.5:.2f} (+1.0 %)"
    assert not shown.sheets[0].rows[1][2].strong
    assert shown.sheets[0].rows[2][2].text == f"-1.10 ± {4.3027 * 0.1 / 3**0.5:.2f} (-2.2 %)"
    assert shown.sheets[0].rows[2][2].strong


def test_errors_without_size():
    """A second part that the paper has not, of the runs that were measured so."""
    runs = full("table3")
    assert len(made("table3", runs).sheets) == 1
    for errors in (errors for run in runs for errors in run.actions.values()):
        errors["predicted_action"] |= {"N-MPJPE": errors["predicted_action"]["P1"] - 5, "P-MPJPE": 30.0}
    shown = made("table3", [*runs[:-3], failure(TABLES["table3"](open_plan()).lines[4].run, 0)]).sheets[1]
    assert shown.title.startswith("Not in the paper")
    assert shown.heads[4:] == ("N-MPJPE (mm)", "Δ N-MPJPE", "P-MPJPE (mm)", "Δ P-MPJPE")
    assert [text.text for text in shown.rows[1][4:]] == [
        *("45.00 ± 1.00", "-1.00 ± 0.00 (-2.2 %)", "30.00 ± 0.00", "+0.00 ± 0.00 (+0.0 %)")
    ]
    assert shown.rows[4][4].text == "failed"


def test_hard_actions_are_the_baselines():
    """On data that fix none each run names its own; a table has those of its baseline, no P3 before that is done."""
    runs = full("table7")
    base = [result(TABLES["table7"](open_plan()).lines[0].baseline, s, 60, tail=("jump",)) for s in SEEDS]
    for results, shown, note in (
        (runs, "–", "P3 is not known before a baseline is done"),
        ([*runs, *base], "26.00 ± 0.50", "Tail actions (P3): jump."),
    ):
        page = made("table7", results)
        assert texts(page, 0)[7] == shown
        assert any(text.startswith(note) for text in page.notes)


def test_missing_failed_and_partial():
    lines = TABLES["table3"](open_plan()).lines
    run = [line.run for line in lines]
    results = [
        *(result(run[0], s, 50) for s in SEEDS),
        *(result(run[1], s, 50) for s in SEEDS[:2]),
        *(failure(run[2], s) for s in SEEDS),
        result(run[3], 0, 49),
        failure(run[3], 1),
    ]
    shown = made("table3", results)
    assert [texts(shown, row)[4] for row in range(5)] == [
        "50.00 ± 0.00",
        "50.00 ± 0.00 [2/3]",
        "failed",
        "49.00 [1/3, 1 failed]",
        "not run",
    ]
    assert texts(shown, 3)[5] == "-1.00 (-2.0 %)"
    assert texts(shown, 2)[5] == texts(shown, 4)[5] == ""
    assert "5 of 15 runs are not done" in "".join(shown.notes)
    assert sum("failed: The loss became nan before step 7." in note for note in shown.notes) == 4


def test_the_claim():
    """The mean over encoders of the relative change, seed by seed."""
    where = open_plan()
    lines = TABLES["table1"](where).lines[:6]
    base, gains = 50.0, {0: (-0.02, -0.04, -0.06), 1: (-0.05, -0.05, -0.05), 2: (-0.09, -0.06, -0.03)}
    results = [result(line.run, s, base) for line in lines[::2] for s in SEEDS]
    apm = [result(line.run, s, base * (1 + gains[s][k])) for k, line in enumerate(lines[1::2]) for s in SEEDS]
    (note,) = [note for note in made("table1", results + apm).notes if "averaged over" in note]
    half = 4.3027 * 1.0 / 3**0.5
    assert f"P1 -5.0 ± {half:.1f} % (paper -5.1 %), P2 -5.0 ± {half:.1f} % (paper -8.3 %)" in note
    assert not [note for note in made("table1", results + apm[1:3]).notes if "averaged over" in note]


def test_a_change_over_subjects():
    """Each subject's own change, the mean over its seeds; the interval is over subjects, with their number."""
    where = open_plan()
    lines = TABLES["subjects"](where).lines
    gains = {0: (-10, -8), 3: (-2, 0), 6: (4, 2), 9: (0, 0)}  # percent of two seeds; folds have 2, 2, 1, 2 subjects
    results = []
    for first, changes in gains.items():
        people = lines[first].stub[0].split(", ")
        for seed, gain in enumerate(changes):
            for line, p1 in zip(lines[first : first + 3], (50.0, 50 * (1 + gain / 100), 50.0), strict=True):
                side = {"predicted_action": {"P1": p1, "P2": p1 / 2, "N-MPJPE": p1 - 5}}
                cells = {f"{action} {who}": side for action in ("jump", "sit down") for who in people}
                results.append(result(line.run, seed, p1, cells=cells))
    shown = made("subjects", results)
    note, none, other = [note for note in shown.notes if "subjects, ±" in note]
    each = [-9, -9, -1, -1, 3, 0, 0]
    half = 2.4469 * stdev(each) / 7**0.5
    assert note.startswith("+APM (actions taught: true), mean change of 7 subjects, ± 95 % interval over them (")
    assert f"): P1 -2.4 ± {half:.1f} %, P2 -2.4 ± {half:.1f} %, N-MPJPE -2.7 ± " in note
    assert none.startswith("+APM (actions taught: one), mean change of 7 subjects")
    assert "P1 +0.0 ± 0.0 %" in none
    assert other.replace("true against one", "true") == note


def test_no_detected_2d():
    where = plan(HumanEvaCfg(Path()))
    shown = made("table1", full("table1", where), where)
    assert texts(shown, 6)[:2] == ["VPose*", "n/a"]
    assert "n/a: HumanEva-I has no detected 2D." in shown.notes


def test_nothing_at_all():
    for name in TABLES:
        shown = made(name, [])
        assert {row[len(TABLES[name](open_plan()).stub)].text for row in shown.sheets[0].rows} <= {"not run", "n/a"}
        assert len(shown.sheets) == 1


def test_label_given_against_inferred():
    run = TABLES["table8"](open_plan()).lines[0].run
    given = {"true_action": {"P1": 40.0, "P2": 20.0}}
    results = [result(run, s, 50) for s in SEEDS]
    results = [replace(r, actions={a: sides | given for a, sides in r.actions.items()}) for r in results]
    shown = made("table8", results)
    assert texts(shown, 0)[:3] == ["APP w. GT", "40.00 ± 0.00", "-10.00 ± 0.00 (-20.0 %)"]
    assert texts(shown, 1)[:3] == ["APP w/o. GT", "50.00 ± 0.00", ""]


def test_actions_and_cells():
    shown = made("table1", full("table1"))
    assert shown.sheets[1].heads == ("Method", "jump", "sit down")
    assert texts(shown, 0, 1) == ["VPose", "52.00 ± 1.00", "50.00 ± 1.00"]
    assert texts(shown, 2, 1) == ["Δ", "-1.00 ± 0.00", "-1.00 ± 0.00"]
    shown = made("table2", full("table2"))
    assert shown.sheets[1].heads == ("Method", "jump s1", "sit down s1", "jump s2", "sit down s2")


def test_on_the_papers_own_data():
    where = plan(Human36MCfg(Path()))
    errors = {a: {"predicted_action": {"P1": 10.0, "P2": 5.0}} for a in ("sitting", "greeting", "walking")}
    results = [replace(r, actions=errors) for r in full("table1", where)]
    shown = made("table1", results, where)
    assert shown.sheets[0].heads[1:4] == ("P1 (mm)", "Δ P1", "P1, paper")
    assert shown.sheets[1].heads == ("Method", "walking", "greeting", "sitting")
    assert texts(shown, 1, 1) == ["paper", "29.3", "36.3", "45.8"]
    assert len(shown.sheets[0].rows) == 12
    assert texts(shown, 7)[1] == "10.00 ± 0.00"
    assert not any("OTHER DATA" in note for note in shown.notes)


def test_parameters():
    shown = made("table9", full("table9"))
    assert texts(shown, 0)[-3:] == ["1.23", "23.83", "22.87"]
    assert texts(shown, 3)[-3:] == ["1.23", "32.11", "31.61"]


def test_the_parameters_of_a_layer_are_the_papers():
    """Table IX: four layers instead of one add 24.45 - 22.87 M."""
    lines = TABLES["table9"](Plan(SCALES["paper"], open_plan().data)).lines
    sizes = [count_parameters(line.run.model) for line in lines]
    assert (sizes[1] - sizes[0]) / 1e6 == pytest.approx(24.45 - 22.87, abs=0.01)


def test_one_tail_for_a_table():
    """Rows whose own hardest actions differ are compared on the first row's."""
    lines = TABLES["table6"](open_plan()).lines
    results = [replace(result(line.run, 0, 50), tail=("jump",) if k else ("sit down",)) for k, line in enumerate(lines)]
    shown = made("table6", results)
    assert {row[-3].text for row in shown.sheets[0].rows} == {"24.50 [1/3]"}


# --- Formats ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", TABLES)
def test_the_same_bytes(name):
    results = full(name)
    shown, again = made(name, results), made(name, results[::-1])
    for make in (*render.WRITERS.values(), lambda p: render.to_html([p], "all")):
        assert make(shown) == make(again)
        assert not re.search(r"20\d\d-|\d\d:\d\d", make(shown))


def test_markdown():
    lines = render.markdown(made("table5", full("table5"))).splitlines()
    assert lines[0] == "# Table V: K-action text prompt, with APP"
    assert lines[2].startswith("| Method | P1 (mm) | Δ P1 | P1, paper: Human3.6M |")
    assert lines[3] == "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    assert lines[5].startswith("| K-action text prompt | 50.00 ± 1.00 | **-1.00 ± 0.00 (-2.0 %)** | 36.3 |")
    assert len({line.count("|") for line in lines[2:7]}) == 1


def test_csv_is_not_rounded():
    results = full("table3")
    rows = list(csv.DictReader(io.StringIO(render.to_csv(made("table3", results)))))
    ours = next(row for row in rows if (row["row"], row["measure"]) == ("apm", "P1"))
    numbers = {key: float(ours[key]) for key in ("mean", "sd", "seeds", "difference", "ci95", "percent", "paper")}
    assert numbers == {"mean": 47, "sd": 1, "seeds": 3, "difference": -4, "ci95": 0, "percent": -7.84314, "paper": 35.7}
    assert ours["state"] == "done"


def test_latex():
    text = render.latex(made("table3", full("table3")))
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.count("&") for line in rows} == {11}
    assert r"\textbf{$-$4.00 $\pm$ 0.00 ($-$7.8 \%)}" in text
    assert not re.search(r"[±Δ✓†–]|(?<!\\)%(?!$)", text.replace("\\resizebox{\\ifdim", ""), re.MULTILINE)


def test_html():
    class Tags(HTMLParser):
        open_tags, cells = [], 0

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta",):
                self.open_tags.append(tag)
            self.cells += tag == "td"

        def handle_endtag(self, tag):
            assert self.open_tags.pop() == tag

    tags = Tags()
    pages = [made(name, full(name)) for name in TABLES]
    text = render.to_html(pages, "All <tables>")
    tags.feed(text)
    assert not tags.open_tags
    assert tags.cells == sum(len(row) for p in pages for sheet in p.sheets for row in sheet.rows)
    assert "All &lt;tables&gt;" in text
    assert not re.search(r"https?://|<script|src=", text)


def test_written_files(tmp_path):
    paths = render.write([made("table3", full("table3")), made("table9", [])], "title", tmp_path)
    names = {f"table{n}{suffix}" for n in (3, 9) for suffix in (".md", ".csv", ".tex")} | {"tables.html"}
    assert {path.name for path in paths} == {path.name for path in tmp_path.iterdir()} == names


# --- Results ------------------------------------------------------------------------------------------------------
def test_published_results_come_back(tmp_path):
    results = [*full("table3"), failure(TABLES["table3"](open_plan()).lines[0].run, 7)]
    write(results, tmp_path / "results.json")
    assert read_all(tmp_path / "results.json") == {r.name: r for r in results}


def test_measures():
    run = open_plan().vpose()
    one = result(run, 0, 50)
    assert measure(one, "P1") == 50
    assert measure(one, "P3") is None
    assert measure(one, "P3", tail=("sit down",)) == 24.5
    assert measure(one, "P3", tail=("jump",)) == 25.5
    assert measure(one, "accuracy") == 90
    assert measure(one, "action/jump") == 51
    assert measure(one, "action/fly") is None
    assert measure(one, "cell/sit down s2") == 49
    assert measure(one, "P2 of cells") == 25
    assert measure(failure(run, 0), "P1") is None
    assert one.name == digest(run)
