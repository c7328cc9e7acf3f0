"""What a person sees of a training run, and where its time goes."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import torch
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from actionprompt.console import console as new_console


class Stopwatch:
    """Seconds spent in each phase of a step. Waits for the GPU only when ``exact``, since waiting costs speed."""

    def __init__(self, device: torch.device, exact: bool = False) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._wait = exact and device.type == "cuda"

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        """Times the body."""
        begin = time.perf_counter()
        yield
        if self._wait:
            torch.cuda.synchronize()
        self.seconds[phase] += time.perf_counter() - begin

    @property
    def share(self) -> float:
        """The share of the time that is forward, backward and optimiser."""
        useful = sum(self.seconds.get(phase, 0.0) for phase in ("forward", "backward", "optimiser", "replay"))
        return useful / max(sum(self.seconds.values()), 1e-12)

    def table(self) -> Table:
        """The phases, for printing."""
        table = Table("phase", "seconds", "share", title="Where the time went")
        total = sum(self.seconds.values())
        for phase, seconds in self.seconds.items():
            table.add_row(phase, f"{seconds:.2f}", f"{seconds / total:.1%}")
        table.add_row("forward + backward + optimiser", "", f"{self.share:.1%}")
        return table


class TrainingBar:
    """Progress bar with loss, accuracy, throughput and time left; on stderr, so that pipes stay clean."""

    def __init__(self, total: int, done: int, hidden: bool) -> None:
        self._bar = Progress(
            TextColumn("training", style="bold"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}", markup=False),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=new_console(stderr=True),
            disable=hidden,
        )
        self._task = self._bar.add_task("", total=total, completed=done, status="", rate="")

    def __enter__(self) -> "TrainingBar":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, windows: int) -> None:
        """One step of so many windows is done."""
        speed = self._bar.tasks[0].speed
        rate = f"{speed * windows:,.0f} windows/s" if speed else ""
        self._bar.update(self._task, advance=1, rate=rate)

    def show(self, record: dict[str, float]) -> None:
        """The latest means."""
        status = f"{record['pose_mm']:.1f} mm"
        if "accuracy" in record:
            status += f", actions {record['accuracy']:.1%}"
        self._bar.update(self._task, status=status)
