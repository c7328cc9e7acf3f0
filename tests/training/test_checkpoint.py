import copy
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from actionprompt.errors import InputError
from actionprompt.training.batches import seed_step
from actionprompt.training.checkpoint import read_checkpoint, write_checkpoint
from small import lifter


def stepped(variant: str = "apm", seed: int = 0, steps: int = 3):
    model = lifter(variant, seed=seed).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01, amsgrad=True, fused=True)
    for _ in range(steps):
        step(model, optimiser)
    return model, optimiser


def step(model, optimiser) -> None:
    torch.manual_seed(7)
    own = model(torch.randn(4, 9, 17, 2), torch.arange(4) % 3)
    (own.pose.square().mean() + (0 if own.logits is None else own.logits.square().mean())).backward()
    optimiser.step()
    optimiser.zero_grad()


def test_a_restored_pair_goes_on_with_the_same_bits(tmp_path):
    model, optimiser = stepped()
    write_checkpoint(tmp_path / "c", model, optimiser, 3, [1.5, 0.1], 99)
    other, other_optimiser = stepped(seed=1, steps=0)
    assert read_checkpoint(tmp_path / "c", other, other_optimiser, 99) == (3, [1.5, 0.1])
    for _ in range(2):
        step(model, optimiser)
        step(other, other_optimiser)
    for key, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert optimiser.state[a].keys() == other_optimiser.state[b].keys()
        for slot, value in optimiser.state[a].items():
            assert torch.equal(value, other_optimiser.state[b][slot])


def test_floats_survive_the_text_header(tmp_path):
    model, optimiser = stepped(steps=1)
    meter = [0.1 + 0.2, 1e300, 5e-324, 1 / 3]
    write_checkpoint(tmp_path / "c", model, optimiser, 1, meter, 9)
    assert read_checkpoint(tmp_path / "c", model, optimiser, 9)[1] == meter


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    model, optimiser = stepped(steps=1)
    write_checkpoint(tmp_path / "c", model, optimiser, 1, [0.0], 9)
    before = (tmp_path / "c").read_bytes()

    def half(tensors, part, metadata):
        part.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("actionprompt.tensors.save_file", half)
    with pytest.raises(InputError, match="cannot be written to .*disk full"):
        write_checkpoint(tmp_path / "c", model, optimiser, 2, [0.0], 9)
    assert (tmp_path / "c").read_bytes() == before


def test_checkpoints_of_something_else(tmp_path):
    model, optimiser = stepped()
    path = tmp_path / "c"
    write_checkpoint(path, model, optimiser, 3, [0.0], 9)
    whole, tensors = path.read_bytes(), load_file(path)
    untouched = copy.deepcopy(stepped("label", steps=0)[0].state_dict())

    def refused(message: str, windows: int = 9, variant: str = "apm") -> None:
        other, its_optimiser = stepped(variant, steps=0)
        with pytest.raises(InputError, match=message) as caught:
            read_checkpoint(path, other, its_optimiser, windows)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)

    refused("9 training windows and the data now give 10", windows=10)
    refused("another model", variant="label")
    for content in (b"", b"text", whole[:-5]):
        path.write_bytes(content)
        refused("not a checkpoint")
    for metadata in (None, {"x": "y"}, {"checkpoint": "{"}, {"checkpoint": json.dumps({"step": 3})}):
        save_file(tensors, path, metadata=metadata)
        refused("not a checkpoint")
    assert all(torch.equal(v, untouched[k]) for k, v in stepped("label", steps=0)[0].state_dict().items())


def test_random_numbers_depend_on_seed_step_and_process_only():
    def drawn(*key: int) -> float:
        torch.rand(3)
        seed_step(*key)
        return torch.rand(1).item()

    keys = [(s, t, p) for s in (0, 1, 2**40) for t in (0, 1, 10**7) for p in (0, 1)]
    first = {key: drawn(*key) for key in keys}
    assert len(set(first.values())) == len(keys)
    assert {key: drawn(*key) for key in reversed(keys)} == first
