"""A report about one person's motion to print, and several sessions side by side."""
