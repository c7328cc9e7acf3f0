"""Tiny text encoders with random weights, made by code: they know no language, and test the plumbing only."""

import json
from pathlib import Path
from string import ascii_lowercase

import torch


def tiny_clip(folder: Path, *, legacy_eos: bool = False, whole: bool = False, pickled: bool = False) -> Path:
    """A CLIP text tower of width 32, projected to 24.

    ``legacy_eos``: the end-of-text id that OpenAI's files state wrongly (2); ``whole``: with a vision tower,
    as on the hub; ``pickled``: weights as ``pytorch_model.bin``.
    """
    from transformers import CLIPConfig, CLIPModel, CLIPTextModelWithProjection

    words = [*ascii_lowercase, ".", *(f"{c}</w>" for c in [*ascii_lowercase, "."]), "in", "ing</w>"]
    vocab = {word: i for i, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab))
    (folder / "merges.txt").write_text("#version: 0.2\ni n\nin g</w>\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "CLIPTokenizer", "model_max_length": 77}')
    torch.manual_seed(0)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    text = {**size, "vocab_size": len(vocab), "max_position_embeddings": 40, "projection_dim": 24}
    text |= {"bos_token_id": len(vocab) - 2, "eos_token_id": 2 if legacy_eos else len(vocab) - 1}
    vision = {**size, "image_size": 8, "patch_size": 4}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)
    model = CLIPModel(config) if whole else CLIPTextModelWithProjection(config.text_config)
    _save(model, folder, pickled)
    return folder


def tiny_bert(folder: Path, pooling: str | None = None) -> Path:
    """A BERT of width 32, no projection, with a sentence-transformers ``pooling`` mode or none stated."""
    from transformers import BertConfig, BertModel

    letters = [*ascii_lowercase, "."]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters), "##ing"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocab))
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 40}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(0)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    _save(BertModel(BertConfig(vocab_size=len(vocab), max_position_embeddings=64, **size)), folder)
    if pooling is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({pooling: True, "pooling_mode_max_tokens": False}))
    return folder


def _save(model: torch.nn.Module, folder: Path, pickled: bool = False) -> None:
    """Weights a little larger than transformers' own start, so that differences show."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    if pickled:
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
