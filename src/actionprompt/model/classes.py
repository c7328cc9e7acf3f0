"""Class embeddings T: one vector per action, from learned text contexts, free parameters, or storage.

Axis letters beside those of ``encoders/base.py``: s tokens of a prompt, w width of a token embedding.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from actionprompt.errors import InputError
from actionprompt.model.text_encoder import load_text_encoder


class Classes(nn.Module, ABC):
    """T, whatever it is made of: ``classes()`` is (K, D)."""

    dim: int
    """D: width of an embedding."""
    source: str
    """Where the embeddings come from: one phrase for reports."""

    @abstractmethod
    def forward(self) -> Float[Tensor, "k d"]:
        """T, not normalised."""


class LearnedClasses(Classes):
    """K free embeddings, no text ("K-action text prompt", Table V)."""

    source = "learned K-action embeddings, no text"

    def __init__(self, num_actions: int, dim: int) -> None:
        super().__init__()
        self.dim = _positive(dim)
        self.embeddings = nn.Parameter(0.02 * torch.randn(num_actions, dim))

    def forward(self) -> Float[Tensor, "k d"]:
        """T."""
        return self.embeddings


class FixedClasses(Classes):
    """Stored embeddings: what baking leaves. They are not numbers (NaN) until they are baked in or loaded."""

    embeddings: Float[Tensor, "k d"]

    def __init__(self, num_actions: int, dim: int, source: str = "") -> None:
        super().__init__()
        self.dim = _positive(dim)
        self.source = source or "stored embeddings of unknown source"
        self.register_buffer("embeddings", torch.full((num_actions, dim), torch.nan))

    def forward(self) -> Float[Tensor, "k d"]:
        """T."""
        return self.embeddings


class TextClasses(Classes):
    """Learned contexts and the action's name, read by a frozen text encoder (Eq. 1, in CoOp's layout).

    [SOS] V_1 ... V_N name . [EOS], the contexts V shared by all actions. Two things train: the contexts, and
    the final text projection (CLIP's own; where a model has none, a square matrix that starts as the
    identity, see ``text_encoder.load_text_encoder``). The rest of the text encoder is frozen, in evaluation mode
    and in float32, under autocast too; gradients flow through it to the contexts. ``state_dict`` holds only
    what trains.
    """

    ids: Int[Tensor, "k s"]
    mask: Int[Tensor, "k s"]
    mode: Literal["update", "read", "reuse"] = "update"
    """What T is in training: read with a gradient; read without one; or what was read last (``training.step`` says)."""

    def __init__(self, actions: Sequence[str], model: str, contexts: int, update_every: int = 1) -> None:
        """Loads the text encoder and reads the names.

        Args:
            actions: the class names, as people write them.
            model: the text encoder: a hub name, a local folder, or an installed package.
            contexts: N, learned vectors before a name.
            update_every: training steps between updates of the contexts.

        Raises:
            InputError: no contexts or steps, a text encoder that cannot be loaded, or a name that it cannot read.
        """
        super().__init__()
        if contexts < 1:
            raise InputError(f"{contexts} text contexts were asked for: at least 1 is needed.")
        if update_every < 1:
            raise InputError(f"Contexts cannot be updated every {update_every} steps: the least is 1.")
        self.text_encoder, self.projection, tokenizer, max_tokens, self.source = load_text_encoder(model)
        self.dim = self.projection.out_features
        self.contexts = nn.Parameter(0.02 * torch.randn(contexts, self.text_encoder.embedding.embedding_dim))
        ids, mask, self.start = tokenise(tokenizer, actions, contexts, max_tokens)
        self.register_buffer("ids", ids, persistent=False)
        self.register_buffer("mask", mask, persistent=False)
        self.update_every = update_every
        self._kept: Float[Tensor, "k d"] | None = None
        self.register_state_dict_post_hook(_leave_text_encoder_out)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_put_text_encoder_in)  # type: ignore[no-untyped-call]

    @property
    def kept(self) -> bool:
        """Whether T was read before, and can be used again."""
        return self._kept is not None

    def forward(self) -> Float[Tensor, "k d"]:
        """T of the contexts as they are now; with a gradient where they update."""
        if not self.training or self.mode == "update":
            return self._read()
        if self.mode == "read" or self._kept is None:
            with torch.no_grad():
                t = self._read()
                self._kept = t if self._kept is None else self._kept.copy_(t)  # one place: steps may be recorded
        return self._kept

    def _read(self) -> Float[Tensor, "k d"]:
        """One pass over all K prompts."""
        hook = self.text_encoder.embedding.register_forward_hook(self._insert)
        with torch.autocast(self.contexts.device.type, enabled=False), hook:
            t: Tensor = self.projection(self.text_encoder(self.ids, self.mask))
        return t

    def _insert(self, _: nn.Module, __: Any, tokens: Float[Tensor, "k s w"]) -> Float[Tensor, "k s w"]:
        """The contexts take the placeholders' places among the token embeddings."""
        contexts = self.contexts.expand(tokens.shape[0], -1, -1)
        before, after = tokens[:, : self.start], tokens[:, self.start + contexts.shape[1] :]
        return torch.cat([before, contexts, after], dim=1)  # Eq. 1: [V]_1 ... [V]_N [Action]_k


