"""A grid's runs in several processes of this machine, or on a Slurm cluster."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from actionprompt.errors import InputError, Interrupted
from actionprompt.reproduce.grid import GridRun

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class SlurmCfg:
    """One Slurm job for each run."""

    partition: str = ""
    """Partition (empty: the cluster's default)."""
    hours: float = 12.0
    """Time limit of a job; a run that is cut goes on when the command is given again."""
    gpus: int = 0
    """GPUs of a job."""
    cpus: int = 4
    """CPU cores of a job."""
    memory: int = 32
    """GB of a job."""
    cluster: Literal["slurm", "local", "debug"] = "slurm"
    """local and debug run the jobs here, to try this out."""


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
        raise Interrupted("Stopped; the state of the runs is saved. The same command goes on with them.")
    if any(process.returncode for process in running):
        raise InputError("Not all runs were made, see above; the tables show what there is with --render.")


def submit(jobs: Sequence[GridRun], cfg: SlurmCfg, flip: bool, folder: Path, console: "Console") -> None:
    """Submits a job for each run; waits for them only where they run here.

    Raises:
        InputError: submitit is not installed, or there is no Slurm.
    """
    try:
        import submitit
    except ImportError as error:
        raise InputError("--launcher slurm needs submitit: pip install 'actionprompt[slurm]'.") from error
    os.environ["PYTHONSAFEPATH"] = "1"  # the jobs begin in this folder: nothing in it stands in for a package
    try:
        executor: Any = submitit.AutoExecutor(folder=folder / ".slurm", cluster=cfg.cluster)
    except RuntimeError as error:
        raise InputError(f"Runs cannot be submitted from here: {str(error).rstrip('.')}.") from error
    options: dict[str, Any] = {"timeout_min": int(60 * cfg.hours), "name": "actionprompt"}
    if cfg.cluster == "slurm":
        options |= {"cpus_per_task": cfg.cpus, "mem_gb": cfg.memory, "gpus_per_node": cfg.gpus}
        options |= {"slurm_partition": cfg.partition} if cfg.partition else {}
    executor.update_parameters(**options)
    submitted = executor.map_array(make, jobs, [flip] * len(jobs))
    names = ", ".join(job.job_id for job in submitted)
    console.print(f"Submitted {len(submitted)} runs: {names}. When they are done: the same command with --render.")
    if cfg.cluster != "slurm":
        for job in submitted:
            job.result()


def make(job: GridRun, flip: bool) -> None:
    """What a cluster's job does: one run, from its data to its report."""
    from actionprompt.data.load import load as load_data
    from actionprompt.reproduce.execute import complete, execute

    if not complete(job, flip):
        execute(job, load_data(job.cfg.data), flip=flip, quiet=True)
