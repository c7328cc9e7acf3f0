"""The data sources' settings, one class each. No torch in here; ``load.py`` reads the files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class DetectorCfg:
    """A simulated 2D detector: how far its joints are from the true ones, in shares of the person's height there.

    Measured on a real detector and video (``measurements/detector_errors.py``; docs/LOG.md, 2026-12-01).
    """

    bias: float = 0.01
    """Standard deviation of a joint's constant offset in a clip, along each axis."""
    jitter: float = 0.01
    """Standard deviation of a joint's wandering about that offset, along each axis."""
    correlation_time: float = 0.1
    """Seconds in which the wandering forgets itself (its correlation falls to 1/e)."""
    swap_rate: float = 0.005
    """Share of the time in which left and right arm, or left and right leg, are exchanged."""
    miss_rate: float = 0.02
    """Share of the time in which a joint is not found and its place interpolated."""
    outlier_rate: float = 0.002
    """Share of the time in which a joint is found somewhere else, off by a quarter of the height."""
    episode_length: float = 0.2
    """Seconds that such an exchange, loss or error lasts."""
    unit: Literal["height", "pixels"] = "height"
    """The unit of bias and jitter: shares of the person's height, or pixels of a picture 1,000 wide (0.1.0's)."""
    seed: int = 0
    """Seed of the errors, which depend on it, the take's name, the camera and the number of the turn only."""


@dataclass(frozen=True)
class OnlineCfg:
    """How training windows are filmed again in every batch: other bodies, cameras and errors each time.

    Lengths are metres, angles degrees, shares between 0 and 1. The defaults were chosen on held-out training subjects
    (docs/LOG.md, 2026-12-01).
    """

    cameras: Literal["any", "h36m"] = "any"
    """Cameras within the ranges below; or h36m: Human3.6M's four, placed as for S9."""
    distance: tuple[float, float] = (2.0, 8.0)
    """Distance from camera to person, uniform; farther where the whole window would not be in the picture."""
    far: float = 0.15
    """Share of windows beyond the larger distance."""
    farthest: float = 16.0
    """The largest distance of those, log-uniform."""
    elevation: tuple[float, float] = (8.0, 14.0)
    """Mean and standard deviation of the angle by which the camera looks down on the person, within -25 to 45."""
    centred: float = 0.4
    """Share of nearly level cameras that aim at the person; the others have the person anywhere in the picture."""
    aim: float = 0.25
    """How far centred cameras (and Human3.6M's) aim beside the person, standard deviation."""
    unlevel: float = 4.0
    """Standard deviation of cameras' roll (half of it for centred ones)."""
    rolled: float = 0.25
    """Share of the cameras not centred that are rolled, uniformly by up to ``roll`` either way."""
    roll: float = 30.0
    """The largest roll of those."""
    roll_undone: float = 0.5
    """Share of rolled cameras whose roll the virtual camera undoes, to within 5 degrees."""
    view: tuple[float, float] = (42.0, 80.0)
    """Field of view along the picture's longer side, uniform; height over width is 9/16, 3/4, 1 or 16/9."""
    lens_known: float = 0.3
    """Share of windows whose lens the virtual camera knows; it assumes 65 degrees for the others."""
    moving: float = 0.15
    """Share of cameras that move along with the person."""
    scale_jitter: float = 0.06
    """Adults are scaled by up to this fraction either way."""
    children: float = 0.15
    """Share of windows scaled down to children, uniformly."""
    smallest: float = 0.6
    """The scale of the smallest child."""
    bone_jitter: float = 0.1
    """Each bone's length changes by up to this fraction, left as right."""
    speed_jitter: float = 0.3
    """Windows are played faster or slower by up to this fraction."""
    combined: float = 0.0
    """Share of windows whose trunk, arms and head are those of another window."""
    balance: float = 0.5
    """Actions are drawn in proportion to their number of frames to the power of 1 less this: 1 all alike, 0 as is."""
    detector_joints: bool = True
    """As ``virtual_cameras.detector_joints``; then test takes have such joints, too."""
    virtual_camera: bool = True
    """The network sees what a virtual camera sees that looks at the person (``virtual_camera``)."""
    size: float | None = 0.2
    """It also zooms so that bones have this root mean square length on the screen (None: no zoom)."""


