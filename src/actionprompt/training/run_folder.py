"""The folder of a training run: settings, log, checkpoint, model. Every file appears whole or not at all."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from actionprompt.errors import InputError
from actionprompt.files import unwritable, write_text
from actionprompt.serialise import from_data, to_data
from actionprompt.training.config import RunCfg
from actionprompt.untrusted import parse_json, read_settings


class RunFolder:
    """Paths and small files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = path / "settings.json"
        self.log = path / "log.jsonl"
        self.checkpoint = path / "checkpoint.safetensors"
        self.model = path / "model.safetensors"

    def claim(self, cfg: RunCfg, overwrite: bool) -> None:
        """Makes the folder for a new run.

        Raises:
            InputError: it holds a run already (or is a file) and ``overwrite`` was not given, or cannot be written.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; a run needs a folder.")
        if self.settings.exists() and not overwrite:
            raise InputError(
                f"{self.path} already holds a run: give --resume to resume it, --overwrite to start over, "
                "or another --out."
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for stale in (self.settings, self.log, self.checkpoint, self.model, *self.path.glob("report-*")):
                stale.unlink(missing_ok=True)
            shutil.rmtree(self.path / "tensorboard", ignore_errors=True)
            write_text(self.settings, json.dumps(to_data(cfg), indent=1))
        except OSError as error:
            raise unwritable("A run", self.path, error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else trains into the folder while the block lasts.

        Raises:
            InputError: another process does, or the folder cannot be written.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; a run needs a folder.")
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / ".lock")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise InputError(f"Another process trains into {self.path}: wait for it, or give another --out.") from error
        except OSError as error:
            raise unwritable("A run", self.path, error) from error
        try:
            yield
        finally:
            lock.release()

    def tidy(self) -> None:
        """Deletes what a killed process left half-written."""
        for part in self.path.glob(".*.part.*"):
            part.unlink(missing_ok=True)

    def check_settings(self, cfg: RunCfg) -> None:
        """Makes sure that a run resumes with the settings that it began with.

        Raises:
            InputError: the folder holds no run, or one with other settings.
        """
        if self.read_settings() != cfg:
            raise InputError(f"{self.path} holds a run with other settings: it can only resume with its own.")

    def read_settings(self) -> RunCfg:
        """The settings of the run in this folder.

        Raises:
            InputError: there is no run, or its settings are of another version.
        """
        if not self.settings.is_file():
            raise InputError(f"{self.path} holds no training run: there is no {self.settings.name} in it.")
        return from_data(read_settings(self.settings), RunCfg, str(self.settings))

    def lengthen(self, epochs: int) -> None:
        """Gives the run more epochs: its steps so far are those that the longer run would have begun with.

        Raises:
            InputError: not more than it has; its rates depend on the number of epochs; or its state is gone.
        """
        cfg = self.read_settings()
        schedule = cfg.schedule
        if epochs <= schedule.epochs:
            raise InputError(f"--epochs is {epochs}: the run in {self.path} has {schedule.epochs} already.")
        if schedule.lr_last is not None:
            raise InputError(
                f"The learning rate of the run in {self.path} falls to {schedule.lr_last:g} in its last epoch: start a "
                f"new one from its weights (train ... --weights {self.path})."
            )
        if not self.checkpoint.exists():
            raise InputError(f"The state of the run in {self.path} is gone: there is no {self.checkpoint.name} in it.")
        longer = replace(cfg, schedule=replace(schedule, epochs=epochs))
        write_text(self.settings, json.dumps(to_data(longer), indent=1))

    def append_log(self, record: dict[str, Any]) -> None:
        """Adds a line to the log."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def cut_log(self, step: int) -> None:
        """Drops log lines after a step: they are written again when the run goes on from there."""
        if self.log.exists():
            lines = [line for line in self.log.read_text("utf-8", "replace").splitlines() if _step(line) <= step]
            write_text(self.log, "".join(f"{line}\n" for line in lines))


def _step(line: str) -> float:
    try:
        return float(parse_json(line)["step"])
    except (ValueError, LookupError, TypeError, OverflowError):
        return float("inf")  # a line cut short when the run was killed
