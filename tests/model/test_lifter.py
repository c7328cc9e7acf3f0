import json
import os
import pickle
import re
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from jaxtyping import TypeCheckError
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import confined
from actionprompt.errors import InputError
from actionprompt.model.config import APMCfg, FixedClassesCfg, LifterCfg, TextClassesCfg
from actionprompt.model.files import bake, load, save
from actionprompt.model.lifter import Lifter
from small import ACTIONS, APP, ATP, VARIANTS, VPOSE, lifter
from tiny_text_encoders import tiny_bert, tiny_clip

X = torch.randn(6, 9, 17, 2, generator=torch.Generator().manual_seed(5))


def answers(model: Lifter) -> tuple[torch.Tensor, ...]:
    with torch.no_grad():
        own, given = model(X), model(X, torch.arange(6) % 3)
    return (own.pose, given.pose) if own.logits is None else (own.pose, given.pose, own.logits, given.logits)


def assert_equal(a: tuple[torch.Tensor, ...], b: tuple[torch.Tensor, ...]) -> None:
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        assert x.isfinite().all()
        assert torch.equal(x, y)


def with_text_encoder(folder: Path) -> Lifter:
    pytest.importorskip("transformers")
    torch.manual_seed(0)
    recogniser = replace(ATP, classes=TextClassesCfg(str(folder), contexts=2))
    return LifterCfg(VPOSE, APMCfg(recogniser, APP)).build(17, ACTIONS).eval()


def trained_a_little(model: Lifter) -> Lifter:
    """Batch statistics and weights that differ from their start."""
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    model.train()
    for step in range(2):
        own = model(X + step, torch.arange(6) % 3)
        loss = own.pose.square().mean() + (0 if own.logits is None else own.logits.square().mean())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()


# --- Baking -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_a_baked_model_answers_the_same_bits(variant):
    model = trained_a_little(lifter(variant))
    before = answers(model)
    baked = bake(model)
    assert_equal(answers(baked), before)
    assert_equal(answers(bake(baked)), before)
    assert not baked.training
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert_equal(answers(baked), before)  # a copy


@pytest.mark.parametrize("tower", [tiny_clip, tiny_bert])
def test_a_text_encoder_is_baked_away(tower, tmp_path):
    model = trained_a_little(with_text_encoder(tower(tmp_path)))
    baked = bake(model)
    assert_equal(answers(baked), answers(model))
    classes = baked.cfg.apm.recogniser.classes
    assert isinstance(classes, FixedClassesCfg)
    assert baked.text_source == model.text_source == classes.source != ""
    assert not any("text_encoder" in key or "contexts" in key for key in baked.state_dict())


def test_baking_keeps_the_mode_and_the_number_format():
    model = lifter("apm").train().double()
    baked = bake(model)
    assert model.training
    assert {p.dtype for p in baked.parameters()} == {torch.float64}
    for key, value in baked.encoder.state_dict().items():
        assert torch.equal(value, model.encoder.state_dict()[key])


# --- Saving and loading -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_round_trip(variant, tmp_path):
    model = trained_a_little(lifter(variant))
    model.metadata = {"skeleton": "h36m17", "data": "ä 数"}
    save(model, tmp_path / "deep" / "model.safetensors")
    back = load(tmp_path / "deep" / "model.safetensors")
    assert_equal(answers(back), answers(model))
    assert (back.cfg, back.num_joints, back.actions, back.metadata) == (model.cfg, 17, ACTIONS, model.metadata)
    assert not back.training
    assert model.state_dict().keys() == back.state_dict().keys()
    for key, value in model.state_dict().items():
        assert torch.equal(value, back.state_dict()[key]), key
    save(back, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "deep" / "model.safetensors").read_bytes()


def test_round_trip_of_another_number_format(tmp_path):
    model = lifter("apm").double()
    save(model, tmp_path / "m")
    assert_equal(
        tuple(v for v in load(tmp_path / "m").state_dict().values()), tuple(v for v in model.state_dict().values())
    )
    assert next(load(tmp_path / "m").parameters()).dtype == torch.float64


def test_frozen_text_weights_are_not_saved(tmp_path):
    model = trained_a_little(with_text_encoder(tiny_clip(tmp_path / "tower")))
    save(model, tmp_path / "model")
    assert not any("text_encoder" in key for key in load_file(tmp_path / "model"))
    assert_equal(answers(load(tmp_path / "model", text_encoder=True)), answers(model))


