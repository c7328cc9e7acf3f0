"""Windows filmed again in every batch: bodies, cameras, errors, against slow and obvious twins."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from actionprompt import virtual_camera as vc
from actionprompt.camera import project as lens_project
from actionprompt.camera import project_linear, world_to_camera
from actionprompt.data.cameras import H36M_LENSES, H36M_PLACEMENTS
from actionprompt.data.clip import Take, mirror
from actionprompt.data.config import DetectorCfg, OnlineCfg, SyntheticCfg, VirtualCamerasCfg
from actionprompt.data.online.body import BodyMaker, chains, derived
from actionprompt.data.online.detector import Found, SimulatedDetector, wandering
from actionprompt.data.online.draws import Draws
from actionprompt.data.online.filming import Filming, level_axes, project, transformed
from actionprompt.data.online.settings import check
from actionprompt.data.online.view import about_x, about_y, about_z, aim
from actionprompt.data.online.windows import FilmedWindows, combine
from actionprompt.data.synthetic import takes as synthetic_takes
from actionprompt.data.virtual_cameras import stage
from actionprompt.encoders.base import Window
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17

J = H36M_17.joints.index
STILL = OnlineCfg(
    scale_jitter=0,
    children=0,
    bone_jitter=0,
    speed_jitter=0,
    moving=0,
    detector_joints=False,
    virtual_camera=False,
    balance=0,
)
"""The takes as they are."""


def drawn(batch: int, seed: int = 0) -> Draws:
    return Draws(batch, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def takes() -> tuple[Take, ...]:
    return tuple(synthetic_takes(SyntheticCfg(subjects=2, frames=120))[:6])


def windows(takes, window=Window(27, 1), mirror=True, **changes) -> FilmedWindows:
    return FilmedWindows(takes, H36M_17, VirtualCamerasCfg(training="online", **changes), window, 50.0, mirror=mirror)


def test_same_seed_same_batch(takes):
    filmed = windows(takes, keypoints="simulated")
    i = torch.arange(0, len(filmed), 37)
    torch.manual_seed(3)
    first = filmed.batch(i)
    torch.manual_seed(3)
    again = filmed.batch(i)
    other = filmed.batch(i)
    for a, b, c in zip(first[:2], again[:2], other[:2], strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c)
    assert torch.equal(first.clip, filmed.clip(i))


@pytest.mark.parametrize(("window", "t"), [(Window(27, 1), 1), (Window(9, 9), 9), (Window(27, 1, causal=True), 1)])
def test_windows_are_the_frames_that_they_say(takes, window, t):
    """At tempo 1 the gather is the take's own frames, ends repeated."""
    filmed = windows(takes, window, online=STILL)
    assert len(filmed) == sum(-(-take.pose.shape[0] // t) for take in takes)
    i = torch.arange(len(filmed))
    world = filmed.world(i, drawn(len(i)))
    assert world.shape == (len(i), window.frames, 17, 3)
    if t > 1:
        return  # they begin anywhere
    k = 0
    for take in takes:
        for frame in range(take.pose.shape[0]):
            if frame % 20 == 0:
                rows = (torch.arange(window.frames) - window.past + frame).clamp(0, take.pose.shape[0] - 1)
                torch.testing.assert_close(world[k], take.pose[rows].float())
            k += 1


def test_tempo_reads_between_frames(takes):
    filmed = windows(takes, online=replace(STILL, speed_jitter=0.5))
    i = torch.tensor([60])
    tempo = drawn(1, 5).uniform(0.5, 1.5)
    world = filmed.world(i, drawn(1, 5))[0]
    time = (60 + (torch.arange(27) - 13) * tempo).clamp(0, takes[0].pose.shape[0] - 1)
    for f, t in enumerate(time.tolist()):
        low, high = math.floor(t), math.ceil(t)
        expected = takes[0].pose[low] * (1 - t + low) + takes[0].pose[high] * (t - low)
        torch.testing.assert_close(world[f], expected.float(), rtol=1e-4, atol=1e-4)


def test_filming_is_projection_of_the_scene_by_the_field_s_camera(takes):
    """The slow twin: the package's own pinhole camera on every window, one at a time."""
    filmed = windows(takes, online=replace(STILL, view=(50, 50)))
    i, filming = torch.arange(0, len(filmed), 50), Filming(H36M_17, filmed.cfg, 27, 50.0)
    world = filmed.world(i, drawn(len(i)))
    scene = filming.stage(world, drawn(len(i), 9))
    seen = project(scene)
    for k in range(len(i)):
        focal = float(scene.cameras.lens.focal[k])
        intrinsic = torch.tensor([focal, focal, 0, 0, 0, 0, 0, 0, 0])
        points = scene.points[k].mT
        assert (points[..., 2] > 0.5).all()
        inside = (points[..., :2].abs() < points[..., 2:]).all(-1)  # where project_linear does not clamp
        twin = project_linear(points, intrinsic)
        torch.testing.assert_close(seen[k].mT[inside], twin[inside], rtol=1e-4, atol=1e-5)
        bones = (points[:, J("right hip")] - points[:, J("right knee")]).norm(dim=-1)
        own = (world[k][:, J("right hip")] - world[k][:, J("right knee")]).norm(dim=-1)
        torch.testing.assert_close(bones, own, rtol=1e-4, atol=1e-4)


def test_people_are_in_the_picture(takes):
    filmed = windows(takes, online=replace(STILL, rolled=0, unlevel=0))
    i = torch.arange(0, len(filmed), 3)
    scene = Filming(H36M_17, filmed.cfg, 27, 50.0).stage(filmed.world(i, drawn(len(i))), drawn(len(i), 1))
    seen = project(scene)
    aspect = scene.cameras.lens.aspect[:, None, None]
    inside = (seen[:, :, 0].abs() < 1.02) & (seen[:, :, 1].abs() < 1.02 * aspect)
    assert inside.float().mean() > 0.97
    middle = seen.mean((1, 3))
    assert middle[:, 0].abs().max() > 0.6  # and anywhere in it


@pytest.mark.parametrize("down", [-20, 0, 30])
def test_aim_puts_the_person_where_it_says_and_keeps_the_line_of_sight(down):
    down = torch.full((50,), math.radians(down))
    across, along = drawn(50, 1).uniform(-0.8, 0.8), drawn(50, 2).uniform(-0.5, 0.5)
    pitch, pan = aim(down, across, along)
    place = torch.stack([torch.zeros(50), down.sin(), down.cos()], -1)
    seen = (about_x(pitch) @ about_y(pan) @ place[..., None])[..., 0]
    torch.testing.assert_close(seen[:, 0] / seen[:, 2], across, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(seen[:, 1] / seen[:, 2], along, rtol=1e-4, atol=1e-5)


def test_rotations_turn_as_they_say():
    angle = torch.tensor([0.3])
    down = torch.tensor([0, math.sin(0.3), math.cos(0.3)])
    torch.testing.assert_close(about_x(angle)[0] @ down, torch.tensor([0.0, 0, 1]))
    torch.testing.assert_close(
        about_y(angle)[0] @ torch.tensor([0.0, 0, 1]), torch.tensor([math.sin(0.3), 0, math.cos(0.3)])
    )
    torch.testing.assert_close(
        about_z(angle)[0] @ torch.tensor([math.cos(0.3), math.sin(0.3), 0]), torch.tensor([1.0, 0, 0])
    )


def test_rolled_cameras_are_undone_by_the_virtual_one():
    """``look_at_person`` with the camera's roll gives the picture of the camera that is not rolled."""
    points = 0.3 * torch.randn(9, 17, 3) + torch.tensor([0.5, 0.2, 5.0])
    roll = torch.tensor([0.4])
    seen = (about_z(roll)[0] @ points.mT).mT
    level = vc.look_at_person(points[..., :2] / points[..., 2:], 1.0)
    undone = vc.look_at_person(seen[..., :2] / seen[..., 2:], 1.0, roll=0.4)
    torch.testing.assert_close(undone.keypoints, level.keypoints, rtol=1e-4, atol=1e-5)


def test_bodies_scale_bones_left_as_right_and_derive_joints():
    cfg = OnlineCfg(bone_jitter=0.3, scale_jitter=0.2, children=0.5)
    pose = torch.randn(40, 5, 17, 3)
    bodies, _ = BodyMaker(H36M_17, cfg, mirror=False)(drawn(40))
    made = torch.einsum("bij,bfjd->bfid", bodies.joints, pose)
    ratios = []
    for side in ("left", "right"):
        for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
            a, b = J(f"{side} {a}"), J(f"{side} {b}")
            before, after = pose[:, :, a] - pose[:, :, b], made[:, :, a] - made[:, :, b]
            ratio = after.norm(dim=-1) / before.norm(dim=-1)
            torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))  # the same in all frames
            torch.testing.assert_close(torch.cosine_similarity(before, after, dim=-1), torch.ones(40, 5))
            ratios.append(ratio[:, 0])
    torch.testing.assert_close(torch.stack(ratios[:4]), torch.stack(ratios[4:]))
    hips, shoulders = ((made[:, :, J(f"left {x}")] + made[:, :, J(f"right {x}")]) / 2 for x in ("hip", "shoulder"))
    torch.testing.assert_close(made[:, :, J("pelvis")], hips)
    torch.testing.assert_close(made[:, :, J("thorax")], shoulders)
    torch.testing.assert_close(made[:, :, J("spine")], (hips + shoulders) / 2)


def test_bodies_as_they_are_change_nothing():
    bodies, side = BodyMaker(H36M_17, STILL, mirror=False)(drawn(7))
    torch.testing.assert_close(bodies.joints, torch.eye(17).expand(7, 17, 17))
    assert torch.equal(side, torch.ones(7))
    differences, sums = chains(H36M_17)
    torch.testing.assert_close(sums @ differences, torch.eye(17))
    assert derived(H36M_17).sum(1).tolist() == pytest.approx([1] * 17)


def test_mirrored_windows_are_what_a_mirror_shows():
    """One yaw, with and without the mirror: the scene's x changes sign and sides change places."""
    world = torch.randn(1, 4, 17, 3)
    yaw, order = torch.tensor([0.7]), list(H36M_17.mirror)
    plain = transformed(world, torch.eye(17)[None], level_axes(yaw, torch.tensor([1.0])))
    mirrored = transformed(world, torch.eye(17)[order][None], level_axes(yaw, torch.tensor([-1.0])))
    torch.testing.assert_close(mirrored.mT, mirror(plain.mT, order))


def test_errors_have_the_size_and_memory_that_the_settings_say():
    cfg = DetectorCfg(bias=0.02, jitter=0.01, correlation_time=0.1, swap_rate=0, miss_rate=0, outlier_rate=0)
    detector = SimulatedDetector(cfg, H36M_17, 60, 50.0)
    height = torch.full((3000,), 2.0)
    errors = detector(torch.zeros(3000, 60, 2, 17), height, drawn(3000)).points[..., J("right hip")]
    factor = 2 * math.exp(0.6**2 / 2)  # windows differ: E[factor^2]^0.5
    bias = errors.mean(1)
    assert errors.std().item() == pytest.approx(factor * math.hypot(0.02, 0.01), rel=0.1)
    rest = errors - bias[:, None]
    correlation = (rest[:, 1:] * rest[:, :-1]).mean() / rest.square().mean()
    assert correlation.item() == pytest.approx(math.exp(-1 / 5), abs=0.06)
    variance = (wandering(60, 0.8) @ wandering(60, 0.8).mT).diagonal()
    torch.testing.assert_close(variance, torch.ones(60), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("what", ["swap_rate", "miss_rate", "outlier_rate"])
def test_episodes_take_the_share_of_time_that_the_settings_say(what):
    share = {"swap_rate": 0.05, "miss_rate": 0.04, "outlier_rate": 0.004}[what]
    cfg = replace(DetectorCfg(bias=0, jitter=0, swap_rate=0, miss_rate=0, outlier_rate=0), **{what: share})
    time = torch.arange(50.0)[None, :, None, None]
    points = (torch.arange(17.0) + 0.1 * time**2).expand(4000, 50, 2, 17).contiguous()
    found = SimulatedDetector(cfg, H36M_17, 50, 50.0)(points, torch.ones(4000), drawn(4000)).points
    changed = (found != points).any(2).float()
    if what == "swap_rate":
        assert changed[..., J("left knee")].mean().item() == pytest.approx(share, rel=0.25)
        assert changed[..., J("pelvis")].mean() == 0
    else:
        assert changed.mean().item() == pytest.approx(share, rel=0.35)


def test_lost_joints_move_straight_on():
    cfg = DetectorCfg(bias=0, jitter=0, swap_rate=0, miss_rate=0.5, outlier_rate=0)
    points = torch.randn(200, 60, 2, 17)
    found, confidence = SimulatedDetector(cfg, H36M_17, 60, 50.0).lose(
        Found(points, torch.ones(200, 60, 17)), drawn(200)
    )
    changed = (found != points).any(2)
    assert (confidence[changed] == 0).all()
    assert 0.3 < confidence.mean() < 1
    b, j = (changed.any(1)).nonzero()[0].tolist()
    run = changed[b, :, j].nonzero().ravel()
    first, last = int(run[0]), int(run[-1])
    if first > 0 and last < 59:
        path = found[b, first - 1 : last + 2, :, j]
        torch.testing.assert_close(
            path.diff(dim=0), path.diff(dim=0)[:1].expand(last - first + 2, 2), rtol=1e-3, atol=1e-4
        )


def test_networks_that_read_confidence_get_the_detector_s(takes):
    filmed = windows(takes, replace(Window(27, 1), channels=3), keypoints="simulated")
    x = filmed.batch(torch.arange(50)).keypoints
    assert x.shape == (50, 27, 17, 3)
    assert 0.3 < x[..., 2].mean() < 0.95
    assert torch.equal(
        windows(takes, replace(Window(27, 1), channels=3)).inputs(torch.arange(5))[..., 2], torch.ones(5, 27, 17)
    )


def test_combined_windows_have_one_s_legs_and_the_other_s_arms(takes):
    filmed = windows(takes, online=replace(STILL, combined=1.0))
    a, b = takes[0].pose[None, :20].float(), takes[3].pose[None, :20].float()
    mixed = combine(a, b, filmed._upper, H36M_17)
    torch.testing.assert_close(mixed[..., J("left ankle"), :], a[..., J("left ankle"), :])
    forearm = lambda p: p[..., J("left wrist"), :] - p[..., J("left elbow"), :]  # noqa: E731
    torch.testing.assert_close(forearm(mixed).norm(dim=-1), forearm(b).norm(dim=-1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(forearm(mixed)[..., 2], forearm(b)[..., 2], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(combine(a, a, filmed._upper, H36M_17), a, rtol=1e-4, atol=1e-5)


def test_balance_draws_rare_actions_more_often(takes):
    many = (*takes, *[replace(take, name=f"{take.name}b") for take in takes if take.action == takes[0].action] * 3)
    even = windows(many, online=replace(STILL, balance=1.0)).weights()
    actions = np.array([take.action for take in many for _ in range(take.pose.shape[0])])
    shares = {action: even[actions == action].sum().item() for action in set(actions)}
    assert list(shares.values()) == pytest.approx([next(iter(shares.values()))] * len(shares))
    assert windows(many, online=replace(STILL, balance=0.0)).weights() is None


def test_the_network_s_view_is_the_virtual_camera_s(takes):
    filmed = windows(takes, online=OnlineCfg(lens_known=1.0))
    batch = filmed.batch(torch.arange(0, len(filmed), 40))
    size = vc.bone_length(batch.keypoints).mean(1)
    torch.testing.assert_close(size, torch.full_like(size, 0.2), rtol=0.15, atol=0)
    assert batch.keypoints.mean((1, 2)).abs().max() < 0.35


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rolled": 1.5}, "virtual_cameras.online.rolled is 1.5: it must be between 0 and 1"),
        ({"bone_jitter": 0.8}, "virtual_cameras.online.bone_jitter"),
        ({"distance": (0.1, 8.0)}, "cameras see a person from 0.8 to 100 m"),
        ({"distance": (9.0, 8.0)}, "given in growing order"),
        ({"view": (80.0, 42.0)}, "the smaller number first"),
        ({"roll": 400.0}, "virtual_cameras.online.roll is 400"),
        ({"elevation": (80.0, 1.0)}, "virtual_cameras.online.elevation"),
        ({"smallest": 0.1}, "virtual_cameras.online.smallest"),
        ({"size": 5.0}, "virtual_cameras.online.size"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, says):
    with pytest.raises(InputError, match=says.replace(".", r"\.")):
        check(replace(OnlineCfg(), **changes))


def test_no_takes_are_refused():
    with pytest.raises(InputError, match="no takes to film"):
        windows([])


def test_human36m_s_cameras_film_as_the_stored_form_does(takes):
    """The slow twin: the field's own cameras and lens, at the yaw that was drawn."""
    cfg = VirtualCamerasCfg(training="online", online=replace(STILL, cameras="h36m", aim=0))
    i = torch.arange(0, 300, 50)
    filmed = FilmedWindows(takes, H36M_17, cfg, Window(27, 1), 50.0, mirror=False)
    world = filmed.world(i, drawn(len(i)))
    made = filmed._filming(world, drawn(len(i), 4))
    lenses, places = [lens.intrinsic() for lens in H36M_LENSES], H36M_PLACEMENTS["S9"]
    for k in range(len(i)):
        misses = []
        for lens, place in zip(lenses, places, strict=True):
            turned = [stage(world[k], H36M_17.root, math.radians(a)) for a in range(0, 360, 2)]
            seen = torch.stack([world_to_camera(w, place.orientation(), place.translation()) for w in turned])
            misses.append((lens_project(seen, lens) - made.keypoints[k]).norm(dim=-1).amax((1, 2)).min())
        assert min(misses) < 0.01  # the nearest of 180 yaws
