"""How much ``actionprompt bench`` measures. No torch in here."""

from dataclasses import dataclass, fields

from actionprompt.errors import InputError


@dataclass(frozen=True)
class BenchCfg:
    """How much to measure."""

    frames: int = 10_000
    """Frames of the whole sequence."""
    twin: int = 512
    """Frames that are also lifted with a window each."""
    long: int = 100_000
    """Frames of the sequence whose memory is measured."""
    live: int = 100_000
    """Frames of the live stream."""
    threads: int = 2
    """Threads; the live stream has one."""
    repeats: int = 3
    """The best of so many turns counts."""

    def check(self) -> None:
        """Refuses nothing to measure.

        Raises:
            InputError: a count below 1.
        """
        for field in fields(self):
            count = getattr(self, field.name)
            if count < 1:
                raise InputError(f"--{field.name} is {count}: it must be at least 1.")
