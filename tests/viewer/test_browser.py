"""The page in a real browser, opened from disk. Needs `pip install playwright` and an installed Chromium."""

import shutil
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from actionprompt.viewer import write_page

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, to open the page in a browser")

FRAMES = 300


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("needs an installed Chromium")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


class Opened:
    """A page in a browser tab, with everything that it complained of or asked for."""

    def __init__(self, browser, path, **options):
        self.complaints, self.requests = [], []
        self.tab = browser.new_context(viewport={"width": 1200, "height": 900}, **options).new_page()
        self.tab.set_default_timeout(60_000)  # the machine may be busy
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.goto(path.as_uri())

    def frame(self):
        return self.tab.evaluate("actionprompt.frame()")

    def playing(self):
        return self.tab.evaluate("actionprompt.playing()")

    def wait(self, condition):
        """Waits for a condition; playwright's own way needs eval, which the page's policy forbids."""
        deadline = time.monotonic() + 60
        while not self.tab.evaluate(condition):
            assert time.monotonic() < deadline, f"never came true: {condition}"
            self.tab.wait_for_timeout(20)

    def text(self, selector):
        self.tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.tab.locator(selector).inner_text()

    def picture(self, canvas):
        self.text("h1")  # waits until the last change is drawn
        return self.tab.evaluate(f"document.getElementById('{canvas}').toDataURL()")


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a motion, at rest (as the reader's system prefers less motion)."""
    tabs = []

    def open_(shown, motion_allowed=False, video=None):
        write_page(shown, tmp_path / "page.html", video)
        reduced = "no-preference" if motion_allowed else "reduce"
        tabs.append(Opened(browser, tmp_path / "page.html", reduced_motion=reduced))
        return tabs[-1]

    yield open_
    for tab in tabs:
        assert tab.complaints == []
        assert all(url.startswith(("file:", "blob:", "data:")) for url in tab.requests)
        tab.tab.context.close()


def test_it_plays_by_itself_unless_the_reader_prefers_less_motion(motion, opened):
    moving, resting = opened(motion(FRAMES), motion_allowed=True), opened(motion(FRAMES))
    moving.wait("actionprompt.frame() > 10")
    assert moving.playing()
    assert not resting.playing()
    assert resting.frame() == 0


@pytest.mark.parametrize("at", [0, 17, FRAMES - 1])
def test_a_frame_shows_its_numbers(motion, opened, at):
    shown = motion(FRAMES)
    page = opened(shown)
    page.tab.evaluate(f"actionprompt.seek({at})")
    errors = [1000 * np.linalg.norm(pose[at] - shown.truth[at], axis=-1).mean() for pose in shown.poses.values()]
    texts = page.text("#legend").replace("\n", " ").split(" mm")[: len(errors)]
    np.testing.assert_allclose([float(text.split()[-1]) for text in texts], errors, atol=0.15)
    best = shown.probability[at].argmax()
    assert page.text("#action-name") == shown.actions[best]
    percent, _, verdict = page.text("#action-chance").partition(" %")
    assert float(percent) == pytest.approx(100 * shown.probability[at, best], abs=0.8)
    assert verdict == (" · correct" if best == 0 else " · true: walking")
    assert page.text("#frame") == f"frame {at + 1} of {FRAMES}"
    assert page.text("#time") == f"0:{at / 50:05.2f} / 0:06.00"


def test_each_joint_s_error_is_in_the_table_and_under_the_pointer(motion, opened):
    shown = motion(FRAMES)
    page = opened(replace(shown, keypoints=np.nan_to_num(shown.keypoints)))
    page.tab.evaluate("actionprompt.seek(30)")
    page.tab.locator("#joints summary").click()
    errors = [1000 * np.linalg.norm(pose - shown.truth, axis=-1) for pose in shown.poses.values()]
    expected = np.stack([column for e in errors for column in (e[30], e.mean(0))], -1)
    rows = page.text("#joint-rows").replace(" mm", "").split("\n")
    np.testing.assert_allclose([[float(x) for x in row.split("\t")[1:]] for row in rows], expected, atol=0.2)

    page.tab.locator("#joint-rows tr").nth(13).hover()  # the left wrist's row also marks it in the views
    name, first, second = page.text("#tip").split("\n")
    assert name == "left wrist: error"
    numbers = [float(line.split(": ")[1].removesuffix(" mm")) for line in (first, second)]
    np.testing.assert_allclose(numbers, [e[30, 13] for e in errors], atol=0.2)


def test_keys_step_and_play(motion, opened):
    page = opened(motion(FRAMES))
    seen = []
    for key in (
        "ArrowRight",
        "ArrowRight",
        "ArrowLeft",
        "Shift+ArrowRight",
        "End",
        "ArrowRight",
        "Home",
        "ArrowLeft",
    ):
        page.tab.keyboard.press(key)
        seen.append(page.frame())
    assert seen == [1, 2, 1, 11, FRAMES - 1, FRAMES - 1, 0, 0]
    page.tab.keyboard.press("Space")
    page.wait("actionprompt.frame() > 5")
    page.tab.keyboard.press("Space")
    resting_at = page.frame()
    page.tab.wait_for_timeout(100)
    assert page.frame() == resting_at
    assert not page.playing()


def test_the_scrubber_and_the_lanes_seek(motion, opened):
    page = opened(motion(FRAMES))
    page.tab.locator("#scrub").fill("120")
    assert page.frame() == 120
    box = page.tab.locator("#chart").bounding_box()
    page.tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + 40)
    assert page.frame() == pytest.approx(FRAMES / 2, abs=2)


