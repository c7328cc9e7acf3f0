"""A lifted sequence as one HTML file that opens from disk: 2D and 3D skeletons, action timeline, errors (no torch in here)."""

from actionprompt.viewer.motion import Motion
from actionprompt.viewer.page import page, write_page

__all__ = ["Motion", "page", "write_page"]
