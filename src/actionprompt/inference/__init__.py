"""Models in use: whole sequences, streams, the people of a video."""

from typing import TYPE_CHECKING

from actionprompt.lazy import lazy_names

if TYPE_CHECKING:
    from actionprompt.inference.lifting import Poses, lift, lift_windows
    from actionprompt.inference.stream import Stream, StreamResult

__all__ = ["Poses", "Stream", "StreamResult", "lift", "lift_windows"]

__getattr__ = lazy_names(__name__, {"lifting": ("Poses", "lift", "lift_windows"), "stream": ("Stream", "StreamResult")})