def test_speed_and_the_end(motion, opened):
    page = opened(motion(FRAMES))
    page.tab.locator("#speed").select_option("4")
    page.tab.locator("#loop").uncheck()
    page.tab.locator("#play").click()
    page.wait(f"actionprompt.frame() === {FRAMES - 1} && !actionprompt.playing()")


def test_the_views_turn_and_figures_hide(motion, opened):
    page = opened(motion(FRAMES))
    pictures = [page.picture("space")]
    for act in (
        lambda: page.tab.get_by_role("button", name="Top").click(),
        lambda: page.tab.keyboard.press("+"),
        lambda: page.tab.keyboard.press("a"),
        lambda: page.tab.get_by_label("truth").uncheck(),
        lambda: page.tab.get_by_label("without").uncheck(),
        lambda: page.tab.locator("#place").select_option("fixed"),
    ):
        act()
        pictures.append(page.picture("space"))
    assert len(set(pictures)) == len(pictures)


def test_missing_keypoints_leave_a_gap(motion, opened):
    shown = motion(FRAMES)
    keypoints = np.zeros_like(shown.keypoints)
    keypoints[:2] = np.nan  # nobody is seen in the first two frames
    keypoints[3, 5:] = np.nan
    page = opened(replace(shown, keypoints=keypoints + np.linspace(-0.5, 0.5, 17)[:, None]))
    pictures = []
    for at in range(4):
        page.tab.evaluate(f"actionprompt.seek({at})")
        pictures.append(page.picture("flat"))
    assert pictures[0] == pictures[1]
    assert len(set(pictures)) == 3


def test_names_are_shown_as_they_are(motion, opened):
    evil = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
    shown = motion(FRAMES, actions=(evil, "b", "c"), true_action=evil, title=evil, notes=(evil,))
    page = opened(replace(shown, poses={evil: shown.truth}))
    assert page.text("h1") == page.text("#notes") == evil
    assert page.tab.title() == evil
    assert evil in page.text("#legend")
    assert page.tab.evaluate("window.hacked") is None


def numbered_film(path, frames, fps):
    """A film whose every picture holds its own number as ten dark or light bars, the highest bit first."""
    av = pytest.importorskip("av", reason="needs PyAV, to make a video")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("vp8", rate=Fraction(fps))
        stream.width = stream.height = 160
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 2_000_000
        for i in range(frames):
            bits = np.array([(i >> b) & 1 for b in range(9, -1, -1)], dtype=np.uint8)
            picture = np.broadcast_to(255 * bits.repeat(16)[None, :, None], (160, 160, 3))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode(None))


NUMBER_IN_PICTURE = """() => new Promise((done) => requestAnimationFrame(() => {
  const flat = document.getElementById("flat"), side = flat.height, left = (flat.width - side) / 2;
  const copy = new OffscreenCanvas(flat.width, 1).getContext("2d", { willReadFrequently: true });
  copy.drawImage(flat, 0, 12 - side);
  const { data } = copy.getImageData(0, 0, flat.width, 1);
  const bit = (b) => (data[4 * Math.round(left + ((b + 0.5) * side) / 10)] > 127 ? 1 : 0);
  let number = 0;
  for (let b = 0; b < 10; b++) number = 2 * number + bit(b);
  done([number, actionprompt.frame()]);
}))"""


def test_the_video_shows_the_frame_of_the_numbers(motion, opened, tmp_path):
    film = tmp_path / "virtual_cameras.webm"
    numbered_film(film, 100, 50)
    shown = motion(100, keypoints=np.full((100, 17, 2), np.nan))
    page = opened(shown, video=film)
    for at in (0, 40, 41, 99, 50):
        page.tab.evaluate(f"actionprompt.seek({at})")
        page.tab.wait_for_timeout(250)
        assert page.tab.evaluate(NUMBER_IN_PICTURE) == [at, at]
    page.tab.locator("#speed").select_option("0.5")
    page.tab.keyboard.press("Space")
    page.tab.wait_for_timeout(500)
    seen = [page.tab.evaluate(NUMBER_IN_PICTURE) for _ in range(10)]
    assert seen[-1][1] > seen[0][1]
    assert max(abs(picture - frame) for picture, frame in seen) <= 1


@pytest.mark.parametrize("n", [FRAMES, 9000])
def test_angles_and_repetitions(motion, opened, n):
    """The chosen angle's values, its curve's range and the repetitions; a long motion's curve is thinned out."""
    left, right, trunk = 90 * np.sin(np.arange(n) / 40), np.full(n, 30.0), np.full(n, np.nan)
    angles = {"left_knee_flexion": left, "right_knee_flexion": right, "trunk_flexion": trunk}
    page = opened(motion(n, angles=angles, driving="knee_flexion", repetitions=((0, n / 2), (n / 2, n - 1.0))))
    page.tab.evaluate("actionprompt.seek(15)")
    every = -(-n // 4000)
    assert page.text("#angle-now") == f"{left[15 // every * every]:.0f}° / 30°"
    low, _, rest = page.text("#angle-range").partition(" to ")
    assert float(low) == pytest.approx(left.min(), abs=1)
    assert rest.endswith("° · 2 repetitions")
    before = page.picture("chart")
    page.tab.select_option("#angle", "trunk_flexion")
    assert page.text("#angle-now") == "–"
    assert page.picture("chart") != before


def test_no_angles_no_row(motion, opened):
    assert opened(motion(FRAMES)).tab.query_selector("#angle") is None
