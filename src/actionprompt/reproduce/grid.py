"""A grid of runs on disk: each lies in the folder that its settings name, so that nothing is ever trained twice."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

from actionprompt.cluster.tasks import parse_share
from actionprompt.data.config import DetectorCfg, EverydayCfg, MocapCfg
from actionprompt.errors import InputError
from actionprompt.files import write_text
from actionprompt.reproduce.plan import Table
from actionprompt.training.config import RunCfg
from actionprompt.training.run_folder import RunFolder

State = Literal["missing", "unfinished", "trained", "failed"]


def canonical(cfg: RunCfg) -> RunCfg:
    """What a run's numbers depend on: not where the data lie, where it is computed, or how it is logged.

    A table of motion capture is data by itself: its name and a hash of its text stand for its path.
    """
    data: Any = cfg.data
    if isinstance(data, MocapCfg):
        data = replace(data, path=_named(data.path))
    elif isinstance(data, EverydayCfg):
        given: dict[str, Any] = {name: Path() for name in ("uiprmd", "cmu", "hdm05") if getattr(data, name)}
        data = replace(data, **given, mocap=tuple(_named(table) for table in data.mocap))
    elif hasattr(data, "path"):
        data = replace(data, path=Path())
    return replace(
        cfg, data=_without_idle_detector(data), accelerator="auto", devices=1, checkpoint_every=1, log_every=1
    )


def _without_idle_detector(data: Any) -> Any:
    """The data's settings; where no detector is simulated, its settings do not matter."""
    cameras = getattr(data, "virtual_cameras", None)
    if cameras is not None and cameras.keypoints == "gt":
        return replace(data, virtual_cameras=replace(cameras, detector=DetectorCfg()))
    idle = hasattr(data, "detector") and data.keypoints != "simulated"
    return replace(data, detector=DetectorCfg()) if idle else data


def _named(table: Path) -> Path:
    """What stands for a table of motion capture: its name and a hash of its text."""
    said = f"-{hashlib.sha256(table.read_bytes()).hexdigest()[:8]}" if table.is_file() else ""
    return Path(table.name + said)


def _moved(data: Any, to: Any) -> Any:
    """The data where others of their kind lie: a folder's name says which they are."""
    if type(data) is not type(to):
        return data
    places = [name for name in ("path", "uiprmd", "cmu", "hdm05", "mocap") if hasattr(to, name)]
    return replace(data, **{name: getattr(to, name) for name in places})


def digest(cfg: RunCfg) -> str:
    """The name of a run's folder: a hash of its canonical settings.

    Defaults are left out, so that a setting that a later version adds does not rename the runs of this one.
    """
    text = json.dumps(_stated(canonical(cfg)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stated(value: Any) -> Any:
    """Settings as plain data, without those that have their default."""
    if is_dataclass(value):
        stated = {f.name: getattr(value, f.name) for f in fields(value) if getattr(value, f.name) != f.default}
        return {"kind": type(value).__name__} | {name: _stated(member) for name, member in stated.items()}
    if isinstance(value, (tuple, list)):
        return [_stated(member) for member in value]
    return str(value) if isinstance(value, Path) else value


@dataclass(frozen=True)
class GridRun:
    """One run of a grid."""

    cfg: RunCfg
    folder: Path
    rows: tuple[str, ...] = ()
    """The rows of tables that it serves, for people."""

    @property
    def state(self) -> State:
        """How far it is."""
        if (self.folder / "failed.json").is_file():
            return "failed"
        run = RunFolder(self.folder)
        if run.model.is_file():
            return "trained"
        return "unfinished" if run.settings.is_file() else "missing"

    def stored(self) -> RunCfg:
        """The settings that it began with, which may name another place of the data or another device.

        Raises:
            InputError: they are those of another run: somebody changed the folder, or the meaning of a setting.
        """
        stored = RunFolder(self.folder).read_settings()
        if canonical(replace(stored, data=_moved(stored.data, self.cfg.data))) != canonical(self.cfg):
            raise InputError(f"{self.folder} holds a run with other settings than its name says: move it away.")
        return stored

    def fail(self, reason: str) -> None:
        """Marks a run whose training broke down: it keeps its log and is not tried again."""
        write_text(self.folder / "failed.json", json.dumps({"reason": reason}) + "\n")


def jobs(tables: Iterable[Table], seeds: Sequence[int], root: Path) -> list[GridRun]:
    """Every run that the tables need, once; all rows at one seed before the next seed."""
    rows: dict[RunCfg, list[str]] = {}
    for table in tables:
        for line in table.lines:
            for cfg in (line.baseline, line.run):
                if cfg is not None:
                    rows.setdefault(cfg, [])
            if line.run is not None:
                rows[line.run].append(f"{table.name}/{line.paper}")
        for cfg in dict.fromkeys(line.baseline for line in table.lines if line.baseline is not None):
            if all(line.run != cfg for line in table.lines):
                rows[cfg].append(f"{table.name}/baseline")
    seeded = [(replace(cfg, seed=seed), names) for seed in seeds for cfg, names in rows.items()]
    return [GridRun(cfg, root / digest(cfg), tuple(names)) for cfg, names in seeded]


def job(cfg: RunCfg, seed: int, root: Path, rows: tuple[str, ...] = ()) -> GridRun:
    """One run."""
    cfg = replace(cfg, seed=seed)
    return GridRun(cfg, root / digest(cfg), rows)


def serving(everything: Sequence[GridRun], rows: Sequence[str]) -> list[GridRun]:
    """The runs behind rows whose names hold one of these texts, or are it; none given: all runs.

    Raises:
        InputError: a text is in no name.
    """
    names = [name for job in everything for name in job.rows]
    if rows and not names:
        raise InputError(f"--rows {' '.join(rows)}: what is asked for has no rows that are trained.")
    for text in rows:
        if not any(text in name for name in names):
            raise InputError(f"--rows {text}: no row's name holds that; --list shows the names, such as {names[0]}.")
    meant = {name for text in rows for name in ([text] if text in names else [n for n in names if text in n])}
    return [job for job in everything if not rows or meant & set(job.rows)]


def share(everything: Sequence[GridRun], spec: str) -> list[GridRun]:
    """The i-th of n equal shares, dealt out to and fro, since a run with APM, which takes longer, follows its baseline.

    Raises:
        InputError: not of that form.
    """
    i, count = parse_share(spec, "--run")
    deal = [*range(count), *reversed(range(count))]
    return [job for k, job in enumerate(everything) if deal[k % (2 * count)] == i - 1]
