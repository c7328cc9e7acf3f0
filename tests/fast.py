"""Which tests are quick: ``pytest -m fast``."""

FAST = {
    "test_docs.py", "test_camera.py", "test_metrics.py", "test_skeleton.py", "test_virtual_camera.py",
    "test_serialise.py", "formats", "keypoints", "model/test_apm.py", "model/test_hooked.py",
    "encoders/test_vpose.py", "data/test_windows.py", "training/test_losses.py", "training/test_batches.py",
    "training/test_optimiser.py", "evaluation/test_compare.py", "output/test_axes.py", "output/test_rotations.py",
    "output/test_segments.py", "output/test_smooth.py", "output/test_track.py", "output/test_trajectory.py",
    "inference/test_history.py", "reproduce/test_paper.py",
}  # fmt: skip
"""Folders and files of ``pytest -m fast``: under a minute together on two cores."""
