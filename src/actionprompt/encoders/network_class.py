"""The class of somebody's network: settings name it and its arguments, and a network is made of it."""

import ast
import inspect
from collections.abc import Mapping
from copy import copy
from typing import Any

from torch import nn

from actionprompt.encoders.base import Encoder
from actionprompt.encoders.config import EncoderSettings, NetworkCfg
from actionprompt.errors import InputError
from actionprompt.trust import imported


def instantiate(cfg: NetworkCfg) -> nn.Module:
    """A new network of the class that settings name.

    Raises:
        InputError: the module cannot be imported or has no such class, the class is not a network, or its arguments are
            not what the settings say.
    """
    kind, arguments = _class(cfg.target), arguments_of(cfg.args)
    try:
        return kind(**arguments)
    except Exception as error:  # whatever somebody's class raises
        takes = ", ".join(inspect.signature(kind).parameters)
        why = " ".join(str(error).split()).rstrip(".")
        given = arguments or "no arguments"
        raise InputError(f"{cfg.target} cannot be made with {given}: {why}; it takes {takes}.") from error


def _class(name: str) -> type[nn.Module]:
    found = imported(name, "network")
    if not isinstance(found, type) or not issubclass(found, nn.Module):
        raise InputError(f"{name} is not a network: a class below torch.nn.Module is needed.")
    return found


def arguments_of(words: tuple[str, ...]) -> dict[str, Any]:
    """``name=value`` words as arguments: Python literals (numbers, True, lists), or text.

    Raises:
        InputError: a word without a name.
    """
    arguments: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise InputError(f"The network's argument {word!r} must be written as name=value.")
        try:
            arguments[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            arguments[name] = value
    return arguments


def settings_of(network: nn.Module, arguments: Mapping[str, Any], **places: Any) -> NetworkCfg:
    """The settings of a network that is at hand: its class, what it was made with, and the places of the hooks."""
    kind = type(network)
    words = tuple(f"{name}={value!r}" for name, value in arguments.items())
    return NetworkCfg(f"{kind.__module__}:{kind.__qualname__}", words, **places)


def settings_around(encoder: object) -> EncoderSettings:
    """Settings that stand for an encoder that is there already, with its weights.

    Raises:
        InputError: no encoder.
    """
    if not isinstance(encoder, Encoder):
        raise InputError(
            f"model.encoder is a {type(encoder).__name__}: settings (VPoseCfg(), ...) or an Encoder are needed. "
            "HookedLifter(network, ...) puts APM around any other network, and its `encoder` is one."
        )
    window = encoder.window
    settings = copy(
        encoder.settings or settings_of(encoder, encoder.arguments, frames=window.frames, channels=window.channels)
    )
    object.__setattr__(settings, "instance", encoder)
    return settings
