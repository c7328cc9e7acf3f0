import json
from dataclasses import replace

import pytest
import torch

from actionprompt.commands.reproduce import usual_scale
from actionprompt.data.config import SyntheticCfg
from actionprompt.encoders.config import A3DHPCfg, MixSTECfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.model.config import APMCfg, LearnedClassesCfg, LifterCfg, OneHotCfg, PoolCfg, TCNCfg, TextPromptCfg
from actionprompt.reproduce import ablations
from actionprompt.reproduce.ablations import SPECS, TableSpec
from actionprompt.reproduce.changes import Change, chain, frames, gamma, pose_prompts, tap
from actionprompt.reproduce.scales import SCALES
from actionprompt.serialise import from_data, to_data
from actionprompt.training.config import RunCfg
from actionprompt.training.presets import APMS, presets
from small import run_cfg

WHOLE = presets()["vpose+apm"][1]


def apm(run: RunCfg) -> APMCfg:
    assert run.model.apm is not None
    return run.model.apm


def changes_of(spec: TableSpec) -> dict[str, Change]:
    return {row.key: row.change for row in spec.rows}


COMPONENTS, ATP, CLASSES = (changes_of(spec) for spec in (ablations.TABLE_3, ablations.TABLE_4, ablations.TABLE_5))
SIZES, CHOICES = changes_of(ablations.TABLE_9), changes_of(ablations.CHOICES)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_rows_have_a_cell_for_every_head_and_a_name_of_their_own(spec):
    heads = len(spec.stub) - (spec.held_out == "each")
    assert {len(row.cells) for row in spec.rows} == {heads}
    assert len({row.key for row in spec.rows}) == len(spec.rows)


@pytest.mark.parametrize(
    ("row", "suffix"), [("baseline", ""), *((name, name) for name in ("label", "atp", "app", "apm"))]
)
def test_components_are_the_presets(row, suffix):
    """Table III's rows are what the command line trains under these names."""
    assert COMPONENTS[row](WHOLE).model == LifterCfg(VPoseCfg(), APMS[suffix][1])


def test_changes_keep_everything_else():
    run = replace(WHOLE, seed=3, data=SyntheticCfg(frames=77))
    projector = TCNCfg(2, dropout=0.4)
    run = replace(run, model=replace(run.model, apm=replace(apm(run), recogniser=TextPromptCfg(projector=projector))))
    for change in [*COMPONENTS.values(), *ATP.values(), *CLASSES.values(), tap(3), frames(27), pose_prompts(depth=4)]:
        changed = change(run)
        assert replace(changed, model=run.model) == run
    assert apm(COMPONENTS["label"](run)).recogniser == OneHotCfg(projector)


def test_atp():
    recognisers = {name: apm(change(WHOLE)).recogniser for name, change in ATP.items() if name != "baseline"}
    found = {name: (type(r.projector), r.pose_to_text is not None) for name, r in recognisers.items()}
    assert found == {
        "pool": (PoolCfg, False),
        "tcn": (TCNCfg, False),
        "pool+p2t": (PoolCfg, True),
        "tcn+p2t": (TCNCfg, True),
    }
    assert all(apm(ATP[name](WHOLE)).pose_prompt is None for name in found)
    assert ATP["baseline"](WHOLE).model.apm is None


def test_classes():
    runs = {name: apm(change(WHOLE)) for name, change in CLASSES.items()}
    assert runs["multi-task"] == APMS["app"][1]
    assert runs["atp"] == apm(WHOLE)
    assert runs["k-action"] == replace(
        apm(WHOLE), recogniser=replace(apm(WHOLE).recogniser, classes=LearnedClassesCfg())
    )


def test_gamma_may_be_a_whole_number():
    assert {p.dtype for p in gamma(1)(run_cfg("apm")).model.build(17, ("walk", "run")).parameters()} == {torch.float32}


@pytest.mark.parametrize("count", [9, 27, 81, 243])
@pytest.mark.parametrize("encoder", [VPoseCfg(), A3DHPCfg(channels=64), MixSTECfg(dim=64)])
def test_frames(count, encoder):
    changed = frames(count)(replace(WHOLE, model=replace(WHOLE.model, encoder=encoder))).model.encoder
    assert changed.frames == count
    assert type(changed) is type(encoder)


@pytest.mark.parametrize("count", [1, 3, 26, 100])
def test_no_such_frames(count):
    with pytest.raises(InputError, match=f"cannot read windows of {count} frames, only of 9, 27, 81, 243"):
        frames(count)(WHOLE)


def test_taps_are_those_of_vpose():
    assert [apm(row.change(WHOLE)).tap for row in ablations.TABLE_7.rows] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("row", SIZES)
def test_prompts_name_their_size(row):
    app = apm(SIZES[row](WHOLE)).pose_prompt
    assert f"{app.depth} {app.dim} {app.length}" == row


def changed_leaves(name: str) -> dict[str, object]:
    """The settings that a choice changes, as flat names."""

    def flat(value: object, at: str = "") -> dict[str, object]:
        if not isinstance(value, dict):
            return {at: value}
        return {key: found for name, member in value.items() for key, found in flat(member, f"{at}.{name}").items()}

    before, after = flat(to_data(WHOLE)), flat(to_data(CHOICES[name](WHOLE)))
    return {key.rpartition(".")[2]: value for key, value in after.items() if before.get(key) != value}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("as it is", {}),
        ("one action for all", {"labels": "one"}),
        ("lambda 0.01", {"loss_weight": 0.01}),
        ("tau 0.2", {"temperature": 0.2}),
        ("N 1", {"contexts": 1}),
        ("D2 3", {"blocks": 3}),
        ("gamma 1", {"gamma": 1}),
        ("prompts' rate x 10", {"prompt_lr": 10}),
        ("recognised", {"prompt_source": "predicted"}),
        ("recognised, soft", {"prompt_source": "predicted", "kind": "SoftCfg"}),
        ("mistaken 50 %", {"random_prompt_rate": 0.5}),
    ],
)
def test_a_choice_changes_one_setting(name, changes):
    assert changed_leaves(name) == changes


@pytest.mark.parametrize("name", CHOICES)
def test_choices_are_stored_as_they_are(name):
    """A whole number in a fraction's place would give the run another name."""
    run = CHOICES[name](WHOLE)
    assert json.dumps(to_data(from_data(to_data(run), RunCfg, "x"))) == json.dumps(to_data(run))


def test_chain_goes_from_left_to_right():
    assert chain(frames(9), frames(27))(WHOLE).model.encoder.frames == 27


def test_the_online_scale_films_the_protocol_s_cameras_again():
    """Training sees Human3.6M's cameras and the captured joints; tests stay what they are at the other scales."""
    cameras = SCALES["online"].virtual_cameras
    assert cameras.training == "online"
    assert cameras.online.cameras == cameras.viewpoints == "h36m"
    assert not cameras.online.virtual_camera
    assert not cameras.online.detector_joints
    assert usual_scale(["table1", "--scale", "online"]) is usual_scale(["--scale=online"]) is SCALES["online"]
    assert usual_scale(["table1"]) is usual_scale(["--scale", "huge"]) is SCALES["cpu"]
