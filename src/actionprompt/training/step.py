"""One training step: as written, or on a GPU recorded once as a CUDA graph and then replayed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from actionprompt.encoders.layers import BatchNorm
from actionprompt.model.classes import TextClasses
from actionprompt.model.lifter import Lifter
from actionprompt.training.batches import seed_step
from actionprompt.training.config import RunCfg
from actionprompt.training.dataset import TrainingWindows
from actionprompt.training.losses import PoseLoss, loss
from actionprompt.training.optimiser import make_capturable, schedule
from actionprompt.training.progress import Stopwatch

METER = ("loss", "pose_mm", "action_loss", "accuracy")
"""What a step adds to the log's sums."""


@dataclass(frozen=True)
class Task:
    """What is learned from what."""

    lifter: Lifter
    windows: TrainingWindows
    labels: Int[Tensor, " clips"]
    """The class of each clip."""
    pose_loss: PoseLoss


@contextmanager
def matmul_precision(cfg: RunCfg) -> Iterator[None]:
    """Matrix products in TensorFloat-32 if a run asks for them; for a step only, since others' steps may follow."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if cfg.precision == "tf32" else before)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def context_mode(step: int, text: TextClasses) -> Literal["update", "read", "reuse"]:
    """What the text contexts do in a step, counted from 0: they update at every ``update_every``-th one.

    No other step changes them, so what is read once is exact until then.
    """
    if step % text.update_every == 0:
        return "update"
    return "reuse" if text.mode != "update" and text.kept else "read"


class Step:
    """Windows in, one step of the optimiser done, its errors added to ``meter``."""

    def __init__(
        self,
        cfg: RunCfg,
        fabric: Fabric,
        task: Task,
        model: nn.Module,
        optimiser: Optimizer,
        epoch_steps: int,
        meter: Float[Tensor, " n"],
        watch: Stopwatch,
    ) -> None:
        self.cfg, self.fabric, self.model, self.optimiser = cfg, fabric, model, optimiser
        self.epoch_steps, self.meter, self.watch = epoch_steps, meter, watch
        self.windows, self.labels = task.windows.to(fabric.device), task.labels.to(fabric.device)
        self.pose_loss = task.pose_loss
        self.weight = cfg.model.apm.loss_weight if cfg.model.apm else 0.0
        self.norms = [module for module in task.lifter.modules() if isinstance(module, BatchNorm)]
        self.texts = [module for module in task.lifter.modules() if isinstance(module, TextClasses)]
        self.num_actions = len(task.lifter.actions)
        self.set_up()

    def set_up(self) -> None:
        """What a subclass needs."""

    def __call__(self, step: int, i: Int[Tensor, " b"]) -> None:
        """Makes step number ``step`` on windows ``i``."""
        with self.watch("gather"):
            self.prepare(step)
        self.forward_backward(i)

    def prepare(self, step: int) -> None:
        """All that depends on the step's number: random numbers, learning rate, momentum, whether contexts update."""
        seed_step(self.cfg.seed, step, self.fabric.global_rank)
        schedule(self.cfg.schedule, step // self.epoch_steps, self.norms, self.optimiser)
        for text in self.texts:
            text.mode = context_mode(step, text)

    def forward_backward(self, i: Int[Tensor, " b"]) -> None:
        """Gather, forward, backward, optimiser."""
        with self.watch("gather"):
            x, target, clip = self.windows.batch(i)
            action = self.labels[clip]
        parts = self.cfg.schedule.accumulate
        pieces = zip(x.chunk(parts), target.chunk(parts), action.chunk(parts), strict=True)
        for number, (some_x, some_target, some_action) in enumerate(pieces, 1):
            with self.adding_up(last=number == parts):
                self.learn(some_x, some_target, some_action, 1 / parts)
        with self.watch("optimiser"):
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)

    def adding_up(self, last: bool) -> AbstractContextManager[None]:
        """Several devices add up their gradients once, with the last part of a batch."""
        if last or self.fabric.world_size == 1:
            return nullcontext()
        waiting: AbstractContextManager[None] = self.fabric.no_backward_sync(self.model)  # type: ignore[arg-type]
        return waiting

    def learn(
        self,
        x: Float[Tensor, "b f j i"],
        target: Float[Tensor, "b t j 3"],
        action: Int[Tensor, " b"],
        share: float = 1.0,
    ) -> None:
        """Adds the gradient of some windows, times their share of the batch, and their errors to the log's."""
        with self.watch("forward"):
            lifted = self.model(x, self.prompt_actions(action))
            losses = loss(lifted, target, action, self.weight, self.pose_loss)
        with self.watch("backward"):
            total = losses.total if share == 1 else losses.total * share
            self.fabric.backward(total * losses.total.detach() if self.cfg.scale_by_loss else total)
        with self.watch("other"):
            hit = torch.zeros_like(action) if lifted.logits is None else lifted.logits.argmax(-1) == action
            parts = (losses.total, losses.pose * 1000, losses.action, hit.double().mean())
            self.meter += share * torch.stack([part.detach().double() for part in parts])

    def prompt_actions(self, action: Int[Tensor, " b"]) -> Int[Tensor, " b"] | None:
        """The actions whose pose prompts are used; None: the recognised ones."""
        if self.cfg.prompt_source == "predicted":
            return None
        if not self.cfg.random_prompt_rate:
            return action
        drawn = torch.rand(action.shape, device=action.device) < self.cfg.random_prompt_rate
        return torch.where(drawn, torch.randint_like(action, self.num_actions), action)


