"""The state of an unfinished training run in one safetensors file: weights, optimiser, step. Written atomically."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from torch import Tensor, nn
from torch.optim import Optimizer

from actionprompt.errors import InputError
from actionprompt.files import unwritable, whole
from actionprompt.tensors import read_tensors, write_tensors
from actionprompt.untrusted import said

CAPTURABLE = "capturable"
"""Adam's switch for CUDA graphs: of the machine, not of the run, and Ranger has none."""


def write_checkpoint(
    path: Path, model: nn.Module, optimiser: Optimizer, step: int, meter: list[float], windows: int
) -> None:
    """Saves everything that the rest of the run depends on; ``meter`` is what the next log line has summed so far.

    ``windows`` is the number of training windows: the data must not change under a run. Random
    numbers need no saving: the trainer derives them from (seed, step, process).

    Raises:
        InputError: the file cannot be written there.
    """
    state = optimiser.state_dict()
    tensors = {f"model/{k}": v for k, v in model.state_dict().items()}
    for index, slots in state["state"].items():
        tensors |= {f"optimiser/{index}/{k}": v for k, v in slots.items()}
    groups = [{**group, "lr": float(group["lr"]), CAPTURABLE: False} for group in state["param_groups"]]
    header = {"step": step, "meter": meter, "windows": windows, "groups": groups}
    try:
        with whole(path, durable=True) as part:
            write_tensors(part, tensors, "checkpoint", header)
    except (OSError, SafetensorError) as error:
        raise unwritable("The checkpoint", path, error) from error


def read_checkpoint(path: Path, model: nn.Module, optimiser: Optimizer, windows: int) -> tuple[int, list[float]]:
    """Restores model and optimiser; returns the step to resume from and the meter.

    Raises:
        InputError: not a checkpoint, or one of another model or of other data.
    """
    try:
        header, tensors = read_tensors(path, "checkpoint")
        if header is None:
            raise ValueError("it has no header")
        found = _header(header, optimiser)
        state = {"state": _slots(tensors, optimiser), "param_groups": found.groups}
    except (SafetensorError, OSError, LookupError, ValueError, TypeError, OverflowError, RuntimeError) as error:
        raise InputError(f"{path} is not a checkpoint of a training run that can go on: {said(error)}.") from error
    if found.windows != windows:
        raise InputError(
            f"{path} was written with {found.windows} training windows and the data now give {windows}: "
            "a run can only resume with the data that it began with."
        )
    weights = {k.removeprefix("model/"): v for k, v in tensors.items() if k.startswith("model/")}
    if odd := [name for name, value in weights.items() if not value.isfinite().all()]:
        raise InputError(f"{path} holds weights that are not numbers ({odd[0]}): the run diverged, or it is damaged.")
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(f"{path} is a checkpoint of another model: {said(error)}.") from error
    optimiser.load_state_dict(state)
    return found.step, found.meter


class _Header(NamedTuple):
    step: int
    meter: list[float]
    windows: int
    groups: list[dict[str, Any]]


def _header(header: Mapping[str, Any], optimiser: Optimizer) -> _Header:
    """A header whose numbers are numbers, and whose groups are of the optimiser's form.

    Raises:
        ValueError: it is another (or a ``LookupError`` or ``TypeError``).
    """
    step, meter, windows, groups = (header[name] for name in ("step", "meter", "windows", "groups"))
    if type(step) is not int or type(windows) is not int or step < 0:
        raise ValueError(f"it stands at step {step!r} of {windows!r} windows")
    if not all(type(value) is float and math.isfinite(value) for value in meter):
        raise ValueError("what it has summed is not numbers")
    mine = optimiser.state_dict()["param_groups"]
    for ours, theirs in zip(mine, groups, strict=True):
        if ours["params"] != theirs["params"]:
            raise ValueError("it is of another model: its optimiser has other weights")
        for name, value in theirs.items():
            if name in ours and name != CAPTURABLE and not _same_form(value, ours[name]):
                raise ValueError(f"its optimiser's {name} is {str(value)[:50]}")
    return _Header(step, meter, windows, groups)


def _same_form(theirs: Any, ours: Any) -> bool:
    """Whether two settings of an optimiser are of one kind, and finite."""
    if isinstance(ours, list | tuple):
        return isinstance(theirs, list | tuple) and len(theirs) == len(ours) and all(map(_same_form, theirs, ours))
    if isinstance(ours, bool) or ours is None or isinstance(ours, str):
        return theirs is None or isinstance(theirs, type(ours) if ours is not None else bool | str)
    return isinstance(theirs, int | float) and not isinstance(theirs, bool) and math.isfinite(theirs)


def _slots(tensors: Mapping[str, Tensor], optimiser: Optimizer) -> dict[int, dict[str, Tensor]]:
    """The optimiser's tensors by the number of the weight that they belong to.

    Raises:
        ValueError: one that no weight has, of another shape than the weight, or not of numbers.
    """
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if not key.startswith("optimiser/"):
            continue
        _, index, name = key.split("/")
        if (value.ndim and value.shape != weights[int(index)].shape) or not value.isfinite().all():
            raise ValueError(f"{key} is of another shape than its weight, or not of numbers")
        slots.setdefault(int(index), {})[name] = value
    return slots
