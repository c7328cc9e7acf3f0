"""One run of a grid: train or resume it, then evaluate it."""

import json
import platform
from pathlib import Path
from typing import Literal

from actionprompt.data.clip import Corpus
from actionprompt.errors import Diverged
from actionprompt.files import write_text
from actionprompt.reproduce.grid import GridRun
from actionprompt.reproduce.results import report_name, split
from actionprompt.training.interleave import Work, run_to_completion
from actionprompt.training.run_folder import RunFolder

Outcome = Literal["done", "failed", "elsewhere"]


def executing(
    job: GridRun, corpus: Corpus, *, flip: bool = False, quiet: bool = False, alone: bool = True
) -> Work[Outcome]:
    """Makes a run and its reports complete; does nothing where they are. Pauses after each training step.

    Several processes may share a grid: a run that another one works on is left to it. The time of a run that has its
    process for itself (``alone``) is noted.

    Raises:
        InputError: settings and data do not fit.
        Interrupted: Ctrl-C or SIGTERM; the state was saved.
    """
    from filelock import FileLock, Timeout

    locks = job.folder.parent / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{job.folder.name}.lock")
    try:
        with lock.acquire(timeout=0):
            return (yield from _execute(job, corpus, flip, quiet, alone))
    except Timeout:
        return "elsewhere"


execute = run_to_completion(executing)
"""The same without pauses."""


def complete(job: GridRun, flip: bool) -> bool:
    """Whether nothing is left to do."""
    if job.state == "failed":
        return True
    reports = {report_name(job.cfg, False), report_name(job.cfg, flip)}
    return job.state == "trained" and all((job.folder / f"{name}.json").is_file() for name in reports)


def _execute(job: GridRun, corpus: Corpus, flip: bool, quiet: bool, alone: bool) -> Work[Outcome]:
    if job.state in ("missing", "unfinished"):
        try:
            yield from _train(job, corpus, quiet, alone)
        except Diverged as error:
            job.fail(str(error).partition(";")[0])
            RunFolder(job.folder).checkpoint.unlink(missing_ok=True)
    if job.state == "failed":
        return "failed"
    job.stored()
    for flipped in sorted({False, flip}):
        if not (job.folder / f"{report_name(job.cfg, flipped)}.json").is_file():
            report_run(job, corpus, flipped)
    RunFolder(job.folder).checkpoint.unlink(missing_ok=True)
    return "done"


def _train(job: GridRun, corpus: Corpus, quiet: bool, alone: bool) -> Work[None]:
    from actionprompt.training.train import training

    resume = job.state == "unfinished"
    watch = yield from training(
        job.stored() if resume else job.cfg, job.folder, resume=resume, corpus=corpus, quiet=quiet
    )
    if alone and not resume:
        seconds = round(sum(watch.seconds.values()), 3)
        write_timing(job.folder / "timing.json", seconds)


def write_timing(path: Path, seconds: float) -> None:
    """Notes how long a whole run takes on this machine; no table shows it."""
    write_text(path, json.dumps({"seconds": seconds, "machine": machine()}) + "\n")


def machine() -> str:
    """This machine, as far as times are comparable."""
    return f"{platform.node()} {platform.machine()}"


def report_run(job: GridRun, corpus: Corpus, flip: bool) -> None:
    """Evaluates a trained run on the test subjects, or on those that it held out, and writes its report."""
    import torch

    from actionprompt.evaluation import report
    from actionprompt.evaluation import run as evaluation
    from actionprompt.model.files import load

    lifter = load(RunFolder(job.folder).model)
    parameters = sum(p.numel() for p in lifter.parameters())
    lifter.to("cuda" if job.cfg.accelerator != "cpu" and torch.cuda.is_available() else "cpu")
    subjects = job.cfg.validation_subjects or corpus.test_subjects
    clips = [clip for clip in corpus.select(subjects) if clip.turn == 0]
    scores, facts = evaluation.run(
        lifter,
        corpus,
        clips,
        (split(job.cfg), subjects),
        lambda: (lifter, "this model"),  # tables take their baseline's
        flip=flip,
    )
    facts |= {"parameters": str(parameters)}
    title = f"{job.folder.name}: {corpus.name}, {split(job.cfg)}"
    report.write(scores, title, facts, job.folder, report_name(job.cfg, flip))
