from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.camera import normalise_screen, world_to_camera
from actionprompt.data.cameras import H36M_LENSES, H36M_PLACEMENTS
from actionprompt.data.clip import Clip, Corpus
from actionprompt.data.config import Human36MCfg
from actionprompt.data.human36m import ACTIONS, KEPT, NOSE, TAIL, action_of
from actionprompt.data.inspect.human36m import FRAMES, takes_missing
from actionprompt.data.inspect.kinds import inspect
from actionprompt.data.load import load as load_data
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17
from field_files import human36m, pixels, save

TAKES = {
    ("S1", "Sitting 1"): 12,
    ("S1", "SittingDown 2"): 9,
    ("S8", "Walking"): 6,
    ("S9", "Greeting"): 7,
    ("S9", "WalkTogether 1"): 5,
    ("S9", "Waiting 1"): 4,
    ("S11", "Directions"): 8,
    ("S11", "Directions 1"): 3,
}


@pytest.fixture(scope="module")
def made():
    return human36m(TAKES, longer=[("S1", "Sitting 1")])


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("h36m"), "h36m", made[0], "gt", made[1])


@pytest.fixture(scope="module")
def corpus(folder: Path) -> Corpus:
    return load_data(Human36MCfg(folder))


def test_every_take_is_seen_by_four_cameras_but_the_corrupt_one(corpus: Corpus):
    seen = [(clip.name, clip.camera, clip.num_frames) for clip in corpus.clips]
    assert sorted(seen) == sorted(
        (f"{subject} {name}", lens.name, frames)
        for (subject, name), frames in TAKES.items()
        for lens in H36M_LENSES
        if (subject, name) != ("S11", "Directions")
    )
    assert corpus.dropped == ("S11 Directions: one of its videos is damaged.",)
    assert (corpus.train_subjects, corpus.test_subjects) == (("S1", "S8"), ("S9", "S11"))
    assert (corpus.fps, corpus.skeleton.name, corpus.tail) == (50, "h36m17", TAIL)
    assert len(corpus.actions) == 15
    assert set(TAIL) <= set(corpus.actions)


def test_each_view_equals_the_protocol_point_by_point(corpus: Corpus, made):
    world, screen = made
    for clip in corpus.clips:
        _, _, name = clip.name.partition(" ")
        camera = [lens.name for lens in H36M_LENSES].index(clip.camera)
        place, lens = H36M_PLACEMENTS[clip.subject][camera], H36M_LENSES[camera]
        points = torch.from_numpy(world[clip.subject][name][:, KEPT])
        pose = world_to_camera(points, place.orientation(), place.translation())
        assert (clip.root - pose[:, 0]).abs().max() < 2e-6
        assert (clip.pose - pose + pose[:, :1]).abs().max() < 4e-6
        assert clip.pose[:, 0].abs().max() == 0
        pixels = torch.from_numpy(screen[clip.subject][name][camera][: clip.num_frames])
        assert (clip.keypoints - normalise_screen(pixels, lens.width, lens.height)).abs().max() < 1e-6


def test_actions_go_by_exact_names(corpus: Corpus):
    assert {clip.action for clip in corpus.clips if clip.name == "S1 Sitting 1"} == {"sitting"}
    assert {clip.action for clip in corpus.clips if clip.name == "S1 SittingDown 2"} == {"sitting down"}
    assert action_of("WalkDog 1") == action_of("WalkingDog") == "walking dog"
    assert action_of("TakingPhoto") == "taking photo"
    assert action_of("Walk") is None
    assert len(set(ACTIONS.values())) == 15


def test_damaged_takes_are_left_out_on_demand(folder: Path):
    corpus = load_data(Human36MCfg(folder, exclude_damaged=True))
    assert {clip.name for clip in corpus.clips if clip.subject == "S9"} == {"S9 WalkTogether 1"}
    assert len(corpus.dropped) == 4


