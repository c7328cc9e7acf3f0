"""Whether a file's 2D belongs to its 3D: projected 3D joints lie where the 2D joints are, if both are of one body."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.camera import project
from actionprompt.data.cameras import CameraLens
from actionprompt.data.clip import Clip
from actionprompt.errors import InputError

USUAL = 40.0
"""Pixels: in most recordings no detector is on average further from the projected joints."""
FARTHEST = 60.0
"""The same of any recording."""
DRIFTED = 120.0
"""The same of a recording whose 3D drifts away from the images."""
EXACT = 2.0
"""The same of ground truth, which is the projection itself."""
NEAR, HALF = 15.0, 0.5
"""Pixels, and share: joints further away than that, and so much nearer when mirrored or moved in time, are that."""
LAG = 50
"""Frames by which 2D may be early or late, to be noticed: a second at 50 a second."""
TIE = 1.0
"""Pixels: two joints that fit as well as each other, when one is sought that a file lacks."""
MISFIT = 0.3
"""Share of the person's size: no 2D of the right camera is further from what the camera's lens makes of the 3D."""
FRAMES = 8
"""Frames of a clip that are looked at."""


def check_projection(
    clips: Sequence[Clip],
    lenses: Mapping[str, CameraLens],
    where: str,
    *,
    exact: bool = False,
    drifting: Collection[str] = (),
    made_up: int | None = None,
    mirror: Sequence[int] = (),
) -> None:
    """Refuses the 2D of another camera, recording or joint order, of cameras whose lenses are known.

    Args:
        clips: 2D and 3D.
        lenses: By camera.
        where: The file, for messages.
        exact: The 2D is ground truth.
        drifting: Names of recordings whose 3D is known to drift away from the images.
        made_up: A joint that the 2D file lacks; it is not looked at.
        mirror: The joints with left for right; none: nothing is said of 2D whose sides are exchanged.

    Raises:
        InputError: a camera's 2D joints are far from its projected 3D joints in most recordings, or too far in one.
    """
    far = [(clip, distance(clip, lenses[clip.camera], sampling(clip), made_up)) for clip in clips]
    for camera in lenses:
        usual = median([away for clip, away in far if clip.camera == camera] or [0.0])
        if usual > USUAL:
            raise InputError(
                f"{where}: camera {camera} has its 2D joints {usual:.0f} pixels from the projected 3D joints: the "
                "files do not belong together, or their cameras or joints are in another order."
            )
    why = "ground truth is the projection itself, so " if exact else ""
    for clip, away in far:
        if away > NEAR and clip.name not in drifting:
            _check_sides_and_time(clip, lenses[clip.camera], where, away, mirror, made_up)
        limit = EXACT if exact else DRIFTED if clip.name in drifting else FARTHEST
        if away > limit:
            raise InputError(
                f"{where}: {clip.name}, camera {clip.camera}, has its 2D joints {away:.1f} pixels from the projected "
                f"3D joints (at most {limit:.0f} allowed): {why}it is the 2D of another recording, camera, joint order "
                "or time."
            )


def _check_sides_and_time(
    clip: Clip, lens: CameraLens, where: str, away: float, mirror: Sequence[int], made_up: int | None
) -> None:
    """Refuses 2D that fits much better with left for right, or earlier or later.

    Raises:
        InputError: it does.
    """
    step, said = sampling(clip), f"{where}: {clip.name}, camera {clip.camera}, has"
    if mirror:
        sides = replace(clip, keypoints=clip.keypoints[:, list(mirror)])
        if (fit := distance(sides, lens, step, made_up)) < HALF * away:
            raise InputError(
                f"{said} left and right exchanged in its 2D: the joints are {away:.0f} pixels from the projected 3D "
                f"joints, and {fit:.0f} with left for right."
            )
    lags = [lag for lag in range(-LAG, LAG + 1) if abs(lag) < clip.num_frames - FRAMES]
    fits = {lag: distance(_later(clip, lag), lens, step, made_up) for lag in lags}
    lag = min(fits, key=fits.__getitem__, default=0)
    if lag and fits[lag] < HALF * away:
        raise InputError(
            f"{said} 2D of another time than its 3D: the joints are {away:.0f} pixels from the projected 3D joints, "
            f"and {fits[lag]:.0f} from those {abs(lag)} frames {'earlier' if lag > 0 else 'later'}."
        )


def _later(clip: Clip, lag: int) -> Clip:
    """Each frame's 3D beside the 2D of ``lag`` frames later."""
    assert clip.pose is not None
    assert clip.root is not None
    n = clip.num_frames - abs(lag)
    first, then = max(-lag, 0), max(lag, 0)
    return replace(
        clip,
        pose=clip.pose[first : first + n],
        root=clip.root[first : first + n],
        keypoints=clip.keypoints[then : then + n],
    )


