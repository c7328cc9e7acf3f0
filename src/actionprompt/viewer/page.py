"""Writes a motion as one HTML page: data in int16 and base64, style and script inlined, nothing fetched."""

import json
import os
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.files import write_text
from actionprompt.viewer.motion import ViewerMotion

SCRIPTS = ("data", "angles", "place", "flat", "space", "timeline", "numbers", "player", "controls")
MOST = 4000
"""Values of an angle's curve."""
LIVE = (*SCRIPTS, "live")
"""A page that is shown by another one, which may give it answers as they come."""


class Played(NamedTuple):
    """How a video plays what was filmed."""

    begin: float = 0.0
    """When it shows its first picture, which is at 0 s of the motion, seconds."""
    slow: float = 1.0
    """How many times slower than it happened (slow motion)."""
    mirrored: bool = False
    """Left and right are exchanged in it, and not in the motion."""


def page(
    motion: ViewerMotion, video: Path | None = None, folder: Path | None = None, played: Played | None = None
) -> str:
    """The page's text; the same motion gives the same text.

    Args:
        motion: what to show.
        video: the film that the keypoints came from; its frames' times are those of the motion.
        folder: where the page will lie, to refer to the video from there; None: the page holds the video.
        played: how the video plays it; None: as it happened, from 0 s on.

    Raises:
        InputError: the video is missing, or no browser plays it.
    """
    style, script = _style_and_script(SCRIPTS)
    return Template(_source("page.html")).substitute(
        policy=_policy(style, script),
        title=escape(motion.title or "ActionPrompt motion"),
        style=style,
        script=script,
        motion=_json(_document(motion)),
        video=_json(_film(video, folder, played or Played())),
    )


def write_page(
    motion: ViewerMotion, path: Path, video: Path | None = None, embed: bool = True, played: Played | None = None
) -> None:
    """Writes the page, completely or not at all.

    Args:
        motion: what to show.
        path: the HTML file; its folder is made if need be.
        video: the film that the keypoints came from.
        embed: put the video into the page; otherwise the page refers to it by its relative path.
        played: how the video plays the motion.

    Raises:
        InputError: the video is missing, or no browser plays it.
    """
    write_text(path, page(motion, video, None if embed else path.parent, played))


def page_template() -> tuple[str, str]:
    """A page for programs that fill it in, and its content security policy.

    They put the title (HTML), the motion and the video (JSON) in place of ``{{title}}``, ``{{motion}}``, ``{{film}}``.
    """
    style, script = _style_and_script(LIVE)
    policy = _policy(style, script)
    parts = {"title": "{{title}}", "motion": "{{motion}}", "video": "{{film}}"}
    return Template(_source("page.html")).substitute(policy=policy, style=style, script=script, **parts), policy


def _style_and_script(names: tuple[str, ...]) -> tuple[str, str]:
    script = '(() => {\n"use strict";\n' + "".join(_source(f"{name}.js") for name in names) + "})();\n"
    return _source("page.css"), script


def _source(name: str) -> str:
    return (files("actionprompt.viewer") / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """A content security policy: only our style and script run, and nothing but a video is fetched."""
    style_hash, script_hash = (b64encode(sha256(s.encode()).digest()).decode() for s in (style, script))
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'; "
        "img-src data:; media-src 'self' blob: file:"
    )


