import io
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from actionprompt.commands.lift_live import Status
from actionprompt.inference.live import LiveAnswer
from actionprompt.video.detect import Person
from actionprompt.video.webcam import Webcam
from small import model_file

SHAPE = np.random.default_rng(0).random((17, 2)) * [10, 30]


class Fake:
    """Sees one person, who goes right, but not in some frames."""

    name, layout = "fake", "coco17"

    def __init__(self, absent: tuple[float, float] = (9, 9)) -> None:
        self.absent = absent

    def __call__(self, image: np.ndarray, time: float) -> list[Person]:
        gone = self.absent[0] <= time < self.absent[1]
        return [] if gone else [Person(SHAPE + np.array([5 * time, 5]), np.full(17, 0.9))]


class Steady:
    """A camera of 30 frames a second, all of which are looked at, however busy the machine is."""

    def __init__(self, seconds: float) -> None:
        self.frames, self.arrived = round(30 * seconds), 0

    @contextmanager
    def opened(self) -> Iterator["Steady"]:
        yield self

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        for i in range(self.frames):
            time.sleep(1 / 30)
            self.arrived += 1
            yield i / 30, np.zeros((48, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_file(tmp_path_factory.mktemp("model"))


def call(monkeypatch, detector: Fake, seconds: float, *args: str) -> int:
    monkeypatch.setattr("actionprompt.video.webcam.find_camera", lambda wanted: Steady(seconds))
    monkeypatch.setattr("actionprompt.commands.lift_live.load_detector", lambda args, most, device: detector)
    return cli.main(["lift", *args])


@pytest.mark.parametrize("lag", ["0", "3"])
def test_a_webcam(model: Path, lag: str, monkeypatch, capsys) -> None:
    assert call(monkeypatch, Fake(), 1.4, "webcam", "--model", str(model), "--lag", lag) == 0
    out, err = capsys.readouterr()
    answers = [json.loads(line) for line in out.splitlines()]
    assert [a["frame"] for a in answers] == list(range(len(answers)))
    times = [a["time"] for a in answers]
    np.testing.assert_allclose(np.diff(times), 1 / 50, atol=2e-4)
    assert times[-1] == pytest.approx(41 / 30, abs=0.02)
    assert np.isfinite([a["pose"] for a in answers]).all()
    assert {a["action"] for a in answers} <= {"walk", "sit down", "wave"}
    told = [line for line in err.splitlines() if line.startswith("camera ")]
    assert len(told) >= 1  # in 1.4 s, or more where the machine is busy
    assert "looked at; detecting" in told[0]
    assert any(f"{action} " in told[0] for action in ("walk", "sit down", "wave"))


def test_somebody_leaves_and_returns(model: Path, monkeypatch, capsys) -> None:
    assert call(monkeypatch, Fake(absent=(0.3, 1.8)), 2.2, "webcam", "--model", str(model)) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    missing = [i for i, a in enumerate(answers) if a["pose"] is None]
    assert len(missing) == 1
    i = missing[0]
    assert answers[i]["time"] == pytest.approx(1.3, abs=1e-4)  # over a second after 8/30 s
    assert answers[i - 1]["time"] == pytest.approx(0.26, abs=1e-4)
    assert answers[i + 1]["time"] == pytest.approx(1.8, abs=1e-4)
    assert len(answers) > i + 2


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("webcam --no-root", "--root has no effect on a webcam"),
        ("webcam --detector.partial", "--detector.partial has no effect on a webcam"),
        ("webcam:1 --keypoints.fps 30", "--keypoints.fps has no effect on a webcam"),
        ("webcam --camera.pitch 5", "--camera.pitch has no effect on a webcam"),
        ("webcam --lag 99", "lags 0 to"),
    ],
)
def test_what_has_no_effect(args: str, message: str, model: Path, monkeypatch, capsys) -> None:
    assert call(monkeypatch, Fake(), 0.1, *args.split(), "--model", str(model)) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""


def fetches(args: object, most: int, device: str) -> Fake:
    raise AssertionError("weights were fetched for nothing")


def test_without_viser_nothing_is_fetched(model: Path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "viser", None)
    monkeypatch.setattr("actionprompt.video.webcam.find_camera", lambda wanted: Webcam("testsrc=size=64x48", "lavfi"))
    monkeypatch.setattr("actionprompt.commands.lift_live.load_detector", fetches)
    assert cli.main(["lift", "webcam", "--show", "--model", str(model)]) == 2
    assert "A live view needs viser" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="cameras have other names elsewhere")
