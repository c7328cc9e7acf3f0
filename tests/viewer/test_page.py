"""The page as text: size, exactness of the embedded data, safety, errors. test_browser.py opens it."""

import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jaxtyping import TypeCheckError

from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17
from actionprompt.viewer import ViewerMotion, page, write_page
from actionprompt.viewer.page import Played

HOOKED = hasattr(ViewerMotion.__init__, "__wrapped__")  # by jaxtyping, which checks arguments before we convert them


def embedded(text, name="motion"):
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.S).group(1))


def decoded(packed, *shape):
    integers = np.frombuffer(b64decode(packed["data"]), {"int16": "<i2", "uint8": "u1"}[packed["type"]]).reshape(shape)
    return np.where(integers == -32768, np.nan, integers * packed["step"])


def test_a_minute_with_truth_and_a_second_model_is_under_two_megabytes(motion):
    assert len(page(motion(3000)).encode()) < 2e6


def test_the_data_decode_to_the_input_within_half_a_step(motion):
    shown = motion()
    document = embedded(page(shown))
    np.testing.assert_allclose(decoded(document["keypoints"], 20, 17, 2), shown.keypoints, atol=0.51e-4)
    for packed, (name, pose) in zip(document["poses"], shown.poses.items(), strict=True):
        assert packed["name"] == name
        np.testing.assert_allclose(decoded(packed, 20, 17, 3), pose, atol=0.51e-4)
    np.testing.assert_allclose(decoded(document["truth"], 20, 17, 3), shown.truth, atol=0.51e-4)
    np.testing.assert_allclose(decoded(document["root"], 20, 3), shown.root, atol=0.51e-3)
    np.testing.assert_allclose(decoded(document["probability"], 20, 3), shown.probability, atol=0.51 / 255)


coordinates = st.one_of(st.floats(-31, 31, width=32), st.just(float("nan")))


@settings(deadline=None, max_examples=25)
@given(arrays(np.float32, (2, 17, 3), elements=coordinates))
def test_any_pose_decodes_to_itself_within_a_millimetre(motion, pose):
    document = embedded(page(motion(2, poses={"a": pose})))
    np.testing.assert_allclose(decoded(document["poses"][0], 2, 17, 3), pose, atol=0.51e-3)


@settings(deadline=None, max_examples=25)
@given(arrays(np.float64, 3, elements=st.floats(-1, 1)).filter(lambda up: np.linalg.norm(up) > 1e-2))
def test_level_is_a_rotation_that_turns_up_into_y(motion, up):
    level = np.array(embedded(page(motion(1, up=tuple(up))))["level"])
    np.testing.assert_allclose(level @ level.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(level) == pytest.approx(1)
    np.testing.assert_allclose(level @ up / np.linalg.norm(up), [0, 1, 0], atol=1e-9)


def test_a_level_camera_s_axes_only_turn_half_around(motion):
    np.testing.assert_array_equal(embedded(page(motion()))["level"], np.diag([1, -1, -1]))


def test_nothing_is_fetched(motion):
    text = page(motion())
    assert not re.search(r"https?://|(src|href)=(?!\"data:,\")|@import|url\(", text)


def test_the_policy_lets_only_our_script_and_style_run(motion):
    text = page(motion())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    script = re.search(r"<script>(.*?)</script>", text, re.S).group(1)
    style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
    for kind, source in (("script-src", script), ("style-src", style)):
        assert f"{kind} 'sha256-{b64encode(sha256(source.encode()).digest()).decode()}';" in policy
    assert "default-src 'none'" in policy


def test_names_cannot_break_out_of_the_data(motion):
    evil = "</script><script>alert(1)</script><!--<b>&$title"
    shown = motion(title=evil, actions=(evil, "b", "c"), true_action=evil, notes=(evil,))
    text = page(replace(shown, poses={evil: shown.truth}))
    assert "<script>alert" not in text
    assert text.count("</script>") == 3
    assert text.count("&lt;/script&gt;&lt;script&gt;alert(1)") == 2  # the title, twice
    document = embedded(text)
    assert document["actions"][0] == document["notes"][0] == document["poses"][0]["name"] == evil


def test_the_same_motion_gives_the_same_page(motion):
    assert page(motion()) == page(motion())


@pytest.mark.skipif(HOOKED, reason="lists are not arrays for --jaxtyping-packages")
def test_lists_will_do_for_arrays(motion):
    lists = {"truth": motion().truth.tolist(), "probability": motion().probability.tolist()}
    assert page(motion(**lists)) == page(motion())


def test_all_but_keypoints_and_one_pose_may_be_left_out(motion):
    shown = motion()
    document = embedded(page(ViewerMotion(H36M_17, 25.0, shown.keypoints, {"model": shown.truth})))
    assert document["truth"] is document["root"] is document["probability"] is None
    assert document["frames"] == 20


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"keypoints": np.zeros((20, 16, 2))},
            r"keypoints have shape \(20, 16, 2\): it should be \(frames, 17, 2\)",
        ),
        ({"keypoints": np.zeros((0, 17, 2))}, "no frame"),
        ({"keypoints": np.full((20, 17, 2), 500.0)}, "pixels"),
        ({"poses": {}}, "at least one model"),
        ({"poses": {"a": np.zeros((19, 17, 3))}}, r"poses\['a'\] have shape"),
        ({"poses": {"a": np.full((20, 17, 3), 400.0)}}, "divide by 1000"),
        ({"poses": {"a": np.full((20, 17, 3), np.inf)}}, "reach inf"),
        ({"truth": np.zeros((20, 17, 2))}, "truth have shape"),
        ({"root": np.full((20, 3), np.nan)}, "NaN at frame 0"),
        ({"root": np.zeros((19, 3))}, "root have shape"),
        ({"probability": np.zeros((20, 2))}, "probability have shape"),
        ({"probability": np.full((20, 3), 1.5)}, r"in \[0, 1\]"),
        ({"probability": np.full((20, 3), np.nan)}, "NaN"),
        ({"fps": 0.0}, "fps"),
        ({"aspect": float("nan")}, "aspect"),
        ({"up": (0.0, 0.0, 0.0)}, "direction"),
    ],
)
def test_what_cannot_be_shown_is_refused(motion, changes, says):
    with pytest.raises((InputError, TypeCheckError)) as refused:
        motion(**changes)
    # Under --jaxtyping-packages a wrong shape does not even reach our sentence.
    assert (HOOKED and refused.type is TypeCheckError) or re.search(says, str(refused.value))


