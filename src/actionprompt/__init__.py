"""ActionPrompt: lifts 2D joints in video to 3D poses, guided by the action that they show.

The names below load their module when first used: ``import actionprompt`` needs no PyTorch. Functions that share their
name with a module are imported from it: ``from actionprompt.train import train``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actionprompt.config import APMCfg, LifterCfg
    from actionprompt.data.clip import Clip, Corpus
    from actionprompt.encoders.base import Encoder, Window
    from actionprompt.encoders.config import A3DHPCfg, MixSTECfg, VPoseCfg
    from actionprompt.errors import InputError
    from actionprompt.lift import Poses, lift_windows
    from actionprompt.model import Lifted, Lifter, bake, load, save
    from actionprompt.skeleton import Skeleton
    from actionprompt.stream import Stream, StreamResult
    from actionprompt.windows import Windows

    __version__: str

_MODULES = {
    "config": ("APMCfg", "LifterCfg"),
    "data.clip": ("Clip", "Corpus"),
    "encoders.base": ("Encoder", "Window"),
    "encoders.config": ("A3DHPCfg", "MixSTECfg", "VPoseCfg"),
    "errors": ("InputError",),
    "lift": ("Poses", "lift_windows"),
    "model": ("Lifted", "Lifter", "bake", "load", "save"),
    "skeleton": ("Skeleton",),
    "stream": ("Stream", "StreamResult"),
    "windows": ("Windows",),
}

__all__ = [
    "A3DHPCfg", "APMCfg", "Clip", "Corpus", "Encoder", "InputError", "Lifted", "Lifter", "LifterCfg", "MixSTECfg",
    "Poses", "Skeleton", "Stream", "StreamResult", "VPoseCfg", "Window", "Windows", "bake", "lift_windows", "load",
    "save",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("actionprompt")
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
