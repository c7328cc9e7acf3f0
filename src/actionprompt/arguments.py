"""Flags that are taken out of a command's words before the rest is parsed."""


def take_value(args: list[str], flag: str) -> str | None:
    """Removes ``FLAG VALUE`` or ``FLAG=VALUE`` from the arguments and returns the value; None without the flag."""
    for i, arg in enumerate(args):
        if arg == flag or arg.startswith(f"{flag}="):
            value = arg.partition("=")[2] if "=" in arg else "".join(args[i + 1 : i + 2])
            del args[i : i + (1 if "=" in arg else 2)]
            return value
    return None
