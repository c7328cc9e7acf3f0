"""Tables as Markdown, CSV, LaTeX and HTML: the same bytes for the same results."""

import csv
import html
import io
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from actionprompt.files import write_text
from actionprompt.reproduce.sheets import Page, Sheet, Text


def markdown(page: Page) -> str:
    """The tables for reading in a repository."""
    parts = [f"# {page.title}", ""]
    for sheet in page.sheets:
        if sheet.title:
            parts += [f"## {sheet.title}", ""]
        rule = ["---" if i < sheet.stubs else "---:" for i in range(len(sheet.heads))]
        body = [sheet.heads, rule, *([_bold(text, "**") for text in row] for row in sheet.rows)]
        parts += ["| " + " | ".join(line) + " |" for line in body]
        parts.append("")
    return "\n".join([*parts, *(f"- {note}" for note in page.notes)]) + "\n"


def _bold(text: Text, mark: str) -> str:
    return f"{mark}{text.text}{mark}" if text.strong else text.text


HEADS = (
    *("table", "row", "measure", "state", "mean", "sd", "seeds", "difference", "ci95", "percent", "pairs"),
    *("paper", "paper_difference", "paper_data"),
)


def to_csv(page: Page) -> str:
    """The numbers for computing: one line for each row and measure, unrounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADS)
    for row in page.raw:
        for cell in row.cells:
            delta = cell.delta
            ours = [cell.mean, cell.spread, cell.seeds]
            paired = [delta.mean, delta.half, delta.relative, delta.pairs] if delta else [None] * 4
            numbers = [*ours, *paired, cell.paper, cell.paper_delta]
            cells = ["" if n is None else f"{n:.6g}" for n in numbers]
            source = "" if cell.paper is None else page.printed
            writer.writerow([page.name, row.line.paper, cell.column, cell.state, *cells, source])
    return out.getvalue()


LATEX = {"±": r"$\pm$", "Δ": r"$\Delta$", "✓": r"\checkmark", "–": "--", "\\": r"\textbackslash{}"}
LATEX |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {letter: f"\\{letter}" for letter in "%_&#${}"}


def latex(page: Page) -> str:
    """A table environment in booktabs' style; needs the packages booktabs, amssymb and graphicx."""
    lines = [r"\begin{table*}", r"\centering", rf"\caption{{{_tex(page.title)}}}", rf"\label{{tab:{page.name}}}"]
    for sheet in page.sheets:
        if sheet.title:
            lines.append(rf"\medskip {_tex(sheet.title)}\\[2pt]")
        lines += [r"\resizebox{\ifdim\width>\linewidth \linewidth\else\width\fi}{!}{%"]
        lines += [rf"\begin{{tabular}}{{{'l' * sheet.stubs}{'r' * (len(sheet.heads) - sheet.stubs)}}}", r"\toprule"]
        lines += [" & ".join(map(_tex, sheet.heads)) + r" \\", r"\midrule"]
        for row in sheet.rows:
            cells = [rf"\textbf{{{_tex(text.text)}}}" if text.strong else _tex(text.text) for text in row]
            lines.append(" & ".join(cells) + r" \\")
        lines += [r"\bottomrule", r"\end{tabular}}", ""]
    notes = [rf"{_tex(note)}\par" for note in page.notes]
    lines += [r"\par\smallskip\raggedright\footnotesize", *notes, r"\end{table*}"]
    return "\n".join(lines) + "\n"


def _tex(text: str) -> str:
    minus = re.sub(r"(?<![\w.])-(?=\d)", "\N{MINUS SIGN}", text)
    return "".join(LATEX.get(letter, letter) for letter in minus).replace("\N{MINUS SIGN}", "$-$")


def to_html(pages: Sequence[Page], title: str) -> str:
    """One page with every table, self-contained."""
    style = files("actionprompt.reproduce").joinpath("page.css").read_text(encoding="utf-8")
    links = "".join(f'<a href="#{p.name}">{html.escape(p.title.partition(":")[0])}</a>' for p in pages)
    body = "\n".join(_section(page) for page in pages)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{html.escape(title)}</title>\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n<header><h1>{html.escape(title)}</h1>\n<nav>{links}</nav></header>\n"
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(page: Page) -> str:
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in page.notes)
    sheets = "\n".join(_table(sheet) for sheet in page.sheets)
    return f'<section id="{page.name}">\n<h2>{html.escape(page.title)}</h2>\n{sheets}\n<ul>{notes}</ul>\n</section>'


def _table(sheet: Sheet) -> str:
    kinds = [text.kind for text in sheet.rows[0]]
    heads = "".join(f'<th class="{kind}">{html.escape(h)}</th>' for h, kind in zip(sheet.heads, kinds, strict=True))
    rows = "\n".join(
        "<tr>"
        + "".join(f'<td class="{t.kind}{" strong" * t.strong}">{html.escape(t.text)}</td>' for t in row)
        + "</tr>"
        for row in sheet.rows
    )
    title = f"<h3>{html.escape(sheet.title)}</h3>" if sheet.title else ""
    return f'{title}<div class="scroll"><table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>'


WRITERS: Mapping[str, Callable[[Page], str]] = MappingProxyType({".md": markdown, ".csv": to_csv, ".tex": latex})


def write(pages: Sequence[Page], title: str, folder: Path) -> list[Path]:
    """Writes every table in every format; returns the paths."""
    texts = {folder / f"{page.name}{suffix}": make(page) for page in pages for suffix, make in WRITERS.items()}
    texts[folder / "tables.html"] = to_html(pages, title)
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)
