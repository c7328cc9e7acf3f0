"""APM on a network that nobody edits: the two places that it touches are named, and hooks do the rest."""

from collections.abc import Sequence

import torch
from einops import EinopsError, rearrange, reduce
from jaxtyping import Float, Int
from torch import Tensor, nn

from actionprompt.errors import InputError
from actionprompt.model.config import APMCfg
from actionprompt.model.lifter import Lifted


class HookedLifter(nn.Module):
    """Any 2D-to-3D network with the Action Prompt Module around it.

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
        example: Float[Tensor, "b f j 2"],
        shallow_axes: str = "b f c",
        final_axes: str = "b f c",
    ) -> None:
        """Looks at the features of one example to learn their widths.

        Args:
            network: maps windows (b f j 2) to poses (b t j 3).
            cfg: APM's settings; ``tap`` is not used, ``shallow`` says it.
            actions: the class names.
            shallow: name of the submodule whose output is Z0 (as in ``network.named_modules()``).
            final: name of the submodule whose input is Zd.
            example: a batch that the network accepts.
            shallow_axes: the axes of Z0.
            final_axes: the axes of Zd.

        Raises:
            InputError: no such submodule, one that did not run (or Zd's before Z0's), or features that are no tensor,
                no first argument, or have other axes than said.
        """
        super().__init__()
        self.network = network
        self.actions = tuple(actions)
        self._shallow, self._final = shallow, final  # names: modules kept here would be saved twice
        self._shallow_axes, self._final_axes = shallow_axes, final_axes
        seen: dict[str, Tensor] = {}  # in the order in which they come
        training = [module for module in network.modules() if module.training]

        def see_shallow(_: nn.Module, __: object, z0: Tensor) -> None:
            seen.setdefault("z0", z0)

        def see_final(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if not inputs:
                raise InputError(f"The network calls {final!r} with named arguments only: Zd must be its first one.")
            seen.setdefault("zd", inputs[0])

        with (
            torch.no_grad(),
            _submodule(network, shallow).register_forward_hook(see_shallow),
            _submodule(network, final).register_forward_pre_hook(see_final),
        ):
            try:
                network.eval()(example)
            finally:
                for module in training:
                    module.training = True
        for key, part in (("z0", shallow), ("zd", final)):
            if key not in seen:
                raise InputError(f"The network's submodule {part!r} did not run on the example.")
        if next(iter(seen)) == "zd":
            raise InputError(f"The network runs {final!r} before {shallow!r}: the action would come too late for Zd.")
        c0, c = _width(seen["z0"], shallow_axes, shallow, "b f c"), _width(seen["zd"], final_axes, final, "b c")
        self.apm = cfg.build(c0, c, self.actions)

    def forward(self, x: Float[Tensor, "b f j 2"], action: Int[Tensor, " b"] | None = None) -> Lifted:
        """As :meth:`actionprompt.model.lifter.Lifter.forward`."""
        logits: list[Tensor] = []

        def recognise(_: nn.Module, __: object, z0: Tensor) -> None:
            logits.append(self.apm.recognise(reduce(z0, f"{self._shallow_axes} -> b f c", "mean")))

        def refine(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            y = logits[0]
            weights = self.apm.choose(y) if action is None else self.apm.weights_of(action, y)
            tokens = " ".join(axis for axis in self._final_axes.split() if axis not in ("b", "c"))
            zd = rearrange(inputs[0], f"{self._final_axes} -> b {tokens} c")
            refined = rearrange(self.apm.refine(zd, weights), f"b {tokens} c -> {self._final_axes}")
            return (refined, *inputs[1:])

        shallow, final = _submodule(self.network, self._shallow), _submodule(self.network, self._final)
        with shallow.register_forward_hook(recognise), final.register_forward_pre_hook(refine):
            pose = self.network(x)
        return Lifted(pose, logits[0])


def _submodule(network: nn.Module, name: str) -> nn.Module:
    modules = dict(network.named_modules())
    if not name or name not in modules:
        raise InputError(f"The network has no submodule {name!r}: it has {', '.join(key for key in modules if key)}.")
    module: nn.Module = modules[name]
    return module


def _width(z: object, axes: str, part: str, needed: str) -> int:
    if lacking := [axis for axis in needed.split() if axis not in axes.split()]:
        raise InputError(f"The axes {axes!r} of the features at {part!r} need {' and '.join(lacking)}.")
    if not isinstance(z, Tensor):
        raise InputError(f"The features at {part!r} are a {type(z).__name__}: name a submodule with one tensor there.")
    try:
        return rearrange(z, f"{axes} -> {axes}").shape[axes.split().index("c")]
    except (EinopsError, ValueError) as error:
        raise InputError(f"The features at {part!r} have the shape {tuple(z.shape)}, not the axes {axes!r}.") from error
