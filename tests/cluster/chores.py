"""Work for the engines' tests; in a module, so that other processes find it."""

import os
import signal
import time
from pathlib import Path

from actionprompt.files import whole


def square(number: int) -> int:
    return number * number


def dying_once(folder: Path, number: int) -> int:
    """Kills its process at the first try of the number 3, and at every try of a negative one."""
    mark = folder / f"{number}.tried"
    if number < 0 or (number == 3 and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def slow_file(folder: Path, number: int) -> int:
    """Half a file at once, the rest after a while."""
    with whole(folder / f"{number}.txt") as part:
        part.write_text("half")
        time.sleep(0.2 if number == 0 else 60)
        part.write_text("all of it")
    return number


def wrong(number: int) -> int:
    raise ValueError(f"nobody knows {number}")
