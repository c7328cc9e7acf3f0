"""A person live to engines and avatars: Virtual Motion Capture protocol, OSC packets over UDP, through python-osc.

Facts are those of protocol.vmc.info: bones are called as Unity's ``HumanBodyBones``, each with its place and turn in
its parent's axes, in metres and quaternions, in Unity's axes (left-handed, y up, the figure faces z).
"""

import ipaddress
import socket
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from actionprompt.analysis.contacts import SIDES
from actionprompt.errors import InputError
from actionprompt.output.axes import ANKLE_HEIGHT, gravity_turn, tilted
from actionprompt.output.rigs import rig_of
from actionprompt.output.rotations import quaternions, rigged
from actionprompt.skeleton import H36M_17, Skeleton
from actionprompt.video.libraries import library

NEEDS = "Sending to engines needs python-osc"
PORT = 39539
"""Where programs that show avatars listen, by custom."""
MEMORY = 12
"""Frames, the last ones, that steady bone lengths and twists."""
TOGETHER = 11
"""Bones a packet: with the rest it stays below an Ethernet frame's 1,472 bytes, as 18 alone would."""
ACTION = "/ActionPrompt/Action"
"""Our own address: an action's name and its probability; receivers skip what they do not know."""


class Address(NamedTuple):
    """Where packets go."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> "Address":
        """Of ``HOST:PORT``, or of a port on this machine.

        Raises:
            InputError: it is none.
        """
        host, _, port = text.rpartition(":")
        host = host.strip("[]") or "127.0.0.1"
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise InputError(f"--osc {text}: give HOST:PORT, or a port of this machine, such as 127.0.0.1:{PORT}.")
        return cls(host, int(port))


class BonePose(NamedTuple):
    """A bone in its parent's axes, in Unity's."""

    name: str
    place: tuple[float, ...]
    """x, y, z, metres."""
    turn: tuple[float, ...]
    """Quaternion x, y, z, w."""


class Posing:
    """Poses to bones, one at a time; the lower foot stands on the ground."""

    def __init__(self, skeleton: Skeleton = H36M_17, fps: float = 50.0, roll: float = 0.0) -> None:
        """Before the first pose.

        Args:
            skeleton: the joint layout.
            fps: poses a second.
            roll: degrees by which the camera is turned clockwise.
        """
        self._rig, self._fps = rig_of(skeleton, "vrm"), fps
        self._world = gravity_turn(tilted(0.0, roll))
        self._ankles = [skeleton.joints.index(f"{side} ankle") for side in SIDES]
        self.restart()

    def restart(self) -> None:
        """Somebody else comes."""
        self._poses: deque[Float[np.ndarray, "j 3"]] = deque(maxlen=MEMORY)
        self._start: Float[np.ndarray, "3"] | None = None

    def push(self, pose: Float[np.ndarray, "j 3"], root: Float[np.ndarray, "3"] | None = None) -> list[BonePose]:
        """The bones of the next pose.

        Args:
            pose: camera axes, root-relative, metres.
            root: where the pelvis is, camera axes, metres; None: the figure stays above one spot.
        """
        points = (pose.astype(float) if root is None else pose + root) @ self._world.T
        if self._start is None:
            self._start = points[0] * [1.0, 0.0, 1.0]
        points = points - self._start
        points[:, 1] += ANKLE_HEIGHT - points[self._ankles, 1].min()
        self._poses.append(points)
        motion = rigged(np.stack(self._poses), self._rig, self._fps, ground=True)
        places = self._rig.offsets(motion.lengths)
        places[0] = motion.place[-1]
        turns = quaternions(motion.rotations)[-1]
        names = (bone.name[0].upper() + bone.name[1:] for bone in self._rig.bones)
        return [BonePose(*bone) for bone in zip(names, in_unity(places), turned_in_unity(turns), strict=True)]


def in_unity(places: Float[np.ndarray, "n 3"]) -> list[tuple[float, ...]]:
    """Places in left-handed axes: x the other way round."""
    return [(-x, y, z) for x, y, z in places.tolist()]


def turned_in_unity(turns: Float[np.ndarray, "n 4"]) -> list[tuple[float, ...]]:
    """Quaternions (x, y, z, w) of the same turns in left-handed axes."""
    return [(x, -y, -z, w) for x, y, z, w in turns.tolist()]


class VmcSender:
    """Sends poses while the block lasts; whether anybody receives them is not known."""

    def __init__(self, address: Address, posing: Posing) -> None:
        """Opens a socket.

        Raises:
            InputError: python-osc is not installed, or there is no such host.
        """
        self._bundle = library("pythonosc.osc_bundle_builder", NEEDS, "actionprompt[osc]")
        self._message = library("pythonosc.osc_message_builder", NEEDS, "actionprompt[osc]")
        self._address, self._posing, self._begin = address, posing, monotonic()
        try:
            family, kind, protocol, _, target = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.connect(target)  # from the loopback to the loopback, and nobody else is heard
        except OSError as error:
            raise InputError(f"--osc {address.host}:{address.port}: {error.strerror or error}.") from error
        self.elsewhere = not ipaddress.ip_address(str(target[0]).partition("%")[0]).is_loopback

    def send(
        self,
        pose: Float[Tensor, "j 3"] | None,
        root: Float[Tensor, "3"] | None = None,
        action: str = "",
        probability: float = 0.0,
    ) -> None:
        """Sends a pose, or that nobody is there.

        Raises:
            InputError: the network does not take it.
        """
        bones = []
        if pose is None:
            self._posing.restart()
        else:
            bones = self._posing.push(pose.cpu().numpy(), None if root is None else root.cpu().numpy())
        state: list[tuple[str, list[Any]]] = [("/VMC/Ext/OK", [int(pose is not None)])]
        state += [("/VMC/Ext/T", [monotonic() - self._begin])]
        state += [("/VMC/Ext/Root/Pos", ["root", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])] if bones else []
        state += [(ACTION, [action, probability])] if action else []
        told = [("/VMC/Ext/Bone/Pos", [bone.name, *bone.place, *bone.turn]) for bone in bones]
        self._packet(state + told[:TOGETHER])
        for first in range(TOGETHER, len(told), TOGETHER):
            self._packet(told[first : first + TOGETHER])

    def __enter__(self) -> "VmcSender":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _packet(self, messages: list[tuple[str, list[Any]]]) -> None:
        """Sends messages as one bundle that is due at once."""
        bundle = self._bundle.OscBundleBuilder(self._bundle.IMMEDIATELY)
        for address, values in messages:
            message = self._message.OscMessageBuilder(address)
            for value in values:
                message.add_arg(value, {str: "s", int: "i", float: "f"}[type(value)])
            bundle.add_content(message.build())
        try:
            with suppress(ConnectionRefusedError):  # nobody listens yet, or any more
                self._socket.send(bundle.build().dgram)
        except OSError as error:
            raise InputError(f"Cannot send to {self._address.host}: {error.strerror or error}.") from error
