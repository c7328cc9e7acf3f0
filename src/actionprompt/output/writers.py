"""Each file format's writer, by the suffix that chooses it; a writer's module is imported when it writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

from actionprompt.output.axes import Axes, in_axes, world
from actionprompt.output.character import Character, CharacterCfg, character
from actionprompt.output.rigs import RigName
from actionprompt.output.segments import SegmentsCfg
from actionprompt.output.track import LiftedTrack


@dataclass(frozen=True)
class WriteCfg:
    """What formats leave open."""

    axes: Axes = "camera"
    """The axes of npz, CSV and JSON: the camera's, or the gravity-aligned world with y or z up. BVH, glTF and TRC have
    y up, C3D has z up."""
    bvh_unit: Literal["m", "cm"] = "m"
    """The unit of BVH, which does not say it: metres fit Blender's import, centimetres most motion capture programs."""
    feet: bool = False
    """Whether BVH and glTF solve path and legs so that standing feet stay (``output.standing``); else bones are where
    the joints were lifted."""
    character: CharacterCfg = CharacterCfg()
    """Bones of BVH and glTF, and what they show of the motion."""
    segments: SegmentsCfg = field(default_factory=SegmentsCfg)
    """How frames become segments of an action."""
    video: Path | None = None
    """The video that the motion comes from, for the page (HTML)."""
    embed: bool = True
    """Put the video into the page, or else refer to it where it lies."""
    begin: float = 0.0
    """When the video shows its first picture, seconds."""
    slow: float = 1.0
    """How many times slower than it happened the video plays."""
    mirrored: bool = False
    """Whether the video is mirrored, and shown put right."""


class WriteJob(NamedTuple):
    """One file to write."""

    tracks: Sequence[LiftedTrack]
    everyone: Sequence[LiftedTrack]
    """All tracks of the video: they fix the world, so that people in different files keep their places."""
    name: str
    """The file's name once it is whole."""
    settings: WriteCfg


class Format(NamedTuple):
    """One file format."""

    write: Callable[[WriteJob, Path], None]
    several: bool
    """Whether a file holds several people."""


def formats() -> dict[str, Format]:
    """The formats by the suffix that chooses them; a writer's module is imported when it writes."""
    return {
        "npz": Format(_npz, several=False),
        "csv": Format(_csv, several=True),
        "json": Format(_json, several=True),
        "segments.csv": Format(_segments_csv, several=True),
        "segments.json": Format(_segments_json, several=True),
        "angles.csv": Format(_angles_csv, several=True),
        "angles.json": Format(_angles_json, several=True),
        "angles.npz": Format(_angles_npz, several=False),
        "angles.parquet": Format(_angles_parquet, several=True),
        "mot": Format(_mot, several=False),
        "repetitions.csv": Format(_repetitions_csv, several=True),
        "repetitions.json": Format(_repetitions_json, several=True),
        "bvh": Format(_bvh, several=False),
        "glb": Format(_glb, several=True),
        "vrm": Format(_vrm, several=False),
        "vrma": Format(_vrma, several=False),
        "trc": Format(_trc, several=False),
        "c3d": Format(_c3d, several=False),
        "html": Format(_html, several=False),
        "report.html": Format(_report, several=False),
    }


def _npz(job: WriteJob, part: Path) -> None:
    from actionprompt.output.npz import save_npz

    chosen = dict(zip((t.person for t in job.everyone), in_axes(job.everyone, job.settings.axes), strict=True))
    save_npz(chosen[job.tracks[0].person], part, job.settings.axes)


def _csv(job: WriteJob, part: Path) -> None:
    from actionprompt.output.table import table_text

    _text(part, table_text(in_axes(job.tracks, job.settings.axes)))


def _json(job: WriteJob, part: Path) -> None:
    from actionprompt.output.document import document_text

    _text(part, document_text(in_axes(job.tracks, job.settings.axes), job.settings.axes))


def _segments_csv(job: WriteJob, part: Path) -> None:
    from actionprompt.output.segments import segments_csv

    _text(part, segments_csv(job.tracks, job.settings.segments))


