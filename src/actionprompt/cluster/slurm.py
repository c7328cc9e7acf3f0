"""Tasks as jobs of a Slurm cluster, through submitit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from actionprompt.cluster.safe_start import take_nothing_from_here
from actionprompt.errors import InputError


@dataclass(frozen=True)
class SlurmCfg:
    """What a Slurm job is given."""

    partition: str = ""
    """Partition (empty: the cluster's default)."""
    hours: float = 12.0
    """Time limit of a job; what is cut goes on when the command is given again."""
    gpus: int = 0
    """GPUs of a job."""
    cpus: int = 4
    """CPU cores of a job."""
    memory: int = 32
    """GB of a job."""
    cluster: Literal["slurm", "local", "debug"] = "slurm"
    """local and debug run the jobs here, to try this out."""


def submit(work: Callable[..., None], arguments: Sequence[tuple[Any, ...]], cfg: SlurmCfg, folder: Path) -> list[str]:
    """Submits a job for each tuple of arguments; waits for them only where they run here.

    Args:
        work: what a job does; a function of a module.
        arguments: of each job.
        cfg: what a job is given.
        folder: where submitit keeps its files.

    Returns:
        The jobs' numbers.

    Raises:
        InputError: submitit is not installed, or there is no Slurm.
    """
    try:
        import submitit
    except ImportError as error:
        raise InputError("Slurm needs submitit: pip install 'actionprompt[slurm]'.") from error
    take_nothing_from_here()  # the jobs begin in this folder
    try:
        executor: Any = submitit.AutoExecutor(folder=folder, cluster=cfg.cluster)
    except RuntimeError as error:
        raise InputError(f"Nothing can be submitted from here: {str(error).rstrip('.')}.") from error
    options: dict[str, Any] = {"timeout_min": int(60 * cfg.hours), "name": "actionprompt"}
    if cfg.cluster == "slurm":
        options |= {"cpus_per_task": cfg.cpus, "mem_gb": cfg.memory, "gpus_per_node": cfg.gpus}
        options |= {"slurm_partition": cfg.partition} if cfg.partition else {}
    executor.update_parameters(**options)
    submitted = executor.map_array(work, *zip(*arguments, strict=True))
    if cfg.cluster != "slurm":
        for job in submitted:
            job.result()
    return [str(job.job_id) for job in submitted]
