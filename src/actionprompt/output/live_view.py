"""A person in 3D in the browser while they move, through viser."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from http.client import HTTPConnection
from time import monotonic
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from actionprompt.errors import InputError
from actionprompt.output.drawing import DARK, side_colour
from actionprompt.skeleton import H36M_17, Skeleton
from actionprompt.video.libraries import library

OFTEN = 30.0
"""Updates a second at most: the view must not slow the stream."""
THICK, BALL = 0.03, 0.028
"""Metres: of the bones, and radius of the joints."""
LABEL = (0.0, -2.0, 0.0)
"""Where the action is named: it stays there, to be read."""
PLACE, LOOK = (1.2, -1.45, -2.3), (0.0, -0.85, 0.0)
"""Where the view begins: beside and above the camera; metres, y down, the ground at 0."""


FORBIDDEN = 403
PORTS = 1000
"""How many ports are tried, at most."""


@contextmanager
def _own_pages_only(port: int) -> Iterator[None]:
    """A server that begins in the block takes no connection that a page of another site opens in the user's browser."""
    server = library("websockets.asyncio.server", "A live view needs websockets", "actionprompt[live]")
    usual = server.serve
    own = [f"http://{host}:{p}" for host in ("localhost", "127.0.0.1") for p in range(port, port + PORTS)]
    server.serve = partial(usual, origins=[None, *own])
    try:
        yield
    finally:
        server.serve = usual


def _knock(port: int) -> int:
    """What the server answers a page of another site."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "c29tZXRoaW5nIHJhbmRvbQ==", "Origin": "http://elsewhere.invalid"}  # fmt: skip
    connection.request("GET", "/", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


class LiveView:
    """A page that this computer's browsers can open while the block lasts."""

    def __init__(self, skeleton: Skeleton = H36M_17, port: int = 8080) -> None:
        """Begins to serve.

        Args:
            skeleton: the joint layout.
            port: where to be asked; the next free one if it is taken.

        Raises:
            InputError: viser is not installed, or does not refuse other sites' pages.
        """
        viser = library("viser", "A live view needs viser", "actionprompt[live]")
        with redirect_stdout(io.StringIO()), _own_pages_only(port):  # a banner, which nobody wants among answers
            self._server = viser.ViserServer(host="127.0.0.1", port=port, label="ActionPrompt", verbose=False)
        if (status := _knock(self._server.get_port())) != FORBIDDEN:
            self._server.stop()
            raise InputError(f"This viser lets pages of other sites in ({status}): install viser 1.1.")
        self._bones = np.array(skeleton.bones)
        self._due = 0.0
        self._scene(skeleton)

    @property
    def address(self) -> str:
        """What to open."""
        return f"http://localhost:{self._server.get_port()}"

    def show(self, pose: Float[Tensor, "j 3"] | None, action: str = "", probability: float = 0.0) -> None:
        """Shows a pose, unless the last one was shown just now.

        Args:
            pose: camera axes, root-relative, metres; None: nobody is there.
            action: what the person does, if that is known.
            probability: of the action.
        """
        now = monotonic()
        if pose is not None and now < self._due:
            return
        self._due = now + 1 / OFTEN
        with self._server.atomic():
            for node in self._nodes:
                node.visible = pose is not None
            if pose is None:
                return
            points = pose.cpu().numpy()
            points = points - [0, points[:, 1].max(), 0]  # the lowest joint stands on the ground
            self._lines.points, self._balls.batched_positions = points[self._bones], points
            self._label.text = f"{action} {probability:.0%}"
            self._label.visible = bool(action)

    def __enter__(self) -> "LiveView":
        return self

    def __exit__(self, *_: object) -> None:
        with redirect_stdout(io.StringIO()):
            self._server.stop()

    def _scene(self, skeleton: Skeleton) -> None:
        scene = self._server.scene
        self._server.gui.configure_theme(dark_mode=True, control_layout="floating", show_logo=False)
        scene.set_up_direction("-y")
        scene.set_background_image(np.full((1, 1, 3), DARK, np.uint8))
        self._server.initial_camera.position, self._server.initial_camera.look_at = PLACE, LOOK
        scene.add_grid("/ground", 4, 4, plane="xz", cell_color=(52, 60, 69), section_color=(102, 114, 127))
        colours = linear(np.array([side_colour(skeleton, joint) for joint in range(skeleton.num_joints)], np.uint8))
        ends = colours[self._bones[:, 1], None].repeat(2, axis=1)
        self._lines = scene.add_line_segments("/bones", np.zeros((*self._bones.shape, 3)), ends, thickness=THICK)
        ball: Any = library("trimesh", "A live view needs trimesh", "actionprompt[live]").creation.icosphere(2, BALL)
        places, turns = np.zeros((skeleton.num_joints, 3)), np.tile([1.0, 0, 0, 0], (skeleton.num_joints, 1))
        self._balls = scene.add_batched_meshes_simple(
            "/joints", ball.vertices, ball.faces, turns, places, batched_colors=colours, lod="off"
        )
        self._label = scene.add_label("/action", "", position=LABEL, anchor="bottom-center")
        self._nodes = (self._lines, self._balls, self._label)
        for node in self._nodes:
            node.visible = False


def linear(colours: UInt8[np.ndarray, "n 3"]) -> UInt8[np.ndarray, "n 3"]:
    """Amounts of light of sRGB colours (IEC 61966-2-1), which is what viser takes those of lines and balls for."""
    share = colours / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return (light * 255).round().astype(np.uint8)
