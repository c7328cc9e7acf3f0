"""DeepLabCut's tables: a head of several lines, a column for each number of each body part."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.keypoints.detections import Detections, collect
from actionprompt.keypoints.frame_numbers import frames_of, from_zero
from actionprompt.keypoints.names import arrangement, known_names


def read_deeplabcut(rows: Sequence[tuple[int, list[str]]], path: Path) -> Detections:
    """DeepLabCut's table: its head has lines for scorer, maybe individuals, body parts and coordinates.

    Its training labels have no likelihood, and the path of a picture instead of a frame number, in one cell or three.

    Args:
        rows: the file's lines, each with its number and its cells.
        path: the file, for errors.

    Raises:
        InputError: not such a table, cells that are not numbers, or nobody in it.
    """
    head = {cells[0].strip().lower(): cells for _, cells in rows[:5]}
    if not {"bodyparts", "coords"} <= head.keys():
        raise InputError(f"{path} begins as DeepLabCut's tables do, but has no lines `bodyparts` and `coords`.")
    lead = next((i for i, cell in enumerate(head["coords"]) if cell.strip().lower() == "x"), 1)
    parts, coords = head["bodyparts"][lead:], [cell.strip().lower() for cell in head["coords"][lead:]]
    who = head["individuals"][lead:] if "individuals" in head else [""] * len(parts)
    body = [cells for _, cells in rows[list(head).index("coords") + 1 :]]
    try:
        cells = np.array([[float(cell) if cell.strip() else np.nan for cell in line[lead:]] for line in body])
    except ValueError as error:
        raise InputError(f"{path} has a cell that is not a number ({error}).") from error
    if not body or cells.shape[1:] != (len(parts),):
        raise InputError(f"{path} holds no detected people.")
    frames = _frames([line[lead - 1].strip() for line in body], path)
    found = []
    for person in dict.fromkeys(who):
        names = list(dict.fromkeys(part for part, one in zip(parts, who, strict=True) if one == person))
        if arrangement(names) is None and len(set(who)) > 1:
            continue  # `single` holds objects that belong to nobody
        at = [[_where(parts, who, coords, (name, person, axis), path) for axis in ("x", "y")] for name in names]
        each = np.concatenate([cells[:, np.array(at)], _likelihood(cells, parts, who, coords, person, names)], -1)
        there = np.isfinite(each[..., :2]).all(-1)
        each[~there] = 0
        seen = there.any(1)
        found += [(frame, person, one) for frame, one, anything in zip(frames, each, seen, strict=True) if anything]
    if not found:
        known_names(list(dict.fromkeys(parts)), path)
    return collect(found, str(path), names=known_names(names if len(set(who)) == 1 else _common(parts, who), path))


def _frames(names: Sequence[str], path: Path) -> list[int]:
    if all(re.fullmatch(r"\d+(\.0*)?", name) for name in names):
        return from_zero([int(float(name)) for name in names], str(path), ones=False)
    return frames_of([re.split(r"[/\\]", name)[-1] for name in names], str(path)).numbers


def _likelihood(
    cells: Float[np.ndarray, "n c"],
    parts: Sequence[str],
    who: Sequence[str],
    coords: Sequence[str],
    person: str,
    names: Sequence[str],
) -> Float[np.ndarray, "n p 1"]:
    """Each point's likelihood; 1 where the table says none, as in labels that people set."""
    place = {column: i for i, column in enumerate(zip(parts, who, coords, strict=True))}
    said = [place.get((name, person, "likelihood")) for name in names]
    each = np.stack([np.full(len(cells), np.nan) if i is None else cells[:, i] for i in said], 1)
    return np.where(np.isnan(each), 1.0, each)[..., None]


def _common(parts: Sequence[str], who: Sequence[str]) -> list[str]:
    """The body parts of the first person who has a body."""
    pairs = list(zip(parts, who, strict=True))
    listed = [list(dict.fromkeys(part for part, one in pairs if one == name)) for name in dict.fromkeys(who)]
    return next((names for names in listed if arrangement(names) is not None), listed[0])


def _where(
    parts: Sequence[str], who: Sequence[str], coords: Sequence[str], wanted: tuple[str, str, str], path: Path
) -> int:
    columns = zip(parts, who, coords, strict=True)
    found = next((i for i, column in enumerate(columns) if column == wanted), None)
    if found is None:
        raise InputError(f"{path} has no {wanted[2]} of {wanted[0]}.")
    return found
