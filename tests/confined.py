"""Runs a function in a child process with limits on its memory and time, so that a bomb hurts nobody."""

import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from actionprompt.errors import InputError


class Broken(AssertionError):
    """The child process crashed, took too much memory or time, or let a foreign exception out."""


def confined(function: Callable[..., Any], *arguments: Any, memory: int = 2**28, seconds: int = 20) -> Any:
    """What a function gives, or the ``InputError`` that it raises, which is returned.

    Args:
        function: what to call.
        arguments: with what.
        memory: bytes that it may take beyond what this process has already.
        seconds: of processor time.

    Raises:
        Broken: anything else.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run(writer, function, arguments, memory, seconds)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise Broken(f"{function.__name__} died of {signal.Signals(os.WTERMSIG(status)).name}")
    outcome, value = pickle.loads(content)  # our own child's
    if outcome == "broken":
        raise Broken(value)
    return value


def _run(writer: int, function: Callable[..., Any], arguments: Any, memory: int, seconds: int) -> None:
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    spent = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(spent.ru_utime + spent.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(30 * seconds)  # a child that waits spends no processor time
    try:
        result = ("done", function(*arguments))
    except InputError as error:
        result = ("done", InputError(str(error)))
    except BaseException:
        result = ("broken", traceback.format_exc())
    try:
        content = pickle.dumps(result)
    except Exception:
        content = pickle.dumps(("done", None))
    os.write(writer, content[:60_000]) if len(content) <= 60_000 else os.write(writer, pickle.dumps(("done", None)))
    os._exit(0)


def refused(function: Callable[..., Any], *arguments: Any, **limits: int) -> str:
    """The sentence with which a function refuses what it is given, within its limits."""
    outcome = confined(function, *arguments, **limits)
    assert isinstance(outcome, InputError), outcome
    assert "\n" not in str(outcome)
    return str(outcome)
