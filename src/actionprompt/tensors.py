"""Weights in a safetensors file with one header and a checksum: the same content gives the same bytes."""

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from actionprompt.untrusted import parse_json

CHECKSUM = "checksum"


class Damaged(ValueError):
    """A file whose content is not what was written."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], key: str, header: Mapping[str, Any]) -> None:
    """Writes tensors (copied to the CPU) and a header, which is JSON under a key of the file's metadata.

    One key only: safetensors writes several in random order.

    Raises:
        OSError: the file cannot be written (or a ``SafetensorError``).
    """
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    save_file(plain, path, {key: json.dumps({**header, CHECKSUM: checksum(plain)})})


def read_tensors(path: Path, key: str) -> tuple[dict[str, Any] | None, dict[str, Tensor]]:
    """The header, or None where the file has none under that key, and the tensors.

    Raises:
        OSError: the file cannot be read.
        SafetensorError: it is no safetensors file.
        ValueError: the header is damaged.
        Damaged: the tensors are.
    """
    with safe_open(path, framework="pt") as file:
        text = (file.metadata() or {}).get(key)
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    if text is None:
        return None, tensors
    header = parse_json(text)
    if not isinstance(header, dict):
        raise ValueError(f"it is a {type(header).__name__}")
    if header.get(CHECKSUM, found := checksum(tensors)) != found:
        raise Damaged("its weights are not those that were written: their checksum differs")
    return header, tensors


def checksum(tensors: Mapping[str, Tensor]) -> str:
    """A digest of names, types, shapes and numbers, whatever their order."""
    digest = blake2b(digest_size=16)
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
