"""Results as published: one JSON file, and whose runs are in it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from actionprompt.errors import InputError
from actionprompt.files import write_text
from actionprompt.reproduce.grid import GridRun, canonical
from actionprompt.reproduce.plan import Plan, detected
from actionprompt.reproduce.results import Result, sound
from actionprompt.serialise import from_data, to_data
from actionprompt.training.config import RunCfg
from actionprompt.untrusted import parse_json, said


def write(results: Iterable[Result], path: Path) -> None:
    """Publishes results as one JSON file, one run a line."""
    lines = [json.dumps(asdict(result), ensure_ascii=False) for result in results]
    write_text(path, "[\n" + ",\n".join(lines) + "\n]\n")


def read_all(path: Path) -> dict[str, Result]:
    """Published results by hash.

    Raises:
        InputError: no such file, or not one of ours.
    """
    try:
        entries = parse_json(path.read_bytes())
        found = {entry["name"]: from_data(entry, Result, str(path)) for entry in entries}
        if not all(r.state == "failed" or (r.state == "trained" and sound(r)) for r in found.values()):
            raise ValueError("a run without errors")
        return found
    except OSError as error:
        raise InputError(f"Cannot read the results {path}: {error.strerror}.") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged, or holds no results of `actionprompt reproduce`, which writes results.json "
            f"({said(error)})."
        ) from error


def matching(known: Mapping[str, Result], jobs: Iterable[GridRun], flip: bool) -> dict[str, Result]:
    """Published results that belong to these runs: the same name, settings and test.

    Settings that are newer than a result have their defaults in it.

    Raises:
        InputError: a result's settings are none.
    """
    wanted = {job.folder.name: canonical(job.cfg) for job in jobs}
    mine = {name: result for name, result in known.items() if name in wanted and result.flip == flip}
    return {name: result for name, result in mine.items() if settings_of(result) == wanted[name]}


def other_data(known: Mapping[str, Result], plan: Plan) -> str:
    """Says in what the data of published results differ from a plan's, if they do.

    Raises:
        InputError: a result's settings are none.
    """
    data = {canonical(plan.vpose()).data, canonical(replace(plan, data=detected(plan.data) or plan.data).vpose()).data}
    for result in known.values():
        found = settings_of(result).data
        if found not in data:
            return ", ".join(_differing(to_data(canonical(plan.vpose()).data), to_data(found)))
    return ""


def settings_of(result: Result) -> RunCfg:
    """A published result's settings; those that are newer have their defaults.

    Raises:
        InputError: they are none.
    """
    return canonical(from_data(result.settings, RunCfg, f"the published run {result.name}"))


def _differing(ours: Any, theirs: Any, at: str = "data") -> Iterator[str]:
    """Their settings that are not ours."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in theirs:
            yield from _differing(ours.get(key), theirs[key], f"{at}.{key}")
    elif ours != theirs:
        yield f"{at} {theirs}"
