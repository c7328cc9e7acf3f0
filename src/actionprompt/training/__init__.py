"""Training: settings and presets, the loop, one step, checkpoints."""