def _segments_json(job: WriteJob, part: Path) -> None:
    from actionprompt.output.segments import segments_json

    _text(part, segments_json(job.tracks, job.settings.segments))


def _angles_csv(job: WriteJob, part: Path) -> None:
    from actionprompt.output.angles import angles_csv

    _text(part, angles_csv(job.tracks))


def _angles_json(job: WriteJob, part: Path) -> None:
    from actionprompt.output.angles import angles_json

    _text(part, angles_json(job.tracks))


def _angles_npz(job: WriteJob, part: Path) -> None:
    from actionprompt.output.angles import save_angles_npz

    save_angles_npz(job.tracks[0], part)


def _angles_parquet(job: WriteJob, part: Path) -> None:
    from actionprompt.output.angles import save_angles_parquet

    save_angles_parquet(job.tracks, part)


def _mot(job: WriteJob, part: Path) -> None:
    from actionprompt.output.angles import mot_text

    _text(part, mot_text(job.tracks[0], world(job.everyone)))


def _repetitions_csv(job: WriteJob, part: Path) -> None:
    from actionprompt.output.repetitions import repetitions_csv

    _text(part, repetitions_csv(job.tracks))


def _repetitions_json(job: WriteJob, part: Path) -> None:
    from actionprompt.output.repetitions import repetitions_json

    _text(part, repetitions_json(job.tracks))


def _bvh(job: WriteJob, part: Path) -> None:
    from actionprompt.output.bvh import bvh_text

    ((_, shown),) = _characters(job)
    _text(part, bvh_text(shown, job.settings.bvh_unit))


def _glb(job: WriteJob, part: Path) -> None:
    from actionprompt.output.gltf import glb_bytes

    part.write_bytes(glb_bytes(_characters(job), job.settings.segments))


def _vrm(job: WriteJob, part: Path) -> None:
    from actionprompt.output.vrm import vrm_bytes

    ((track, shown),) = _characters(job, "vrm")
    part.write_bytes(vrm_bytes(shown, track.person))


def _vrma(job: WriteJob, part: Path) -> None:
    from actionprompt.output.vrm import vrma_bytes

    ((_, shown),) = _characters(job, "vrm")
    part.write_bytes(vrma_bytes(shown))


def _characters(job: WriteJob, rig: RigName | None = None) -> list[tuple[LiftedTrack, Character]]:
    """Whom a file shows, on their feet if asked for, in the world that everybody shares."""
    from actionprompt.output.standing import standing

    settings, wanted = job.settings.character, {track.person for track in job.tracks}
    settings = settings if rig is None else replace(settings, rig=rig)
    everyone = standing(job.everyone) if job.settings.feet else job.everyone
    place = world(job.everyone)  # in which feet stand on the ground
    shown = [track for track in everyone if track.person in wanted]
    return [(track, character(track, place, settings, everyone, job.settings.feet)) for track in shown]


def _trc(job: WriteJob, part: Path) -> None:
    from actionprompt.output.trc import trc_text

    _text(part, trc_text(job.tracks[0], world(job.everyone), job.name))


def _c3d(job: WriteJob, part: Path) -> None:
    from actionprompt.output.c3d import save_c3d

    save_c3d(job.tracks[0], world(job.everyone, "z-up"), part)


def _html(job: WriteJob, part: Path) -> None:
    from actionprompt.output.show import viewer_motion
    from actionprompt.viewer import page
    from actionprompt.viewer.page import Played

    folder = None if job.settings.embed else part.parent
    settings = job.settings
    played = Played(settings.begin, settings.slow, settings.mirrored)
    _text(part, page(viewer_motion(job.tracks[0]), settings.video, folder, played))


def _report(job: WriteJob, part: Path) -> None:
    from actionprompt.output.report.page import report_page

    name = job.name.removesuffix(".html").removesuffix(".report").removesuffix("report")
    _text(part, report_page(job.tracks[0], name or f"Person {job.tracks[0].person}"))


def _text(part: Path, text: str) -> None:
    part.write_text(text, encoding="utf-8", newline="\n")
