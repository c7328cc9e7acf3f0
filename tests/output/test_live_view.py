import sys
from http.client import HTTPConnection

import numpy as np
import pytest
import torch

from actionprompt.errors import InputError
from actionprompt.output.drawing import LEFT, RIGHT
from actionprompt.output.live_view import OFTEN, LiveView, linear
from actionprompt.skeleton import H36M_17


def test_a_missing_viser_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "viser", None)
    with pytest.raises(InputError, match=r"A live view needs viser: pip install 'actionprompt\[live\]'"):
        LiveView()


def test_colours_are_light():
    assert linear(np.array([[0, 10, 255], [188, 128, 64]], np.uint8)).tolist() == [[0, 1, 255], [128, 55, 13]]


@pytest.fixture
def view(capfd):
    pytest.importorskip("viser", reason="needs viser")
    with LiveView(port=18080) as opened:
        yield opened
    assert capfd.readouterr().out == ""  # where answers go


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

    monkeypatch.setattr("actionprompt.output.live_view.monotonic", lambda: Clock.now)
    return Clock


def test_pages_of_other_sites_are_refused(view: LiveView) -> None:
    port = view._server.get_port()
    assert knock(port, "http://elsewhere.invalid") == 403
    assert knock(port, f"http://localhost:{port}") == 101


def knock(port: int, origin: str) -> int:
    """What the server answers a page of this site that wants to listen."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Origin": origin,
               "Sec-WebSocket-Key": "c29tZXRoaW5nIHJhbmRvbQ=="}  # fmt: skip
    connection.request("GET", "/", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_what_is_shown(view: LiveView, clock):
    assert view.address.startswith("http://localhost:18")
    pose = torch.randn(17, 3, generator=torch.Generator().manual_seed(0))
    view.show(pose, "walking", 0.934)
    places = np.asarray(view._balls.batched_positions)
    assert places[:, 1].max() == pytest.approx(0, abs=1e-6)  # stands on the ground
    np.testing.assert_allclose(places - places[0], pose - pose[0], atol=1e-5)
    bones = np.asarray(view._lines.points)
    assert bones.shape == (16, 2, 3)
    for (parent, child), ends in zip(H36M_17.bones, bones, strict=True):
        np.testing.assert_allclose(ends, places[[parent, child]], atol=1e-6)
    assert view._label.text == "walking 93%"
    colours = np.asarray(view._lines.colors)
    sides = [H36M_17.bones.index((11, 12)), H36M_17.bones.index((14, 15))]  # forearms
    assert (colours[sides][:, 0] == linear(np.array([LEFT, RIGHT], np.uint8))).all()
    clock.now += 1
    view.show(None)
    assert not view._lines.visible
    clock.now += 1
    view.show(pose)
    assert view._lines.visible
    assert not view._label.visible  # no action


def test_not_more_often_than_eyes_see(view: LiveView, clock):
    seen = set()
    for i in range(200):
        clock.now = 100 + i / 200
        view.show(torch.full((17, 3), float(i)))
        seen.add(float(np.asarray(view._balls.batched_positions)[0, 0]))
    assert OFTEN * 0.8 < len(seen) <= OFTEN + 1
    view.show(None)  # that nobody is there is always shown
    assert not view._lines.visible
