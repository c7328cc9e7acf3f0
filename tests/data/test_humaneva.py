from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.camera import normalise_screen, world_to_camera
from actionprompt.data.clip import Corpus
from actionprompt.data.config import HumanEvaCfg
from actionprompt.data.humaneva import ACTIONS, CAMERAS, PLACEMENTS
from actionprompt.data.inspect.kinds import inspect
from actionprompt.data.load import load as load_data
from actionprompt.data.pairing import MISFIT, fitted, misfit
from actionprompt.errors import InputError
from field_files import HUMANEVA_SUBJECTS, humaneva, save


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world, screen = humaneva()
    return save(tmp_path_factory.mktemp("humaneva"), "humaneva15", world, "gt", screen)


@pytest.fixture(scope="module")
def corpus(folder: Path) -> Corpus:
    return load_data(HumanEvaCfg(folder))


def test_partitions_are_subjects_and_chunks_are_clips(corpus: Corpus):
    assert corpus.train_subjects == ("Train/S1", "Train/S2", "Train/S3")
    assert corpus.test_subjects == ("Validate/S1", "Validate/S2", "Validate/S3")
    assert corpus.actions == ("walking", "jogging")
    assert (corpus.fps, corpus.skeleton.name) == (60, "humaneva15")
    assert len(corpus.clips) == 6 * 3 * 3
    frames = {clip.name: clip.num_frames for clip in corpus.select(("Validate/S2",))}
    assert frames == {
        "Validate/S2 Jog 1 chunk0": 5,
        "Validate/S2 Walking 1 chunk0": 9,
        "Validate/S2 Walking 1 chunk2": 4,
    }


def test_each_view_equals_the_protocol(corpus: Corpus):
    world, screen = humaneva()
    for clip in corpus.clips:
        name, camera = clip.name.removeprefix(f"{clip.subject} "), int(clip.camera[1]) - 1
        place = PLACEMENTS[clip.subject[-2:]][camera]
        pose = world_to_camera(torch.from_numpy(world[clip.subject][name]), place.orientation(), place.translation())
        assert (clip.root - pose[:, 0]).abs().max() < 2e-6
        assert (clip.pose - pose + pose[:, :1]).abs().max() < 4e-6
        pixels = torch.from_numpy(screen[clip.subject][name][camera])
        assert (clip.keypoints - normalise_screen(pixels, 640, 480)).abs().max() < 1e-6


def test_cameras_stand_around_the_origin_and_look_at_it():
    for places in PLACEMENTS.values():
        for place in places:
            x, y, depth = world_to_camera(torch.tensor([0.0, 0, 1]), place.orientation(), place.translation())
            assert 3 < depth < 5
            assert max(abs(x), abs(y)) < 0.25 * depth
            feet = world_to_camera(torch.zeros(3), place.orientation(), place.translation())
            assert feet[1] > y  # y down


def test_other_actions(folder: Path):
    corpus = load_data(HumanEvaCfg(folder, actions=("Box",)))
    assert {(clip.action, clip.num_frames) for clip in corpus.clips} == {("boxing", 3)}
    assert corpus.actions == ("boxing",)
    with pytest.raises(InputError, match="has no action 'Walk': it has Walking, Jog"):
        load_data(HumanEvaCfg(folder, actions=("Walk",)))
    with pytest.raises(InputError, match="holds no Gestures of Train/S1"):
        load_data(HumanEvaCfg(folder, actions=("Gestures",)))


