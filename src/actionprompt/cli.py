"""The command line: ``actionprompt COMMAND``. Nothing heavy is imported before it is needed."""

import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper

from actionprompt.arguments import take_value
from actionprompt.errors import Diverged, InputError, Interrupted, unknown
from actionprompt.trust import import_from_here, trusting

COMMANDS = {
    "lift": "a video or 2D keypoints to 3D motion with named actions",
    "train": "train a lifter, with or without the Action Prompt Module",
    "evaluate": "errors and action accuracy of a trained model, as tables",
    "compare": "runs side by side: spread over seeds, paired differences, confidence intervals",
    "report": "sessions that were lifted, side by side, to print",
    "view": "lifted motion as a page in the browser",
    "models": "the trained models that come with the package",
    "demo": "train and compare two small models on synthetic motion, and open the result as a page",
    "reproduce": "the paper's tables and figures, on its data or on open data",
    "export": "a model as an ONNX or torch.export file, checked against PyTorch",
    "bench": "how fast lifting is on this machine, in ratios",
    "data": "look at data files: what they hold, whether they are sound",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code (0 done, 2 wrong input, 130 interrupted, 1 the run diverged)."""
    if argv is None:
        _prepare()
    args = list(sys.argv[1:] if argv is None else argv)
    _forgive_encodings()
    try:
        with trusting(*_take_trust(args)):
            return _command(args)(args[1:])
    except InputError as error:
        return _fail(str(error), 2)
    except Diverged as error:
        return _fail(str(error), 1)
    except Interrupted as error:
        return _stopped(str(error), argv is None)
    except KeyboardInterrupt as error:
        return _stopped(str(error) or "Interrupted.", argv is None)
    except BrokenPipeError:
        return 1
    except OSError as error:
        from actionprompt.files import why_not

        return _fail(f"Cannot read or write {error.filename or 'a file'}: {why_not(error)}.", 2)


def _forgive_encodings() -> None:
    """A console that lacks a letter (cp1252, ASCII) shows another one: no report is lost for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _take_trust(args: list[str]) -> list[str]:
    """Removes each ``--trust PACKAGE`` from the arguments; such packages may lie in the current folder, too.

    Raises:
        InputError: no package's name.
    """
    packages: list[str] = []
    while (name := take_value(args, "--trust")) is not None:
        if not all(part.isidentifier() for part in name.split(".")):
            raise InputError(f"--trust takes a package's name, such as my_package; got {name!r}.")
        packages.append(name)
    if packages:
        import_from_here()
    return packages


def _command(args: list[str]) -> Callable[[list[str]], int]:
    if not args or args[0] in ("-h", "--help"):
        return lambda _: _help()
    if args[0] == "--version":
        return lambda _: _version()
    name = args[0]
    if name not in COMMANDS:
        raise unknown("command", name, COMMANDS)
    command: Callable[[list[str]], int] = import_module(f"actionprompt.commands.{name}").main
    return command


def _help() -> int:
    width = max(map(len, COMMANDS))
    print(
        "usage: actionprompt COMMAND [options]\n\n"
        "Action-guided 3D human pose estimation from 2D keypoints.\n\ncommands:"
    )
    for name, what in COMMANDS.items():
        print(f"  {name:<{width}}  {what}")
    print(
        "\n`actionprompt COMMAND --help` explains a command; `actionprompt demo` is a good start.\n"
        "--trust PACKAGE, with any command: a model's or a run's file may name a network of that package."
    )
    return 0


def _version() -> int:
    from actionprompt.commands.versions import report

    print(report())
    return 0


def _fail(message: str, code: int) -> int:
    from actionprompt.console import visible

    print(f"actionprompt: {visible(message)}", file=sys.stderr)
    return code


def _stopped(message: str, alone: bool) -> int:
    """What is said last: a further signal would only tear it apart."""
    if alone:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    return _fail(message, 130)


def _prepare() -> None:
    """A process of our own: names that are not text are shown all the same, and SIGTERM ends with a sentence."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, _: object) -> None:
    raise KeyboardInterrupt("Stopped by SIGTERM.")
