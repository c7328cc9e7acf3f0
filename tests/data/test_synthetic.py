import hashlib
import os
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from actionprompt.data.clip import Corpus, Take
from actionprompt.data.config import SyntheticCfg, VirtualCamerasCfg
from actionprompt.data.load import load as load_data
from actionprompt.data.motions import MOTIONS, Motion
from actionprompt.data.synthetic import (
    FPS,
    GRAVITY,
    flight,
    person,
    repetitions,
    smooth,
    stand,
    takes,
    wander,
)
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17

CFG = SyntheticCfg(subjects=4, frames=300)
SMALL = SyntheticCfg(subjects=2, frames=30, virtual_cameras=VirtualCamerasCfg(cameras=1))
NAMES = tuple(motion.name for motion in MOTIONS)


@pytest.fixture(scope="module")
def made() -> list[Take]:
    return takes(CFG)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_data(CFG)


def of(made: list[Take], action: str) -> Tensor:
    """All takes of an action, (take, frame, joint, xyz)."""
    return torch.stack([take.pose for take in made if take.action == action])


def speeds(poses: Tensor) -> Tensor:
    """Metres a second."""
    return poses.diff(dim=-3).norm(dim=-1) * FPS


def joint(poses: Tensor, name: str) -> Tensor:
    return poses[..., H36M_17.joints.index(name), :]


def ahead(poses: Tensor) -> Tensor:
    """The horizontal unit vector that the hips face."""
    right = joint(poses, "right hip") - joint(poses, "left hip")
    return torch.nn.functional.normalize(torch.stack([-right[..., 1], right[..., 0], 0 * right[..., 2]], -1), dim=-1)


def digest(made: list[Take]) -> str:
    return hashlib.sha256(b"".join(take.pose.numpy().tobytes() for take in made)).hexdigest()


def test_takes_are_what_the_settings_ask_for():
    made = takes(SyntheticCfg(subjects=3, takes=2, frames=40))
    assert len(made) == 3 * 2 * len(MOTIONS)
    assert len({take.name for take in made}) == len(made)
    assert {take.subject for take in made} == {"p01", "p02", "p03"}
    assert {(take.pose.shape, take.pose.dtype) for take in made} == {((40, 17, 3), torch.float32)}


@pytest.mark.parametrize(("subjects", "tests"), [(2, 1), (3, 1), (6, 2), (9, 3)])
def test_the_last_third_of_the_subjects_are_test_subjects(subjects: int, tests: int):
    corpus = load_data(SyntheticCfg(subjects=subjects, frames=2, virtual_cameras=VirtualCamerasCfg(cameras=1)))
    assert (*corpus.train_subjects, *corpus.test_subjects) == tuple(f"p{i:02d}" for i in range(1, subjects + 1))
    assert len(corpus.test_subjects) == tests
    assert not set(corpus.train_subjects) & set(corpus.test_subjects)


def test_every_subject_performs_every_action_for_every_camera(corpus: Corpus):
    assert corpus.actions == NAMES
    assert corpus.tail == ()
    assert corpus.fps == 50
    assert corpus.skeleton == H36M_17
    for subjects in (corpus.train_subjects, corpus.test_subjects):
        clips = corpus.select(subjects)
        seen = {(clip.subject, clip.action, clip.camera) for clip in clips}
        assert len(seen) == len(clips) == len(subjects) * len(NAMES) * 4


def test_the_same_settings_give_the_same_bits():
    first, second = load_data(SMALL), load_data(SMALL)
    for a, b in zip(first.clips, second.clips, strict=True):
        assert torch.equal(a.keypoints, b.keypoints)
        assert torch.equal(a.pose, b.pose)
        assert (a.name, a.action, a.subject, a.camera) == (b.name, b.action, b.subject, b.camera)


def test_another_process_makes_the_same_bits():
    code = (
        "import hashlib; from actionprompt.data.config import SyntheticCfg;"
        "from actionprompt.data.synthetic import takes;"
        "made = takes(SyntheticCfg(subjects=2, frames=30));"
        "print(hashlib.sha256(b''.join(take.pose.numpy().tobytes() for take in made)).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2"}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == digest(takes(SMALL))


