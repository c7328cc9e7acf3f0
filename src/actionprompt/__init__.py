"""ActionPrompt: lifts 2D joints in video to 3D poses, guided by the action that they show.

The names below load their module when first used: ``import actionprompt`` needs no PyTorch. Functions that share their
name with a module are imported from it: ``from actionprompt.training.train import train``.
"""

from typing import TYPE_CHECKING, Any

from actionprompt.lazy import lazy_names

if TYPE_CHECKING:
    from actionprompt.data.clip import Clip, Corpus
    from actionprompt.data.windows import Windows
    from actionprompt.encoders.base import Encoder, Window
    from actionprompt.encoders.config import A3DHPCfg, DSTformerCfg, MixSTECfg, MotionAGFormerCfg, VPoseCfg
    from actionprompt.errors import InputError
    from actionprompt.inference.lifting import Poses, lift, lift_windows
    from actionprompt.inference.stream import Stream, StreamResult
    from actionprompt.model.config import APMCfg, LifterCfg
    from actionprompt.model.files import bake, load, save
    from actionprompt.model.lifter import Lifted, Lifter
    from actionprompt.skeleton import Skeleton

    __version__: str

_MODULES = {
    "data.clip": ("Clip", "Corpus"),
    "data.windows": ("Windows",),
    "encoders.base": ("Encoder", "Window"),
    "encoders.config": ("A3DHPCfg", "DSTformerCfg", "MixSTECfg", "MotionAGFormerCfg", "VPoseCfg"),
    "errors": ("InputError",),
    "inference.lifting": ("Poses", "lift", "lift_windows"),
    "inference.stream": ("Stream", "StreamResult"),
    "model.config": ("APMCfg", "LifterCfg"),
    "model.files": ("bake", "load", "save"),
    "model.lifter": ("Lifted", "Lifter"),
    "skeleton": ("Skeleton",),
}

__all__ = [
    "A3DHPCfg", "APMCfg", "Clip", "Corpus", "DSTformerCfg", "Encoder", "InputError", "Lifted", "Lifter", "LifterCfg",
    "MixSTECfg", "MotionAGFormerCfg", "Poses", "Skeleton", "Stream", "StreamResult", "VPoseCfg", "Window", "Windows",
    "bake", "lift", "lift_windows", "load", "save",
]  # fmt: skip


_find = lazy_names(__name__, _MODULES)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("actionprompt")
    return _find(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
