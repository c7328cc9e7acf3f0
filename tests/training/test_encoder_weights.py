from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.encoders.config import VPoseCfg
from actionprompt.errors import InputError
from actionprompt.model.config import LifterCfg
from actionprompt.model.files import load
from actionprompt.training.train import train
from small import VARIANTS, corpus, run_cfg

GOLDEN = Path(__file__).parents[1] / "golden" / "vpose_f27.npz"
ENCODER = VPoseCfg((3, 3, 3), 32)


@pytest.mark.parametrize("frozen", [True, False])
def test_apm_on_the_authors_encoder(tmp_path: Path, frozen: bool) -> None:
    model = LifterCfg(ENCODER, VARIANTS["apm"])
    cfg = run_cfg(model=model, encoder_weights=GOLDEN, freeze_encoder=frozen)
    train(cfg, tmp_path, corpus=corpus(frames=40), quiet=True)
    golden = np.load(GOLDEN)
    with torch.inference_mode():
        answer = load(tmp_path / "model.safetensors").encoder(torch.from_numpy(golden["x"]))
    same = np.allclose(answer.numpy(), golden["y"], rtol=1e-4, atol=1e-5)
    told = load(tmp_path / "model.safetensors").metadata["encoder"]
    assert told == "from vpose_f27.npz, in the layout of VideoPose3D" + ", frozen" * frozen
    assert same == frozen  # a frozen encoder is the published one still, a trained one has moved on


def test_a_resumed_run_needs_the_authors_file_no_more(tmp_path: Path) -> None:
    copy = tmp_path / "weights.npz"
    copy.write_bytes(GOLDEN.read_bytes())
    cfg = run_cfg(model=LifterCfg(ENCODER, None), encoder_weights=copy)
    train(cfg, tmp_path / "run", corpus=corpus(frames=40), quiet=True)
    first = (tmp_path / "run" / "model.safetensors").read_bytes()
    copy.unlink()
    train(cfg, tmp_path / "run", resume=True, corpus=corpus(frames=40), quiet=True)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == first
    (tmp_path / "run" / "checkpoint.safetensors").unlink()  # stopped before its first checkpoint
    with pytest.raises(InputError, match=r"weights\.npz"):
        train(cfg, tmp_path / "run", resume=True, corpus=corpus(frames=40), quiet=True)


def test_freezing_without_apm_or_another_network(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to train"):
        train(run_cfg(model=LifterCfg(ENCODER, None), freeze_encoder=True), tmp_path / "a", corpus=corpus(frames=40))
    with pytest.raises(InputError, match=r"vpose_f27\.npz"):
        train(run_cfg(encoder_weights=GOLDEN), tmp_path / "b", corpus=corpus(frames=40))
    assert not any(tmp_path.iterdir())
