"""A report about one person's motion as a page that prints: actions, repetitions, angles, and what not to trust."""

import html
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.resources import files

import numpy as np

from actionprompt.analysis.angles import SIDES
from actionprompt.output.report.summary import ERROR, LIMBS, TRUNK, Summary, summary
from actionprompt.output.report.svg import LEFT, MIDDLE, RIGHT, Curve, chart, curve, figure
from actionprompt.output.track import LiftedTrack

MOST = 30
"""Repetitions, and segments, that have a row; of more the first ones."""
SHORT = 10.0
"""Seconds of motion below which ranges are those of a few movements."""
COLOURS = {"left": LEFT, "right": RIGHT}


def report_page(track: LiftedTrack, title: str, today: date | None = None) -> str:
    """The page's text.

    Args:
        track: the person.
        title: what the motion is called.
        today: the date that is written; None: today's.

    Raises:
        InputError: a layout that has no angles.
    """
    said = summary(track)
    body = [
        *_head(said, title, today or date.today()),
        *_actions(said),
        *_repetitions(said),
        *_poses(said),
        *_curves(said),
        *_ranges(said),
        *_doubts(said),
        *_origin(track),
    ]
    return document(title, body)


def document(title: str, body: Sequence[str]) -> str:
    """A page of these parts."""
    style = files("actionprompt.output.report").joinpath("page.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>\n{style}</style>\n</head>\n'
        "<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its texts are escaped here."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def degrees(low: float, high: float) -> str:
    """From where to where an angle goes; never "-0"."""
    return f"{round(low)} to {round(high)}"


def spoken(angle: str) -> str:
    """An angle's name in words: ``left_knee_flexion`` is "left knee flexion"."""
    return angle.replace("_", " ")


def _head(said: Summary, title: str, today: date) -> list[str]:
    track = said.track
    seconds = track.num_frames / track.fps
    return [
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="soft">Person {html.escape(track.person)}, {seconds:.1f} s from {track.first:.1f} s of the video '
        f"on, {track.fps:g} poses a second. Report of {today.isoformat()}, made by actionprompt from one camera's "
        "picture: no medical device, no diagnosis.</p>",
    ]


def _actions(said: Summary) -> list[str]:
    if not said.segments:
        return []
    rows = [
        (f"{one.start:.1f} to {one.end:.1f}", one.action, f"{one.mean_probability:.0%}") for one in said.segments[:MOST]
    ]
    more = _more(len(said.segments), "segments: .segments.csv has all")
    return ["<h2>Actions</h2>", grid(("seconds", "action", "mean probability"), rows), *more]


def _repetitions(said: Summary) -> list[str]:
    found = said.repetitions
    if not found:
        return ["<h2>Repetitions</h2>", f'<p class="soft">None: {html.escape(said.why_none)}</p>']
    rows = [
        (str(number), f"{said.track.first + one.start:.2f}", f"{one.duration:.2f}", f"{one.lowest:.0f}",
         f"{one.highest:.0f}", f"{one.range_of_motion:.0f}", f"{one.peak_speed:.0f}",
         "" if one.asymmetry is None else f"{one.asymmetry:+.0%}")
        for number, one in enumerate(found[:MOST], 1)
    ]  # fmt: skip
    measured = np.array([(one.duration, one.range_of_motion, one.peak_speed) for one in found])
    for name, of_all in (("mean", measured.mean(0)), ("standard deviation", measured.std(0))):
        duration, size, speed = of_all
        rows.append((name, "", f"{duration:.2f}", "", "", f"{size:.0f}", f"{speed:.0f}", ""))
    head = ("repetition", "start s", "duration s", "least °", "most °", "range °", "peak speed °/s", "left - right")
    what = f"<p>{len(found)} repetitions; {html.escape(spoken(said.driving))} drives the motion.</p>"
    return ["<h2>Repetitions</h2>", what, grid(head, rows), *_more(len(found), "repetitions: .repetitions.csv has all")]


def _more(count: int, of: str) -> list[str]:
    return [f'<p class="soft">{MOST} of {count} {of}.</p>'] if count > MOST else []


def _poses(said: Summary) -> list[str]:
    track = said.track
    drawn = [
        f"<figure>{figure(track.pose[frame], track.skeleton, track.up)}<figcaption>{what}: "
        f"{html.escape(spoken(said.driving))} {said.angles[said.driving][frame]:.0f}° at {track.times[frame]:.2f} s"
        "</figcaption></figure>"
        for what, frame in said.key_frames()
    ]
    note = '<p class="soft">From the front and from the right; <span class="left">left</span>, ' \
           '<span class="right">right</span>.</p>'  # fmt: skip
    return ["<h2>Key poses</h2>", f'<div class="poses">{"".join(drawn)}</div>', note]


def _curves(said: Summary) -> list[str]:
    seconds = said.track.num_frames / said.track.fps
    below = ("0 %", "100 %") if said.repetitions else ("0 s", f"{seconds:.0f} s")
    shown = [
        (limb, [_curve(said, f"{side}_{limb}", COLOURS[side]) for side in SIDES])
        for limb in LIMBS
        if f"left_{limb}" in said.angles
    ]
    shown += [(name, [_curve(said, name, MIDDLE)]) for name in TRUNK if name in said.angles]
    drawn = "".join(
        f"<figure>{chart(curves, below)}<figcaption>{html.escape(spoken(name))}, degrees</figcaption></figure>"
        for name, curves in shown
    )
    what = "mean and standard deviation over the repetitions" if said.repetitions else "over time"
    return [
        "<h2>Joint angles</h2>",
        f'<p class="soft">{what[0].upper()}{what[1:]}; <span class="left">left</span>, <span class="right">right'
        "</span>.</p>",
        f'<div class="charts">{drawn}</div>',
    ]


def _curve(said: Summary, name: str, colour: str) -> Curve:
    found = said.band(name)
    return curve(colour, said.angles[name] if found is None else found)


def _ranges(said: Summary) -> list[str]:
    rows = []
    for limb in LIMBS:
        if f"left_{limb}" not in said.angles:
            continue
        left, right = (said.range(f"{side}_{limb}") for side in SIDES)
        uneven = said.asymmetry(limb)
        rows.append((spoken(limb), degrees(*left), f"{left.size:.0f}",
                     degrees(*right), f"{right.size:.0f}",
                     "" if uneven is None else f"{uneven:+.0%}", _error(limb)))  # fmt: skip
    for name in TRUNK:
        if name in said.angles:
            both = said.range(name)
            rows.append(
                (spoken(name), f"{both.low:.0f} to {both.high:.0f}", f"{both.size:.0f}", "", "", "", _error(name))
            )
    head = ("angle", "left °", "range °", "right °", "range °", "left - right", "usual error °")
    return ["<h2>Range of motion and symmetry</h2>", grid(head, rows),
            '<p class="soft">From the 5th to the 95th percentile of all frames. Left - right: difference of the ranges '
            "over the larger one. Usual error: mean over test subjects with simulated detections (docs/angles.md); a "
            "difference that is not larger says nothing.</p>"]  # fmt: skip


def _error(angle: str) -> str:
    return f"{ERROR[angle]:.0f}" if angle in ERROR else "not measured"


def _doubts(said: Summary) -> list[str]:
    track = said.track
    found = []
    seen = dict(zip(track.skeleton.joints, track.seen.mean(0), strict=True))
    guessed = [f"{joint} {1 - share:.0%}" for joint, share in seen.items() if share < 0.9]
    if guessed:
        found.append(f"Joints that the detector did not see, in so much of the time: {', '.join(guessed)}. Their "
                     "places are guesses, and angles at them, too.")  # fmt: skip
    if said.unknown:
        found.append(f"In {said.unknown:.0%} of the frames no action is sure enough to be named.")
    if track.num_frames / track.fps < SHORT:
        found.append(f"The motion is shorter than {SHORT:g} s: ranges are those of few movements.")
    found.append(
        "One camera does not see depth: angles in the direction of sight are inferred. Rotations of bones about "
        "themselves are unknown. Whether a movement is correct is not judged."
    )
    return ["<h2>What not to trust</h2>", _list(found)]


def _origin(track: LiftedTrack) -> list[str]:
    return ["<h2>Where it comes from</h2>", _list(track.notes)] if track.notes else []


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"
