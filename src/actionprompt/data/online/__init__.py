"""Training windows filmed again in every batch: bodies, cameras and a detector's errors drawn on the model's device."""
