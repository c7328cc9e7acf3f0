"""The state of an unfinished training run in one safetensors file: weights, optimiser, step. Written atomically."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from actionprompt.errors import InputError
from actionprompt.files import whole


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
    tensors = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    groups = [{**group, "lr": float(group["lr"]), "capturable": False} for group in state["param_groups"]]
    header = {"step": step, "meter": meter, "windows": windows, "groups": groups}
    try:
        with whole(path) as part:
            save_file(tensors, part, metadata={"checkpoint": json.dumps(header)})
    except (OSError, SafetensorError) as error:
        raise InputError(f"The checkpoint cannot be written to {path}: {error}.") from error


def read_checkpoint(path: Path, model: nn.Module, optimiser: Optimizer, windows: int) -> tuple[int, list[float]]:
    """Restores model and optimiser; returns the step to resume from and the meter.

    Raises:
        InputError: not a checkpoint, or one of another model or of other data.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["checkpoint"])
            step, meter, groups = header["step"], header["meter"], header["groups"]
            began_with = header["windows"]
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is not a checkpoint of a training run: {error}.") from error
    if began_with != windows:
        raise InputError(
            f"{path} was written with {began_with} training windows and the data now give {windows}: "
            "a run can only resume with the data that it began with."
        )
    weights = {k.removeprefix("model/"): v for k, v in tensors.items() if k.startswith("model/")}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(f"{path} is a checkpoint of another model: {' '.join(str(error).split())}") from error
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser/"):
            _, index, name = key.split("/")
            slots.setdefault(int(index), {})[name] = value
    state: dict[str, Any] = {"state": slots, "param_groups": groups}
    optimiser.load_state_dict(state)
    return step, meter
