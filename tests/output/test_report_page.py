"""Reports to print: their numbers are those of the motion, and whatever people are called is text."""

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from actionprompt.analysis.repetitions import repetitions
from actionprompt.output.angles import angles_of
from actionprompt.output.report.page import report_page
from actionprompt.output.report.summary import ERROR, POINTS, summary
from actionprompt.output.track import LiftedTrack
from actionprompt.output.write import write
from lifted_people import person

TODAY = date(2026, 12, 1)


def squatting(count: int = 6, period: float = 2.0, deep: float = 0.3, name: str = "1") -> LiftedTrack:
    """Somebody whose knees bend so many times: hips sink, and knees go ahead."""
    fps, frames = 50, round(count * period * 50)
    track = person(name, frames=2)
    one = track.pose[0]
    phase = (1 - np.cos(2 * np.pi * np.arange(frames) / fps / period)) / 2
    pose = np.repeat(one[None], frames, axis=0)
    joints = track.skeleton.joints
    for side, share in (("left", 1.0), ("right", 0.5)):
        knee, ankle = (joints.index(f"{side} {part}") for part in ("knee", "ankle"))
        pose[:, knee] += share * deep * phase[:, None] * [0, -0.5, -1]
        pose[:, ankle] += deep * phase[:, None] * [0, -1, 0]
    shape = (frames, len(joints))
    return replace(
        track, fps=fps, keypoints=np.zeros((*shape, 2)), pose=pose, root=None, feet=None, confidence=None,
        probability=np.full((frames, len(track.actions)), 1 / max(1, len(track.actions))),
    )  # fmt: skip


def test_the_numbers_are_those_of_the_motion() -> None:
    track = squatting()
    said, angles = summary(track), angles_of(track)
    assert said.repetitions == repetitions(track.pose, track.skeleton, track.up, track.fps)
    assert len(said.repetitions) == 6
    name = "left_knee_flexion"
    low, high = said.range(name)
    assert (low, high) == pytest.approx(np.quantile(angles[name], [0.05, 0.95]))
    band = said.band(name)
    assert band is not None
    rows = [
        np.interp(np.linspace(one.start, one.end, POINTS) * 50, np.arange(track.num_frames), angles[name])
        for one in said.repetitions
    ]
    np.testing.assert_allclose(band.mean, np.mean(rows, axis=0))
    np.testing.assert_allclose(band.spread, np.std(rows, axis=0))
    left, right = (said.range(f"{side}_knee_flexion").size for side in ("left", "right"))
    assert said.asymmetry("knee_flexion") == pytest.approx((left - right) / max(left, right))
    (_, least), (_, most) = said.key_frames()
    middle = said.repetitions[3]
    driving = angles[said.driving][round(middle.start * 50) : round(middle.end * 50) + 1]
    assert angles[said.driving][least] == driving.min()
    assert angles[said.driving][most] == driving.max()


def test_every_number_stands_on_the_page() -> None:
    track = squatting()
    page, said = report_page(track, "Anna, 1 December", TODAY), summary(track)
    assert "<h1>Anna, 1 December</h1>" in page
    assert "Report of 2026-12-01" in page
    assert f"<p>{len(said.repetitions)} repetitions; " in page
    for one in said.repetitions:
        assert f"<td>{track.first + one.start:.2f}</td><td>{one.duration:.2f}</td>" in page
    for note in track.notes:
        assert f"<li>{note}</li>" in page
    assert page.count("<polygon") >= 10, "curves have bands"
    assert "<script" not in page
    assert not re.search(r"\b(src|href)=", page), "nothing is fetched"


def test_without_repetitions_the_reason_stands_there() -> None:
    page = report_page(person(frames=40), "short", TODAY)
    assert "Repetitions need 4 s of motion at least, and there are 0.8 s." in page
    assert "shorter than 10 s" in page


def test_names_are_text() -> None:
    evil = "</h1><script>alert(1)</script>"
    track = replace(squatting(), person=evil, notes=(evil,), actions=(evil,), probability=np.ones((600, 1)))
    page = report_page(track, evil, TODAY)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5


def test_usual_errors_are_those_of_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs/angles.md").read_text()
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| ([\d.]+) \(", text, flags=re.MULTILINE)
    told = {name: float(value) for name, value in rows}
    assert {name: told[name] for name in ERROR} == dict(ERROR)


def test_a_file_for_each_person_and_the_plain_name(tmp_path: Path) -> None:
    people = [squatting(name="anna"), squatting(3, name="bob")]
    assert [p.name for p in write(people, tmp_path / "gym.report.html")] == [
        "gym-personanna.report.html",
        "gym-personbob.report.html",
    ]
    (file,) = write(people[:1], tmp_path / "report.html")
    assert "Range of motion" in file.read_text()
    (page,) = write(people[:1], tmp_path / "walk.html")
    assert "Range of motion" not in page.read_text()


def test_sessions_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    for day, deep in (("monday", 0.2), ("tuesday", 0.35)):
        write([squatting(deep=deep)], folder / day / "squat.npz")
    write([squatting()], folder / "tuesday" / "squat.angles.npz")
    (folder / "broken.npz").write_bytes(b"PK")
    assert cli.main(["report", str(folder)]) == 0
    told = capsys.readouterr()
    assert "broken.npz is not an .npz file" in " ".join(told.err.split())
    assert "2 sessions; wrote" in told.out
    page = (folder / "report.html").read_text()
    for day in ("monday", "tuesday"):
        assert f"<td>{day}/squat</td>" in page
    assert "broken.npz" in page
    assert "angles" not in re.findall(r"<td>(tuesday/[^<]*)</td>", page)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "There is no folder"),
        (lambda folder: folder.mkdir(), "holds no lifted motion"),
        (lambda folder: folder.write_text("x"), "There is no folder"),
    ],
)
def test_folders_that_hold_nothing(tmp_path: Path, make, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "out")
    assert cli.main(["report", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


def test_it_prints_on_two_or_three_sheets(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs a Chromium to print with")
    (file,) = write([squatting(12)], tmp_path / "a.report.html")
    pdf = tmp_path / "a.pdf"
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-pdf-header-footer",
        f"--print-to-pdf={pdf}",
    ]
    subprocess.run([*command, file.as_uri()], check=True, capture_output=True, timeout=120)
    count = re.search(rb"/Count (\d+)", pdf.read_bytes())
    assert count is not None
    assert int(count[1]) in (2, 3)