def test_detections_of_16_joints_get_a_nose_and_say_so(tmp_path: Path, made):
    world, screen = made
    corpus = load_data(Human36MCfg(save(tmp_path, "h36m", world, "hr", lacking(screen, NOSE)), keypoints="hr"))
    assert "16 joints, the missing nose put halfway between thorax and head top" in corpus.facts["2D"]
    clip = corpus.clips[0]
    assert (clip.keypoints[:, 9] * 2 - clip.keypoints[:, 8] - clip.keypoints[:, 10]).abs().max() < 1e-6
    _, _, name = clip.name.partition(" ")
    lens = H36M_LENSES[0]
    expected = normalise_screen(torch.from_numpy(screen[clip.subject][name][0]), lens.width, lens.height)
    others = [j for j in range(17) if j != 9]
    assert (clip.keypoints[:, others] - expected[: clip.num_frames, others]).abs().max() < 1e-6


def test_2d_with_confidence_and_3d_of_17_joints_are_read_too(tmp_path: Path, made):
    world, screen = made
    scored = {
        s: {n: [np.concatenate([v, v[..., :1]], -1) for v in views] for n, views in names.items()}
        for s, names in screen.items()
    }
    small = {s: {n: w[:, KEPT] for n, w in names.items()} for s, names in world.items()}
    corpus = load_data(Human36MCfg(save(tmp_path, "h36m", small, "det", scored), keypoints="det"))
    assert corpus.clips[0].keypoints.shape[1:] == (17, 2)


def change(positions, subject: str, name: str, make):
    """A copy with one recording changed; ``make`` returning None takes it out."""
    names = dict(positions[subject])
    if (made := make(names.pop(name))) is not None:
        names[name] = made
    return positions | {subject: names}


