"""Settings to plain data and back, strictly: saved models, run folders and TOML presets all pass through here."""

from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from cattrs.strategies import configure_tagged_union

from actionprompt.config import ClassesCfg, ProjectorCfg, RecogniserCfg
from actionprompt.data.config import DataCfg
from actionprompt.encoders.config import EncoderCfg
from actionprompt.errors import InputError

T = TypeVar("T")


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_unstructure_hook(tuple, list)
    for union in (EncoderCfg, ProjectorCfg, ClassesCfg, RecogniserCfg, DataCfg):
        configure_tagged_union(union, converter, tag_name="kind")
    return converter


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
        InputError: an unknown or missing key or a wrong type.
    """
    try:
        return _converter().structure(data, kind)
    except Exception as error:  # cattrs raises groups of many kinds
        raise InputError(f"{where}: {'; '.join(cattrs.transform_error(error, path='settings'))}.") from error