def test_another_seed_makes_other_people_and_other_takes():
    ours, theirs = takes(SMALL), takes(SyntheticCfg(subjects=2, frames=30, seed=1))
    assert not any(torch.equal(a.pose, b.pose) for a, b in zip(ours, theirs, strict=True))
    assert person(0, "p01").body != person(1, "p01").body


def test_a_take_does_not_depend_on_how_many_others_there_are():
    more = {take.name: take.pose for take in takes(SyntheticCfg(subjects=3, takes=2, frames=30))}
    assert all(torch.equal(take.pose, more[take.name]) for take in takes(SMALL))


def test_takes_of_one_motion_differ():
    made = {take.name: take.pose for take in takes(SyntheticCfg(subjects=2, takes=2, frames=30))}
    assert not torch.equal(made["p01_walking_1"], made["p01_walking_2"])


def test_people_differ_as_people_do():
    people = [person(seed, name) for seed in range(5) for name in ("p01", "p02", "p03", "p04")]
    heights = torch.tensor([p.body.thigh + p.body.shin for p in people])
    assert heights.min() > 0.65
    assert heights.max() < 1.05
    assert heights.max() - heights.min() > 0.1
    assert {p.left_handed for p in people} == {True, False}


def test_bones_keep_their_length_within_a_subject(made: list[Take]):
    parents, children = (list(ends) for ends in zip(*H36M_17.bones, strict=True))
    for subject in ("p01", "p02", "p03", "p04"):
        poses = torch.stack([take.pose for take in made if take.subject == subject])
        lengths = (poses[..., children, :] - poses[..., parents, :]).norm(dim=-1).flatten(0, 1)
        assert (lengths.amax(0) - lengths.amin(0)).max() < 1e-5


@pytest.mark.parametrize("action", NAMES)
def test_feet_stay_near_the_floor_and_nothing_goes_below(made: list[Take], action: str):
    poses = of(made, action)
    lowest = torch.minimum(joint(poses, "right ankle"), joint(poses, "left ankle"))[..., 2]
    assert poses[..., 2].min() > 0.03
    assert lowest.max() < (0.4 if action == "jumping jacks" else 0.16)
    assert lowest.quantile(0.3, dim=1).max() < 0.1  # metres; the height of a standing ankle


@pytest.mark.parametrize("action", NAMES)
def test_knees_bend_backwards_only(made: list[Take], action: str):
    poses = of(made, action)
    right = joint(poses, "right hip") - joint(poses, "left hip")
    for side in ("right", "left"):
        hip, knee, ankle = (joint(poses, f"{side} {name}") for name in ("hip", "knee", "ankle"))
        front = torch.linalg.cross(hip - knee, right)  # where the thigh's front looks
        assert torch.cosine_similarity(ankle - knee, front, dim=-1).max() < 0.02


def test_elbows_and_knees_never_fold_further_than_people_can(made: list[Take]):
    poses = torch.stack([take.pose for take in made])
    for side in ("right", "left"):
        for chain in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
            start, middle, end = (joint(poses, f"{side} {name}") for name in chain)
            cosine = torch.cosine_similarity(middle - start, end - middle, dim=-1)
            assert cosine.clamp(-1, 1).acos().rad2deg().max() < 150.5
            assert cosine.clamp(-1, 1).acos().rad2deg().min() > 0.5


@pytest.mark.parametrize("action", NAMES)
def test_speeds_are_human_and_people_stay_near_the_origin(made: list[Take], action: str):
    poses = of(made, action)
    assert speeds(poses).max() < 12
    assert speeds(poses).max() > 0.05
    assert poses[..., :2].norm(dim=-1).max() < 2.2


@pytest.mark.parametrize(("action", "least", "most"), [("walking", 0.5, 1.8), ("jogging", 0.8, 3.0)])
def test_who_walks_moves_on_ahead(made: list[Take], action: str, least: float, most: float):
    poses = of(made, action)
    path = joint(poses, "pelvis")
    onwards = (path.diff(dim=1) * FPS * ahead(poses)[:, 1:]).sum(-1).mean(1)
    assert onwards.min() > least
    assert onwards.max() < most


