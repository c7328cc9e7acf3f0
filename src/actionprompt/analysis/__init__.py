"""Numbers of a motion: joint angles, repetitions, standing feet (no torch, no files)."""
