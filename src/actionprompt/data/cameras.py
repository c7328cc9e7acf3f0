"""Human3.6M's four cameras: lenses in pixels, and where they stood for each subject.

The subjects S2, S3 and S4 were filmed by the same lenses, but their placement was never published.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.camera import normalise_screen


@dataclass(frozen=True)
class CameraLens:
    """A camera's picture: everything in pixels, distortion as in :func:`~actionprompt.camera.project`."""

    name: str
    width: int
    height: int
    focal: tuple[float, float]
    centre: tuple[float, float]
    radial: tuple[float, float, float]
    """k1, k2, k3."""
    tangential: tuple[float, float]
    """p1, p2."""

    def intrinsic(self) -> Float[Tensor, " 9"]:
        """(fx, fy, cx, cy, k1, k2, k3, p1, p2) in normalised screen units."""
        centre = normalise_screen(torch.tensor(self.centre), self.width, self.height)
        focal = torch.tensor(self.focal) * 2 / self.width
        return torch.cat([focal, centre, torch.tensor(self.radial + self.tangential)])


@dataclass(frozen=True)
class Placement:
    """Where a camera stands: the turn from its axes to world axes (w, x, y, z), and its centre in mm."""

    quaternion: tuple[float, float, float, float]
    millimetres: tuple[float, float, float]

    def orientation(self) -> Float[Tensor, " 4"]:
        """The quaternion."""
        return torch.tensor(self.quaternion)

    def translation(self) -> Float[Tensor, " 3"]:
        """The centre in metres."""
        return torch.tensor(self.millimetres) / 1000


H36M_LENSES = (
    CameraLens("54138969", 1000, 1002, (1145.0494, 1143.7811), (512.5415, 515.4515),
         (-0.20709892, 0.24777518, -0.0030751503), (-0.0009756989, -0.0014244716)),
    CameraLens("55011271", 1000, 1000, (1149.6757, 1147.5917), (508.84863, 508.0649),
         (-0.19421363, 0.24040854, 0.0068199756), (-0.0016190266, -0.0027408944)),
    CameraLens("58860488", 1000, 1000, (1149.1407, 1148.799), (519.81586, 501.40265),
         (-0.20833819, 0.255488, -0.0024604974), (0.001484387, -0.0007599993)),
    CameraLens("60457274", 1000, 1002, (1145.5114, 1144.7739), (514.9682, 501.88202),
         (-0.19838409, 0.21832368, -0.008947807), (-0.0005872056, -0.001813362)),
)  # fmt: skip
"""In the order of the field's files."""

H36M_PLACEMENTS = {
    "S1": (
        Placement((0.14070565, -0.15007018, -0.7552408, 0.62232804), (1841.107, 4955.2847, 1563.4454)),
        Placement((0.6157188, -0.7648363, -0.14833826, 0.11794741), (1761.2786, -5078.007, 1606.265)),
        Placement((0.14651473, -0.14647852, 0.76530236, -0.60941756), (-1846.7777, 5215.0464, 1491.9724)),
        Placement((0.58340085, -0.7853162, 0.14548823, -0.14749594), (-1794.7897, -3722.699, 1574.8927)),
    ),
    "S5": (
        Placement((0.14673772, -0.16237096, -0.7551893, 0.6178939), (2097.3916, 4880.945, 1605.7324)),
        Placement((0.61597586, -0.7626792, -0.15728192, 0.1189815), (2031.7008, -5167.933, 1612.9231)),
        Placement((0.14291371, -0.12907842, 0.7678385, -0.6110143), (-1620.5948, 5171.6587, 1496.437)),
        Placement((0.592048, -0.7814218, 0.12747486, -0.15036418), (-1637.1737, -3867.3174, 1547.0332)),
    ),
    "S6": (
        Placement((0.13378978, -0.15692396, -0.75710905, 0.61988795), (1935.4518, 4950.2456, 1618.0839)),
        Placement((0.61471975, -0.7628813, -0.16174768, 0.11819245), (1969.804, -5128.739, 1632.7788)),
        Placement((0.15299481, -0.13529131, 0.76460963, -0.6112781), (-1769.5964, 5185.3613, 1476.9934)),
        Placement((0.59161013, -0.7804774, 0.1283227, -0.15615939), (-1721.6687, -3884.1313, 1540.4879)),
    ),
    "S7": (
        Placement((0.14352418, -0.16313368, -0.75483286, 0.6188825), (1974.513, 4926.3545, 1597.8326)),
        Placement((0.6141673, -0.76382625, -0.15966456, 0.117792994), (1937.0585, -5119.79, 1631.5665)),
        Placement((0.1455006, -0.12874816, 0.76605165, -0.61271393), (-1741.8112, 5208.2495, 1464.8246)),
        Placement((0.5912848, -0.78217643, 0.12445474, -0.15196487), (-1734.7106, -3832.4214, 1548.583)),
    ),
    "S8": (
        Placement((0.14110588, -0.15589868, -0.75619173, 0.61964405), (2150.6519, 4896.161, 1611.9047)),
        Placement((0.61696017, -0.7647668, -0.1484635, 0.11158158), (2219.9656, -5148.453, 1613.0441)),
        Placement((0.1471444, -0.1337712, 0.76701283, -0.61003697), (-1571.2216, 5137.0186, 1498.1761)),
        Placement((0.59278244, -0.78258705, 0.12147816, -0.14631996), (-1476.9133, -3896.7412, 1547.9722)),
    ),
    "S9": (
        Placement((0.15540588, -0.15548216, -0.75320953, 0.6199595), (2044.4585, 4935.117, 1481.2275)),
        Placement((0.6187845, -0.7634735, -0.14132239, 0.11933968), (1990.9597, -5123.8105, 1568.8048)),
        Placement((0.13357827, -0.13671005, 0.76894546, -0.61007386), (-1670.9922, 5211.986, 1528.388)),
        Placement((0.5879399, -0.7823407, 0.14276144, -0.1479487), (-1696.0435, -3827.0999, 1591.4127)),
    ),
    "S11": (
        Placement((0.15232472, -0.1544232, -0.75475633, 0.619107), (2098.4402, 4926.5547, 1500.2786)),
        Placement((0.61894494, -0.7600917, -0.15300633, 0.12552583), (2083.1824, -4912.173, 1561.0786)),
        Placement((0.14943229, -0.15650228, 0.7681234, -0.60263044), (-1609.8153, 5177.336, 1537.8967)),
        Placement((0.58942515, -0.7818877, 0.13991211, -0.14715362), (-1590.738, -3854.169, 1578.0176)),
    ),
}  # fmt: skip
"""By subject, in the order of the lenses."""