def test_a_file_does_not_choose_a_text_encoder(tmp_path, monkeypatch):
    """An unbaked file, and one whose header names another text model or leaves the recogniser to its default."""
    monkeypatch.setattr("actionprompt.model.classes.load_text_encoder", lambda name: pytest.fail(f"{name} was loaded"))

    def unbaked(header, tensors):
        header["settings"]["apm"]["recogniser"]["classes"] = {"kind": "TextClassesCfg", "model": "some/where"}

    def default(header, tensors):
        del header["settings"]["apm"]["recogniser"]

    save(bake(lifter("apm")), tmp_path / "good")
    for change in (unbaked, default):
        message = refused(rewritten(tmp_path / "good", tmp_path / "evil", change))
        assert "it is not baked and names a text encoder, which is not fetched for a file" in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h["settings"]["encoder"].update(channels=16_000), "the weights do not fit the stored settings: "),
        (lambda h: h["settings"]["encoder"].update(channels=10**9), "ask for 1,000,000,000 of something"),
        (lambda h: h["settings"]["encoder"].update(widths=[1] * 50_000), "a network with more weights than the file"),
        (
            lambda h: h["settings"].update(encoder={"kind": "A3DHPCfg", "stages": 90_000}),
            "windows of more than 100,000 frames",
        ),
        (lambda h: h["settings"].update(encoder={"kind": "MixSTECfg", "depth": 90_000}), "more weights than the file"),
        (lambda h: h.update(num_joints=10**12), "do not fit the stored settings"),
        (lambda h: h["settings"]["apm"]["pose_prompt"].update(depth=99_999), "more weights than the file"),
    ],
)
def test_a_network_larger_than_its_file_is_not_built(tmp_path, change, message):
    save(bake(lifter("apm")), tmp_path / "good")
    bomb = rewritten(tmp_path / "good", tmp_path / "bomb", lambda header, _: change(header))
    assert re.search(message, confined.refused(load, bomb, memory=2**27, seconds=10))


def test_a_baked_model_needs_no_transformers(tmp_path):
    model = with_text_encoder(tiny_clip(tmp_path / "tower"))
    save(bake(model), tmp_path / "model")
    code = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("transformers", "tokenizers", "huggingface_hub"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Block())
import torch
from actionprompt.model.files import load
torch.set_num_threads(1)
lifter = load(sys.argv[1])
x = torch.randn(6, 9, 17, 2, generator=torch.Generator().manual_seed(5))
with torch.no_grad():
    print(lifter(x).pose.double().sum().item(), lifter(x).logits.argmax(-1).tolist())
assert "transformers" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "model"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pose, _, logits, _ = answers(model)
    assert done.stdout.split(" ", 1)[0] == repr(pose.double().sum().item())
    assert done.stdout.split(" ", 1)[1].strip() == str(logits.argmax(-1).tolist())