def check_lacking(
    clips: Sequence[Clip], lenses: Mapping[str, CameraLens], where: str, made_up: int, names: Sequence[str]
) -> None:
    """Refuses 2D that lacks another joint than the one that was made up for it.

    Nothing is said of 2D that fits whatever joint it lacks badly: ``check_projection`` refuses it.

    Raises:
        InputError: the 2D joints are nearer to the projected 3D joints if another joint is taken for lacking.
    """
    far = torch.stack([distances_lacking(clip, lenses[clip.camera], made_up) for clip in clips]).median(dim=0).values
    best = int(far.argmin())
    if far[best] <= USUAL and far[made_up] > far[best] + TIE:
        raise InputError(
            f"{where} has 2D without the {names[best]} ({far[best]:.1f} pixels from the projected 3D joints; "
            f"{far[made_up]:.1f} if the {names[made_up]} were lacking): give all {len(names)} joints, or all but the "
            f"{names[made_up]}."
        )


def distances_lacking(clip: Clip, lens: CameraLens, made_up: int) -> Float[Tensor, " j"]:
    """Mean distance in pixels of the 2D joints in their order to the projected 3D joints, by the one left out."""
    points, seen = _sampled(clip, lens, sampling(clip))
    seen = _without(seen, made_up)
    return torch.stack([_mean_distance(_without(points, j), seen, lens) for j in range(points.shape[1])])


def distance(clip: Clip, lens: CameraLens, step: int = 25, made_up: int | None = None) -> float:
    """Mean distance in pixels of the 2D joints to the projected 3D joints, over every ``step``-th frame.

    The joint ``made_up`` is not looked at.
    """
    points, seen = _sampled(clip, lens, step)
    if made_up is not None:
        points, seen = _without(points, made_up), _without(seen, made_up)
    return float(_mean_distance(points, seen, lens))


def sampling(clip: Clip) -> int:
    """Every how many frames one is looked at."""
    return clip.num_frames // FRAMES + 1


class Pinhole(NamedTuple):
    """A lens without distortion, on the normalised screen."""

    focal: float
    centre: Float[Tensor, " 2"]


def check_fit(clips: Sequence[Clip], where: str) -> None:
    """Refuses the 2D of another camera, recording or joint order, of cameras whose lenses are not known.

    Raises:
        InputError: the lens that a camera has in most clips does not project a clip's 3D joints to its 2D joints.
    """
    for camera in sorted({clip.camera for clip in clips}):
        of_camera = [clip for clip in clips if clip.camera == camera]
        lens = fitted(of_camera)
        share, worst = max(((misfit(clip, lens), clip) for clip in of_camera), key=lambda found: found[0])
        if share > MISFIT:
            raise InputError(
                f"{where}: {worst.name}, camera {camera}: no lens brings the 3D joints to the 2D joints ({share:.0%} "
                "of the person's size apart): the files do not belong together, or their cameras or joints are in "
                "another order."
            )


def fitted(clips: Sequence[Clip]) -> Pinhole:
    """The pinhole of a camera: the median over its clips of the focal length, and then of the centre."""
    rays, seen = zip(*(_rays(clip) for clip in clips), strict=True)
    focal = max(median(float(_slope(r, s)) for r, s in zip(rays, seen, strict=True)), 0.0)
    centres = torch.stack([s.mean(0) - focal * r.mean(0) for r, s in zip(rays, seen, strict=True)])
    return Pinhole(focal, centres.quantile(0.5, dim=0))


def misfit(clip: Clip, lens: Pinhole) -> float:
    """How far the 2D joints are from the projected 3D joints, as a share of their spread."""
    rays, seen = _rays(clip)
    spread = (seen - seen.mean(0)).norm(dim=-1).mean()
    return float((seen - lens.focal * rays - lens.centre).norm(dim=-1).mean() / spread)


def _rays(clip: Clip) -> tuple[Float[Tensor, "m 2"], Float[Tensor, "m 2"]]:
    """The rays x/z and y/z of some frames' joints, and where they are seen."""
    assert clip.pose is not None
    assert clip.root is not None
    step = sampling(clip)
    points = (clip.pose[::step] + clip.root[::step, None]).double()
    return (points[..., :2] / points[..., 2:]).flatten(0, 1), clip.keypoints[::step].double().flatten(0, 1)


def _slope(rays: Float[Tensor, "m 2"], seen: Float[Tensor, "m 2"]) -> Float[Tensor, ""]:
    """The focal length by least squares, whatever the centre."""
    rays = rays - rays.mean(0)
    return (rays * (seen - seen.mean(0))).sum() / rays.square().sum()


def _sampled(clip: Clip, lens: CameraLens, step: int) -> tuple[Float[Tensor, "m j 2"], Float[Tensor, "m j 2"]]:
    """Projected 3D joints and 2D joints of every ``step``-th frame."""
    assert clip.pose is not None
    assert clip.root is not None
    return project(clip.pose[::step] + clip.root[::step, None], lens.intrinsic()), clip.keypoints[::step]


def _without(points: Float[Tensor, "m j 2"], joint: int) -> Float[Tensor, "m k 2"]:
    return torch.cat([points[:, :joint], points[:, joint + 1 :]], dim=1)


def _mean_distance(a: Float[Tensor, "m j 2"], b: Float[Tensor, "m j 2"], lens: CameraLens) -> Float[Tensor, ""]:
    """Pixels."""
    return (a - b).norm(dim=-1).mean(dtype=torch.float64) * lens.width / 2