@pytest.mark.parametrize(
    ("which", "make", "message"),
    [
        (1, lambda v: v[:2], "was seen by 2 cameras instead of 3"),
        (1, lambda v: [np.repeat(x, 2, 1)[:, :17] for x in v], "camera C1 has 17 2D joints instead of 15"),
        (1, lambda v: [x[:-1] for x in v], "has 4 frames of 2D for 5 of 3D"),
        (1, lambda v: [x / 320 - 1 for x in v], "they must be pixels"),
        (1, lambda v: [x[:, ::-1] for x in v], "camera C1: no lens brings the 3D joints to the 2D joints"),
        (1, lambda v: v[::-1], "their cameras or joints are in another order"),
        (0, lambda w: np.repeat(w, 2, 1)[:, :20], "has 20 3D joints instead of 15"),
        (0, lambda w: w * 1000, "must be in metres"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, which: int, make, message: str):
    content = humaneva(("Train/S1",))
    content[which]["Train/S1"]["Jog 1 chunk0"] = make(content[which]["Train/S1"]["Jog 1 chunk0"])
    with pytest.raises(InputError, match=message):
        load_data(HumanEvaCfg(save(tmp_path, "humaneva15", content[0], "gt", content[1])))


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
@pytest.mark.parametrize("name", ["Jog 1 chunk0", "Walking 1 chunk0", "Walking 1 chunk2"])
def test_two_cameras_exchanged_in_one_recording_are_refused(tmp_path: Path, pair: tuple[int, int], name: str):
    world, screen = humaneva(("Train/S1", "Validate/S2"))
    views, (a, b) = screen["Train/S1"][name], pair
    views[a], views[b] = views[b], views[a]
    with pytest.raises(
        InputError, match=rf"Train/S1 {name}, camera C\d: no lens brings the 3D joints to the 2D joints"
    ):
        load_data(HumanEvaCfg(save(tmp_path, "humaneva15", world, "gt", screen)))


def test_exchanged_cameras_are_noticed_by_the_lens_of_the_other_clips(corpus: Corpus):
    lenses = {camera: fitted([clip for clip in corpus.clips if clip.camera == camera]) for camera in CAMERAS}
    views = {(clip.name, clip.camera): clip for clip in corpus.clips}
    for (name, camera), clip in views.items():
        assert misfit(clip, lenses[camera]) < 1e-5
        for other in set(CAMERAS) - {camera}:
            exchanged = replace(clip, keypoints=views[name, other].keypoints)
            assert misfit(exchanged, lenses[camera]) > MISFIT


def test_a_noisy_detector_fits(tmp_path: Path):
    world, screen = humaneva()
    random = np.random.default_rng(0)
    for chunks in screen.values():
        for views in chunks.values():
            views[:] = [view + random.normal(0, 10, view.shape).astype(np.float32) for view in views]
    assert load_data(HumanEvaCfg(save(tmp_path, "humaneva15", world, "det", screen), "det")).clips


def test_frames_that_show_nobody_are_refused(tmp_path: Path):
    world, screen = humaneva(("Train/S1",))
    world["Train/S1"]["Jog 1 chunk0"][3] = 0
    folder = save(tmp_path, "humaneva15", world, "gt", screen)
    with pytest.raises(InputError, match="Train/S1 Jog 1 chunk0: frame 3 shows nobody, all 3D joints are within 0 m"):
        load_data(HumanEvaCfg(folder))
    assert any("shows nobody" in problem for problem in inspect(folder).problems)


def test_wrong_recordings_are_refused(tmp_path: Path):
    world, screen = humaneva(("Train/S1",))
    del screen["Train/S1"]["Jog 1 chunk0"]
    with pytest.raises(InputError, match="has no 2D of Train/S1 Jog 1 chunk0, which has 3D"):
        load_data(HumanEvaCfg(save(tmp_path, "humaneva15", world, "gt", screen)))
    world["Train/S1"]["Run 1 chunk0"] = world["Train/S1"]["Jog 1 chunk0"]
    with pytest.raises(InputError, match="there is a recording 'Run 1 chunk0'; the actions are Walking"):
        load_data(HumanEvaCfg(save(tmp_path, "humaneva15", world, "gt", screen)))


def test_a_simulated_detector_over_ground_truth(folder: Path, corpus: Corpus):
    found = load_data(HumanEvaCfg(folder, keypoints="simulated"))
    assert found.facts["2D"].endswith("over ground truth (data_2d_humaneva15_gt.npz)")
    assert all(clip.confidence is not None for clip in found.clips)
    errors = [(a.keypoints - b.keypoints).norm(dim=-1) for a, b in zip(found.clips, corpus.clips, strict=True)]
    assert 1 < torch.cat(errors).median() * 320 < 20


def test_inspection(folder: Path, tmp_path: Path):
    report = inspect(folder)
    assert report.problems == ()
    assert dict(report.facts)["actions"] == ", ".join(ACTIONS[a] for a in ("Walking", "Jog", "Box"))
    world, screen = humaneva(HUMANEVA_SUBJECTS[:-1])
    (walk, jog) = inspect(save(tmp_path, "humaneva15", world, "gt", screen)).problems
    assert walk == "2D gt: there is no walking of Validate/S3, which Table II needs."
    assert "jogging of Validate/S3" in jog
    (tmp_path / "data_2d_humaneva15_gt.npz").unlink()
    assert "holds no 2D file" in inspect(tmp_path).problems[0]
