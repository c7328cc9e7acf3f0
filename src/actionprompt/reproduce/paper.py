"""The paper's own numbers, as printed. No torch in here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class PaperTable:
    """A printed table: millimetres, accuracy in percent, parameters in millions."""

    data: str
    """What it was measured on."""
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, float]]
    """Row key, column key: number; where the paper prints none there is none."""
    gains: Mapping[str, Mapping[str, float]]
    """The differences that are printed beside some numbers."""


NOTHING = PaperTable("", (), {}, {})
"""What the paper prints of a table that it does not have."""


def read() -> dict[str, PaperTable]:
    """All tables by name."""
    text = files("actionprompt.reproduce").joinpath("paper.json").read_text(encoding="utf-8")
    return {
        name: PaperTable(
            table["data"],
            tuple(table["columns"]),
            {
                key: {c: v for c, v in zip(table["columns"], values, strict=True) if v is not None}
                for key, values in table["rows"].items()
            },
            table["gains"],
        )
        for name, table in json.loads(text).items()
    }
