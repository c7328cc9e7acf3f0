"""Whether online filming's settings make sense, and what they are, for reports."""

from actionprompt.data.config import OnlineCfg
from actionprompt.errors import InputError
from actionprompt.virtual_camera import VIEW

SHARES = ("far", "centred", "rolled", "roll_undone", "lens_known", "moving", "children", "combined", "balance")
FRACTIONS = ("scale_jitter", "bone_jitter", "speed_jitter")
LENSES = (5.0, 150.0)
"""Degrees that a lens may see."""


def check(cfg: OnlineCfg) -> None:
    """Refuses settings that make no sense.

    Raises:
        InputError: a share outside 0 to 1, a range that is none, a camera that cannot see the person.
    """
    for name in SHARES:
        if not 0 <= (value := getattr(cfg, name)) <= 1:
            raise InputError(f"virtual_cameras.online.{name} is {value}: it must be between 0 and 1.")
    for name in FRACTIONS:
        if not 0 <= (value := getattr(cfg, name)) <= 0.5:
            raise InputError(
                f"virtual_cameras.online.{name} is {value}: lengths and times change by a fraction of 0 to 0.5."
            )
    if not 0.8 <= cfg.distance[0] <= cfg.distance[1] <= cfg.farthest <= 100:
        raise InputError(
            f"virtual_cameras.online.distance is {cfg.distance[0]:g} to {cfg.distance[1]:g} and "
            f"virtual_cameras.online.farthest {cfg.farthest:g}: "
            "cameras see a person from 0.8 to 100 m, given in growing order."
        )
    if not LENSES[0] <= cfg.view[0] <= cfg.view[1] <= LENSES[1]:
        raise InputError(
            f"virtual_cameras.online.view is {cfg.view[0]:g} to {cfg.view[1]:g}: "
            f"lenses see {LENSES[0]:g} to {LENSES[1]:g} "
            "degrees, the smaller number first."
        )
    limits = {"roll": 180.0, "unlevel": 45.0, "aim": 2.0}
    for name, most in limits.items():
        if not 0 <= (value := getattr(cfg, name)) <= most:
            raise InputError(f"virtual_cameras.online.{name} is {value}: it must be between 0 and {most:g}.")
    if not -25 <= cfg.elevation[0] <= 45 or not 0 <= cfg.elevation[1] <= 45:
        raise InputError(
            f"virtual_cameras.online.elevation is {cfg.elevation[0]:g} +- {cfg.elevation[1]:g}: "
            "cameras look down by -25 to 45 "
            "degrees, with a standard deviation of 0 to 45."
        )
    if not 0.3 <= cfg.smallest <= 1:
        raise InputError(
            f"virtual_cameras.online.smallest is {cfg.smallest}: children are scaled to 0.3 to 1 of an adult."
        )
    if cfg.size is not None and not 0.01 <= cfg.size <= 1:
        raise InputError(
            f"virtual_cameras.online.size is {cfg.size}: bones are 0.01 to 1 of half the picture's width long."
        )


def describe(cfg: OnlineCfg) -> dict[str, str]:
    """How training windows are filmed; what the virtual camera does is also what inference reads."""
    cameras = (
        f"cameras {cfg.distance[0]:g} to {cfg.farthest:g} m away, {cfg.centred:.0%} centred, "
        f"{(1 - cfg.centred) * cfg.rolled:.0%} rolled by up to {cfg.roll:g} degrees"
        if cfg.cameras == "any"
        else "Human3.6M's cameras (S9)"
    )
    facts = {
        "training views": (
            f"filmed online: {cameras}, bones changed by up to {cfg.bone_jitter:.0%}, bodies scaled by up to "
            f"{cfg.scale_jitter:.0%}, {cfg.children:.0%} children, tempo by up to {cfg.speed_jitter:.0%}"
        )
    }
    if cfg.virtual_camera:
        facts |= {"virtual_camera": "1", "virtual_camera_view": f"{VIEW:g}"}
    if cfg.virtual_camera and cfg.size is not None:
        facts["virtual_camera_size"] = f"{cfg.size:g}"
    return facts
