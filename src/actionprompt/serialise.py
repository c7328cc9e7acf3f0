"""Settings to plain data and back, strictly: saved models, run folders and TOML presets all pass through here."""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin

import cattrs
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from actionprompt.errors import InputError
from actionprompt.trust import check_trusted

T = TypeVar("T")

CAMERAS = {"film": "virtual_cameras"}
OLD_NAMES: dict[str, dict[str, str]] = {
    **dict.fromkeys(("UIPRMDCfg", "HDM05Cfg", "MocapCfg", "SyntheticCfg"), CAMERAS),
    "VirtualCamerasCfg": {
        "turns": "yaws_per_take",
        "stature": "scale_jitter",
        "tempo": "speed_jitter",
        "every": "frame_stride",
    },
    "DetectorCfg": {
        "memory": "correlation_time",
        "swapped": "swap_rate",
        "lost": "miss_rate",
        "episode": "episode_length",
    },
    "RunCfg": {"prompts_of": "prompt_source", "mistaken": "random_prompt_rate", "validate": "validation_subjects"},
}
"""Names of fields in files of version 0.1.0, by settings class, and what they are called now."""
OLD_DEFAULTS: dict[str, dict[str, Any]] = {"DetectorCfg": {"unit": "pixels", "outlier_rate": 0.0}}
"""What settings that did not exist in version 0.1.0 must be to mean what its files mean."""
OLD_VALUES: dict[str, dict[str, dict[str, Any]]] = {
    "RunCfg": {"prompt_source": {"label": "ground_truth", "recognised": "predicted"}},
    "PosePromptCfg": {"selection": {"hard": {"kind": "HardCfg"}, "soft": {"kind": "SoftCfg"}}},
}
"""Values in files of version 0.1.0, by settings class and field, and what stands for them now."""


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
    converter.register_structure_hook_func(_is_choice, _named_member)
    converter.register_unstructure_hook_func(_is_choice, _with_name)
    converter.register_structure_hook_factory(is_dataclass, partial(_with_present_names, converter))
    return converter


def _is_choice(kind: Any) -> bool:
    """Whether a field's type is a union of settings classes, whose members carry their name as ``kind``."""
    members = get_args(kind) if isinstance(kind, UnionType) else ()
    return len(members) > 1 and all(is_dataclass(member) for member in members)


def _with_present_names(converter: cattrs.Converter, kind: type) -> Callable[[Any, Any], Any]:
    """The hook of a settings class, which also reads the names that its fields had in version 0.1.0."""
    structure: Callable[[Any, Any], Any] = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)
    names, values = OLD_NAMES.get(kind.__name__, {}), OLD_VALUES.get(kind.__name__, {})
    defaults = OLD_DEFAULTS.get(kind.__name__, {})

    def present(data: Any, _: Any) -> Any:
        if isinstance(data, dict):
            data = (defaults if names.keys() & data.keys() else {}) | {names.get(k, k): v for k, v in data.items()}
            data |= {
                key: known[data[key]]
                for key, known in values.items()
                if isinstance(data.get(key), str) and data[key] in known
            }
        return structure(data, kind)

    return present


def _made_of(origin: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def _exactly(kind: Callable[[Any], Any], accepted: Any, what: str) -> Callable[[Any, Any], Any]:
    """A hook without cattrs' conversions, which read "false" as True and 8.5 as 8."""

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise _WrongValue(f"{value!r} is not {what}")
        if kind is float and not abs(value) < float("inf"):
            raise _WrongValue(f"{value!r} is not a finite number")
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


def _named_member(value: Any, union: Any) -> Any:
    """The member of a union that the key ``kind`` names."""
    members = {member.__name__: member for member in get_args(union)}
    name = value.get("kind") if isinstance(value, dict) else value
    if not isinstance(value, dict) or not isinstance(name, str) or name not in members:
        raise _WrongValue(f"the key 'kind' is {name!r} and must be one of {', '.join(members)}")
    return _converter().structure({key: v for key, v in value.items() if key != "kind"}, members[name])


def _with_name(value: Any) -> dict[str, Any]:
    """A member of a union with its name."""
    return {**_converter().unstructure(value), "kind": type(value).__name__}


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
        InputError: an unknown or missing key, a wrong type (nothing is converted silently), or a network of somebody's
            module that is not trusted.
    """
    try:
        settings = _converter().structure(data, kind)
    except Exception as error:  # cattrs raises groups of many kinds
        found = cattrs.transform_error(error, path="settings", format_exception=_describe)
        raise InputError(f"{where}: {'; '.join(line.replace(' @ ', ' at ') for line in found)}.") from error
    for module in _imports(settings):
        check_trusted(module, where)
    return settings


def _imports(settings: object) -> Iterator[str]:
    """The modules that settings, or settings in them, would import when something is built from them."""
    if not is_dataclass(settings):
        return
    if isinstance(module := getattr(settings, "imports", None), str):
        yield module
    for field in fields(settings):
        yield from _imports(getattr(settings, field.name))


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
