"""Data sets as clips of 2D and 3D joints: where they come from, how they are filmed, and windows over them."""

from typing import TYPE_CHECKING

from actionprompt.lazy import lazy_names

if TYPE_CHECKING:
    from actionprompt.data.clip import Clip, Corpus, Take
    from actionprompt.data.windows import Windows

__all__ = ["Clip", "Corpus", "Take", "Windows"]

__getattr__ = lazy_names(__name__, {"clip": ("Clip", "Corpus", "Take"), "windows": ("Windows",)})
