"""Microsoft's depth cameras: .skeleton files of NTU RGB+D (Kinect v2) and Azure Kinect's JSON.

These joints are estimates themselves, wrong by 5 to 11 cm.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.formats.recording import Recording

KINECT_V2 = (
    "spinebase", "spinemid", "neck", "head", "shoulderleft", "elbowleft", "wristleft", "handleft", "shoulderright",
    "elbowright", "wristright", "handright", "hipleft", "kneeleft", "ankleleft", "footleft", "hipright", "kneeright",
    "ankleright", "footright", "spineshoulder", "handtipleft", "thumbleft", "handtipright", "thumbright",
)  # fmt: skip
"""Kinect v2's 25 joints in its order."""
KINECT_V2_FPS = 30.0
"""Frames a second of Kinect v2; NTU's files do not say."""
MOST_FRAMES = 10**6

Body = tuple[str, Float[np.ndarray, "j 3"]]
"""One body in one frame: its number, its joints."""


def read_skeleton(path: Path) -> Recording:
    """Reads an NTU RGB+D file: metres, x to the sensor's left, y up, z away from it. The body seen most often.

    Raises:
        InputError: not such a file, or one that is cut off.
    """
    words = iter(_text(path).split())
    try:
        count = int(next(words))
        if not 0 < count <= MOST_FRAMES:
            raise InputError(f"{path} is not an NTU .skeleton file: it begins with {count} frames.")
        frames = [[_ntu_body(words) for _ in range(int(next(words)))] for _ in range(count)]
    except InputError:  # which is a ValueError
        raise
    except (RuntimeError, StopIteration) as error:
        raise InputError(f"{path} is cut off, or not an NTU .skeleton file.") from error
    except ValueError as error:
        raise InputError(f"{path} is not an NTU .skeleton file ({error}).") from error
    return Recording(KINECT_V2, _most_seen(frames, len(KINECT_V2), path), KINECT_V2_FPS, "y")


def _ntu_body(words: Iterator[str]) -> Body:
    """Ten numbers of the body, of which the first is its own, then 25 rows of twelve that begin with x, y, z."""
    about = [next(words) for _ in range(10)]
    if (joints := int(next(words))) != len(KINECT_V2):
        raise ValueError(f"a body has {joints} joints instead of 25")
    rows = np.array([float(next(words)) for _ in range(12 * joints)]).reshape(joints, 12)
    return about[0], rows[:, :3]


def read_kinect_json(path: Path) -> Recording:
    """Reads what Azure Kinect's offline processor writes: millimetres, x right, y down, z away; here y up.

    Frames that were skipped are interpolated. The body seen most often.

    Raises:
        InputError: another JSON file, such as ZED's, whose unit, axes and joints no file says.
    """
    try:
        content = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a JSON file that can be read ({error}).") from error
    if not isinstance(content, dict) or not {"frames", "joint_names"} <= set(content):
        raise InputError(
            f"{path} is not motion that can be read. Azure Kinect's JSON has frames and joint_names; ZED's does not "
            "say its unit, axes and joints: convert it to C3D or TRC with the names of its joints."
        )
    try:
        names, frames = tuple(map(str, content["joint_names"])), content["frames"]
        bodies = [[_azure_body(body, len(names)) for body in frame["bodies"]] for frame in frames]
        times = np.array([float(frame["timestamp_usec"]) for frame in frames]) / 1e6
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not Azure Kinect's JSON that can be read ({error!r}).") from error
    points, fps = _even(_most_seen(bodies, len(names), path), times, path)
    return Recording(names, points * [1.0, -1.0, -1.0], fps, "y", 0.001)


def is_kinect_json(path: Path) -> bool:
    """Whether it is a depth camera's JSON, by words in it."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return b"joint_positions" in head or b"k4abt" in head or b'"body_list"' in head


def _azure_body(body: dict[str, object], joints: int) -> Body:
    return str(body["body_id"]), np.array(body["joint_positions"], dtype=float).reshape(joints, 3)


def _most_seen(frames: Sequence[Sequence[Body]], joints: int, path: Path) -> Float[np.ndarray, "n j 3"]:
    """The joints of the body that most frames have, NaN elsewhere."""
    seen = Counter(number for frame in frames for number in {number for number, _ in frame})
    if not seen:
        raise InputError(f"{path} holds nobody.")
    wanted = max(seen, key=lambda number: seen[number])
    points = np.full((len(frames), joints, 3), np.nan)
    for i, frame in enumerate(frames):
        for number, places in frame:
            if number == wanted:
                points[i] = places
    return points


def _even(
    points: Float[np.ndarray, "n j 3"], times: Float[np.ndarray, " n"], path: Path
) -> tuple[Float[np.ndarray, "m j 3"], float]:
    """The points at even times, as far apart as most frames are, and the rate."""
    steps = np.diff(times)
    if times.size < 2 or not (steps > 0).all():
        raise InputError(f"{path} has times that do not rise.")
    step = float(np.median(steps))
    count = int((times[-1] - times[0]) / step + 1.5)
    if count > MOST_FRAMES:
        raise InputError(f"{path} spans {times[-1] - times[0]:.0f} s, too long for its {times.size} frames.")
    at = times[0] + np.arange(count) * step
    nearest = np.searchsorted(times, at).clip(1, times.size - 1)
    share = ((at - times[nearest - 1]) / (times[nearest] - times[nearest - 1])).clip(0, 1)[:, None, None]
    even: Float[np.ndarray, "m j 3"] = points[nearest - 1] * (1 - share) + points[nearest] * share
    return even, 1 / step


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}; check the file and its permissions.") from error
