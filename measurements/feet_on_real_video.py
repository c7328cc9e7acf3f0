"""How well heels and toes are placed, and how far the shin alone would tell, on a calibrated video with true ones.

python measurements/feet_on_real_video.py balance-beam.npz
"""

import argparse
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.analysis.contacts import SIDES
from actionprompt.evaluation.real_video import RealVideo, View, found_people, read_real, true_joints
from actionprompt.hub.shipped import DEFAULT, open_lifter
from actionprompt.inference.feet import HEEL, TOE, leg_axes
from actionprompt.inference.people import MotionCfg, lift_people
from actionprompt.keypoints.feet import foot_points
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.timing import resample
from actionprompt.model.lifter import Lifter, model_rate
from actionprompt.skeleton import H36M_17

J = H36M_17.joints.index


def direction(feet: Float[np.ndarray, "n 2 2 3"]) -> Float[np.ndarray, "n 2 3"]:
    """From heel to toe, unit."""
    ahead = feet[:, :, 1] - feet[:, :, 0]
    return ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)


def measure(lifter: Lifter, video: RealVideo, view: View) -> Float[np.ndarray, "4"]:
    """Median degrees: feet as lifted, and square to the lifted shins; mean mm from the ankle; true foot, mm."""
    rate = model_rate(lifter)
    (track,) = lift_people(lifter, found_people(video, view, rate), MotionCfg(focal=float(view.intrinsic[0, 0])))
    assert track.feet is not None
    points = foot_points(layouts()[video.layout])
    assert points is not None
    _, feet = resample(np.arange(view.truth.shape[0]) / video.fps, view.truth[:, points], rate)
    joints = true_joints(video, view.truth, rate)
    true = feet.reshape(-1, 2, 2, 3) - joints[:, [J(f"{side} ankle") for side in SIDES], None]
    across = track.pose[:, J("left hip")] - track.pose[:, J("right hip")]
    shins = [track.pose[:, J(f"{side} knee")] - track.pose[:, J(f"{side} ankle")] for side in SIDES]
    square = np.stack([np.einsum("nij,kj->nki", leg_axes(across, shin), [HEEL, TOE]) for shin in shins], axis=1)
    off = [np.degrees(np.arccos((direction(f) * direction(true)).sum(-1).clip(-1, 1))) for f in (track.feet, square)]
    apart = 1000 * np.linalg.norm(track.feet - true, axis=-1).mean()
    length = 1000 * np.median(np.linalg.norm(true[:, :, 1] - true[:, :, 0], axis=-1))
    return np.array([np.median(off[0]), np.median(off[1]), apart, length])


def main() -> None:
    """Prints a row for each view."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    video, lifter = read_real(parser.parse_args().path), open_lifter(DEFAULT)
    print(
        "view: foot off by, square to the shin off by (median degrees); heel and toe off by (mm from the ankle); foot"
    )
    for view in video.views:
        print(view.name, *measure(lifter, video, view).round(1))


if __name__ == "__main__":
    main()