class Prompts(NamedTuple):
    """Token ids of every action's prompt, padded behind to the longest one."""

    ids: Int[Tensor, "k s"]
    mask: Int[Tensor, "k s"]
    """0 where a prompt is padded."""
    start: int
    """The first placeholder's place, the same in every prompt."""


def tokenise(tokenizer: Any, actions: Sequence[str], contexts: int, max_tokens: int) -> Prompts:
    """Prompts of placeholders, which the contexts replace later, and the action's name.

    Raises:
        InputError: a name is empty or too long, the tokeniser reads two names alike, or it does not read a
            placeholder as one token.
    """
    if not all(action.strip() for action in actions):
        raise InputError(f"The text encoder needs a name for every action; got {list(actions)}.")
    placeholders = " ".join(["X"] * contexts)
    texts = [placeholders, *(f"{placeholders} {action}." for action in actions)]
    tokenizer.padding_side = "right"
    tokens = tokenizer(texts, padding=True, return_special_tokens_mask=True, return_tensors="pt", verbose=False)
    ids, mask, words = tokens["input_ids"], tokens["attention_mask"], tokens["special_tokens_mask"] == 0
    start = int(words[0].int().argmax())
    slots = slice(start, start + contexts)
    same = bool(words[:, slots].all() and (ids[:, slots] == ids[0, slots]).all())
    if not same or words[0].sum() != contexts or set(ids[0, slots].tolist()) & set(tokenizer.all_special_ids):
        raise InputError(f"The text encoder's tokeniser does not read {placeholders!r} as {contexts} tokens.")
    _check_names(actions, ids[1:], mask[1:], max_tokens)
    return Prompts(ids[1:], mask[1:], start)


def _check_names(actions: Sequence[str], ids: Int[Tensor, "k s"], mask: Int[Tensor, "k s"], max_tokens: int) -> None:
    """Refuses prompts longer than the text encoder, and names that are one to the tokeniser (it may drop case)."""
    rows, lengths = [tuple(row) for row in ids.tolist()], mask.sum(1).tolist()
    for k, action in enumerate(actions):
        if lengths[k] > max_tokens:
            raise InputError(
                f"The name {action!r} with the contexts before it makes {lengths[k]} tokens, and the text"
                f" encoder reads {max_tokens} at most: give a shorter name or fewer contexts."
            )
        if (first := rows.index(rows[k])) != k:
            raise InputError(f"The text encoder reads {actions[first]!r} and {action!r} alike: rename one.")


def _leave_text_encoder_out(_: nn.Module, state: dict[str, Any], prefix: str, __: Any) -> None:
    """Frozen weights are not saved: they come from their own files."""
    for name in [name for name in state if name.startswith(f"{prefix}text_encoder.")]:
        del state[name]


def _put_text_encoder_in(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """The text encoder's own weights stand in for what was left out, so that strict loading checks all the rest."""
    assert isinstance(module, TextClasses)
    for name, value in module.text_encoder.state_dict(prefix=f"{prefix}text_encoder.").items():
        state.setdefault(name, value)


def bake_classes(classes: Classes) -> FixedClasses:
    """T evaluated once and stored, bit for bit: whatever made it is no longer needed."""
    training = classes.training
    with torch.no_grad():
        embeddings = classes.eval()().clone()
    classes.train(training)
    fixed = FixedClasses(embeddings.shape[0], classes.dim, classes.source).train(training)
    fixed.embeddings = embeddings
    return fixed


def _positive(dim: int) -> int:
    if dim < 1:
        raise InputError(f"The class embeddings have the width {dim}: it must be above 0.")
    return dim
