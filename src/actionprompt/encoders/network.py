"""Any network as an encoder, its code left as it is: the two places that APM touches are named, hooks do the rest."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from einops import EinopsError, rearrange, reduce
from jaxtyping import Float, Int
from torch import Tensor, nn

from actionprompt.encoders.base import Encoder, Features, Window
from actionprompt.encoders.config import NetworkCfg
from actionprompt.encoders.network_class import instantiate
from actionprompt.errors import InputError


class Network(Encoder):
    """A network: Z0 is what one submodule puts out, Zd what another, the last projection, takes in.

    Behind its last projection a network may only rearrange numbers (transpose, reshape, pick a frame). Which number
    goes where is found out once, by sending numbers through; the projection and that order are the head.
    """

    def __init__(self, cfg: NetworkCfg, num_joints: int, network: nn.Module | None = None) -> None:
        """Looks at an example's features to learn their widths.

        Args:
            cfg: the class, its arguments and the two places.
            num_joints: J.
            network: the network itself, where it is at hand already.

        Raises:
            InputError: no such class or submodule, one that did not run (or Zd's before Z0's), features that are no
                tensor, no first argument or have other axes than said, or an answer that is not poses or more than the
                last projection's output in another order.
        """
        super().__init__()
        self.network = instantiate(cfg) if network is None else network
        self.cfg = self.settings = cfg
        self.num_joints, self.num_taps = num_joints, 1
        weight = next(self.network.parameters(), torch.zeros(()))
        example = torch.zeros(2, cfg.frames, num_joints, cfg.channels, dtype=weight.dtype, device=weight.device)
        seen, pose = self._look(example)
        if pose.shape[1] not in (1, cfg.frames):
            raise InputError(f"The network answers {pose.shape[1]} of {cfg.frames} frames: 1 or all are needed.")
        self.window = Window(cfg.frames, pose.shape[1], channels=cfg.channels)
        self.shallow_dim = _width(seen["z0"], cfg.shallow_axes, cfg.shallow, "b f c")
        self.final_dim = _width(seen["zd"], cfg.final_axes, cfg.final, "b c")
        self.order: Tensor
        self.register_buffer("order", self._order(example), persistent=False)
        self.in_order = bool((self.order.diff() == 1).all())

    def encode(self, x: Float[Tensor, "b f j i"], tap: int = 1) -> Features:
        """Z0 and Zd, as they come by in the network."""
        assert x.shape[1] == self.window.frames, f"{x.shape[1]} frames, not {self.window.frames}"
        assert tap == 1, f"tap {tap} of 1"
        seen: dict[str, Tensor] = {}
        with self._hooked(seen):
            self._run(x)
        z0 = reduce(seen["z0"], f"{self.cfg.shallow_axes} -> b f c", "mean")
        return Features(z0, rearrange(seen["zd"], f"{self.cfg.final_axes} -> b {self._tokens} c"))

    def head(self, z: Float[Tensor, "b *tokens c"]) -> Float[Tensor, "b t j 3"]:
        """The last projection, its numbers in the answer's order."""
        projection = _submodule(self.network, self.cfg.final)
        flat = projection(rearrange(z, f"b {self._tokens} c -> {self.cfg.final_axes}")).reshape(z.shape[0], -1)
        count = self.order.shape[0]
        picked = flat[:, self._first : self._first + count] if self.in_order else flat[:, self.order]
        return picked.reshape(z.shape[0], self.window.out, self.num_joints, 3)

    def forward(self, x: Float[Tensor, "b f j i"]) -> Float[Tensor, "b t j 3"]:
        """The network as it is."""
        return self._pose(self._run(x))

    def _run(self, x: Float[Tensor, "b f j i"]) -> object:
        """What the network answers to windows, in the axes that it reads."""
        return self.network(rearrange(x, f"b f j i -> {self.cfg.input_axes}"))

    def _pose(self, answer: Any) -> Float[Tensor, "b t j 3"]:
        """The pose in the network's answer.

        Raises:
            InputError: no such answer, or other axes than said.
        """
        key, axes = self.cfg.answer, self.cfg.answer_axes
        if key:
            try:
                answer = answer[int(key) if key.isdecimal() and not isinstance(answer, Mapping) else key]
            except (KeyError, IndexError, TypeError) as error:
                what = f"has {', '.join(map(str, answer))}" if isinstance(answer, Mapping) else _said(answer)
                raise InputError(f"The network's answer has no {key!r} (--network.answer): it {what}.") from error
        frames = "t" if "t" in axes else "1"
        try:
            return rearrange(answer, f"{axes} -> b {frames} j d", j=self.num_joints, d=3)
        except (EinopsError, TypeError, RuntimeError) as error:
            raise InputError(
                f"The network must answer poses of {self.num_joints} joints, camera axes in metres, as {axes!r} (d: x, "
                f"y, z); for windows of {self.cfg.frames} frames it {_said(answer)}. Other axes: "
                "--network.answer-axes; one of several answers: --network.answer."
            ) from error

    @property
    def _tokens(self) -> str:
        return " ".join(axis for axis in self.cfg.final_axes.split() if axis not in ("b", "c"))

    @contextmanager
    def _hooked(self, seen: dict[str, Any], instead: Callable[[Tensor], Tensor] | None = None) -> Iterator[None]:
        """Inside, what comes by is kept, and ``instead`` changes what the last projection puts out."""

        def after_shallow(_: nn.Module, __: object, z0: object) -> None:
            seen.setdefault("z0", _item(z0, item))

        def before_final(_: nn.Module, inputs: tuple[object, ...]) -> None:
            if not inputs:
                raise InputError(f"The network calls {self.cfg.final!r} with named arguments only: Zd must come first.")
            seen.setdefault("zd", inputs[0])

        def after_final(_: nn.Module, __: object, output: Tensor) -> Tensor | None:
            return None if instead is None else instead(output)

        name, _, item = self.cfg.shallow.partition("[")
        shallow, final = _submodule(self.network, name), _submodule(self.network, self.cfg.final)
        with (
            shallow.register_forward_hook(after_shallow),
            final.register_forward_pre_hook(before_final),
            final.register_forward_hook(after_final),
        ):
            yield

    @contextmanager
    def _evaluated(self) -> Iterator[None]:
        """Inside, the network is in evaluation mode; modules' modes come back."""
        training = [module for module in self.network.modules() if module.training]
        self.network.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            for module in training:
                module.training = True

    def _look(self, example: Float[Tensor, "b f j i"]) -> tuple[dict[str, Any], Float[Tensor, "b t j 3"]]:
        """Z0, Zd and the answer for an example."""
        seen: dict[str, Any] = {}  # in the order in which they come
        with self._evaluated(), self._hooked(seen):
            try:
                answer = self._run(example)
            except InputError:
                raise
            except Exception as error:  # whatever somebody's network raises
                why = " ".join(str(error).split()).rstrip(".")
                raise InputError(
                    f"The network does not take windows of shape {tuple(example.shape)}: {why}. "
                    "Other sizes: --network.frames, --network.channels, --network.args; axes: --network.input-axes."
                ) from error
        for key, part in (("z0", self.cfg.shallow), ("zd", self.cfg.final)):
            if key not in seen:
                raise InputError(f"The network's submodule {part!r} did not run on the example.")
        if next(iter(seen)) == "zd":
            raise InputError(
                f"The network runs {self.cfg.final!r} before {self.cfg.shallow!r}: "
                "the action would come too late for Zd."
            )
        return seen, self._pose(answer)

    def _order(self, example: Float[Tensor, "b f j i"]) -> Int[Tensor, " n"]:
        """Which of a window's numbers behind the last projection each number of its answer is."""
        outputs: list[Tensor] = []

        def numbered(output: Tensor) -> Tensor:
            outputs.append(output)
            return torch.arange(output.numel(), dtype=torch.float64, device=output.device).view(output.shape)

        random = torch.Generator().manual_seed(0)  # at zero, much that a network adds would not be seen
        x = torch.randn(example.shape, generator=random).to(example)
        with self._evaluated(), self._hooked({}, numbered):
            try:
                answer = self.forward(x).double().flatten(1)
            except (RuntimeError, TypeError):
                answer = torch.full((2, 1), torch.nan)
        each = outputs[0].numel() // 2
        order = answer[0].nan_to_num(-1).round().long().clamp(-1, each - 1)
        if (
            len(outputs) != 1
            or not torch.equal(answer, torch.stack([order, order + each]).to(answer))
            or order.min() < 0
        ):
            raise InputError(
                f"Behind {self.cfg.final!r} the network does more than rearrange its output, or runs it several times: "
                "name the last layer that computes anything."
            )
        self._first = int(order[0])
        return order


