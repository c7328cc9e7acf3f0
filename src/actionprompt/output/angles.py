"""Joint angles as files: tables, arrays, OpenSim's motion file (.mot)."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.analysis.angles import SIDES, joint_angles
from actionprompt.errors import InputError
from actionprompt.output.axes import World
from actionprompt.output.document import compact
from actionprompt.output.track import LiftedTrack
from actionprompt.untrusted import cell

Angles = dict[str, Float[np.ndarray, " n"]]


def angles_of(track: LiftedTrack) -> Angles:
    """A track's joint angles, degrees; gravity is the track's.

    Raises:
        InputError: a layout that has none.
    """
    if track.feet is None:
        return joint_angles(track.pose, track.skeleton, track.up)
    skeleton, count = track.skeleton, track.skeleton.num_joints
    ankles = [skeleton.joints.index(f"{side} ankle") for side in SIDES]
    ahead = track.pose[:, ankles] + track.feet[:, :, 1] - track.feet[:, :, 0]  # as far from the ankle as toe from heel
    whole = replace(
        skeleton,
        joints=(*skeleton.joints, *(f"{side} toe" for side in SIDES)),
        parents=(*skeleton.parents, *ankles),
        left=(*skeleton.left, count),
        right=(*skeleton.right, count + 1),
    )
    return joint_angles(np.concatenate([track.pose, ahead], axis=1), whole, track.up)


def angles_csv(tracks: Sequence[LiftedTrack]) -> str:
    """A row per person and frame; empty where an angle is not defined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, track in enumerate(tracks):
        found = angles_of(track)
        if number == 0:
            writer.writerow(("person", "frame", "time_s", *(f"{name}_deg" for name in found)))
        cells = [["" if np.isnan(v) else f"{v:.2f}" for v in values] for values in found.values()]
        times = [f"{t:.4f}" for t in track.times]
        person = cell(track.person)
        writer.writerows((person, i, t, *row) for i, (t, *row) in enumerate(zip(times, *cells, strict=True)))
    return text.getvalue()


def angles_json(tracks: Sequence[LiftedTrack]) -> str:
    """Lists over frames for each person; null where an angle is not defined."""
    people = [
        {
            "person": t.person,
            "notes": list(t.notes),
            "first": t.first,
            "fps": t.fps,
            "frames": t.num_frames,
            "angles": {
                name: [None if np.isnan(v) else round(float(v), 2) for v in values]
                for name, values in angles_of(t).items()
            },
        }
        for t in tracks
    ]
    return compact("angles", people, unit="degree")


def _plain(values: Float[np.ndarray, " n"]) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 2) for value in values]


def save_angles_npz(track: LiftedTrack, path: Path) -> None:
    """Plain arrays: ``time``, and each angle under its name."""
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, time=track.times, **angles_of(track))


def save_angles_parquet(tracks: Sequence[LiftedTrack], path: Path) -> None:
    """The table as Parquet.

    Raises:
        InputError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError("Parquet needs pyarrow: pip install 'actionprompt[parquet]'.") from error
    tables = []
    for t in tracks:
        columns = {"person": [t.person] * t.num_frames, "frame": np.arange(t.num_frames), "time_s": t.times}
        tables.append(pyarrow.table(columns | {f"{name}_deg": values for name, values in angles_of(t).items()}))
    pyarrow.parquet.write_table(pyarrow.concat_tables(tables), path)


OPENSIM = {
    "pelvis_list": "pelvis_obliquity",
    "lumbar_bending": "trunk_lateral",
    "lumbar_rotation": "trunk_rotation",
    **{
        f"{theirs}_{side[0]}": f"{side}_{ours}"
        for side in ("right", "left")
        for theirs, ours in (
            ("hip_flexion", "hip_flexion"),
            ("hip_adduction", "hip_adduction"),
            ("knee_angle", "knee_flexion"),
            ("ankle_angle", "ankle_dorsiflexion"),
            ("arm_flex", "shoulder_flexion"),
            ("arm_add", "shoulder_adduction"),
            ("elbow_flex", "elbow_flexion"),
        )
    },
}
"""Coordinates of OpenSim's full-body model (Rajagopal et al. 2016), and the angle that is the same, with its sign."""


def mot_text(track: LiftedTrack, world: World) -> str:
    """OpenSim's motion file: degrees, metres, y up; in the names of Rajagopal's full-body model."""
    found = angles_of(track)
    root = world.points(track.points[:, track.skeleton.root])
    columns = {"time": track.times, "pelvis_tilt": -found["pelvis_tilt"]}
    columns |= {f"pelvis_t{axis}": root[:, i] for i, axis in enumerate("xyz")}
    columns["lumbar_extension"] = found["pelvis_tilt"] - found["trunk_flexion"]
    columns |= {name: found[ours] for name, ours in OPENSIM.items() if ours in found}
    head = ["Coordinates", "version=1", f"nRows={track.num_frames}", f"nColumns={len(columns)}", "inDegrees=yes"]
    rows = ["\t".join(f"{value:.6f}" for value in row) for row in zip(*columns.values(), strict=True)]
    return "\n".join([*head, "endheader", "\t".join(columns), *rows]) + "\n"
