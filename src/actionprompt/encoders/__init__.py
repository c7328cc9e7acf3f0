"""Pose encoders behind one contract (:mod:`actionprompt.encoders.base`). Importing the settings needs no torch."""

from typing import TYPE_CHECKING

from actionprompt.encoders.config import A3DHPCfg, DSTformerCfg, EncoderCfg, MixSTECfg, MotionAGFormerCfg, VPoseCfg
from actionprompt.lazy import lazy_names

if TYPE_CHECKING:
    from actionprompt.encoders.base import Encoder, Features, Window
    from actionprompt.encoders.published_weights import load_authors

__all__ = [
    "A3DHPCfg", "DSTformerCfg", "Encoder", "EncoderCfg", "Features", "MixSTECfg", "MotionAGFormerCfg", "VPoseCfg",
    "Window", "load_authors",
]  # fmt: skip

__getattr__ = lazy_names(__name__, {"base": ("Encoder", "Features", "Window"), "published_weights": ("load_authors",)})
