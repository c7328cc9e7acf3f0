"""Human3.6M's four cameras, placed as for subject S9, for windows that are filmed online: one of them a window."""

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.camera import conjugate, project, rotate
from actionprompt.data.cameras import H36M_LENSES, H36M_PLACEMENTS
from actionprompt.data.online.draws import Draws
from actionprompt.data.online.view import Cameras, Lenses


class Studio:
    """The cameras as constants on a device; people stand in the middle of the floor, or about it.

    Args:
        aside: how far from the middle, the standard deviation along each direction of the floor, metres.
        device: where.
    """

    def __init__(self, aside: float, device: torch.device | str = "cpu") -> None:
        self.aside = aside
        places = H36M_PLACEMENTS["S9"]
        self.intrinsic = torch.stack([lens.intrinsic() for lens in H36M_LENSES]).to(device)
        self.aspect = torch.tensor([lens.height / lens.width for lens in H36M_LENSES], device=device)
        axes, stands = zip(*(level(p.orientation(), p.translation()) for p in places), strict=True)
        self.rotation, self.stand = torch.stack(axes).to(device), torch.stack(stands).to(device)

    def __call__(self, draws: Draws, height: Float[Tensor, " b"]) -> Cameras:
        """A camera for each window; ``height`` is how high the people's middle is above the floor, metres."""
        which = draws.uniform(0, len(self.aspect)).long().clamp_max(len(self.aspect) - 1)
        intrinsic, stand = self.intrinsic.index_select(0, which), self.stand.index_select(0, which)
        lens = Lenses(intrinsic[:, 0], self.aspect.index_select(0, which), intrinsic)
        x, z = draws.normal(self.aside), draws.normal(self.aside)
        place = torch.stack([x, stand[:, 1] - height, stand[:, 0] + z], -1)
        level = torch.zeros_like(height)
        return Cameras(lens, self.rotation.index_select(0, which), place, level, level > 0)


def level(
    orientation: Float[Tensor, " 4"], translation: Float[Tensor, " 3"]
) -> tuple[Float[Tensor, "3 3"], Float[Tensor, " 2"]]:
    """How a camera is turned against level axes that look at the floor's middle, and how far and how high it stands."""
    far = translation[:2].norm()
    ahead = torch.cat([-translation[:2] / far, translation.new_zeros(1)])
    down = translation.new_tensor([0.0, 0.0, -1.0])
    axes = torch.stack([torch.linalg.cross(down, ahead), down, ahead])  # level axes in the world
    return rotate(conjugate(orientation), axes).mT, torch.stack([far, translation[2]])


def screen(points: Float[Tensor, "b f 3 j"], intrinsic: Float[Tensor, "b 9"]) -> Float[Tensor, "b f 2 j"]:
    """Joints on the normalised screen, distorted as these lenses do."""
    return project(points.mT, intrinsic[:, None, None]).mT
