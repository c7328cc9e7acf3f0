"""Marker trajectories as text (.trc) for OpenSim: one person, y up, millimetres, joints as markers."""

import numpy as np

from actionprompt.output.axes import World
from actionprompt.output.track import LiftedTrack


def trc_text(track: LiftedTrack, world: World, name: str) -> str:
    """The file's text; ``name`` is the file name, which the format repeats inside."""
    n, j = track.num_frames, track.skeleton.num_joints
    points = (1000 * world.points(track.points)).reshape(n, -1)
    rate = f"{track.fps:.6f}"
    joints = "\t\t\t".join(joint.replace(" ", "_") for joint in track.skeleton.joints)
    axes = "\t".join(f"{axis}{i}" for i in range(1, j + 1) for axis in "XYZ")
    head = [
        f"PathFileType\t4\t(X/Y/Z)\t{name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate}\t{rate}\t{n}\t{j}\tmm\t{rate}\t1\t{n}",
        f"Frame#\tTime\t{joints}\t\t",
        f"\t\t{axes}",
        "",
    ]
    numbers = np.char.mod("%.3f", points)
    rows = [f"{i}\t{t:.6f}\t" + "\t".join(row) for i, (t, row) in enumerate(zip(track.times, numbers, strict=True), 1)]
    return "\n".join(head + rows) + "\n"
