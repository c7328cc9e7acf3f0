"""A lifted sequence as one HTML file that opens from disk: skeletons, actions, errors (no torch)."""

from actionprompt.viewer.motion import Motion
from actionprompt.viewer.page import page, write_page

__all__ = ["Motion", "page", "write_page"]
