"""Files of motion capture, read without torch."""