def test_saving_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "model"
    save(lifter("apm"), path)
    before = path.read_bytes()

    def half(tensors, part, metadata):
        Path(part).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("actionprompt.tensors.save_file", half)
    with pytest.raises(InputError, match="disk full"):
        save(lifter("apm", seed=1), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model"]


def test_the_same_lifter_gives_the_same_bytes(tmp_path):
    model = lifter("apm")
    for name in "abcd":  # safetensors orders several entries of metadata at random
        save(model, tmp_path / name)
    assert len({(tmp_path / name).read_bytes() for name in "abcd"}) == 1


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "model"
    save(lifter("apm"), path)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    assert "its checksum differs" in refused(path).replace("their", "its")


def test_saving_where_one_cannot(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "model", tmp_path):
        with pytest.raises(InputError, match="cannot be written"):
            save(lifter(""), path)
    assert os.listdir(tmp_path) == ["file"]


# --- Files that are not models -------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save(lifter("apm"), path)
    return path


def rewritten(good: Path, path: Path, change) -> Path:
    """The file with another header or other tensors."""
    with safe_open(good, framework="pt") as file:
        header = json.loads(file.metadata()["actionprompt"])
    tensors = load_file(good)
    header = change(header, tensors) or header
    if isinstance(header, dict):
        header.pop("checksum", None)  # a stranger would write the right one
    text = header if isinstance(header, str) else json.dumps(header)
    save_file(tensors, path, metadata={"actionprompt": text})
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_files_that_are_not_there_or_not_safetensors(good, tmp_path):
    assert "no model file" in refused(tmp_path / "absent")
    assert "no model file" in refused(tmp_path)
    whole = good.read_bytes()
    contents = {
        "empty": b"",
        "text": b"hello, I am a text file and no model",
        "cut": whole[: len(whole) // 2],
        "last byte missing": whole[:-1],
        "header cut": whole[:100],
        "longer": whole + b"x",
        "pickle": pickle.dumps({"a": 1}),
        "huge header": struct.pack("<Q", 2**60) + whole[8:],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert "not a model file of actionprompt" in refused(tmp_path / name), name
    torch.save(lifter("").state_dict(), tmp_path / "weights.pt")
    assert "not a model file of actionprompt" in refused(tmp_path / "weights.pt")


def test_weights_that_are_not_numbers(tmp_path):
    made = lifter("apm")
    torch.nn.init.constant_(made.encoder.shrink.bias, torch.nan)
    save(made, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="weights that are not numbers"):
        load(tmp_path / "model.safetensors")


def test_a_pickle_is_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    (tmp_path / "trap").write_bytes(pickle.dumps(Trap()))
    torch.save({"a": Trap()}, tmp_path / "trap.pt")
    refused(tmp_path / "trap")
    refused(tmp_path / "trap.pt")
    assert not (tmp_path / "sprung").exists()


def test_safetensors_of_others(good, tmp_path):
    save_file(load_file(good), tmp_path / "plain")
    assert "without a lifter's settings" in refused(tmp_path / "plain")


def set_at(*place: str, value: object):
    def change(header, tensors):
        for key in place[:-1]:
            header = header[key]
        header[place[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_at("format", value="actionprompt-lifter-9"), "actionprompt-lifter-9"),
        (lambda h, t: h.pop("format") and None, "format None"),
        (lambda h, t: "{", "damaged"),
        (lambda h, t: "[1]", "damaged"),
        (lambda h, t: h.pop("settings") and None, "'settings'"),
        (lambda h, t: h.pop("num_joints") and None, "'num_joints'"),
        (lambda h, t: h.pop("actions") and None, "'actions'"),
        (set_at("settings", "colour", value=3), "unknown key 'colour'"),
        (set_at("settings", "encoder", "channels", value="16"), "settings.encoder.channels"),
        (set_at("settings", "encoder", "channels", value=32), "weights do not fit"),
        (set_at("settings", "encoder", "kind", value="VPose9"), "VPose9"),
        (set_at("settings", "apm", value=None), "weights do not fit"),
        (set_at("num_joints", value=15), "weights do not fit"),
        (set_at("num_joints", value=None), "weights do not fit"),
        (set_at("actions", value=["walk", "run"]), "weights do not fit"),
        (set_at("actions", value=["walk"]), "at least two"),
        (lambda h, t: t.pop("encoder.shrink.weight") is None, "encoder.shrink.weight"),
        (lambda h, t: t.clear() or t.update(x=torch.zeros(1)), "weights do not fit"),
        (lambda h, t: t.clear(), "weights do not fit"),
        (lambda h, t: t.update(extra=torch.zeros(3)), "extra"),
        (lambda h, t: t.update({"encoder.shrink.weight": torch.zeros(51, 3)}), "is of shape (51, 3), and should be"),
    ],
)
def test_headers_and_weights_that_do_not_fit(good, tmp_path, change, message):
    assert message in refused(rewritten(good, tmp_path / "model", change))


@pytest.mark.parametrize(
    "action", [torch.tensor([1]), torch.tensor([0.9, 0.1, 2.0]), torch.ones(3, 1, dtype=torch.long)]
)
def test_one_whole_number_an_item(action):
    with pytest.raises(
        (InputError, TypeCheckError), match="one action, a whole number, for each of 3 items|Type-check error"
    ):
        lifter("apm")(torch.zeros(3, 9, 17, 2), action)


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_items(variant):
    assert lifter(variant)(torch.zeros(0, 9, 17, 2)).pose.shape == (0, 1, 17, 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x.numpy(), "are a ndarray: torch.as_tensor"),
        (lambda x: x.double(), r"are torch.float64 and the model is torch.float32"),
        (lambda x: x[0], r"\(windows, 9 frames, 17, 2\); got \(9, 17, 2\)"),
        (lambda x: x[:, :8], r"got \(2, 8, 17, 2\)"),
        (lambda x: x[:, :, :15], r"got \(2, 9, 15, 2\)"),
        (lambda x: x.transpose(1, 2), r"got \(2, 17, 9, 2\)"),
    ],
)
def test_windows_that_are_none(change, said):
    with pytest.raises(InputError, match=said):
        lifter("label")(change(torch.zeros(2, 9, 17, 2)))
