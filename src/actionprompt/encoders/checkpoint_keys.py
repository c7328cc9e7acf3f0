"""The words of published checkpoint layouts: where each tensor goes in ours. Each network's file has its table."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from torch import Size


class KeyMapping(NamedTuple):
    """One tensor: the authors' key, ours, and how the authors' axes become ours (an einops pattern)."""

    theirs: str
    ours: str
    axes: str = "... -> ..."


CONV, POINT, DEPTH, GROUPED = "o i w -> o w i", "o i 1 -> o i", "c 1 w -> w c", "(g o) i 1 -> g o i"
FIRST = "1 ... -> ..."

Shapes = Mapping[str, Size]
"""The shapes of a checkpoint's tensors by the authors' keys."""


class CheckpointLayout(NamedTuple):
    """A published checkpoint layout."""

    name: str
    """What its authors call their code or network."""
    mark: str
    """A key that only this layout has."""
    rows: Callable[[Any], Iterator[KeyMapping]]
    """The table of a network of ours."""
    facts: Callable[[Shapes], dict[str, Any]]
    """What the shapes tell of the network, to explain a misfit."""
    settings: Callable[[Shapes], tuple[Any, int]]
    """The encoder's settings and the number of joints of a published network, as far as shapes tell them."""
    assumed: str = ""
    """What the shapes do not tell, and what ``settings`` takes it to be."""


def weight_and_bias(theirs: str, ours: str) -> Iterator[KeyMapping]:
    """A linear layer or a layer norm."""
    for name in ("weight", "bias"):
        yield KeyMapping(f"{theirs}.{name}", f"{ours}.{name}")


def batch_norm(theirs: str, ours: str) -> Iterator[KeyMapping]:
    """A batch norm with its statistics."""
    for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        yield KeyMapping(f"{theirs}.{name}", f"{ours}.{name}")


def renamed(theirs: str, ours: str, names: Mapping[str, str]) -> Iterator[KeyMapping]:
    """Several linear layers and layer norms of a part, by their names in it."""
    for their_name, name in names.items():
        yield from weight_and_bias(f"{theirs}.{their_name}", f"{ours}.{name}")


def count(shapes: Shapes, pattern: str) -> int:
    """How many numbered parts a checkpoint has; ``{}`` in the pattern stands for the number."""
    return next(i for i in range(10_000) if pattern.format(i) not in shapes)
