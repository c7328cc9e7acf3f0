"""Anyone's 2D joints: files, layouts, tracks."""
