"""APM on a network that nobody edits: the two places that it touches are named, and hooks do the rest."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.network import Network
from actionprompt.encoders.network_class import settings_of
from actionprompt.model.config import APMCfg, LifterCfg
from actionprompt.model.lifter import Lifter


class HookedLifter(Lifter):
    """Any 2D-to-3D network with the Action Prompt Module around it: a lifter like ours for every command.

    Z0 is what the submodule ``shallow`` puts out; Zd is what the submodule ``final`` (the last projection) takes in,
    and gets refined on its way there. The network runs once and answers as it always does; its code stays as it is.

    Axes are einops names: b batch, f frames, c channels, and any other letters for axes that Z0 averages over and Zd
    treats as tokens. A TCN's features are "b c f", a transformer's "b f c" or "b f j c".
    """

    def __init__(
        self,
        network: nn.Module,
        cfg: APMCfg,
        actions: Sequence[str],
        *,
        shallow: str,
        final: str,
        example: Float[Tensor, "b f j i"],
        shallow_axes: str = "b f c",
        final_axes: str = "b f c",
        input_axes: str = "b f j i",
        answer_axes: str = "b t j d",
        answer: str = "",
        arguments: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Looks at the features of one example to learn their widths.

        Args:
            network: maps windows to poses of one frame or of all of them.
            cfg: APM's settings; ``tap`` is not used, ``shallow`` says it.
            actions: the class names.
            shallow: name of the submodule whose output is Z0 (as in ``network.named_modules()``).
            final: name of the submodule whose input is Zd.
            example: a batch of windows (b f j i); its shape counts.
            shallow_axes: the axes of Z0.
            final_axes: the axes of Zd.
            input_axes: how the network reads windows: "b f (j i)" if joints and coordinates are one axis.
            answer_axes: how it answers poses: t frames (left out: one), j joints, d coordinates.
            answer: which of several answers is the pose: a key, or a place from 0.
            arguments: what the network's class was made with, by name, so that a saved file can make it again.
            metadata: facts that travel with the weights, as those of ``Lifter``.

        Raises:
            InputError: no such submodule, one that did not run (or Zd's before Z0's), features that are not tensors,
                no first argument, or have other axes than said, or an answer that is not poses.
        """
        _, frames, num_joints, channels = example.shape
        places = {"shallow": shallow, "shallow_axes": shallow_axes, "final": final, "final_axes": final_axes}
        places |= {"input_axes": input_axes, "answer_axes": answer_axes, "answer": answer}
        settings = settings_of(network, arguments or {}, frames=frames, channels=channels, **places)
        encoder = Network(settings, num_joints, network)
        whole = LifterCfg(settings, cfg)
        apm = cfg.build(encoder.shallow_dim, encoder.final_dim, tuple(actions))
        super().__init__(whole, encoder, apm, 1, num_joints, actions, metadata)

    @property
    def network(self) -> nn.Module:
        """The network inside."""
        assert isinstance(self.encoder, Network)
        return self.encoder.network