def _json(document: object) -> str:
    """JSON that may stand inside a script element: no ``<`` and so no end tag or comment."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _document(motion: ViewerMotion) -> dict[str, Any]:
    """Everything that the script reads, in camera axes; the page turns it upright by ``level``."""
    skeleton = motion.skeleton
    return {
        "fps": motion.fps,
        "start": motion.start,
        "skeleton": skeleton.name,
        "joints": skeleton.joints,
        "parents": skeleton.parents,
        "left": skeleton.left,
        "right": skeleton.right,
        "frames": motion.keypoints.shape[0],
        "aspect": motion.aspect,
        "level": _level(motion.up).tolist(),
        "keypoints": _packed(motion.keypoints, 1e-4),
        "poses": [{"name": name, **_packed_metres(pose)} for name, pose in motion.poses.items()],
        "truth": None if motion.truth is None else _packed_metres(motion.truth),
        "root": None if motion.root is None else _packed_metres(motion.root),
        "actions": motion.actions,
        "probability": None if motion.probability is None else _packed_chances(motion.probability),
        "unknownBelow": motion.unknown_below,
        "trueAction": motion.true_action,
        "angles": _angles(motion.angles),
        "driving": motion.driving,
        "repetitions": motion.repetitions,
        "notes": motion.notes,
    }


def _angles(angles: Mapping[str, Float[np.ndarray, " n"]]) -> dict[str, Any] | None:
    """Angles to a tenth of a degree; of long motions every so many frames' are enough for a curve."""
    if not angles:
        return None
    every = -(-len(next(iter(angles.values()))) // MOST)
    table = np.stack([np.asarray(values, dtype=float)[::every] for values in angles.values()], axis=1)
    return {"names": list(angles), "every": every, "count": table.shape[0], **_packed(table, 0.1)}


def _packed(values: Float[np.ndarray, "*shape"], step: float) -> dict[str, Any]:
    """Values as multiples of ``step`` in little-endian int16; NaN is -32768."""
    multiples = np.rint(values.astype(np.float64) / step)
    integers = np.where(np.isnan(multiples), -32768, multiples).astype("<i2")
    return {"type": "int16", "step": step, "data": b64encode(integers.tobytes()).decode()}


def _packed_metres(values: Float[np.ndarray, "*shape"]) -> dict[str, Any]:
    """Tenths of a millimetre where they fit into int16 (a body does), else millimetres, or more for far paths."""
    largest = float(np.nanmax(np.abs(values), initial=0))
    return _packed(values, next(step for step in (1e-4, 1e-3, 1e-2, 0.1, 1.0) if largest < 32000 * step))


def _packed_chances(values: Float[np.ndarray, "n k"]) -> dict[str, Any]:
    integers = np.rint(values * 255).astype(np.uint8)
    return {"type": "uint8", "step": 1 / 255, "data": b64encode(integers.tobytes()).decode()}


def _level(up: tuple[float, float, float]) -> Float[np.ndarray, "3 3"]:
    """The rotation from camera axes to upright ones: its rows are right, up, and back towards the camera."""
    u = np.asarray(up, dtype=np.float64)
    u = u / np.linalg.norm(u)
    right = np.cross([0.0, 0.0, 1.0], u)
    if np.linalg.norm(right) < 1e-3:  # the camera looks straight down or up
        right = np.array([1.0, 0.0, 0.0])
    right = right - (right @ u) * u
    right = right / np.linalg.norm(right)
    return np.stack([right, u, np.cross(right, u)])


VIDEO_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm"}

MP4 = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
"""What may stand after the first four bytes of an MP4 or QuickTime file."""
WEBM = b"\x1a\x45\xdf\xa3"


def _film(video: Path | None, folder: Path | None, played: Played) -> dict[str, Any] | None:
    """The video's bytes, or its address as seen from the page's folder, and how it plays."""
    if video is None:
        return None
    if not video.is_file():
        raise InputError(f"{video} is not a file: give the video that the keypoints came from.")
    kind = VIDEO_TYPES.get(video.suffix.lower())
    if kind is None:
        raise InputError(f"{video} cannot be shown by a browser: it should be one of {', '.join(VIDEO_TYPES)}.")
    with video.open("rb") as file:
        head = file.read(12)
    if not (head.startswith(WEBM) if kind == "video/webm" else head[4:8] in MP4):
        raise InputError(f"{video} does not begin as a video of its kind does: is it damaged, or something else?")
    if folder is None:
        return {"type": kind, **played._asdict(), "data": b64encode(video.read_bytes()).decode()}
    return {"type": kind, **played._asdict(), "address": quote(Path(os.path.relpath(video, folder)).as_posix())}
