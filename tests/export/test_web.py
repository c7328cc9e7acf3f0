"""The site in Chromium: a video with known keypoints gives Python's poses. Needs the JavaScript libraries at hand.

Say where they are: ``ACTIONPROMPT_NODE_MODULES``, the node_modules that npm installed onnxruntime-web and
@mediapipe/tasks-vision into. Nothing is fetched.
"""

import json
import os
import shutil
import threading
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.commands.export import ExportArgs, run
from actionprompt.data.config import SyntheticCfg, VirtualCamerasCfg
from actionprompt.data.load import load as load_data
from actionprompt.encoders.config import MixSTECfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.export import web
from actionprompt.hub.shipped import find
from actionprompt.inference.live import Live, LiveCfg
from actionprompt.inference.person_view import CausalVirtualCamera, RealCamera
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.timing import Resampler
from actionprompt.model.config import LifterCfg
from actionprompt.model.files import load, save
from actionprompt.skeleton import H36M_17
from actionprompt.virtual_camera import focal_length
from lifters import random_lifter

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

FRAMES, FPS, WIDTH, HEIGHT = 150, 30, 320, 240
GAP = range(60, 66)
"""Frames in which nobody is seen."""
LAYOUT = layouts()["blazepose33"]
STAND_IN = """
const people = await (await fetch(new URL("./people.json", import.meta.url))).json();
const pen = new OffscreenCanvas(320, 240).getContext("2d", { willReadFrequently: true });
/** Reads a frame's number from the eight bars of its picture, and knows who is there. */
export async function open() {
  return (picture) => {
    pen.drawImage(picture, 0, 0);
    const { data } = pen.getImageData(0, 120, 320, 1);
    const bits = [0, 1, 2, 3, 4, 5, 6, 7].map((bit) => data[4 * (40 * bit + 20)] > 127);
    return people[bits.reduce((number, bit, i) => number + (bit << i), 0)];
  };
}
"""


@pytest.fixture(scope="module")
def lifter():
    return load(find("vpose+apm"))


@pytest.fixture(scope="module")
def site(lifter, tmp_path_factory):
    """A site without its libraries."""
    return web.export_web(lifter, tmp_path_factory.mktemp("web") / "site")


@pytest.fixture(scope="module")
def people():
    """33 points {x, y, visibility} for each frame of somebody who moves; some are not seen, and once nobody is."""
    corpus = load_data(SyntheticCfg(subjects=2, frames=FRAMES, virtual_cameras=VirtualCamerasCfg(cameras=1)))
    screen = corpus.clips[0].keypoints[:FRAMES].numpy()  # n 17 2
    random = np.random.default_rng(0)
    points = random.normal(0, 0.01, (FRAMES, 33, 2)) + screen[:, H36M_17.joints.index("nose"), None]
    for name in set(LAYOUT.points) & set(H36M_17.joints):
        points[:, LAYOUT.points.index(name)] = screen[:, H36M_17.joints.index(name)]
    shares = (points / [1, HEIGHT / WIDTH] + 1) / 2
    visible = (random.random((FRAMES, 33)) > 0.05) * 0.9
    visible[0] = 0.9
    rows = np.concatenate([shares, visible[..., None]], axis=-1)
    return [
        None if i in GAP else [dict(zip(("x", "y", "visibility"), point, strict=True)) for point in row.tolist()]
        for i, row in enumerate(rows)
    ]


def joints(people):
    """The 17 joints of each frame on the normalised screen (float32), None where nobody is seen."""
    seen, found = np.zeros((33, 2)), []
    for person in people:
        for p, point in enumerate(person or []):
            if point["visibility"] > 0:
                seen[p] = (2 * point["x"] - 1, (2 * point["y"] - 1) * HEIGHT / WIDTH)
        found.append(LAYOUT.weights() @ seen if person else None)
    return found


