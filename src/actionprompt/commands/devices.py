"""Where a command computes."""

from typing import TYPE_CHECKING

from actionprompt.errors import InputError

if TYPE_CHECKING:
    from actionprompt.model.lifter import Lifter


def to_device(lifter: "Lifter", device: str) -> "Lifter":
    """The lifter, moved.

    Raises:
        InputError: there is no such device.
    """
    import torch

    try:
        torch.device(device)
    except RuntimeError as error:
        raise InputError(f"There is no device {device!r}: there are cpu, cuda, cuda:1, mps and so on.") from error
    try:
        return lifter.to(device)
    except (RuntimeError, AssertionError) as error:  # PyTorch raises either, with several lines
        raise InputError(f"The device {device!r} cannot be used: {str(error).splitlines()[0].rstrip('.')}.") from error
