"""What a table is before any number, and the settings of the runs in its rows. No torch in here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from actionprompt.data.config import (
    DATA,
    DataCfg,
    DetectorCfg,
    Human36MCfg,
    HumanEvaCfg,
    MotionBERTCfg,
    MPIINF3DHPCfg,
    ReaderCfg,
)
from actionprompt.model.config import LifterCfg
from actionprompt.reproduce.changes import Change, chain, frames
from actionprompt.reproduce.scales import Scale
from actionprompt.training.config import RunCfg
from actionprompt.training.presets import Recipe

Side = Literal["predicted_action", "true_action", "weighted_actions"]


FOLDS: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "uiprmd": (("s01", "s02"), ("s03", "s04"), ("s05",), ("s06", "s07")),
        "human36m": (("S1",), ("S5",), ("S6",), ("S7",), ("S8",)),
        "hdm05": (("bd",), ("bk",), ("dg",)),
    }
)
"""Training subjects that are held out together, by data source: each of them once."""
HELD_OUT: Mapping[str, tuple[str, ...]] = MappingProxyType({source: folds[-1] for source, folds in FOLDS.items()})
"""Training subjects on which settings may be compared, by data source: test subjects choose nothing."""


SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "human36m": "Human3.6M comes from vision.imar.ro/human3.6m under a licence (docs/data.md says how to prepare "
        "it); UI-PRMD is open and can stand in: --data uiprmd",
        "humaneva": "HumanEva-I comes from humaneva.is.tue.mpg.de under a licence (docs/data.md); HDM05 is open and "
        "can stand in: --data hdm05",
        "uiprmd": "UI-PRMD is open: docs/data.md says where from; --data synthetic needs no files",
        "hdm05": "HDM05 is open: docs/data.md says where from; --data synthetic needs no files",
    }
)
"""Where data come from, and what can stand in for them."""


@dataclass(frozen=True)
class PlannedRow:
    """A row of a table."""

    paper: str
    """The row's key among the paper's numbers."""
    stub: tuple[str, ...]
    """Its leading cells."""
    run: RunCfg | None
    """Its run, at seed 0; None where these data cannot have one."""
    baseline: RunCfg | None = None
    """What the paired difference is taken against; None: this is a baseline."""
    side: Side = "predicted_action"
    """Whose pose prompts are used at test time: the recognised action's, the true one's, or all, as probable."""
    why_not: str = ""
    """Why there is no run."""
    full: RunCfg | None = None
    """The row at the paper's size, whose parameters are counted (Table IX)."""


@dataclass(frozen=True)
class Table:
    """A table of the paper, before any number."""

    name: str
    title: str
    stub: tuple[str, ...]
    """Heads of the leading cells."""
    columns: tuple[str, ...]
    """Measures: P1, P2, P3, accuracy, parameters, full parameters; " of cells": the mean over subject and action."""
    lines: tuple[PlannedRow, ...]
    detail: Literal["", "actions", "cells", "subjects"] = ""
    """A second part: P1 by action (Table I), by action and subject (Table II), or a note on all subjects held out."""
    home: str = "human36m"
    """The data set of the paper's numbers; none: the paper has no such table."""
    against: str = ""
    """What its rows are compared with, where that is not the encoder alone."""
    left_out: int = 0
    """Rows that are not shown, since nobody has run them."""


@dataclass(frozen=True)
class Plan:
    """What is reproduced: a scale, and data."""

    scale: Scale
    data: DataCfg

    @property
    def source(self) -> str:
        """The data set's name on the command line."""
        return next(name for name, (_, kind) in DATA.items() if isinstance(self.data, kind))

    def run(self, recipe: Recipe, *changes: Change) -> RunCfg:
        """The settings of a run at seed 0: APM on an encoder, changed."""
        whole = RunCfg(
            LifterCfg(recipe.encoder, self.scale.apm),
            self.data,
            recipe.schedule,
            recipe.pose_loss,
            accelerator=self.scale.accelerator,
            precision=self.scale.precision,
            checkpoint_every=self.scale.checkpoint_every,
            log_every=self.scale.log_every,
        )
        return chain(*changes)(whole)

    def encoder(self, name: str, *changes: Change) -> RunCfg:
        """A run with one of the three encoders."""
        recipes = self.scale.humaneva if isinstance(self.data, HumanEvaCfg) else self.scale.encoders
        return self.run(recipes[name], *changes)

    def vpose(self, *changes: Change) -> RunCfg:
        """A run of the ablations."""
        return self.encoder("VPose", *changes)

    def long(self, count: int, *changes: Change) -> RunCfg:
        """A run of Tables VI and VII."""
        return self.run(self.scale.long, frames(count), *changes)


PIXEL_DETECTOR = DetectorCfg(bias=3.0, jitter=3.0, outlier_rate=0.0, unit="pixels")
"""The detector of the published rows: its errors do not depend on how large the person appears."""


def detected(data: DataCfg) -> DataCfg | None:
    """The same data with detected 2D joints, as in the lower half of Table I; None: there are none.

    On Human3.6M these are HRNet's; where virtual cameras film motion capture, a simulated detector's.
    """
    if isinstance(data, Human36MCfg):
        return replace(data, keypoints="hr")
    if isinstance(data, HumanEvaCfg | MotionBERTCfg | MPIINF3DHPCfg | ReaderCfg):
        return None
    cameras = replace(data.virtual_cameras, keypoints="simulated", detector=PIXEL_DETECTOR)
    return replace(data, virtual_cameras=cameras)
