"""The protocol: errors of a model on test subjects, reports, runs side by side."""
