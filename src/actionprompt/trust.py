"""Whose code may be imported because a file names it: nobody's, unless the user says so.

A saved model or a run's settings can name a network's class. A file must never choose what is imported, so reading such
settings asks here first; ``--trust PACKAGE`` on the command line, or :func:`trusting` in Python, lets a package in.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import Any

from actionprompt.errors import InputError

_TRUSTED: ContextVar[tuple[str, ...]] = ContextVar("trusted", default=())


@contextmanager
def trusting(*packages: str) -> Iterator[None]:
    """Inside, files may name classes of these packages (or of single modules of theirs)."""
    before = _TRUSTED.set((*_TRUSTED.get(), *packages))
    try:
        yield
    finally:
        _TRUSTED.reset(before)


def import_from_here() -> None:
    """Lets packages of the current folder be imported, as ``python`` itself does: a user has named one."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


def imported(target: str, what: str) -> Any:
    """What ``package.module:name`` names, which a user or a trusted file asked for.

    Args:
        target: the name.
        what: what it should be, for the error: "network", "reader".

    Raises:
        InputError: it is not written so, the module cannot be imported, or it has no such name.
    """
    module, colon, name = target.partition(":")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise InputError(f"{target!r} names no {what}: write it as package.module:Name.")
    import_from_here()
    try:
        found = getattr(import_module(module), name, None)
    except Exception as error:  # an import runs somebody's code
        why = " ".join(str(error).split()).rstrip(".")
        raise InputError(f"The module {module!r} cannot be imported: {why}.") from error
    if found is None:
        raise InputError(f"The module {module!r} has no {what} {name!r}.")
    return found


def trusted() -> tuple[str, ...]:
    """The packages that may be imported here, to hand them on to another process."""
    return _TRUSTED.get()


def check_trusted(module: str, where: str) -> None:
    """Stops a file from naming what is imported.

    Args:
        module: the module that the file names.
        where: the file.

    Raises:
        InputError: nobody said that this module may be imported.
    """
    if not any(module == package or module.startswith(f"{package}.") for package in _TRUSTED.get()):
        package = module.partition(".")[0]
        raise InputError(
            f"{where} names something of the module {module!r}, which would be imported and run: "
            f"if you trust it, say so with --trust {package} (in Python: load(path, trust=[{package!r}]))."
        )
