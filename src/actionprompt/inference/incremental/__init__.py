"""Whole sequences and live video through VPose and APM, each frame computed once.

A window per frame would compute each feature F times. VPose's features do not depend on the window that they
are used in, and everything APM adds is a sum over a window; so a sequence flows through in chunks of any size
(thousands of frames offline, one frame live), and each layer remembers just the few rows that reach into the
next chunk. The answers are those of the windows, up to rounding.
"""

from actionprompt.inference.incremental.lifter import Answer, IncrementalLifter

__all__ = ["Answer", "IncrementalLifter"]
