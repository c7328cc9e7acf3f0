"""A grid's runs in several processes of this machine, or on a cluster."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from actionprompt.cluster import slurm
from actionprompt.cluster.ray import on_ray
from actionprompt.cluster.slurm import SlurmCfg
from actionprompt.cluster.tasks import Lost
from actionprompt.errors import InputError, Interrupted
from actionprompt.reproduce.grid import GridRun

if TYPE_CHECKING:
    from rich.console import Console


OURS = (
    "-c",
    "import sys; sys.path = [place for place in sys.path if place]; import actionprompt, actionprompt.cli; "
    "sys.argv[0] = actionprompt.__path__[0] + '/__main__.py'; sys.exit(actionprompt.cli.main())",
)
"""Python's arguments that run this package's command line: not what lies in the current folder, as ``-m`` would."""


def in_processes(command: Sequence[str], workers: int, tell: Callable[[], None] = lambda: None) -> None:
    """Gives the same command to several processes and waits; each takes runs that no other works on.

    Args:
        command: what this program is called with.
        workers: how many processes.
        tell: called now and then while they work.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, which the processes were told and have saved their state at.
        InputError: a process ended with an error, which it has printed.
    """
    from actionprompt.training.interrupts import interrupts

    with interrupts() as interrupted:
        running = [subprocess.Popen([sys.executable, *OURS, *command]) for _ in range(workers)]
        told = False
        while any(process.poll() is None for process in running):
            if interrupted and not told:
                told = True
                for process in running:
                    process.send_signal(signal.SIGTERM)
            tell()
            time.sleep(0.5)
    if interrupted:
        raise Interrupted("Stopped; the state of the runs is saved. The same command resumes them.")
    if any(process.returncode for process in running):
        raise InputError("Not all runs were made, see above; the tables show what there is with --render.")


def submit(jobs: Sequence[GridRun], cfg: SlurmCfg, flip: bool, folder: Path, console: "Console") -> None:
    """Submits a job for each run; waits for them only where they run here.

    Raises:
        InputError: submitit is not installed, or there is no Slurm.
    """
    numbers = slurm.submit(make, [(job, flip) for job in jobs], cfg, folder / ".slurm")
    names = ", ".join(numbers)
    console.print(f"Submitted {len(numbers)} runs: {names}. When they are done: the same command with --render.")


def over_ray(jobs: Sequence[GridRun], address: str, flip: bool, console: "Console") -> None:
    """Trains the runs on a Ray cluster whose machines share the folder; a run whose worker died goes on elsewhere.

    Raises:
        InputError: Ray is not installed, nobody answers at the address, or workers died of a run again and again.
    """
    lost = []
    for count, finished in enumerate(on_ray(partial(make, flip=flip), jobs, address), 1):
        console.print(f"{count} of {len(jobs)} runs done", highlight=False)
        lost += [f"{finished.task.folder.name}: {finished.answer.why}."] if isinstance(finished.answer, Lost) else []
    if lost:
        raise InputError(" ".join(["Not all runs were made:", *lost, "The tables show what there is with --render."]))


def make(job: GridRun, flip: bool) -> None:
    """What a cluster's job does: one run, from its data to its report."""
    from actionprompt.data.load import load as load_data
    from actionprompt.reproduce.execute import complete, execute

    if not complete(job, flip):
        execute(job, load_data(job.cfg.data), flip=flip, quiet=True)