def test_the_page_is_written_completely_or_not_at_all(motion, tmp_path):
    path = tmp_path / "new" / "walk.html"
    write_page(motion(), path)
    assert path.read_text(encoding="utf-8") == page(motion())
    with pytest.raises(InputError, match="not a file"):
        write_page(motion(), path, video=tmp_path / "missing.mp4")
    assert path.read_text(encoding="utf-8") == page(motion())
    assert [p.name for p in path.parent.iterdir()] == ["walk.html"]


def test_a_video_is_embedded_or_referred_to_from_the_page_s_folder(motion, tmp_path):
    video = tmp_path / "films" / "a walk.mp4"
    video.parent.mkdir()
    video.write_bytes(b"\0\0\0\x18ftypmp42film")
    write_page(motion(), tmp_path / "pages" / "embedded.html", video)
    write_page(motion(), tmp_path / "pages" / "referring.html", video, embed=False)
    film = embedded((tmp_path / "pages" / "embedded.html").read_text(), "film")
    assert film["type"] == "video/mp4"
    assert b64decode(film["data"]) == video.read_bytes()
    film = embedded((tmp_path / "pages" / "referring.html").read_text(), "film")
    plays = {"begin": 0.0, "slow": 1.0, "mirrored": False}
    assert film == {"type": "video/mp4", "address": "../films/a%20walk.mp4", **plays}
    text = page(motion(), video, played=Played(begin=1.5, slow=8.0, mirrored=True))
    assert embedded(text, "film") | {"data": ""} == {
        "type": "video/mp4", "begin": 1.5, "slow": 8.0, "mirrored": True, "data": ""}  # fmt: skip


def test_a_film_that_no_browser_plays_is_refused(motion, tmp_path):
    video = tmp_path / "virtual_cameras.avi"
    video.write_bytes(b"film")
    with pytest.raises(InputError, match=r"\.mp4, "):
        page(motion(), video)


@pytest.mark.parametrize("name", ["virtual_cameras.mp4", "virtual_cameras.webm"])
def test_a_file_that_only_has_a_films_name_is_refused(name, motion, tmp_path):
    (tmp_path / name).write_bytes(b"no film at all")
    with pytest.raises(InputError, match="does not begin as a video of its kind"):
        page(motion(), tmp_path / name)


def test_importing_the_viewer_does_not_import_torch():
    code = "import sys, actionprompt.viewer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent).returncode == 0
