"""The one exception that stands for a user's input being wrong."""


class InputError(ValueError):
    """Something that the user gave cannot be used.

    The message is one sentence (what, where, what would be right); the command line shows it without a traceback and
    ends with exit code 2.
    """


class Interrupted(RuntimeError):
    """A training run was stopped from outside (Ctrl-C, SIGTERM) and has saved its state."""


class Diverged(RuntimeError):
    """A training run whose loss is no longer a finite number; its log is kept."""