def test_who_walks_backwards_moves_on_backwards(made: list[Take]):
    poses = of(made, "walking backwards")
    path = joint(poses, "pelvis")
    assert (path.diff(dim=1) * ahead(poses)[:, 1:]).sum(-1).mean(1).max() * FPS < -0.5


@pytest.mark.parametrize("action", ["walking", "walking backwards"])
def test_the_standing_foot_hardly_slides(made: list[Take], action: str):
    poses = of(made, action)
    feet = torch.stack([joint(poses, "right ankle"), joint(poses, "left ankle")], dim=2)
    lower = feet[..., 2].argmin(-1)[:, 1:, None]
    sliding = speeds(feet * torch.tensor([1, 1, 0])).gather(-1, lower)
    assert sliding.median() < 0.4 * speeds(joint(poses, "pelvis")[:, :, None]).median()


@pytest.mark.parametrize("action", ["talking on the phone", "waiting"])
def test_some_actions_look_static(made: list[Take], action: str):
    assert speeds(of(made, action)).median() < 0.15


def test_left_handers_wave_with_the_left_hand(made: list[Take]):
    for take in made:
        if take.action == "waving":
            higher = joint(take.pose, "right wrist")[:, 2] > joint(take.pose, "left wrist")[:, 2]
            assert higher.all() == (not person(CFG.seed, take.subject).left_handed)
            assert higher.all() or not higher.any()


@pytest.mark.parametrize("seed", [0, 1])
def test_everyone_is_in_every_picture(seed: int):
    corpus = load_data(SyntheticCfg(subjects=4, frames=300, seed=seed))
    for clip in corpus.clips:
        assert clip.keypoints.abs().max() < 1, clip.name
        assert clip.pose is not None
        assert clip.pose[:, H36M_17.root].abs().max() == 0


@pytest.mark.parametrize("cfg", [SyntheticCfg(subjects=1), SyntheticCfg(takes=0), SyntheticCfg(frames=1)])
def test_impossible_settings_are_refused(cfg: SyntheticCfg):
    with pytest.raises(InputError, match=r"at least .*2"):
        load_data(cfg)


def test_flight_is_the_free_fall_between_take_off_and_landing():
    motion = Motion("hop", 1.0, (0.0,), {}, flights=((0.25, 0.75),))
    phase = torch.linspace(0, 2, 401, dtype=torch.float64)
    height = flight(motion, phase, torch.full_like(phase, 2.0))  # two hops a second: a quarter second in the air
    assert height.max() == pytest.approx(GRAVITY * 0.25**2 / 8)
    assert height.min() == 0
    assert ((height > 0) == ((phase % 1 > 0.25) & (phase % 1 < 0.75))).float().mean() > 0.98
    seconds = phase[1] / 2
    assert height[51:149].diff(n=2).div(seconds**2).add(GRAVITY).abs().max() < 1e-6


def test_stand_puts_the_lower_ankle_at_the_height():
    pose = torch.rand(1, 17, 3, dtype=torch.float64).expand(20, -1, -1)
    standing = stand(pose, torch.full((20,), 0.07, dtype=torch.float64))
    assert standing[:, [3, 6], 2].amin(1).sub(0.07).abs().max() < 1e-12
    assert torch.equal(standing[..., :2], pose[..., :2])


def test_smooth_is_the_mean_of_the_neighbours():
    values = torch.rand(23, dtype=torch.float64)
    slow = [sum(float(values[min(max(i + k, 0), 22)]) for k in range(-2, 3)) / 5 for i in range(23)]
    assert smooth(values, 5).tolist() == pytest.approx(slow)


def test_wander_is_slow_and_of_unit_variance():
    noise = wander(5000, 40, torch.Generator().manual_seed(3))
    assert noise.var() == pytest.approx(1, abs=0.1)
    assert noise.diff(dim=0).abs().max() * FPS < 2 * torch.pi * 0.9 * (5 * 2) ** 0.5


@pytest.mark.parametrize("direction", [1, -1])
def test_repetitions_glide_from_value_to_value(direction: int):
    phase = 0.3 + direction * torch.linspace(0, 6, 1000, dtype=torch.float64)
    values = repetitions(phase, torch.Generator().manual_seed(1))
    assert values.diff().abs().max() < 5 * 6 / 999
    assert values.unique().numel() > 900
    assert values.abs().max() <= 2
