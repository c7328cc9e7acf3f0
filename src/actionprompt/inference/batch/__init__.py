"""Many videos: which files, what is known of each, and the table of all."""
