"""What a keypoint file holds and whether it can be lifted."""

from pathlib import Path

import numpy as np

from actionprompt.data.inspect.facts import Report
from actionprompt.errors import InputError
from actionprompt.keypoints.detections import Detections, seem_pixels
from actionprompt.keypoints.json_formats import is_folder
from actionprompt.keypoints.layouts import Layout, layouts
from actionprompt.keypoints.read import read_detections
from actionprompt.keypoints.tracks import link

ENDINGS = (".json", ".npz", ".npy", ".csv")
LARGEST = 1e5
"""Pixels: no image is larger."""
SHOWN = 5
"""People who are listed; a file may hold many short tracks."""


def recognises(path: Path) -> bool:
    """Whether it is a folder of OpenPose or a file with one of the endings."""
    return is_folder(path) or (path.is_file() and path.suffix.lower() in ENDINGS)


def describe(path: Path) -> Report:
    """People, frames and what was missing, without what only lifting needs to know (layout, image size)."""
    title = f"2D keypoints in {path}"
    try:
        detections = read_detections(path)
        linked = link(detections, str(path))
    except InputError as error:
        return Report(title, (), (str(error),))
    size = (
        f"{detections.size[0]} x {detections.size[1]} pixels" if detections.size else "not said: give it when lifting"
    )
    count = detections.points.shape[1]
    fitting = _fitting(detections)
    facts = [
        ("points", f"{count} a person: {' or '.join(fitting) or 'no known layout'}"),
        ("image", size),
        *_units(detections),
        ("frames", f"{int(np.ptp(detections.frame)) + 1:,}, {len(detections.person):,} detections"),
        *((f"person {name}", _describe(detections, track)) for name, track in linked.people[:SHOWN]),
    ]
    if len(linked.people) > SHOWN:
        facts.append(("more people", f"{len(linked.people) - SHOWN:,}"))
    facts += [("note", note) for note in (*detections.notes, *linked.notes)]
    known = ", ".join(f"{layout.name} {layout.counts[0]}" for layout in layouts().values())
    problems = [] if fitting else [f"{count} points a person are none of the known layouts ({known})."]
    return Report(title, tuple(facts), (*problems, *_places(detections)))


def _fitting(detections: Detections) -> list[str]:
    """Names of the layouts that the points may have."""
    said, count = detections.layout or detections.guess, detections.points.shape[1]
    if said is not None:
        return [said.name if isinstance(said, Layout) else said]
    return [layout.name for layout in layouts().values() if count in layout.counts]


def _places(detections: Detections) -> list[str]:
    """What is wrong with where the points are, whatever the image's size."""
    found = np.abs(detections.points[~detections.missing])
    if not found.size:
        return ["No point was found in any frame."]
    middle = float(np.median(found))
    return [f"The coordinates are about {middle:.3g}: no image is as large."] if middle > LARGEST else []


def _units(detections: Detections) -> list[tuple[str, str]]:
    """What lifting must be told about coordinates that are not pixels."""
    found = detections.points[~detections.missing]
    if not found.size or seem_pixels(found):
        return []
    return [("units", "not pixels: say --keypoints.units relative (0 to 1) or screen (width -1 to 1) when lifting")]


def _describe(detections: Detections, track: list[int]) -> str:
    frames = detections.frame[track]
    gaps = int(frames[-1] - frames[0]) + 1 - len(track)
    lost = float(np.mean(detections.missing[track]))
    return f"frames {frames[0]} to {frames[-1]}, not seen in {gaps} of them; {lost:.1%} of the points missing"
