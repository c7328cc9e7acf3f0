import os
import signal
from pathlib import Path

import pytest

from actionprompt.errors import Interrupted
from actionprompt.training.interleave import Work, interleave, run_to_completion
from actionprompt.training.interrupts import interrupts
from actionprompt.training.train import train, training
from small import corpus, run_cfg


def counting(name: str, turns: int, heard: list[str]) -> Work[str]:
    try:
        for turn in range(turns):
            heard.append(f"{name}{turn}")
            yield
        return name
    finally:
        heard.append(f"{name} ends")


def test_all_at_once():
    heard: list[str] = []
    assert run_to_completion(counting)("a", 2, heard) == "a"
    assert heard == ["a0", "a1", "a ends"]


def test_in_turns_and_the_next_when_one_is_finished():
    heard: list[str] = []
    works = (counting(name, turns, heard) for name, turns in (("a", 3), ("b", 1), ("c", 2)))
    assert list(interleave(works, 2)) == ["b", "a", "c"]
    assert heard == ["a0", "b0", "a1", "b ends", "a2", "c0", "a ends", "c1", "c ends"]


def broken() -> Work[None]:
    for _ in range(7):
        yield
    raise KeyError("broken")


def test_an_error_ends_the_others_too():
    heard: list[str] = []
    with pytest.raises(KeyError):
        list(interleave([counting("a", 99, heard), broken()], 2))
    assert heard[-2:] == ["a8", "a ends"]


def test_the_others_save_their_state_first(tmp_path: Path):
    work = training(run_cfg(checkpoint_every=100), tmp_path, corpus=corpus(), quiet=True)
    with pytest.raises(KeyError):
        list(interleave([work, broken()], 2))
    assert (tmp_path / "checkpoint.safetensors").is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_new_is_begun_after_an_interrupt(number: int):
    heard: list[str] = []

    def signalled() -> Work[str]:
        os.kill(os.getpid(), number)
        return "signalled"
        yield

    works = [signalled(), counting("a", 1, heard), counting("b", 1, heard), counting("c", 1, heard)]
    with pytest.raises(Interrupted, match="Stopped between two runs"):
        list(interleave(works, 2))
    assert heard == ["a0", "a ends"], "what was under way is finished"


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts() as heard:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_trainings_in_turns_are_those_one_by_one(tmp_path: Path):
    """Random numbers are a function of (seed, step): what happens between two steps does not matter."""
    seeds = (0, 1, 2)
    for seed in seeds:
        train(run_cfg(seed=seed), tmp_path / f"alone{seed}", corpus=corpus(), quiet=True)
    works = (training(run_cfg(seed=s), tmp_path / f"interleave{s}", corpus=corpus(), quiet=True) for s in seeds)
    assert len(list(interleave(works, 2))) == 3
    for seed in seeds:
        for name in ("model.safetensors", "log.jsonl"):
            alone, together = (tmp_path / f"{how}{seed}" / name for how in ("alone", "interleave"))
            assert alone.read_bytes() == together.read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_are_interrupted_and_go_on(number: int, tmp_path: Path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def stop() -> Work[None]:
        for _ in range(5):
            yield
        os.kill(os.getpid(), number)
        yield

    def works(resume: bool) -> list[Work[object]]:
        return [
            training(run_cfg(seed=s), tmp_path / f"{s}", resume=resume, corpus=corpus(), quiet=True) for s in (0, 1)
        ]

    with pytest.raises(Interrupted, match="the state of 2 runs is saved"):
        list(interleave([*works(False), stop()], 3))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert all((tmp_path / f"{seed}" / "checkpoint.safetensors").is_file() for seed in (0, 1))
    list(interleave(works(True), 2))
    for seed in (0, 1):
        train(run_cfg(seed=seed), tmp_path / f"whole{seed}", corpus=corpus(), quiet=True)
        whole, cut = (tmp_path / name / "log.jsonl" for name in (f"whole{seed}", f"{seed}"))
        assert whole.read_bytes() == cut.read_bytes()