def film(path):
    """A video whose frames say their numbers in eight bars."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("vp8", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 2_000_000
        for i in range(FRAMES):
            bars = np.repeat([255 * (i >> bit & 1) for bit in range(8)], WIDTH // 8).astype(np.uint8)
            picture = np.broadcast_to(bars[None, :, None], (HEIGHT, WIDTH, 3))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, to open the site in a browser")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("needs an installed Chromium")
    with playwright.sync_playwright() as driver:
        camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        opened = driver.chromium.launch(executable_path=program, args=["--no-sandbox", *camera])
        yield opened
        opened.close()


@pytest.fixture
def served():
    """Serves folders on this machine."""
    servers = []

    def serve(folder):
        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()


@pytest.fixture(scope="module")
def libraries():
    folder = os.environ.get("ACTIONPROMPT_NODE_MODULES")
    if not folder:
        pytest.skip("needs ACTIONPROMPT_NODE_MODULES, a node_modules with onnxruntime-web and tasks-vision")
    return Path(folder)


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_a_video_is_lifted_as_in_python(kind, libraries, lifter, people, browser, served, tmp_path, record_property):
    folder = tmp_path / "site"
    int8 = torch.from_numpy(np.stack([j for j in joints(people) if j is not None])).float() if kind == "int8" else None
    web.export_web(lifter, folder, libraries=libraries, int8=int8)
    (folder / "standin.js").write_text(STAND_IN)
    (folder / "people.json").write_text(json.dumps(people))
    tab = browser.new_page()
    tab.set_default_timeout(120_000)
    complaints, asked = [], []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    address = served(folder)
    tab.goto(f"{address}/index.html?detector=./standin.js")
    tab.wait_for_selector("body[data-ready]")
    tab.set_input_files("#file", film(tmp_path / "film.webm"))
    tab.wait_for_selector("body[data-lifted], #status.wrong")
    assert not tab.locator("#status.wrong").count(), tab.inner_text("#status")
    told = tab.evaluate(
        "({ cost: actionprompt.lifted.cost, answers: actionprompt.lifted.answers.map((a) => ({ time: a.time,"
        " pose: [...a.pose], joints: [...a.joints], probability: [...a.probability] })) })"
    )
    assert told["cost"]["rate"] == FPS
    assert (told["cost"]["frames"], told["cost"]["found"]) == (FRAMES, FRAMES - len(GAP))
    record_property("lifting_ms", told["cost"]["lifting"] / FRAMES)

    live = Live(lifter, lifter.encoder.window.future, LiveCfg(focal_length(WIDTH, HEIGHT), body=None))
    expected = []
    for i, found in enumerate(joints(people)):
        expected += live.push(None if found is None else torch.from_numpy(found).float(), i / FPS)
    expected += live.end()
    assert len(told["answers"]) == len(expected)
    np.testing.assert_allclose([a["time"] for a in told["answers"]], [a.time for a in expected], atol=1e-6)
    poses = np.array([a["pose"] for a in told["answers"]]).reshape(-1, 17, 3)
    apart = 1000 * np.linalg.norm(poses - np.stack([a.pose for a in expected]), axis=-1)
    record_property("largest_mm", float(apart.max()))
    print(f"{kind}: at most {apart.max():.4f} mm, mean {apart.mean():.4f}; {told['cost']['lifting'] / FRAMES:.2f} ms")
    assert apart.max() < 1 if kind == "float32" else apart.mean() < 5
    best = np.array([max(a["probability"]) for a in told["answers"]])
    if kind == "float32":
        np.testing.assert_allclose(best, [a.probability for a in expected], atol=1e-3)

    viewer = tab.frame_locator("#viewer")
    assert viewer.locator("h1").inner_text() == "film.webm"
    assert f"of {len(expected)}" in viewer.locator("#frame").inner_text()
    assert complaints == []
    assert all(url.startswith((address, "blob:", "data:", "about:")) for url in asked)
    tab.close()


def test_the_camera_is_lifted_until_it_is_stopped(libraries, people, browser, served, tmp_path):
    """Chromium's own test picture, before which a stand-in detector sees somebody who stands still."""
    folder = tmp_path / "site"
    web.export_web(random_17(), folder, libraries=libraries)
    (folder / "still.js").write_text(f"export async function open() {{ return () => {json.dumps(people[0])}; }}")
    tab = browser.new_page()
    tab.set_default_timeout(120_000)
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(served(folder) + "/index.html?detector=./still.js")
    tab.wait_for_selector("body[data-ready]")
    tab.click("#camera")
    tab.get_by_text("pictures a second; answers come").wait_for()
    viewer = tab.frames[1]
    assert viewer.evaluate("[actionprompt.frame(), actionprompt.playing()]") == [499, True]
    picture = "document.getElementById('flat').toDataURL()"
    before = viewer.evaluate(picture)
    tab.wait_for_timeout(500)
    assert viewer.evaluate(picture) != before
    tab.click("#stop")
    tab.get_by_text("The camera is off.").wait_for()
    assert complaints == []
    tab.close()


