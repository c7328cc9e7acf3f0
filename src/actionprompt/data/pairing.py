"""Whether a file's 2D belongs to its 3D: projected 3D joints lie where the 2D joints are, if both are of one body."""

from collections.abc import Mapping, Sequence
from statistics import median

import torch

from actionprompt.camera import project
from actionprompt.data.cameras import Lens
from actionprompt.data.clip import Clip
from actionprompt.errors import InputError

FARTHEST = 40.0
"""Pixels: no detector is on average further from the projected joints."""
FRAMES = 8
"""Frames of a clip that are looked at."""


def check_projection(clips: Sequence[Clip], lenses: Mapping[str, Lens], where: str) -> None:
    """Refuses the 2D of another camera, recording or joint order, of cameras whose lenses are known.

    Raises:
        InputError: a camera's 2D joints are far from its projected 3D joints in most recordings, or very far in one.
    """
    far = [(clip, distance(clip, lenses[clip.camera], clip.num_frames // FRAMES + 1)) for clip in clips]
    for camera in lenses:
        usual = median([away for clip, away in far if clip.camera == camera] or [0.0])
        if usual > FARTHEST:
            raise InputError(
                f"{where}: camera {camera} has its 2D joints {usual:.0f} pixels from the projected 3D joints: the "
                "files do not belong together, or their cameras or joints are in another order."
            )
    for clip, away in far:
        if away > 3 * FARTHEST:
            raise InputError(
                f"{where}: {clip.name}, camera {clip.camera}, has its 2D joints {away:.0f} pixels from the projected "
                "3D joints: it is the 2D of another recording."
            )


def distance(clip: Clip, lens: Lens, step: int = 25) -> float:
    """Mean distance in pixels of the 2D joints to the projected 3D joints, over every ``step``-th frame."""
    assert clip.pose is not None
    assert clip.root is not None
    points = project(clip.pose[::step] + clip.root[::step, None], lens.intrinsic())
    return float((points - clip.keypoints[::step]).norm(dim=-1).mean(dtype=torch.float64)) * lens.width / 2


def check_fit(clip: Clip, where: str) -> None:
    """Refuses the 2D of another camera, recording or joint order, of cameras whose lenses are not known.

    Raises:
        InputError: no lens projects the 3D joints to where the 2D joints are.
    """
    if (share := misfit(clip)) > 0.5:
        raise InputError(
            f"{where}: no lens brings the 3D joints to the 2D joints ({share:.0%} of the person's size apart): the "
            "files do not belong together, or their cameras or joints are in another order."
        )


def misfit(clip: Clip) -> float:
    """How far the 2D joints are from the 3D joints through the pinhole that fits best, as a share of their spread."""
    assert clip.pose is not None
    assert clip.root is not None
    step = clip.num_frames // FRAMES + 1
    points = (clip.pose[::step] + clip.root[::step, None]).double()
    rays, seen = (points[..., :2] / points[..., 2:]).reshape(-1, 2), clip.keypoints[::step].double().reshape(-1, 2)
    spread = (seen - seen.mean(0)).norm(dim=-1).mean()
    focal = ((rays - rays.mean(0)) * (seen - seen.mean(0))).sum() / (rays - rays.mean(0)).square().sum()
    rest = (seen - seen.mean(0)) - focal.clamp_min(0) * (rays - rays.mean(0))  # least squares: f and the centre
    return float(rest.norm(dim=-1).mean() / spread)
