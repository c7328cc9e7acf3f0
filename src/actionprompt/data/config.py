"""The data sources' settings, one class each. No torch in here; ``load`` reads the files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from actionprompt.data.clip import Corpus


@dataclass(frozen=True)
class FilmCfg:
    """Virtual cameras: Human3.6M's four, around each take, which is turned by a random yaw."""

    cameras: int = 4
    """How many of the four cameras film each take."""
    seed: int = 0
    """Seed of the yaw; a take's yaw depends on the seed and the take's name only."""


@dataclass(frozen=True)
class UIPRMDCfg:
    """UI-PRMD (Vakanski et al. 2018): ten rehabilitation movements, ten subjects, Vicon; public domain."""

    path: Path
    """Folder that holds the extracted archives (``Segmented Movements`` and so on, at any depth)."""
    variants: tuple[Literal["correct", "incorrect"], ...] = ("correct",)
    """Movements performed correctly, incorrectly, or both."""
    film: FilmCfg = FilmCfg()
    """Virtual cameras."""

    def load(self) -> "Corpus":
        """Reads, converts and films the takes (the converted form is cached by content)."""
        from actionprompt.data.uiprmd import load

        return load(self)


@dataclass(frozen=True)
class SyntheticCfg:
    """An articulated figure that performs named motions: for tests and the demo, no files needed."""

    subjects: int = 6
    """Figures of different proportions and temperament; the last third are test subjects."""
    takes: int = 1
    """Takes of each motion per subject."""
    frames: int = 400
    """Frames per take, at 50 frames/s."""
    seed: int = 0
    """Seed of everything."""
    film: FilmCfg = FilmCfg()
    """Virtual cameras."""

    def load(self) -> "Corpus":
        """Makes and films the takes."""
        from actionprompt.data.synthetic import load

        return load(self)


DataCfg = UIPRMDCfg | SyntheticCfg

DATA: dict[str, tuple[str, type[UIPRMDCfg] | type[SyntheticCfg]]] = {
    "uiprmd": ("UI-PRMD, ten rehabilitation movements, Vicon, public domain", UIPRMDCfg),
    "synthetic": ("an articulated figure, no files needed", SyntheticCfg),
}
"""Data sets by the name that the command line knows: what it is, its settings."""
