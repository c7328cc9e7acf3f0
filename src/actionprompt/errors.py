"""The one exception that stands for a user's input being wrong."""


class InputError(ValueError):
    """Something that the user gave cannot be used.

    The message is one sentence (what, where, what would be right) and is shown without a traceback; the command line ends with exit code 2.
    """
