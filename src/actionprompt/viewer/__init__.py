"""A lifted sequence as one HTML file that opens from disk: skeletons, actions, errors (no torch)."""

from actionprompt.viewer.motion import ViewerMotion
from actionprompt.viewer.page import page, write_page

__all__ = ["ViewerMotion", "page", "write_page"]
