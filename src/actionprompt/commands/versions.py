"""What ``actionprompt --version`` says: the versions that a report of a problem should name.

They are read from the packages' metadata; no package is imported for them.
"""

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version

NAME = "actionprompt"
TOOLS = ("dev", "docs")
"""Extras of people who change this package: what they install says nothing about how it runs."""
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+).*?;.*\bextra == ['\"](?P<extra>[\w-]+)['\"]")
"""A line of the metadata such as ``transformers>=4.50; extra == 'text'``."""


def report() -> str:
    """Some lines: this package, Python and platform, the core's numbers, and a line for each extra."""
    lines = [
        f"{NAME} {version(NAME)}",
        f"python {platform.python_version()} on {platform.platform()}",
        ", ".join(map(installed, ("torch", "numpy", "scipy"))),
    ]
    lines += [f"{extra}: {', '.join(map(installed, names))}" for extra, names in extras().items()]
    return "\n".join(lines)


def extras() -> dict[str, list[str]]:
    """The packages of every extra that a user installs, by the extra's name."""
    found: dict[str, list[str]] = {}
    for requirement in requires(NAME) or ():
        match = REQUIREMENT.match(requirement)
        if match and match["extra"] not in TOOLS:
            found.setdefault(match["extra"], []).append(match["name"])
    return found


def installed(name: str) -> str:
    """A package's name and version, or that it is not there."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} not installed"