@dataclass(frozen=True)
class VirtualCamerasCfg:
    """Virtual cameras: Human3.6M's four, around each take, which is turned by a random yaw."""

    training: Literal["stored", "online"] = "stored"
    """Training takes are filmed once and stored, or their windows online, again in every batch."""
    online: OnlineCfg = OnlineCfg()
    """How they are filmed online."""

    cameras: int = 4
    """How many of the four cameras film each take."""
    yaws_per_take: int = 1
    """How many times each training take is filmed, each time at another yaw; test takes are filmed once."""
    scale_jitter: float = 0.0
    """Turns after the first are also scaled, by up to this fraction either way: bodies of other sizes."""
    speed_jitter: float = 0.0
    """Turns after the first are also played faster or slower, by up to this fraction."""
    frame_stride: int = 1
    """Cameras take only every n-th frame: inputs that are sparse in time."""
    viewpoints: Literal["h36m", "varied"] = "h36m"
    """Cameras: h36m (Human3.6M's four, as for S9), or varied (any height, distance and lens, as phones are used)."""
    seed: int = 0
    """Seed of yaw and scale, which depend on it, the take's name and the number of the turn only."""
    detector_joints: bool = False
    """Pelvis, spine and thorax follow from hips and shoulders as in detectors' layouts, in 2D and in 3D."""
    keypoints: Literal["gt", "simulated"] = "gt"
    """2D input: gt (projected 3D), or what a simulated detector would find."""
    detector: DetectorCfg = DetectorCfg()
    """The simulated detector."""


@dataclass(frozen=True)
class UIPRMDCfg:
    """UI-PRMD (Vakanski et al. 2018): ten rehabilitation movements, ten subjects, Vicon; public domain."""

    path: Path
    """Folder that holds the extracted archives (``Segmented Movements`` and so on, at any depth)."""
    variants: tuple[Literal["correct", "incorrect"], ...] = ("correct",)
    """Movements performed correctly, incorrectly, or both."""
    virtual_cameras: VirtualCamerasCfg = VirtualCamerasCfg()
    """Virtual cameras."""


@dataclass(frozen=True)
class Human36MCfg:
    """Human3.6M (Ionescu et al. 2014), in the ``.npz`` files that lifters share; licensed."""

    path: Path
    """Folder that holds ``data_3d_h36m.npz`` and ``data_2d_h36m_<keypoints>.npz``."""
    keypoints: str = "gt"
    """Which 2D file: gt (projected), cpn_ft_h36m_dbb or hr (detected), any other; or simulated: gt with errors."""
    exclude_damaged: bool = False
    """Leave out three clips of S9 whose 3D drifts; the field's tables keep them."""
    detector: DetectorCfg = DetectorCfg()
    """The simulated detector."""


@dataclass(frozen=True)
class HumanEvaCfg:
    """HumanEva-I (Sigal et al. 2010), in the ``.npz`` files that lifters share; licensed."""

    path: Path
    """Folder that holds ``data_3d_humaneva15.npz`` and ``data_2d_humaneva15_<keypoints>.npz``."""
    keypoints: str = "gt"
    """Which 2D file, of 15 joints: gt or any other; or simulated: gt with a simulated detector's errors."""
    actions: tuple[str, ...] = ("Walking", "Jog")
    """Actions by their names in the files (Table II: Walking and Jog); also Box, Gestures, ThrowCatch."""
    detector: DetectorCfg = DetectorCfg()
    """The simulated detector."""


@dataclass(frozen=True)
class HDM05Cfg:
    """HDM05-11 (Mueller et al. 2007): eleven classes of short clips, five actors; CC BY-SA 3.0."""

    path: Path
    """Folder that holds the ``.amc`` clips with their actors' ``.asf`` skeletons, at any depth."""
    virtual_cameras: VirtualCamerasCfg = VirtualCamerasCfg()
    """Virtual cameras."""


@dataclass(frozen=True)
class CMUCfg:
    """CMU's motion capture (mocap.cs.cmu.edu): everyday motion of many people; free for all uses."""

    path: Path
    """Folder that holds the trials (``07_01.amc`` with ``07.asf``, or ``07_01.bvh``), at any depth."""
    test: tuple[str, ...] = ("08", "09", "13")
    """Subjects for testing; all others are for training."""
    fps: float = 50.0
    """Frames per second to train at; takes are interpolated."""
    virtual_cameras: VirtualCamerasCfg = VirtualCamerasCfg()
    """Virtual cameras."""


@dataclass(frozen=True)
class EverydayCfg:
    """Several sources as one, with the same joints and one vocabulary of actions; give those that you have."""

    uiprmd: Path | None = None
    """UI-PRMD's folder."""
    cmu: Path | None = None
    """The folder of CMU's motion capture."""
    hdm05: Path | None = None
    """HDM05's folder (CC BY-SA 3.0: so are models trained on it)."""
    mocap: tuple[Path, ...] = ()
    """Tables of your own motion capture."""
    variants: tuple[Literal["correct", "incorrect"], ...] = ("correct",)
    """UI-PRMD's movements performed correctly, incorrectly, or both."""
    cmu_test: tuple[str, ...] = ("08", "09", "13")
    """CMU's subjects for testing."""
    virtual_cameras: VirtualCamerasCfg = VirtualCamerasCfg()
    """Virtual cameras."""


