"""What ``--detector.every`` costs: a calibrated video lifted from every n-th of its detections.

    python measurements/every_nth_frame.py balance-beam.npz [MODEL]

Truth is at the model's rate, also between the frames that were looked at. P1 and PA-MPJPE are means over the cameras.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from actionprompt.evaluation.real import errors
from actionprompt.evaluation.real_video import RealVideo, View, found_people, read_real, true_joints
from actionprompt.hub.shipped import DEFAULT, open_lifter
from actionprompt.inference.people import MotionCfg, lift_people
from actionprompt.model.lifter import Lifter, model_rate


def error(lifter: Lifter, video: RealVideo, view: View, every: int) -> tuple[float, float]:
    """P1 and PA-MPJPE from every so-manieth detection, mm."""
    last = (view.points.shape[0] - 1) // every * every
    thinned = view._replace(points=view.points[::every], confidence=view.confidence[::every], own=None)
    rate = model_rate(lifter)
    (track,) = lift_people(lifter, found_people(replace(video, fps=video.fps / every), thinned, rate), MotionCfg())
    truth = true_joints(video, view.truth[: last + 1], rate)
    n = min(truth.shape[0], track.pose.shape[0])
    found = errors(replace(track, pose=track.pose[:n], keypoints=track.keypoints[:n], root=None), truth[:n])
    return found.p1, found.pa


def main() -> None:
    """Prints a row for each n."""
    video, lifter = read_real(Path(sys.argv[1])), open_lifter(sys.argv[2] if sys.argv[2:] else DEFAULT)
    for every in (1, 2, 3, 4, 6, 8, 12):
        p1, pa = np.mean([error(lifter, video, view, every) for view in video.views], axis=0)
        print(f"every {every:2}: {video.fps / every:4.1f} frames/s looked at, P1 {p1:.1f}, PA-MPJPE {pa:.1f} mm")


if __name__ == "__main__":
    main()
