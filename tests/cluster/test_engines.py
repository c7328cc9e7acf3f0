import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import chores
import pytest

from actionprompt.cluster import slurm
from actionprompt.cluster.processes import in_processes
from actionprompt.cluster.ray import on_ray
from actionprompt.cluster.tasks import Lost, here, share
from actionprompt.errors import InputError


def answers(finished) -> dict:
    return {each.task: each.answer for each in finished}


def test_shares_are_everything_once() -> None:
    parts = [share(range(10), f"{i}/3", "--shard") for i in (1, 2, 3)]
    assert sorted(number for part in parts for number in part) == list(range(10))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("spec", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2"])
def test_no_share(spec: str) -> None:
    with pytest.raises(InputError, match=f"--shard is '{spec}': write i/n"):
        share([], spec, "--shard")


def test_processes_answer_as_here() -> None:
    assert answers(in_processes(chores.square, range(5), 2)) == answers(here(chores.square, range(5)))


def test_a_process_that_dies_costs_nothing_and_one_that_always_dies_its_own_task(tmp_path: Path) -> None:
    found = answers(in_processes(partial(chores.dying_once, tmp_path), [1, -2, 3, 4], 2))
    assert {k: v for k, v in found.items() if k > 0} == {1: 1, 3: 9, 4: 16}
    assert isinstance(found[-2], Lost)
    assert "ended 2 times" in found[-2].why


def test_an_error_of_the_work_is_raised() -> None:
    with pytest.raises(ValueError, match="nobody knows"):
        answers(in_processes(chores.wrong, [1, 2], 2))


def test_an_interruption_leaves_whole_files_only(tmp_path: Path) -> None:
    code = (
        "from functools import partial; from pathlib import Path; import chores\n"
        "from actionprompt.cluster.processes import in_processes\n"
        f"for each in in_processes(partial(chores.slow_file, Path({str(tmp_path)!r})), [0, 1, 2], 2): print(each.task)"
    )
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    running = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.PIPE
    )
    begin = time.monotonic()
    while not ((tmp_path / "0.txt").exists() and len(list(tmp_path.glob(".*part*"))) == 2):
        assert time.monotonic() - begin < 120
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    assert running.wait(30) != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.txt"]
    assert (tmp_path / "0.txt").read_text() == "all of it"


def test_a_ray_worker_that_is_killed_is_replaced(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("ray", reason="needs Ray")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), *sys.path]))
    found = answers(on_ray(partial(chores.dying_once, tmp_path), [1, 3, 4, -5], "local"))
    assert {k: v for k, v in found.items() if k > 0} == {1: 1, 3: 9, 4: 16}
    assert isinstance(found[-5], Lost)
    assert "died 4 times" in found[-5].why


def test_nobody_at_the_address() -> None:
    pytest.importorskip("ray", reason="needs Ray")
    with pytest.raises(InputError, match=r"No Ray cluster answers at '127.0.0.1:9'"):
        answers(on_ray(chores.square, [1], "127.0.0.1:9"))


def test_without_the_libraries(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"needs Ray: pip install 'actionprompt\[ray\]'"):
        answers(on_ray(chores.square, [1], "auto"))
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(InputError, match=r"needs submitit: pip install 'actionprompt\[slurm\]'"):
        slurm.submit(print, [("a",)], slurm.SlurmCfg(), tmp_path)