def build(cfg: NetworkCfg, num_joints: int) -> Encoder:
    """The class's network, with hooks; or as it is, where it keeps this package's contract.

    Raises:
        InputError: as :class:`Network` and :func:`instantiate`.
    """
    made = instantiate(cfg)
    if not isinstance(made, Encoder):
        return Network(cfg, num_joints, made)
    read = (made.window.frames, made.num_joints, made.window.channels)
    if read != (cfg.frames, num_joints, cfg.channels):
        raise InputError(
            f"{cfg.target} reads {read[0]} frames of {read[1]} joints with {read[2]} numbers each, "
            f"and the settings say {cfg.frames}, {num_joints} and {cfg.channels}."
        )
    return made


def check_made_again(encoder: Encoder, cfg: NetworkCfg) -> None:
    """Makes sure before saving that a file's settings will make this network again.

    Raises:
        InputError: they would not: its class is local to a function or a program, or was made with other arguments.
    """
    try:
        made = instantiate(cfg).state_dict()
    except InputError as error:
        raise InputError(f"The network cannot be saved, as loading would not find it again. {error}") from error
    own = (encoder.network if isinstance(encoder, Network) else encoder).state_dict()
    if {key: value.shape for key, value in made.items()} != {key: value.shape for key, value in own.items()}:
        raise InputError(
            f"The network cannot be saved: {cfg.target} made with {', '.join(cfg.args) or 'no arguments'} has other "
            "weights. Give what it was made with: HookedLifter(..., arguments={...}), or an encoder's own `arguments`."
        )


