"""Videos: frames with their times, people in them, tracks for the lifter, and pictures of the result."""
