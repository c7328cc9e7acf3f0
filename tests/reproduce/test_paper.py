import re
from pathlib import Path

import pytest
from toys import plan

from actionprompt.reproduce.paper import read
from actionprompt.reproduce.tables import TABLES

PAPER = read()
ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}


def printed(text: str) -> dict[str, list[list[str]]]:
    """The rows of each table of the paper's text, cell by cell."""
    tables: dict[str, list[list[str]]] = {}
    name = ""
    for line in text.splitlines():
        if found := re.match(r"TABLE ([IVX]+):", line):
            name = f"table{ROMAN[found[1]]}"
            tables[name] = []
        elif name and "\t" in line:
            tables[name].append(line.split("\t"))
        elif name and line.strip() and tables[name]:
            name = ""
    return tables


def numbers(cells: list[str]) -> list[float]:
    """Numbers and those in brackets behind them, percent signs left out."""
    return [float(n) for cell in cells for n in re.findall(r"[-+]?\d+(?:\.\d+)?(?=%|\(|\)|$)", cell.strip())]


@pytest.mark.parametrize("name", PAPER)
def test_every_printed_number(name, shared: Path):
    """Each row of the paper's text has, in order, our numbers and gains; nothing is left out, nothing added."""
    table = PAPER[name]
    rows = printed((shared / "paper.txt").read_text())[name]
    rows = [cells for cells in rows if any(re.match(r"\d+\.\d", cell) for cell in cells)]
    assert len(rows) == len(table.rows)
    stub = len(rows[0]) - len(table.columns)
    for cells, key in zip(rows, table.rows, strict=True):
        ours = []
        for column in table.columns:
            ours += [table.rows[key][column]] if column in table.rows[key] else []
            ours += [table.gains[key][column]] if column in table.gains.get(key, {}) else []
        assert numbers(cells[stub:]) == ours


def test_printed_gains_are_differences():
    for name, table in PAPER.items():
        for key, gains in table.gains.items():
            base = table.rows.get(key.replace("+APM", "").removesuffix("+ATP"), {})
            base = PAPER["table6"].rows["243"] if name == "table7" else base
            for column, gain in gains.items():
                assert table.rows[key][column] - base[column] == pytest.approx(gain, abs=0.051), (name, key, column)


@pytest.mark.parametrize(
    ("row", "column", "percent"),
    [("atp", "P1", 4.2), ("atp", "P2", 10.1), ("app", "P1", 3.2), ("app", "P2", 6.5), ("apm", "P1", 5.6)],
)
def test_relative_improvements_of_the_text(row, column, percent):
    rows = PAPER["table3"].rows
    assert 100 * (1 - rows[row][column] / rows["baseline"][column]) == pytest.approx(percent, abs=0.06)


def test_deep_taps_of_the_text():
    rows = PAPER["table7"].rows
    assert 100 * (rows["5"]["P1"] / rows["1"]["P1"] - 1) == pytest.approx(13.3, abs=0.06)


def test_p1_is_the_mean_over_the_printed_actions():
    for row in PAPER["table1"].rows.values():
        actions = [value for key, value in row.items() if key not in ("P1", "P2", "P3")]
        assert len(actions) == 15
        assert sum(actions) / 15 == pytest.approx(row["P1"], abs=0.051)
    for row in PAPER["table2"].rows.values():
        cells = [value for key, value in row.items() if key not in ("P1", "P2")]
        assert sum(cells) / 6 == pytest.approx(row["P1"], abs=0.051)


@pytest.mark.parametrize("name", TABLES)
def test_our_rows_are_the_papers(name):
    table = TABLES[name](plan())
    assert bool(table.home) == (name in PAPER)
    assert not table.home or [line.paper for line in table.lines] == list(PAPER[name].rows)
