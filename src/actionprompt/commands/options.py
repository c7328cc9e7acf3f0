"""How a command's words and flags become settings: presets, data sets, and every leaf of a configuration as a flag."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import tyro

from actionprompt.arguments import take_value
from actionprompt.data.config import DATA
from actionprompt.errors import unknown
from actionprompt.training.config import RunCfg
from actionprompt.training.presets import presets
from actionprompt.untrusted import read_settings

T = TypeVar("T")

CONFIG = (tyro.conf.AvoidSubcommands,)


def take_data(args: list[str]) -> str | None:
    """Removes ``--data NAME`` from the arguments and returns the name, checked.

    Raises:
        InputError: no such data set, or no name.
    """
    name = take_value(args, "--data")
    if name is not None and name not in DATA:
        raise unknown("data set", name, {k: v[0] for k, v in DATA.items()})
    return name


def data_default(name: str) -> Any:
    """A data set's settings, with what only the user can know left to be asked for."""
    return to_ask(DATA[name][1])


def to_ask(kind: type[T], **known: Any) -> T:
    """An instance with defaults whose other fields tyro asks for, made without ``__init__``: that wants real values."""
    made = object.__new__(kind)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        default = tyro.MISSING if field.default is dataclasses.MISSING else field.default
        object.__setattr__(made, field.name, known.get(field.name, default))
    return made


def anchored(settings: T) -> T:
    """The settings with absolute paths, so that a run can go on, or be evaluated, from another folder."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        value = getattr(settings, field.name)
        if isinstance(value, Path):
            changed[field.name] = value.expanduser().absolute()
        elif isinstance(value, tuple) and any(isinstance(member, Path) for member in value):
            changed[field.name] = tuple(path.expanduser().absolute() for path in value)
        elif dataclasses.is_dataclass(value):
            changed[field.name] = anchored(value)
    return dataclasses.replace(settings, **changed)  # type: ignore[type-var]


def preset(name: str) -> RunCfg:
    """A named preset, or the settings in a file: TOML, where the text "none" stands for None, or a run's settings.json.

    Raises:
        InputError: no such preset or file, or a file with an unknown key.
    """
    if name.endswith((".toml", ".json")):
        from actionprompt.serialise import from_data

        return from_data(_nones(read_settings(Path(name))), RunCfg, name)
    known = presets()
    if name not in known:
        raise unknown("preset", name, {k: v[0] for k, v in known.items()})
    return known[name][1]


def _nones(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nones(member) for key, member in value.items()}
    return None if value == "none" else value


def parse(kind: type[T], args: Sequence[str], prog: str, default: Any = None, description: str = "") -> T:
    """Flags to a settings object; help and errors are tyro's.

    Raises:
        SystemExit: help was asked for (0) or a flag is wrong (2).
    """
    kwargs = {} if default is None else {"default": default}
    settings: T = tyro.cli(kind, args=list(args), prog=prog, description=description, config=CONFIG, **kwargs)
    return settings