class GraphKey(NamedTuple):
    """What the recording of a step depends on beside tensors."""

    momentum: float | None
    """Batch norm's, where anybody reads its running statistics."""
    texts: tuple[str, ...]
    """Whether the contexts update."""


class CudaGraphStep(Step):
    """The same kernels without the Python between them: small models on a GPU wait for nothing else.

    A step is recorded when it comes for the second time, and again when what it depends on beside tensors changes.
    """

    def set_up(self) -> None:
        """An optimiser that can be recorded, a stream, memory, random numbers."""
        device = self.fabric.device
        make_capturable(self.optimiser, device)
        self.stream = torch.cuda.Stream(device)
        self.random = torch.cuda.default_generators[self.stream.device_index].clone_state()
        """This run's own random numbers: another one between two of its steps does not disturb its recordings."""
        self.pool = torch.cuda.graph_pool_handle()
        self.graphs: dict[GraphKey, torch.cuda.CUDAGraph | None] = {}
        self.i = torch.zeros(self.cfg.schedule.batch, dtype=torch.long, device=device)

    def __call__(self, step: int, i: Int[Tensor, " b"]) -> None:
        """Makes a step, from its recording where there is one."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream), self.randomness():
            with self.watch("gather"):
                self.prepare(step)
                self.i.copy_(i)
            key = self.key()
            if key in self.graphs:
                with self.watch("replay"):
                    (self.graphs[key] or self.record(key)).replay()
            else:
                self.graphs = {other: graph for other, graph in self.graphs.items() if other.momentum == key.momentum}
                self.graphs[key] = None
                self.forward_backward(self.i)
        torch.cuda.current_stream().wait_stream(self.stream)

    @contextmanager
    def randomness(self) -> Iterator[None]:
        """The GPU's random numbers come from this run's generator."""
        generator = torch.cuda.default_generators[self.stream.device_index]
        others = generator.graphsafe_get_state()
        generator.graphsafe_set_state(self.random)
        try:
            yield
        finally:
            generator.graphsafe_set_state(others)

    def key(self) -> GraphKey:
        """The key of the step that was prepared."""
        read = self.cfg.schedule.bn_batches == 0 and self.norms
        return GraphKey(self.norms[0].momentum if read else None, tuple(text.mode for text in self.texts))

    def record(self, key: GraphKey) -> torch.cuda.CUDAGraph:
        """Records the step; nothing is computed yet."""
        graph = self.graphs[key] = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
            self.forward_backward(self.i)
        return graph


def step_kind(cfg: RunCfg, fabric: Fabric) -> type[Step]:
    """Steps are replayed where that is possible: on one GPU, and with Adam, which never asks the GPU anything."""
    alone = fabric.device.type == "cuda" and fabric.world_size == 1
    plain = not (cfg.compile or cfg.checkpoint_activations)
    return CudaGraphStep if alone and plain and cfg.schedule.optimiser == "adam" else Step
