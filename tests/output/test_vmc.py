"""A person as VMC packets, received by python-osc's own server."""

import socket
import struct
import sys
from threading import Thread
from time import perf_counter

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from actionprompt.errors import InputError
from actionprompt.output.axes import ANKLE_HEIGHT, gravity_turn
from actionprompt.output.rigs import rig_of
from actionprompt.output.vmc import ACTION, Address, Posing, VmcSender, in_unity, turned_in_unity
from actionprompt.skeleton import H36M_17
from lifted_people import path, pose

PARENTS = {
    "Spine": "Hips", "Chest": "Spine", "UpperChest": "Chest", "Neck": "UpperChest", "Head": "Neck",
    **{f"{side}UpperLeg": "Hips" for side in ("Left", "Right")},
    **{f"{side}Shoulder": "UpperChest" for side in ("Left", "Right")},
    **{side + part: side + parent for side in ("Left", "Right") for part, parent in (
        ("LowerLeg", "UpperLeg"), ("Foot", "LowerLeg"), ("Toes", "Foot"),
        ("UpperArm", "Shoulder"), ("LowerArm", "UpperArm"), ("Hand", "LowerArm"),
    )},
}  # fmt: skip
JOINTS = {
    "Hips": "pelvis", "LeftUpperLeg": "left hip", "LeftLowerLeg": "left knee", "LeftFoot": "left ankle",
    "RightFoot": "right ankle", "Neck": "thorax", "LeftHand": "left wrist", "RightHand": "right wrist", "Head": "nose",
}  # fmt: skip


def receive(frames: int = 5, **about) -> list[bytes]:
    """The packets of some frames."""
    pytest.importorskip("pythonosc", reason="needs python-osc")
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
    listener.settimeout(5)
    packets = []
    with VmcSender(Address(*listener.getsockname()), Posing()) as sender:
        for i in range(frames):
            sender.send(torch.tensor(pose(40)[i]), torch.tensor(path(40)[i]), **about)
            packets += [listener.recv(65536) for _ in range(2)]
    listener.close()
    return packets


def test_programs_receive_all_bones_where_the_joints_are():
    """By a chain of Unity's transforms, whose x is the other way round."""
    osc_bundle = pytest.importorskip("pythonosc.osc_bundle", reason="needs python-osc")
    packets = receive(frames=5)
    assert all(len(packet) < 1472 for packet in packets)
    bones: dict[str, list[float]] = {}
    for packet in packets[-2:]:
        bundle = osc_bundle.OscBundle(packet)
        assert packet[8:16] == struct.pack(">Q", 1)  # due at once
        found = [message for message in bundle if message.address == "/VMC/Ext/Bone/Pos"]
        assert 0 < len(found) <= 18
        for message in found:
            name, *numbers = message.params
            assert len(numbers) == 7
            assert all(isinstance(number, float) for number in numbers)
            bones[name] = numbers
        assert b",sfffffff" in packet
    assert set(bones) == {"Hips", *PARENTS}
    places, turns = {}, {}
    for name in ("Hips", *PARENTS):
        above = PARENTS.get(name)
        place, turn = np.array(bones[name][:3]), Rotation.from_quat(bones[name][3:])
        places[name] = place if above is None else places[above] + turns[above].apply(place)
        turns[name] = turn if above is None else turns[above] * turn
    world = (pose(40)[4] + path(40)[4]) @ gravity_turn((0.0, -1.0, 0.0)).T
    first = (pose(40)[0] + path(40)[0]) @ gravity_turn((0.0, -1.0, 0.0)).T
    world -= first[0] * [1, 0, 1]
    world[:, 1] += ANKLE_HEIGHT - world[[H36M_17.joints.index(f"{s} ankle") for s in ("left", "right")], 1].min()
    for bone, joint in JOINTS.items():
        expected = world[H36M_17.joints.index(joint)] * [-1, 1, 1]
        assert np.linalg.norm(places[bone] - expected) < 0.003, bone