@pytest.mark.parametrize(
    ("which", "make", "message"),
    [
        (1, lambda v: None, r"has no 2D of S8 Walking, which has 3D"),
        (1, lambda v: v[:3], r"S8 Walking was seen by 3 cameras instead of 4"),
        (1, lambda v: [x[:-1] for x in v], r"S8 Walking, camera 54138969 has 5 frames of 2D for 6 of 3D"),
        (1, lambda v: [x[:, :15] for x in v], r"has 15 2D joints: give Human3.6M's 17"),
        (1, lambda v: [x / 500 - 1 for x in v], r"no 2D joint is further than .* they must be pixels"),
        (1, lambda v: [x * 4 for x in v], r"is outside the image of 1000 x 1002 pixels"),
        (1, lambda v: [x * np.nan for x in v], r"has NaN or infinite 2D joints"),
        (1, lambda v: 7, r"S8 Walking is a int instead of one array per camera"),
        (1, lambda v: [x[..., 0] for x in v], r"float32 of shape \(6, 17\) instead of \(frames, joints, 2\)"),
        (0, lambda w: w * 1000, r"S8 Walking: a person .* m large; the 3D joints must be in metres"),
        (0, lambda w: w * np.inf, r"has NaN or infinite 3D joints"),
        (0, lambda w: w[:, :16], r"has 16 3D joints; Human3.6M's files have 32"),
        (0, lambda w: "x", r"S8 Walking is a str instead of \(frames, joints, 3\)"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, which: int, make, message: str):
    files = list(human36m({("S8", "Walking"): 6}))
    files[which] = change(files[which], "S8", "Walking", make)
    with np.errstate(invalid="ignore"), pytest.raises(InputError, match=message):
        load_data(Human36MCfg(save(tmp_path, "h36m", files[0], "gt", files[1])))


@pytest.mark.parametrize(
    ("takes", "message"),
    [
        ({("S1", "Walk 1"): 3}, "S1 performs 'Walk 1'; the actions are Directions"),
        ({("S1", "Photo 1"): 3, ("S1", "TakingPhoto 1"): 3}, "same take as 'Photo 1' and as 'TakingPhoto 1'"),
        ({("S11", "Directions"): 3}, "holds no take of S1"),
    ],
)
def test_wrong_recordings_are_refused(tmp_path: Path, takes, message: str):
    world, screen = human36m(takes)
    with pytest.raises(InputError, match=message):
        load_data(Human36MCfg(save(tmp_path, "h36m", world, "gt", screen)))


def test_missing_files_are_named(tmp_path: Path, folder: Path):
    with pytest.raises(InputError, match=r"holds no data_3d_h36m\.npz"):
        load_data(Human36MCfg(tmp_path))
    with pytest.raises(InputError, match=r"no 2D joints 'cpn' \(data_2d_h36m_cpn\.npz\): set keypoints to gt"):
        load_data(Human36MCfg(folder, keypoints="cpn"))
    np.savez(tmp_path / "data_3d_h36m.npz", poses=np.ones(3))
    save(tmp_path, "h36m", screen={})
    with pytest.raises(InputError, match="has no 'positions_3d' but poses: it is another kind of file"):
        load_data(Human36MCfg(tmp_path))
    save(tmp_path, "h36m", {"S2": {"Walking": np.ones((3, 32, 3), np.float32)}})
    with pytest.raises(InputError, match=r"holds a subject 'S2' beside S1"):
        load_data(Human36MCfg(tmp_path))


def test_inspection_says_what_differs_from_the_fields_files(folder: Path):
    report = inspect(folder)
    facts = dict(report.facts)
    assert facts["frames"] == "108 train, 76 test, at 50 frames/s"
    assert facts["2D against projected 3D"] == "0.00 pixels on average"
    assert "108 train frames instead of 1,559,752: not comparable" in report.problems[-2]
    assert "76 test frames instead of 543,344" in report.problems[-1]
    assert "S5 is missing." in report.problems
    (lacking,) = (p for p in report.problems if p.startswith("S11"))
    assert "directions" not in lacking  # one take is right, the other is corrupt
    assert "eating 0 instead of 2" in lacking
    assert inspect(folder / "data_2d_h36m_gt.npz").problems == report.problems


def test_a_complete_data_set_lacks_nothing():
    names = [f"{action}{number}" for action in ACTIONS for number in ("", " 1")]
    clips = [
        Clip(torch.zeros(1, 17, 2), action=action_of(name) or "", subject=s, name=f"{s} {name}")
        for s in H36M_PLACEMENTS
        for name in names
        if (s, name) != ("S11", "Directions")
    ]
    assert takes_missing(clips) == []
    assert takes_missing(clips[1:]) == ["S1 has another number of takes of: directions 1 instead of 2."]
    assert FRAMES == {"train": 1_559_752, "test": 543_344}


def test_2d_in_another_joint_order_is_noticed(tmp_path: Path):
    world, screen = human36m({("S9", "Walking"): 30})
    order = [0, 4, 5, 6, 1, 2, 3, *range(7, 17)]
    screen["S9"]["Walking"] = [view[:, order] for view in screen["S9"]["Walking"]]
    folder = save(tmp_path, "h36m", world, "gt", screen)
    with pytest.raises(InputError, match=r"camera 54138969 has its 2D joints \d+ pixels from the projected 3D"):
        load_data(Human36MCfg(folder))
    assert "joints are in another order" in inspect(folder).problems[-1]


def test_2d_of_another_recording_or_camera_is_noticed(tmp_path: Path):
    world, screen = human36m({("S9", "Walking"): 20, ("S9", "Posing"): 20, ("S9", "Eating"): 20})
    views = screen["S9"]
    moved = [view + 150 for view in views["Posing"]]
    wrong = {"S9": views | {"Posing": moved}}
    with pytest.raises(InputError, match=r"S9 Posing, camera 54138969, has its 2D joints 212\.1 pixels .* another rec"):
        load_data(Human36MCfg(save(tmp_path, "h36m", world, "gt", wrong)))
    swapped = {"S9": {name: [v[2], v[1], v[0], v[3]] for name, v in views.items()}}
    with pytest.raises(InputError, match="their cameras or joints are in another order"):
        load_data(Human36MCfg(save(tmp_path, "h36m", world, "gt", swapped)))


WRONG_PAIRS = {
    "takes exchanged": lambda v: v | {"Posing": v["Eating"], "Eating": v["Posing"]},
    "cameras exchanged": lambda v: v | {"Posing": [v["Posing"][c] for c in (1, 0, 2, 3)]},
    "left for right in one view": lambda v: v | {"Posing": [v["Posing"][0][:, H36M_17.mirror], *v["Posing"][1:]]},
    "ten frames later": lambda v: v | {"Posing": [view[10:] for view in v["Posing"]]},
}


@pytest.mark.parametrize("keypoints", ["gt", "simulated"])
@pytest.mark.parametrize("wrong", WRONG_PAIRS.values(), ids=WRONG_PAIRS)
def test_ground_truth_is_the_projection_itself(tmp_path: Path, wrong, keypoints: str):
    takes = {("S9", name): 40 for name in ("Eating", "Posing", "Smoking", "Walking", "Sitting")}
    world, screen = human36m(takes, longer=takes)
    world["S9"] = {name: points[:30] for name, points in world["S9"].items()}
    folder = save(tmp_path, "h36m", world, "gt", screen)
    assert len(load_data(Human36MCfg(folder, keypoints)).clips) == 5 * 4
    save(folder, "h36m", None, "gt", {"S9": wrong(screen["S9"])})
    message = r"\(at most 2 allowed\): ground truth is the projection itself, so it is the|exchanged|another time"
    with pytest.raises(InputError, match=message):
        load_data(Human36MCfg(folder, keypoints))


@pytest.mark.parametrize(
    ("name", "away", "sound"), [("Posing", 50, True), ("Posing", 70, False), ("Greeting", 70, True)]
)
def test_detections_may_be_further_away_where_the_3d_drifts(tmp_path: Path, name: str, away: float, sound: bool):
    world, screen = human36m({("S9", name): 9 for name in ("Eating", "Posing", "Greeting", "Walking", "Sitting")})
    screen["S9"][name] = [view + np.float32([away, 0]) for view in screen["S9"][name]]
    folder = save(tmp_path, "h36m", world, "det", screen)
    if sound:
        assert len(load_data(Human36MCfg(folder, "det")).clips) == 5 * 4
        return
    message = rf"S9 {name}, camera 54138969, has its 2D joints 70\.0 .*\(at most 60 allowed\): it is the 2D of another"
    with pytest.raises(InputError, match=message):
        load_data(Human36MCfg(folder, "det"))


@pytest.mark.parametrize("noise", [0, 6])
def test_detections_with_left_for_right_in_one_view_are_refused(tmp_path: Path, noise: float):
    world, screen = human36m({("S9", name): 40 for name in ("Eating", "Posing", "Walking")})
    drawn = np.random.default_rng(0)
    noisy = {
        name: [v + drawn.normal(0, noise, v.shape).astype(np.float32) for v in views]
        for name, views in screen["S9"].items()
    }
    folder = save(tmp_path, "h36m", world, "det", {"S9": noisy})
    assert len(load_data(Human36MCfg(folder, "det")).clips) == 3 * 4
    noisy["Posing"][2] = noisy["Posing"][2][:, H36M_17.mirror]
    save(folder, "h36m", None, "det", {"S9": noisy})
    with pytest.raises(
        InputError, match=r"S9 Posing, camera 58860488, has left and right exchanged in its 2D: .* 3D joints"
    ):
        load_data(Human36MCfg(folder, "det"))


@pytest.mark.parametrize(("lag", "message"), [(10, "10 frames later"), (-5, "5 frames earlier")])
def test_detections_of_another_time_are_refused(tmp_path: Path, lag: int, message: str):
    world, screen = human36m({("S9", name): 100 for name in ("Eating", "Posing", "Walking")})
    path = np.linspace(-1, 1, 120, dtype=np.float32)[:, None, None] * np.float32([1.2, 0.5, 0])
    points = world["S9"]["Posing"][:1] + path
    world["S9"]["Walking"] = points[10:110]
    for shift in (0, lag):
        screen["S9"]["Walking"] = [pixels(points[10 + shift : 110 + shift, KEPT], "S9", c) for c in range(4)]
        save(tmp_path, "h36m", world, "det", screen)
        if not shift:
            assert len(load_data(Human36MCfg(tmp_path, "det")).clips) == 3 * 4
    with pytest.raises(
        InputError, match=rf"S9 Walking, camera \d+, has 2D of another time .* and 0 from those {message}"
    ):
        load_data(Human36MCfg(tmp_path, "det"))


def test_detections_as_far_away_as_no_drift_are_refused(tmp_path: Path):
    world, screen = human36m({("S9", name): 9 for name in ("Eating", "Greeting", "Walking")})
    screen["S9"]["Greeting"] = [view + np.float32([130, 0]) for view in screen["S9"]["Greeting"]]
    with pytest.raises(InputError, match=r"S9 Greeting, .* \(at most 120 allowed\)"):
        load_data(Human36MCfg(save(tmp_path, "h36m", world, "det", screen), "det"))


def lacking(screen, joint: int):
    """Every view without a joint."""
    return {
        s: {n: [np.delete(v, joint, axis=1) for v in views] for n, views in names.items()}
        for s, names in screen.items()
    }


@pytest.mark.parametrize("joint", [j for j in range(17) if j != NOSE])
@pytest.mark.parametrize("keypoints", ["gt", "det"])
def test_16_joints_that_lack_another_one_than_the_nose_are_refused(tmp_path: Path, made, joint: int, keypoints: str):
    folder = save(tmp_path, "h36m", made[0], keypoints, lacking(made[1], joint))
    message = rf"has 2D without the {H36M_17.joints[joint]} \(0\.0 pixels .*: give all 17 joints, or all but the nose"
    with pytest.raises(InputError, match=message):
        load_data(Human36MCfg(folder, keypoints))


def test_a_noisy_detector_without_nose_is_read_and_its_nose_not_compared(tmp_path: Path, made):
    world, screen = made
    noisy = lacking(screen, NOSE)
    random = np.random.default_rng(0)
    for takes in noisy.values():
        for views in takes.values():
            views[:] = [view + random.normal(0, 10, view.shape).astype(np.float32) for view in views]
    assert load_data(Human36MCfg(save(tmp_path, "h36m", world, "hr", noisy), "hr")).clips
    assert load_data(Human36MCfg(save(tmp_path, "h36m", world, "gt", lacking(screen, NOSE)))).clips


def test_16_joints_of_another_recording_are_no_matter_of_the_nose(tmp_path: Path):
    world, screen = human36m({("S9", "Eating"): 9, ("S9", "Posing"): 9})
    views = lacking(screen, NOSE)["S9"]
    exchanged = {"S9": {"Eating": views["Posing"], "Posing": views["Eating"]}}
    with pytest.raises(InputError, match="the files do not belong together"):
        load_data(Human36MCfg(save(tmp_path, "h36m", world, "det", exchanged), "det"))


def test_views_of_16_and_of_17_joints_in_one_file_are_refused(tmp_path: Path):
    world, screen = human36m({("S9", "Eating"): 9, ("S9", "Posing"): 9})
    screen["S9"]["Posing"][2] = np.delete(screen["S9"]["Posing"][2], NOSE, axis=1)
    with pytest.raises(InputError, match="has 16 2D joints in S9 Posing and 17 2D joints in S9 Eating: give one kind"):
        load_data(Human36MCfg(save(tmp_path, "h36m", world, "det", screen), "det"))


def test_frames_that_show_nobody_are_refused(tmp_path: Path):
    world, screen = human36m({("S9", "Eating"): 9})
    world["S9"]["Eating"][4] = 0
    folder = save(tmp_path, "h36m", world, "gt", screen)
    with pytest.raises(InputError, match="S9 Eating: frame 4 shows nobody, all 3D joints are within 0 m"):
        load_data(Human36MCfg(folder))


def test_a_simulated_detector_over_ground_truth(folder: Path, corpus: Corpus):
    found = load_data(Human36MCfg(folder, keypoints="simulated"))
    assert found.facts["2D"].startswith("simulated detector (bias 1.00% and jitter 1.00% of the height over 0.1 s")
    assert found.facts["2D"].endswith("over ground truth (data_2d_h36m_gt.npz), 17 joints")
    for clip, true in zip(found.clips, corpus.clips, strict=True):
        assert torch.equal(clip.pose, true.pose)
        assert 0.001 < (clip.keypoints - true.keypoints).norm(dim=-1).median() < 0.1


def test_inspection_of_broken_files(tmp_path: Path):
    (tmp_path / "data_3d_h36m.npz").write_text("")
    assert "holds no 2D file" in inspect(tmp_path).problems[0]
    save(tmp_path, "h36m", screen={})
    assert "is not an .npz file" in inspect(tmp_path).problems[0]
