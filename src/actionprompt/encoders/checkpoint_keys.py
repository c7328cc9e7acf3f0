"""Where each tensor of the encoders' published checkpoints goes in ours: explicit tables, one per encoder."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from torch import Size

from actionprompt.encoders.a3dhp import A3DHP
from actionprompt.encoders.base import Encoder
from actionprompt.encoders.mixste import MixSTE
from actionprompt.encoders.vpose import VPose


class Row(NamedTuple):
    """One tensor: the authors' key, ours, and how the authors' axes become ours (an einops pattern)."""

    theirs: str
    ours: str
    axes: str = "... -> ..."


CONV, POINT, DEPTH, GROUPED = "o i w -> o w i", "o i 1 -> o i", "c 1 w -> w c", "(g o) i 1 -> g o i"


class Layout(NamedTuple):
    """A published checkpoint layout."""

    name: str
    encoder: type[Encoder]
    mark: str
    """A key that only this layout has."""
    rows: Callable[[Encoder], Iterator[Row]]
    facts: Callable[[Mapping[str, Size]], dict[str, object]]
    """What the shapes tell of the network, to explain a misfit."""


def layouts() -> tuple[Layout, ...]:
    """All known layouts."""
    return (
        Layout("VideoPose3D", VPose, "expand_conv.weight", vpose_rows, vpose_facts),
        Layout("Attention3DHumanPose", A3DHP, "layers_tem_att.0.weight", a3dhp_rows, a3dhp_facts),
        Layout("MixSTE", MixSTE, "STEblocks.0.norm1.weight", mixste_rows, mixste_facts),
    )


# --- VideoPose3D -------------------------------------------------------------------------------------------
def vpose_rows(encoder: Encoder) -> Iterator[Row]:
    """Two convolutions per block in one flat list."""
    assert isinstance(encoder, VPose)
    yield Row("expand_conv.weight", "expand.weight", CONV)
    yield from _norm("expand_bn", "expand_norm")
    for i in range(len(encoder.blocks)):
        yield Row(f"layers_conv.{2 * i}.weight", f"blocks.{i}.conv.weight", CONV)
        yield from _norm(f"layers_bn.{2 * i}", f"blocks.{i}.norm")
        yield Row(f"layers_conv.{2 * i + 1}.weight", f"blocks.{i}.mix.weight", POINT)
        yield from _norm(f"layers_bn.{2 * i + 1}", f"blocks.{i}.mix_norm")
    yield from _shrink()


def vpose_facts(shapes: Mapping[str, Size]) -> dict[str, object]:
    """Sizes of a VideoPose3D checkpoint."""
    blocks = _count(shapes, "layers_conv.{}.weight") // 2
    widths = [
        shapes["expand_conv.weight"][2],
        *(shapes[f"layers_conv.{2 * i}.weight"][2] for i in range(blocks)),
    ]
    return {
        "input joints": shapes["expand_conv.weight"][1] // 2,
        "output joints": shapes["shrink.weight"][0] // 3,
        "channels": shapes["shrink.weight"][1],
        "as layer widths": " ".join(map(str, widths)),
    }


# --- Attention3DHumanPose ----------------------------------------------------------------------------------
def a3dhp_rows(encoder: Encoder) -> Iterator[Row]:
    """Kernel attention and 1x1 convolution in turn in one flat list; so are the two halves of a skip."""
    assert isinstance(encoder, A3DHP)
    for i in range(len(encoder.expand)):
        yield from _separable(f"expand_conv.{i}", f"expand.{i}")
    for i in range(len(encoder.skips)):
        yield from _separable(f"dilation_conv.{2 * i}", f"skips.{i}.conv")
        yield Row(f"dilation_conv.{2 * i + 1}.weight", f"skips.{i}.mix.weight", POINT)
        yield from _norm(f"dilation_bn.{i}", f"skips.{i}.mix_norm")
    for i in range(len(encoder.stages)):
        yield from _linear(f"layers_tem_att.{i}", f"stages.{i}.attend")
        yield from _norm(f"layers_tem_bn.{i}", f"stages.{i}.attend_norm")
        yield from _kernel(f"layers_conv.{2 * i}", f"stages.{i}.kernel")
        yield Row(f"layers_conv.{2 * i + 1}.weight", f"stages.{i}.mix.weight", POINT)
        yield from _norm(f"layers_bn.{i}", f"stages.{i}.mix_norm")
    yield from _shrink()


def a3dhp_facts(shapes: Mapping[str, Size]) -> dict[str, object]:
    """Sizes of an Attention3DHumanPose checkpoint."""
    return {
        "input joints": shapes["expand_conv.0.DW_conv.weight"][0] // 2,
        "output joints": shapes["shrink.weight"][0] // 3,
        "channels": shapes["shrink.weight"][1],
        "frames": shapes["layers_tem_att.0.weight"][1],
    }


def _separable(theirs: str, ours: str) -> Iterator[Row]:
    yield Row(f"{theirs}.DW_conv.weight", f"{ours}.depth", DEPTH)
    yield from _norm(f"{theirs}.DW_bn", f"{ours}.depth_norm")
    yield Row(f"{theirs}.PW_conv.weight", f"{ours}.point", GROUPED)
    yield from _norm(f"{theirs}.PW_bn", f"{ours}.point_norm")


def _kernel(theirs: str, ours: str) -> Iterator[Row]:
    for i in range(3):
        yield Row(f"{theirs}.convs.{i}.0.weight", f"{ours}.branches.{i}.depth", DEPTH)
        yield from _norm(f"{theirs}.convs.{i}.1", f"{ours}.branches.{i}.depth_norm")
        yield Row(f"{theirs}.convs.{i}.2.weight", f"{ours}.branches.{i}.point", GROUPED)
        yield from _norm(f"{theirs}.convs.{i}.3", f"{ours}.branches.{i}.point_norm")
        yield from _linear(f"{theirs}.fcs.{i}", f"{ours}.excite.{i}")
    yield from _linear(f"{theirs}.fc", f"{ours}.squeeze")


# --- MixSTE ------------------------------------------------------------------------------------------------
def mixste_rows(encoder: Encoder) -> Iterator[Row]:
    """The same names for spatial (STE) and temporal (TTE) blocks."""
    assert isinstance(encoder, MixSTE)
    yield Row("Spatial_pos_embed", "joint_position", "1 j c -> j c")
    yield Row("Temporal_pos_embed", "frame_position", "1 f c -> f c")
    yield from _linear("Spatial_patch_to_embedding", "embed")
    for i in range(len(encoder.spatial)):
        yield from _block(f"STEblocks.{i}", f"spatial.{i}")
        yield from _block(f"TTEblocks.{i}", f"temporal.{i}")
    yield from _linear("Spatial_norm", "spatial_norm")
    yield from _linear("Temporal_norm", "temporal_norm")
    yield from _linear("head.0", "regress.0")
    yield from _linear("head.1", "regress.1")


def mixste_facts(shapes: Mapping[str, Size]) -> dict[str, object]:
    """Sizes of a MixSTE checkpoint."""
    return {
        "joints": shapes["Spatial_pos_embed"][1],
        "frames": shapes["Temporal_pos_embed"][1],
        "channels": shapes["Spatial_pos_embed"][2],
        "pairs of blocks": _count(shapes, "STEblocks.{}.norm1.weight"),
    }


def _block(theirs: str, ours: str) -> Iterator[Row]:
    pairs = {"norm1": "norm", "attn.qkv": "qkv", "attn.proj": "proj", "norm2": "mlp_norm", "mlp.fc1": "mlp.0",
             "mlp.fc2": "mlp.2"}  # fmt: skip
    for their_layer, layer in pairs.items():
        yield from _linear(f"{theirs}.{their_layer}", f"{ours}.{layer}")


# --- Parts that the layouts share --------------------------------------------------------------------------
def _linear(theirs: str, ours: str) -> Iterator[Row]:
    """A weight and a bias: a linear layer or a layer norm."""
    for name in ("weight", "bias"):
        yield Row(f"{theirs}.{name}", f"{ours}.{name}")


def _norm(theirs: str, ours: str) -> Iterator[Row]:
    for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        yield Row(f"{theirs}.{name}", f"{ours}.{name}")


def _shrink() -> Iterator[Row]:
    yield Row("shrink.weight", "shrink.weight", POINT)
    yield Row("shrink.bias", "shrink.bias")


def _count(shapes: Mapping[str, Size], pattern: str) -> int:
    return next(i for i in range(10_000) if pattern.format(i) not in shapes)
