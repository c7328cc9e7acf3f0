"""How every figure looks: colours that colour-blind readers can tell apart, type that is legible at column width."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actionprompt.errors import InputError
from actionprompt.files import whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN, PAGE = 3.5, 7.16
"""Widths of an IEEE column and page, inches."""
BLUE, ORANGE, GREEN, PINK, SKY, RED, BLACK = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#222222"),
)
"""Okabe and Ito's palette."""
ACTIONS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, "#999999", BLACK)
MODELS = {"VPose": BLUE, "A3DHP": RED, "MixSTE": GREEN}
MARKERS = {"VPose": "o", "A3DHP": "s", "MixSTE": "^"}


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib with the look of this project, drawing to files only.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise InputError("Figures need matplotlib and scikit-learn: pip install 'actionprompt[plots]'.") from error
    look: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "legend.frameon": False,
        "pdf.fonttype": 42,
        "savefig.dpi": 300,
    }
    with mpl.rc_context(look):
        yield


def figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches, of no window system."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def save(made: "Figure", folder: Path, name: str) -> list[Path]:
    """Writes PDF and PNG, without dates, so that the same results give the same bytes."""
    paths = [folder / f"{name}.pdf", folder / f"{name}.png"]
    for path in paths:
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
        with whole(path) as part:
            made.savefig(part, metadata=metadata)
    return paths


def short(names: Sequence[str], longest: int = 16) -> list[str]:
    """Action names, on several lines where they are long."""
    return [textwrap.fill(name.removeprefix("standing "), longest) for name in names]