def test_the_scripts_are_python_s_functions(site, lifter, people, browser, served):
    """Layout, resampling and virtual camera, without any library."""
    tab = browser.new_page()
    tab.goto(served(site.path) + "/site.css")
    script = """async ([people, fps]) => {
      const [{ Joints }, { Resampler }, { VirtualCamera, turnBack }] = await Promise.all(
        ["layout", "resampler", "virtual_camera"].map((name) => import(`/${name}.js`)));
      const known = await (await fetch("/lifter.json")).json();
      const layout = new Joints(known.layout, 240 / 320), resampler = new Resampler(known.fps, known.sameTime);
      const camera = new VirtualCamera(known.virtualCamera, 1.7, known.fps), found = [];
      people.forEach((person, i) => {
        const joints = layout.push(person, i / fps);
        if (!joints) return;
        for (const [time, values] of resampler.push(i / fps, joints)) {
          const looked = camera.push(values);
          found.push({ time, joints: [...values], looked: [...looked.joints], rotation: looked.rotation,
                       back: [...turnBack(Float64Array.from({ length: 51 }, (_, k) => k), looked.rotation)] });
        }
      });
      return found;
    }"""
    found = tab.evaluate(script, [people, FPS])
    resampler, camera = Resampler(50), CausalVirtualCamera(lifter, RealCamera(1.7, 0, 50))
    expected = [
        at
        for i, frame in enumerate(joints(people))
        if frame is not None
        for at in resampler.push(i / FPS, frame.astype(np.float64))
    ]
    assert len(found) == len(expected) > 200
    pose = np.arange(51.0).reshape(17, 3)
    for one, (time, values) in zip(found, expected, strict=True):
        looked = camera.push(torch.from_numpy(values))
        assert one["time"] == pytest.approx(time, abs=1e-9)
        np.testing.assert_allclose(one["joints"], values.ravel(), atol=1e-9)
        np.testing.assert_allclose(one["looked"], looked.keypoints.ravel(), atol=1e-6)
        np.testing.assert_allclose(one["rotation"], looked.rotation.ravel(), atol=1e-6)
        np.testing.assert_allclose(np.reshape(one["back"], (17, 3)), pose @ looked.rotation.numpy(), atol=1e-4)
    tab.close()


@pytest.mark.parametrize(
    ("rate", "digits"), [(24, 3), (25, 3), (30000 / 1001, 9), (30, 3), (50, 3), (60, 3), (47.3, 3)]
)
def test_frame_rates_are_told_from_rounded_times(site, browser, served, rate, digits):
    """Some containers round times to milliseconds (29.97 and 30 are one then), and busy machines leave out pictures."""
    tab = browser.new_page()
    tab.goto(served(site.path) + "/site.css")
    times = [round(i / rate, digits) for i in range(25) if i % 7 != 3]
    found = tab.evaluate("async (times) => (await import('/pictures.js')).rateOf(times)", times)
    assert found == pytest.approx(rate, rel=1e-9 if rate != 47.3 else 3e-3)
    tab.close()