@dataclass(frozen=True)
class MocapCfg:
    """Anyone's own motion capture: ASF/AMC, BVH or C3D files, and a table that says who does what in them."""

    path: Path
    """Table of takes: CSV with columns file, subject, action and maybe split, skeleton (.asf), rig, up, unit, fps."""
    rig: str = "auto"
    """Which points are the joints: plug-in-gait, acclaim, cmu-bvh, mixamo, ... (docs/data.md), or a file that says."""
    unit: float | None = None
    """Metres per unit of length of files but ASF/AMC (None: as the file says, else by the size of a person)."""
    up: Literal["auto", "x", "y", "z"] = "auto"
    """The axis that points up (auto: as the file says, else y, or z in C3D)."""
    acclaim_fps: float = 120.0
    """Frames per second of AMC files, which do not say."""
    fps: float = 50.0
    """Frames per second to train at; takes are interpolated."""
    virtual_cameras: VirtualCamerasCfg = VirtualCamerasCfg()
    """Virtual cameras."""


@dataclass(frozen=True)
class SyntheticCfg:
    """An articulated figure that performs named motions: for tests and the demo, no files needed."""

    subjects: int = 6
    """Figures of different proportions and temperament; the last third are test subjects."""
    takes: int = 1
    """Takes of each motion per subject."""
    frames: int = 400
    """Frames per take, at 50 frames/s."""
    seed: int = 0
    """Seed of everything."""
    virtual_cameras: VirtualCamerasCfg = VirtualCamerasCfg()
    """Virtual cameras."""


@dataclass(frozen=True)
class MotionBERTCfg:
    """Human3.6M in MotionBERT's file (Zhu et al. 2023), with its evaluation; licensed."""

    path: Path
    """The file, h36m_sh_conf_cam_source_final.pkl."""
    drifting: bool = False
    """Keep the three recordings of S9 whose 3D drifts away from the pictures."""


@dataclass(frozen=True)
class MPIINF3DHPCfg:
    """MPI-INF-3DHP (Mehta et al. 2017), in the ``.npz`` files that lifters share; licensed."""

    path: Path
    """Folder that holds ``data_train_3dhp.npz`` and ``data_test_3dhp.npz``."""


@dataclass(frozen=True)
class ReaderCfg:
    """Data that read themselves: a Python function of yours that returns a Corpus."""

    target: str
    """The function, as module:function; it is called without arguments. See docs/add_data.md."""

    @property
    def imports(self) -> str:
        """The module that loading this imports."""
        return self.target.partition(":")[0]


DataCfg = (
    UIPRMDCfg
    | Human36MCfg
    | HumanEvaCfg
    | HDM05Cfg
    | CMUCfg
    | MocapCfg
    | EverydayCfg
    | SyntheticCfg
    | MotionBERTCfg
    | MPIINF3DHPCfg
    | ReaderCfg
)

DATA: dict[str, tuple[str, type[DataCfg]]] = {
    "uiprmd": ("UI-PRMD, ten rehabilitation movements, Vicon, public domain", UIPRMDCfg),
    "human36m": ("Human3.6M, 15 actions, four cameras, in lifters' .npz files, licensed", Human36MCfg),
    "humaneva": ("HumanEva-I, in lifters' .npz files, licensed", HumanEvaCfg),
    "hdm05": ("HDM05-11, eleven classes of short clips, Acclaim ASF/AMC, CC BY-SA 3.0", HDM05Cfg),
    "cmu": ("CMU's motion capture, everyday motion, ASF/AMC or BVH, free for all uses", CMUCfg),
    "mocap": ("your own motion capture: ASF/AMC, BVH or C3D files and a table", MocapCfg),
    "everyday": ("several of uiprmd, cmu, hdm05 and mocap as one", EverydayCfg),
    "motionbert": ("Human3.6M in MotionBERT's file, with its evaluation, licensed", MotionBERTCfg),
    "3dhp": ("MPI-INF-3DHP in lifters' .npz files, with PCK and AUC, licensed", MPIINF3DHPCfg),
    "reader": ("a Python function of yours that returns the clips", ReaderCfg),
    "synthetic": ("an articulated figure, no files needed", SyntheticCfg),
}
"""Data sets by the name that the command line knows: what it is, its settings."""