def _item(z: Any, place: str) -> Any:
    """What is at a place such as ``0]``, of a module with several outputs; where that is none, the outputs as they are.

    Raises:
        InputError: the module has one output, a tensor, of which no part can be meant.
    """
    if place and isinstance(z, Tensor):
        raise InputError(f"The module of --network.shallow has one output: leave [{place} out.")
    number = place.removesuffix("]")
    many = isinstance(z, tuple | list) and number.isdecimal() and int(number) < len(z)
    return z[int(number)] if many else z


def _said(answer: object) -> str:
    """What a network answered, in words."""
    if isinstance(answer, Tensor):
        return f"answers the shape {tuple(answer.shape)}"
    size = f" of {len(answer)}" if isinstance(answer, tuple | list | Mapping) else ""
    return f"answers a {type(answer).__name__}{size}"


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
        raise InputError(
            f"The features at {part!r} are a {type(z).__name__}: name a submodule with one tensor there, or say "
            f"which of several is meant, as in {part.partition('[')[0] + '[0]'!r}."
        )
    try:
        return rearrange(z, f"{axes} -> {axes}").shape[axes.split().index("c")]
    except (EinopsError, ValueError) as error:
        raise InputError(f"The features at {part!r} have the shape {tuple(z.shape)}, not the axes {axes!r}.") from error
