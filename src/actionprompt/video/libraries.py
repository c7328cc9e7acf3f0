"""Libraries that only videos need."""

import importlib
from typing import Any

from actionprompt.errors import InputError


def library(module: str, needs: str, install: str = "actionprompt[video]") -> Any:
    """The imported module.

    Args:
        module: what to import.
        needs: who needs what, for the error ("Reading video needs PyAV").
        install: what pip installs to have it.

    Raises:
        InputError: it is not installed, or cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name in (module, module.partition(".")[0]):
            raise InputError(f"{needs}: pip install '{install}'.") from error
        raise InputError(f"{needs}, which is installed but cannot be imported ({error}).") from error
