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
from actionprompt.model.config import ClassesCfg, FixedClassesCfg, LearnedClassesCfg, TextClassesCfg
from actionprompt.model.text_encoder import load_tower


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

    def __init__(self, cfg: LearnedClassesCfg, num_actions: int):
        super().__init__()
        self.dim = cfg.dim
        self.embeddings = nn.Parameter(0.02 * torch.randn(num_actions, cfg.dim))

    def forward(self) -> Float[Tensor, "k d"]:
        """T."""
        return self.embeddings


class FixedClasses(Classes):
    """Stored embeddings: what baking leaves. They are not numbers (NaN) until they are baked in or loaded."""

    embeddings: Float[Tensor, "k d"]

    def __init__(self, cfg: FixedClassesCfg, num_actions: int):
        super().__init__()
        self.dim = cfg.dim
        self.source = cfg.source or "stored embeddings of unknown source"
        self.register_buffer("embeddings", torch.full((num_actions, cfg.dim), torch.nan))

    def forward(self) -> Float[Tensor, "k d"]:
        """T."""
        return self.embeddings


class TextClasses(Classes):
    """Learned contexts and the action's name, read by a frozen text encoder (Eq. 1, in CoOp's layout).

    [SOS] V_1 ... V_N name . [EOS], the contexts V shared by all actions. Two things train: the contexts, and
    the final text projection (CLIP's own; where a model has none, a square matrix that starts as the
    identity, see ``text_encoder.load_tower``). The rest of the tower is frozen, in evaluation mode
    and in float32, under autocast too; gradients flow through it to the contexts. ``state_dict`` holds only
    what trains.
    """

    ids: Int[Tensor, "k s"]
    mask: Int[Tensor, "k s"]
    mode: Literal["update", "read", "reuse"] = "update"
    """What T is in training: read with a gradient; read without one; or what was read last."""

    def __init__(self, cfg: TextClassesCfg, actions: Sequence[str]):
        super().__init__()
        if cfg.contexts < 1:
            raise InputError(f"{cfg.contexts} text contexts were asked for: at least 1 is needed.")
        if cfg.update_every < 1:
            raise InputError(f"Contexts cannot be updated every {cfg.update_every} steps: the least is 1.")
        self.tower, self.projection, tokenizer, max_tokens, self.source = load_tower(cfg.model)
        self.dim = self.projection.out_features
        self.contexts = nn.Parameter(0.02 * torch.randn(cfg.contexts, self.tower.embedding.embedding_dim))
        ids, mask, self.start = tokenise(tokenizer, actions, cfg.contexts, max_tokens)
        self.register_buffer("ids", ids, persistent=False)
        self.register_buffer("mask", mask, persistent=False)
        self.update_every = cfg.update_every
        self._kept: Float[Tensor, "k d"] | None = None
        self.register_state_dict_post_hook(_leave_tower_out)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_put_tower_in)  # type: ignore[no-untyped-call]

    def at(self, step: int) -> None:
        """Tells which training step comes, from 0: contexts update at every ``update_every``-th one.

        No other step changes them, so what is reused until then is exact.
        """
        if step % self.update_every == 0:
            self.mode = "update"
        else:
            self.mode = "reuse" if self.mode != "update" and self._kept is not None else "read"

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
        hook = self.tower.embedding.register_forward_hook(self._insert)
        with torch.autocast(self.contexts.device.type, enabled=False), hook:
            t: Tensor = self.projection(self.tower(self.ids, self.mask))
        return t

    def _insert(self, _: nn.Module, __: Any, tokens: Float[Tensor, "k s w"]) -> Float[Tensor, "k s w"]:
        """Eq. 1: the contexts take the placeholders' places among the token embeddings."""
        contexts = self.contexts.expand(tokens.shape[0], -1, -1)
        before, after = tokens[:, : self.start], tokens[:, self.start + contexts.shape[1] :]
        return torch.cat([before, contexts, after], dim=1)


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
    """Refuses prompts longer than the tower, and names that are one to the tokeniser (it may drop case)."""
    rows, lengths = [tuple(row) for row in ids.tolist()], mask.sum(1).tolist()
    for k, action in enumerate(actions):
        if lengths[k] > max_tokens:
            raise InputError(
                f"The name {action!r} with the contexts before it makes {lengths[k]} tokens, and the text"
                f" encoder reads {max_tokens} at most: give a shorter name or fewer contexts."
            )
        if (first := rows.index(rows[k])) != k:
            raise InputError(f"The text encoder reads {actions[first]!r} and {action!r} alike: rename one.")


def _leave_tower_out(_: nn.Module, state: dict[str, Any], prefix: str, __: Any) -> None:
    """Frozen weights are not saved: they come from their own files."""
    for name in [name for name in state if name.startswith(f"{prefix}tower.")]:
        del state[name]


def _put_tower_in(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """The tower's own weights stand in for what was left out, so that strict loading checks all the rest."""
    assert isinstance(module, TextClasses)
    for name, value in module.tower.state_dict(prefix=f"{prefix}tower.").items():
        state.setdefault(name, value)


def build_classes(cfg: ClassesCfg, actions: Sequence[str]) -> Classes:
    """The class embeddings that a configuration asks for, K = ``len(actions)``.

    Raises:
        InputError: see :class:`TextClasses`, :func:`tokenise` and :func:`actionprompt.model.text_encoder.load_tower`.
    """
    match cfg:
        case TextClassesCfg():
            return TextClasses(cfg, actions)
        case LearnedClassesCfg():
            return LearnedClasses(cfg, len(actions))
        case FixedClassesCfg():
            return FixedClasses(cfg, len(actions))


def bake_classes(classes: Classes) -> tuple[FixedClassesCfg, FixedClasses]:
    """T evaluated once and stored, bit for bit: whatever made it is no longer needed."""
    training = classes.training
    with torch.no_grad():
        embeddings = classes.eval()().clone()
    classes.train(training)
    cfg = FixedClassesCfg(dim=classes.dim, source=classes.source)
    fixed = FixedClasses(cfg, embeddings.shape[0]).train(training)
    fixed.embeddings = embeddings
    return cfg, fixed
