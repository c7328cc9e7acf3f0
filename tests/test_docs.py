"""What the documentation says of the code is so: links, equations, layers; the first page keeps its size."""

import re
from pathlib import Path

import pytest

from fast import FAST

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), ROOT / "docs/results/README.md"]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading of the architecture page, without the head."""
    section = ARCHITECTURE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip(" `") for cell in line.strip("|").split(" | ")] for line in table[2:]]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_no_page_holds_a_conflict() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if re.search(r"^(<<<<<<<|>>>>>>>) ", page.read_text("utf-8"), re.MULTILINE)] == []


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name not in ("LOG.md", "add_data.md", "any_network.md")],
    ids=lambda page: page.name,
)
def test_files_that_are_named_are_there(page: Path) -> None:
    """The log is history, and two guides name files that their reader makes."""
    named = set(re.findall(r"\b\w[\w./]*\.py\b", page.read_text("utf-8"))) - {"src/actionprompt/encoders/mixer.py"}
    places = (ROOT, ROOT / "src" / "actionprompt")
    missing = [name for name in sorted(named) if not any((place / name).exists() for place in places)]
    assert [name for name in missing if not any((ROOT / "src").rglob(name))] == []


def test_the_first_page_is_one_page() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 120
    assert [line for line in lines if len(line) > 120] == []
    assert sum(path.stat().st_size for path in (ROOT / "docs" / "images").glob("*.gif")) < 1_000_000


def test_every_equation_is_where_the_table_says() -> None:
    table = rows("The equations")
    assert [row[0][:5] for row in table] == [f"Eq. {n}" for n in range(1, 7)]
    for equation, file, place, test in table:
        source = (ROOT / "src/actionprompt" / file).read_text("utf-8")
        owner, _, method = place.rpartition(".")
        inside = source.partition(f"class {owner}(")[2] if owner else source
        body = re.split(r"\n *(?:def|class) ", inside.partition(f"def {method}(")[2])[0]
        assert f"# {equation[:5]}" in body, (equation, place)
        path, name = test.split("::")
        assert f"\ndef {name}(" in (ROOT / path).read_text("utf-8"), test


def test_the_first_page_names_the_files_of_the_equations() -> None:
    readme = (ROOT / "README.md").read_text("utf-8").partition("## The paper's equations in the code")[2]
    for equation, file, place, _ in rows("The equations"):
        line = next(line for line in readme.splitlines() if equation[:5] in line)
        assert f"src/actionprompt/{file}" in line
        assert f"`{place.partition('.')[0]}`" in line


def test_the_layers_are_those_that_are_checked() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    layers = re.findall(r'^  "(.*)",$', project.partition("\nlayers = [\n")[2].partition("\n]")[0], re.MULTILINE)
    assert layers
    assert [row[0] for row in rows("Rooms")] == [room for layer in layers for room in layer.split(" : ")]


def test_the_quick_selection_names_what_is_there() -> None:
    assert [name for name in sorted(FAST) if not (ROOT / "tests" / name).exists()] == []
