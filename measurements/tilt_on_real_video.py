"""How well the tilt of a camera is told by who stands before it, on a calibrated video.

python measurements/tilt_on_real_video.py balance-beam.npz
"""

import argparse
from pathlib import Path

from actionprompt.evaluation.real_video import found_people, read_real
from actionprompt.hub.shipped import DEFAULT, open_lifter
from actionprompt.inference.people import MotionCfg, guessed_roll, lift_people
from actionprompt.inference.tilt import Tilt, tilt
from actionprompt.model.lifter import model_rate
from actionprompt.output.trajectory import Lens


def main() -> None:
    """Prints pitch and roll of each view: true, told, by the roll of bodies alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    video, lifter = read_real(parser.parse_args().path), open_lifter(DEFAULT)
    for view in video.views:
        found = found_people(video, view, model_rate(lifter))
        told = tilt(lift_people(lifter, found, MotionCfg()))
        x, y, z = view.up.tolist()
        true = Tilt((x, y, z), 0.0, 0.0)
        before = guessed_roll(found.tracks, Lens.of_view(size=view.size))
        print(
            f"{view.name}: true pitch {true.pitch:.1f}, roll {true.roll:.1f}; without: 0.0, {before:.1f}; told", end=" "
        )
        print("nothing" if told is None else f"{told.pitch:.1f}, {told.roll:.1f}, give or take {told.off:.1f}")


if __name__ == "__main__":
    main()
