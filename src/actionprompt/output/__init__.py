"""Lifted motion as files that other programs read: tables, BVH, glTF, TRC, C3D, segments of actions (no torch)."""

from actionprompt.output.axes import tilted
from actionprompt.output.character import CharacterCfg
from actionprompt.output.segments import Segment, SegmentsCfg, segments
from actionprompt.output.smooth import OneEuro, SavitzkyGolay, smooth
from actionprompt.output.track import LiftedTrack
from actionprompt.output.trajectory import Lens, estimate_root
from actionprompt.output.write import write
from actionprompt.output.writers import WriteCfg, formats

__all__ = [
    "CharacterCfg", "Lens", "LiftedTrack", "OneEuro", "SavitzkyGolay", "Segment", "SegmentsCfg", "WriteCfg",
    "estimate_root", "formats", "segments", "smooth", "tilted", "write",
]  # fmt: skip