def test_a_server_of_python_osc_understands(monkeypatch):
    pytest.importorskip("pythonosc", reason="needs python-osc")
    from pythonosc.dispatcher import Dispatcher
    from pythonosc.osc_server import BlockingOSCUDPServer

    heard: list[tuple] = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda *what: heard.append(what))
    with BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        thread = Thread(target=lambda: [server.handle_request() for _ in range(3)], daemon=True)
        thread.start()
        with VmcSender(Address.of(str(server.server_address[1])), Posing()) as sender:
            assert not sender.elsewhere
            sender.send(torch.tensor(pose()[0]), action="walking", probability=0.75)
            sender.send(None)
        thread.join(5)
    by_address = {what[0]: what[1:] for what in heard[:-2]}
    assert by_address["/VMC/Ext/OK"] == (1,)
    assert by_address["/VMC/Ext/Root/Pos"] == ("root", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    assert by_address[ACTION] == ("walking", 0.75)
    assert 0 <= by_address["/VMC/Ext/T"][0] < 60
    assert sum(what[0] == "/VMC/Ext/Bone/Pos" for what in heard) == 22
    assert heard[-2] == ("/VMC/Ext/OK", 0)  # nobody is there


def test_nobody_has_to_listen():
    pytest.importorskip("pythonosc", reason="needs python-osc")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with VmcSender(Address("127.0.0.1", port), Posing()) as sender:
        for _ in range(5):
            sender.send(torch.tensor(pose()[0]))


def test_unity_s_axes_are_a_mirror():
    """Turning and then mirroring is mirroring and then turning by the other quaternion."""
    random = np.random.default_rng(0)
    turns, points = Rotation.random(20, random_state=1), random.normal(size=(20, 3))
    there = np.array(in_unity(turns.apply(points)))
    other = Rotation.from_quat(turned_in_unity(turns.as_quat())).apply(np.array(in_unity(points)))
    np.testing.assert_allclose(there, other, atol=1e-12)


def test_without_a_root_people_stay_above_one_spot_on_the_ground():
    posing = Posing()
    for i in range(10):
        bones = {bone.name: bone for bone in posing.push(pose()[i])}
        assert bones["Hips"].place[0] == bones["Hips"].place[2] == pytest.approx(0)
        assert 0.5 < bones["Hips"].place[1] < 1.2


def test_a_pose_costs_little():
    posing, poses = Posing(), pose()
    for i in range(20):
        posing.push(poses[i])
    begin = perf_counter()
    for i in range(20):
        posing.push(poses[i])
    assert (perf_counter() - begin) / 20 < 0.1  # a loose guard: some milliseconds


@pytest.mark.parametrize("text", ["", "host", "127.0.0.1:", "host:0", "host:70000", "host:-1", "host:1.5", "host:٣"])
def test_no_address(text: str):
    with pytest.raises(InputError, match="give HOST:PORT, or a port of this machine, such as 127.0.0.1:39539"):
        Address.of(text)


def test_addresses():
    assert Address.of("39539") == Address.of(":39539") == Address("127.0.0.1", 39539)
    assert Address.of("studio:39540") == Address("studio", 39540)
    assert Address.of("[::1]:39540") == Address("::1", 39540)


def test_no_such_host():
    pytest.importorskip("pythonosc", reason="needs python-osc")
    with pytest.raises(InputError, match=r"--osc nowhere\.invalid:39539"):
        VmcSender(Address.of("nowhere.invalid:39539"), Posing())


def test_missing_python_osc_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pythonosc.osc_bundle_builder", None)
    with pytest.raises(InputError, match=r"needs python-osc: pip install 'actionprompt\[osc\]'"):
        VmcSender(Address.of("39539"), Posing())


def test_names_are_vrm_s():
    names = [bone.name for bone in Posing().push(pose()[0])]
    assert [name.casefold() for name in names] == [bone.name.casefold() for bone in rig_of(H36M_17, "vrm").bones]
