"""Pose encoders behind one contract (:mod:`actionprompt.encoders.base`). Importing the settings needs no torch."""

from typing import TYPE_CHECKING, Any

from actionprompt.encoders.config import A3DHPCfg, EncoderCfg, MixSTECfg, VPoseCfg

if TYPE_CHECKING:
    from actionprompt.encoders.authors import load_authors
    from actionprompt.encoders.base import Encoder, Features, Window

__all__ = [
    "A3DHPCfg", "Encoder", "EncoderCfg", "Features", "MixSTECfg", "VPoseCfg", "Window", "load_authors",
]  # fmt: skip

_LAZY = {"load_authors": "authors", "Encoder": "base", "Features": "base", "Window": "base"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
