"""Settings to plain data and back, strictly: saved models, run folders and TOML presets all pass through here."""

import difflib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import cattrs
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.strategies import configure_tagged_union

from actionprompt.data.config import DataCfg
from actionprompt.encoders.config import EncoderCfg
from actionprompt.errors import InputError
from actionprompt.model.config import ClassesCfg, ProjectorCfg, RecogniserCfg
from actionprompt.training.config import PoseLossCfg

T = TypeVar("T")


class _WrongValue(ValueError):
    """A value that does not fit its place; the message says what would."""


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(Path, str)
    converter.register_unstructure_hook(tuple, list)
    for kind, accepted, what in (
        (bool, bool, "true or false"),
        (int, int, "a whole number"),
        (float, (float, int), "a number"),
        (str, str, "a text"),
        (Path, (str, Path), "a path"),
    ):
        converter.register_structure_hook(kind, _exactly(kind, accepted, what))
    converter.register_structure_hook_func(_made_of(Literal), _literal)
    converter.register_structure_hook_func(_made_of(tuple), _tuple)
    for union in (EncoderCfg, ProjectorCfg, ClassesCfg, RecogniserCfg, DataCfg, PoseLossCfg):
        configure_tagged_union(union, converter, tag_name="kind")
        converter.register_structure_hook(union, _named_member(converter.get_structure_hook(union)))
    return converter


def _made_of(origin: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def _exactly(kind: Callable[[Any], Any], accepted: Any, what: str) -> Callable[[Any, Any], Any]:
    """A hook without cattrs' conversions, which read "false" as True and 8.5 as 8."""

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise _WrongValue(f"{value!r} is not {what}")
        return kind(value)

    return structure


def _literal(value: Any, kind: Any) -> Any:
    if value not in get_args(kind):
        raise _WrongValue(f"{value!r} is not one of {', '.join(map(str, get_args(kind)))}")
    return value


def _tuple(value: Any, kind: Any) -> tuple[Any, ...]:
    members = get_args(kind)
    if not isinstance(value, (list, tuple)):
        raise _WrongValue(f"{value!r} is not a list")
    if members[-1] is Ellipsis:
        members = members[:1] * len(value)
    if len(value) != len(members):
        raise _WrongValue(f"the list has {len(value)} entries instead of {len(members)}")
    return tuple(_converter().structure(v, member) for v, member in zip(value, members, strict=True))


def _named_member(structure: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def checked(value: Any, union: Any) -> Any:
        names = [member.__name__ for member in get_args(union)]
        if not isinstance(value, dict) or value.get("kind") not in names:
            found = value.get("kind") if isinstance(value, dict) else value
            raise _WrongValue(f"the key 'kind' is {found!r} and must be one of {', '.join(names)}")
        return structure(value, union)

    return checked


def to_data(settings: object, kind: Any = None) -> Any:
    """A settings object as dicts, lists and scalars; members of a union carry their class name as ``kind``."""
    return _converter().unstructure(settings, unstructure_as=kind or type(settings))


def from_data(data: Any, kind: type[T], where: str) -> T:
    """The settings object of plain data.

    Args:
        data: what ``to_data`` gives, or a parsed TOML or JSON file.
        kind: the class to make.
        where: the file, for the error message.

    Raises:
        InputError: an unknown or missing key or a wrong type; nothing is converted silently.
    """
    try:
        return _converter().structure(data, kind)
    except Exception as error:  # cattrs raises groups of many kinds
        found = cattrs.transform_error(error, path="settings", format_exception=_describe)
        raise InputError(f"{where}: {'; '.join(line.replace(' @ ', ' at ') for line in found)}.") from error


def _describe(error: BaseException, kind: Any) -> str:
    match error:
        case _WrongValue():
            return str(error)
        case ForbiddenExtraKeysError():
            return " and ".join(_unknown_key(key, error.cl) for key in sorted(error.extra_fields))
        case KeyError():
            return f"the key {error.args[0]!r} is missing"
        case AttributeError() | TypeError():
            return "there must be a table of keys"
        case _:
            return cattrs.v.format_exception(error, kind)


def _unknown_key(key: str, kind: type) -> str:
    near = difflib.get_close_matches(key, list(kind.__dataclass_fields__), n=1)  # type: ignore[attr-defined]
    return f"unknown key {key!r}" + (f" (did you mean {near[0]!r}?)" if near else "")