def test_the_facts_beside_the_model(site, lifter):
    known = json.loads((site.path / "lifter.json").read_text())
    assert known["actions"] == list(lifter.actions)
    assert known["joints"] == list(H36M_17.joints)
    assert known["window"] == {"frames": 81, "past": 40, "future": 40}
    assert (known["form"], known["fps"], known["delay"]) == ("stream", 50, 0.8)
    assert known["virtualCamera"]["trained"] is True
    assert known["virtualCamera"]["size"] == 0.2
    assert (known["temperature"], known["unknownBelow"]) == (1.905, 0.253)
    np.testing.assert_allclose(known["layout"]["weights"], LAYOUT.weights(), atol=1e-12)


def test_what_is_to_be_added_is_said(site):
    assert sorted(site.lacking) == sorted(f"libraries/{name}" for name in (*web.LIBRARIES, web.LANDMARKER))
    readme = (site.path / "README.md").read_text()
    assert all(name in readme for name in site.lacking)
    assert all(f"{name}@{version}" in readme for name, version in web.PACKAGES.items())
    assert not list(site.path.rglob("*.wasm"))
    for page in site.path.rglob("*.js"):
        assert "https:" not in page.read_text()


def test_libraries_are_copied_and_a_site_is_replaced(tmp_path):
    save(random_17(), tmp_path / "m.safetensors")
    for name in web.LIBRARIES:
        (tmp_path / "node_modules" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "node_modules" / name).write_text(name)
    (tmp_path / "my.task").write_text("landmarker")
    out = tmp_path / "site"
    args = ExportArgs(str(tmp_path / "m.safetensors"), out, "web")
    run(args)
    (out / "old").write_text("")
    run(ExportArgs(args.model, out, "web", libraries=tmp_path / "node_modules", landmarker=tmp_path / "my.task"))
    assert (out / "libraries" / web.LIBRARIES[0]).read_text() == web.LIBRARIES[0]
    assert (out / "libraries" / web.LANDMARKER).read_text() == "landmarker"
    assert not (out / "old").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.safetensors", "my.task", "node_modules", "site"]


def random_17():
    made = LifterCfg(VPoseCfg((3, 3), 8), None).build(17)
    made.metadata = {"skeleton": "h36m17", "fps": "50"}
    return made


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"out": "file"}, "file is a file: give a folder"),
        ({"out": "full"}, "full holds something else than a site"),
        ({"out": "file/site"}, "The site cannot be written to"),
        ({"libraries": "none"}, "There is no folder .*none: give the node_modules that has onnxruntime-web"),
        ({"libraries": "full"}, "There is no file .*ort.wasm.bundle.min.mjs: onnxruntime-web 1"),
        ({"landmarker": "none.task"}, "There is no file .*none.task"),
        ({"form": "window"}, "A site takes the form stream"),
        ({"model": "mixste+apm"}, "MixSTE has no stream form"),
        ({"model": "other.safetensors"}, "The model lifts 3 joints"),
        ({"format": "onnx", "libraries": "full"}, "are for a site: give --format web"),
    ],
)
def test_what_cannot_be(options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(random_17(), tmp_path / "m.safetensors")
    save(random_lifter(LifterCfg(MixSTECfg(3, 8, 1, 2), None)), tmp_path / "other.safetensors")
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    before = sorted(tmp_path.rglob("*"))
    given = {"model": "m.safetensors", "out": "site", "format": "web"} | options
    for name in ("out", "libraries", "landmarker"):
        if name in given:
            given[name] = Path(given[name])
    with pytest.raises(InputError, match=message):
        run(ExportArgs(**given))
    assert sorted(tmp_path.rglob("*")) == before
