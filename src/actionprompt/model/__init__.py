"""The paper: the Action Prompt Module (ATP and APP) on any encoder, and the lifter that they make up.

Importing the settings needs no torch.
"""

from typing import TYPE_CHECKING

from actionprompt.lazy import lazy_names
from actionprompt.model.config import (
    APMCfg,
    FixedClassesCfg,
    HardCfg,
    LearnedClassesCfg,
    LifterCfg,
    OneHotCfg,
    PoolCfg,
    PosePromptCfg,
    PoseToTextCfg,
    SoftCfg,
    TCNCfg,
    TextClassesCfg,
    TextPromptCfg,
)

if TYPE_CHECKING:
    from actionprompt.model.apm import APM
    from actionprompt.model.files import bake, load, save
    from actionprompt.model.hooked import HookedLifter
    from actionprompt.model.lifter import Lifted, Lifter

__all__ = [
    "APM", "APMCfg", "FixedClassesCfg", "HardCfg", "HookedLifter", "LearnedClassesCfg", "Lifted", "Lifter", "LifterCfg",
    "OneHotCfg", "PoolCfg", "PosePromptCfg", "PoseToTextCfg", "SoftCfg", "TCNCfg", "TextClassesCfg", "TextPromptCfg",
    "bake", "load", "save",
]  # fmt: skip

__getattr__ = lazy_names(
    __name__,
    {"apm": ("APM",), "hooked": ("HookedLifter",), "files": ("bake", "load", "save"), "lifter": ("Lifted", "Lifter")},
)
