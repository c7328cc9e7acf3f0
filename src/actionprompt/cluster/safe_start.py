"""New Python processes take no module from the current folder, where a stranger's files may lie."""

import os
import sys
from pathlib import Path

from actionprompt.errors import InputError


def take_nothing_from_here() -> None:
    """Makes Pythons that this process starts from now on leave the current folder out of the places of modules.

    Raises:
        InputError: Python is 3.10, which cannot, and a file here would stand in for a module of its library.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    if sys.version_info >= (3, 11):
        return
    for name in sorted(sys.stdlib_module_names):
        if Path(f"{name}.py").exists() or Path(name, "__init__.py").exists():
            raise InputError(
                f"New processes of Python 3.10 would run {name} of this folder instead of Python's own module: start "
                "the command in another folder, or use Python 3.11."
            )
