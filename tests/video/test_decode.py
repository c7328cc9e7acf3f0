import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.video import libraries
from actionprompt.video.decode import open_video
from actionprompt.video.upright import Turn
from films import QUARTERS, film, picture, silence, turn

CONTAINERS = [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.mov", "mpeg4"), ("a.avi", "mpeg4"), ("a.ts", "libx264"),
              ("a.webm", "libvpx-vp9")]  # fmt: skip


def far(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
def test_any_container(tmp_path: Path, name: str, codec: str):
    video = open_video(film(tmp_path / name, frames=12, fps=24, codec=codec, audio=name == "a.mp4"))
    assert video.size == (64, 48)
    assert video.fps == pytest.approx(24, rel=0.01)
    assert video.expected == 12
    found = list(video.frames())
    np.testing.assert_allclose([time for time, _ in found], np.arange(12) / 24, atol=0.001)
    for i, (_, image) in enumerate(found):
        assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
        assert far(image, picture(i)) < 12
    assert len(list(video.frames())) == 12  # again from the beginning


def test_real_times_of_a_variable_rate(tmp_path: Path):
    times = np.cumsum([0, 0.02, 0.1, 0.033, 0.5, 0.02, 0.04])
    video = open_video(film(tmp_path / "v.mp4", frames=7, times=times + 3.0))
    np.testing.assert_allclose([time for time, _ in video.frames()], times, atol=1e-4)


def test_frames_without_times(tmp_path: Path):
    video = open_video(film(tmp_path / "raw.h264", frames=9, fps=25))
    assert video.duration is None
    np.testing.assert_allclose([time for time, _ in video.frames()], np.arange(9) / 25, atol=1e-6)


@pytest.mark.parametrize("degrees", QUARTERS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_upright(tmp_path: Path, degrees: int, mirrored: bool):
    a, b, c, d = QUARTERS[degrees]
    path = turn(film(tmp_path / "t.mp4", frames=1), (-a, b, -c, d) if mirrored else (a, b, c, d))  # then mirror x
    video = open_video(path)
    slow = np.rot90(picture(0), -degrees // 90)
    slow = slow[:, ::-1] if mirrored else slow
    assert video.size == slow.shape[1::-1]
    ((_, image),) = video.frames()
    assert far(image, slow) < 12
    assert image.flags.c_contiguous


def test_turns_are_their_matrices():
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert (Turn()(image) == image).all()
    assert (Turn(transposed=True, mirrored=True)(image) == np.rot90(image, -1)).all()
    assert Turn(transposed=True).upright((3, 2)) == (2, 3)


def test_wide_pixels_become_square(tmp_path: Path):
    video = open_video(film(tmp_path / "sar.mp4", frames=1, aspect=Fraction(2)))
    assert video.size == (128, 48)
    ((_, image),) = video.frames()
    assert far(image, picture(0).repeat(2, axis=1)) < 14


def test_one_frame(tmp_path: Path):
    ((time, image),) = open_video(film(tmp_path / "one.mp4", frames=1)).frames()
    assert time == 0
    assert far(image, picture(0)) < 12


def no_file(path: Path) -> None:
    pass


def folder(path: Path) -> None:
    path.mkdir()


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("just some words\n" * 30)


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(4000))


def audio(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as out:
        silence(out, out.add_stream("aac", rate=44100, layout="mono"), 0.2)


def beginning(path: Path) -> None:
    """An MP4 has its index at the end."""
    path.write_bytes(film(path.with_name("whole.mp4")).read_bytes()[:700])


def no_size(path: Path) -> None:
    """An AVI whose header says 0 x 0 pixels."""
    content = bytearray(film(path.with_name("sized.avi"), codec="rawvideo").read_bytes())
    at = content.index(b"strf") + 8  # BITMAPINFOHEADER
    content[at + 4 : at + 12] = bytes(8)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "name", "sentence"),
    [
        (no_file, "no.mp4", "There is no video file"),
        (folder, "folder", "is a folder: give a video file"),
        (empty, "e.mp4", "is empty"),
        (text, "notes.txt", "is (a text file, )?not a video"),
        (text, "notes.mp4", "is (a text file, )?not a video"),
        (noise, "noise.mp4", "is not a video"),
        (audio, "sound.mp4", "holds no video, only audio"),
        (beginning, "cut.mp4", "is not a video, or its beginning or index is missing"),
        (no_size, "zero.avi", "0 x 0 pixels|No frame of .* can be decoded|is not a video"),
    ],
)
def test_what_is_no_video(tmp_path: Path, make: Callable[[Path], None], name: str, sentence: str):
    make(tmp_path / name)
    with pytest.raises(InputError, match=sentence) as found:
        open_video(tmp_path / name)
    assert str(found.value).count("\n") == 0


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


@pytest.mark.parametrize(("name", "options"), [("c.mkv", {}), ("c.mp4", {"movflags": "+faststart"})])
def test_a_cut_off_video(tmp_path: Path, name: str, options: dict[str, str]):
    video = open_video(cut(film(tmp_path / name, frames=90, keys=10, options=options), 0.5))
    seen: list[float] = []
    with pytest.raises(InputError, match=rf"{name} breaks off at \d\.\d\d s: it (is damaged|should last)"):
        seen.extend(time for time, _ in video.frames())
    assert 10 < len(seen) < 80
    sentences: list[str] = []
    assert [time for time, _ in video.frames(sentences.append)] == seen
    assert len(sentences) == 1
    assert float(sentences[0].split(" at ")[1].split(" s:")[0]) == pytest.approx(seen[-1] + 1 / 30, abs=0.04)


def test_damage_in_the_middle(tmp_path: Path):
    path = film(tmp_path / "hole.mp4", frames=60, keys=10, options={"movflags": "+faststart"})
    content = bytearray(path.read_bytes())
    middle = len(content) * 2 // 3
    content[middle : middle + 400] = bytes(400)
    path.write_bytes(content)
    sentences: list[str] = []
    frames = list(open_video(path).frames(sentences.append))
    assert 20 < len(frames) < 50
    assert "is damaged there" in sentences[0]
    for i, (_, image) in enumerate(frames):
        assert far(image, picture(i)) < 12  # nothing smeared is passed on


def test_memory_does_not_grow(tmp_path: Path):
    """Ten times the frames do not raise the peak (of a process of its own) by more than a tenth."""
    script = (
        "import resource, sys; from pathlib import Path; from actionprompt.video.decode import open_video\n"
        "for path in sys.argv[1:]:\n"
        "    n = sum(1 for _ in open_video(Path(path)).frames())\n"
        "    print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    paths = [film(tmp_path / f"{frames}.mp4", frames=frames, size=(320, 240)) for frames in (20, 200)]
    done = subprocess.run([sys.executable, "-c", script, *paths], capture_output=True, text=True, check=True)
    (few, before), (many, after) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert (few, many) == (20, 200)
    assert after < 1.1 * before


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    path = film(tmp_path / "a.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"Reading video needs PyAV: pip install 'actionprompt\[video\]'"):
        open_video(path)
    (tmp_path / "broken_library.py").write_text("import nothing_of_this_name")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"cannot be imported \(No module named 'nothing_of_this_name'\)"):
        libraries.library("broken_library", "This")