def test_no_camera(model: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("actionprompt.commands.lift_live.load_detector", fetches)
    assert cli.main(["lift", "webcam:/nowhere/video9", "--model", str(model)]) == 2
    assert "Cannot open the camera /nowhere/video9: there is no such device" in capsys.readouterr().err


def test_the_status_counts_what_it_says(monkeypatch, capsys) -> None:
    now = 0.0
    monkeypatch.setattr("actionprompt.commands.lift_live.perf_counter", lambda: now)
    status = Status()
    for i in range(1, 31):
        now = i / 10
        status.add(3 * i, 0.05, 0.02, i > 10, LiveAnswer(i, action="walk", probability=0.934) if i > 10 else None)
    assert capsys.readouterr().err.splitlines() == [
        "camera 30.0 frames/s, 10.0 looked at; detecting 50% of the time, lifting 20%; nobody",
        *["camera 30.0 frames/s, 10.0 looked at; detecting 50% of the time, lifting 20%; walk 93%"] * 2,
    ]


def start(code: str, **options) -> subprocess.Popen:
    here = Path(__file__).parent
    path = os.pathsep.join(filter(None, [str(here), str(here.parent), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stderr=subprocess.PIPE, text=True, env=environment, **options
    )


def test_ctrl_c_ends_a_webcam_tidily(model: Path) -> None:
    process = start(
        f"""
        import sys, threading
        import actionprompt.commands.lift_live as command, actionprompt.video.webcam as webcam
        from actionprompt import cli
        from test_lift_live import Fake
        webcam.find_camera = lambda wanted: webcam.Webcam("testsrc=size=64x48:rate=30,realtime", "lavfi")
        command.load_detector = lambda args, most, device: Fake(absent=(1e9, 1e9))
        code = cli.main(["lift", "webcam", "--lag", "2", "--model", {str(model)!r}])
        left = [thread.name for thread in threading.enumerate() if thread.name == "camera"]
        print("threads left", left, file=sys.stderr)
        sys.exit(code)
        """,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "threads left []" in err
    assert "Traceback" not in err
    times = [first["time"], *(json.loads(line)["time"] for line in out.splitlines())]
    steps = np.diff(times) * 50  # a busy machine may lose a frame
    np.testing.assert_allclose(steps, steps.round().clip(1), atol=0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break in another way")
def test_head_may_have_enough(model: Path) -> None:
    """As ``camera-program | actionprompt lift - | head -1``."""
    into, out_of = os.pipe()
    lines = [json.dumps({"keypoints": (SHAPE + i).tolist()}) + "\n" for i in range(5)]
    flags = ["--model", str(model), "--keypoints.layout", "coco17", "--keypoints.size", "64", "48"]
    process = start(
        f"import sys; from actionprompt import cli; sys.exit(cli.main(['lift', '-', *{flags!r}]))",
        stdin=subprocess.PIPE,
        stdout=out_of,
    )
    os.close(out_of)
    assert process.stdin is not None
    process.stdin.writelines(lines[:2])
    process.stdin.flush()
    with os.fdopen(into) as reader:
        assert json.loads(reader.readline())["frame"] == 0
        reader.readline()
    time.sleep(0.1)
    process.stdin.writelines(lines[2:])
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


def test_bytes_that_are_no_text(model: Path, monkeypatch, capsys) -> None:
    line = json.dumps(SHAPE.tolist()).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + line + b"\n\xff\xfe[\n"), "utf-8"))
    flags = ["--model", str(model), "--keypoints.layout", "coco17", "--keypoints.size", "64", "48"]
    assert cli.main(["lift", "-", *flags]) == 2
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert "Line 2 is not text in UTF-8" in err


@pytest.mark.parametrize("source", ["webcam", "-"])
def test_the_person_is_sent_live(source: str, model: Path, monkeypatch, capsys) -> None:
    osc_bundle = pytest.importorskip("pythonosc.osc_bundle", reason="needs python-osc")
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
    listener.settimeout(10)
    to = ("--osc", str(listener.getsockname()[1]))
    if source == "-":
        line = json.dumps([[320 + x, 240 + y] for x, y in SHAPE.tolist()])
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{line}\n" * 3))
        to = (*to, "--keypoints.size", "640", "480", "--keypoints.layout", "h36m17")
    assert call(monkeypatch, Fake(), 0.5, source, "--model", str(model), *to) == 0
    names = {message.params[0] for _ in range(2) for message in osc_bundle.OscBundle(listener.recv(65536))}
    assert {1, "root", "Hips", "LeftToes", "RightHand"} < names
    listener.close()
    out, err = capsys.readouterr()
    assert all(json.loads(line)["pose"] for line in out.splitlines())
    assert "Sending to 127.0.0.1, port" in err
    assert "another machine" not in err
