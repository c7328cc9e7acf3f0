"""What ``actionprompt lift`` is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from actionprompt.cluster.slurm import SlurmCfg
from actionprompt.commands.lift_joints import DetectorArgs, KeypointArgs

if TYPE_CHECKING:
    from actionprompt.model.lifter import Lifter
    from actionprompt.video.part import Part


@dataclass(frozen=True)
class CameraArgs:
    """What is known of the camera; it makes a walk move, and a tilted picture upright."""

    view: float = 65.0
    """Field of view along the longer side of the image, degrees; the person's path depends on it."""
    focal: float | None = None
    """Focal length in pixels, instead of the field of view."""
    pitch: float | Literal["auto"] = 0.0
    """Degrees by which the camera looks down (auto: as upright people and the ground under their feet tell)."""
    roll: float | None = None
    """Degrees by which the camera is turned clockwise (default: as people's bodies tell, where it is over 10)."""
    follow: bool = True
    """Show the model people as a virtual camera sees them that looks at each: where they stand does not matter then."""


@dataclass(frozen=True)
class CharacterArgs:
    """What BVH and glTF show of the motion."""

    t_pose: bool = False
    """Begin with a frame in a T-pose, from which programs take the pose at rest."""
    in_place: bool = False
    """Stay above one spot: the path over the ground is left out."""
    fps: float | None = None
    """Frames a second to write (default: as lifted)."""
    one_clock: bool = False
    """Begin and end all people's files at the same time; who is not there stands still."""


@dataclass(frozen=True)
class LiftArgs:
    """What to lift, with which model, into which files."""

    sources: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="SOURCE [SOURCE ...]")]
    """A video, a folder of pictures, a keypoint file, - (JSON lines of a pipe, answered line by line), or webcam
    (webcam:1, webcam:NAME). With --out-dir: files, folders and patterns."""
    out: Annotated[tuple[Path, ...], tyro.conf.arg(aliases=["-o"])] = ()
    """Files to write: .html (a page to look at), .report.html (to read and print: repetitions, angles), .npz .csv .json
    .segments.csv .segments.json .bvh .glb .vrm .vrma .trc .c3d, joint angles (.angles.csv .angles.json .angles.npz
    .angles.parquet .mot), repetitions (.repetitions.csv .repetitions.json), and .mp4 (the video with the skeleton over
    it). Default: SOURCE-3d.html and SOURCE-3d.npz in this folder (-3d-2 if another source has these)."""
    out_dir: Path | None = None
    """Lift all sources into this folder, with manifest.csv and manifest.json; what is finished is not done again."""
    formats: tuple[str, ...] = ("html", "npz")
    """With --out-dir: which files to write of each source (suffixes as of --out, without the dot)."""
    start: float = 0.0
    """Seconds at which to begin."""
    end: float = float("inf")
    """Seconds at which to stop."""
    model: str | None = None
    """A shipped model (`actionprompt models`), a model file or a run's folder (default: the shipped one)."""
    fps: float | None = None
    """Frames a second at which the video was taken, where the file says another rate (slow motion without a tag)."""
    mirror: bool = False
    """The picture is mirrored (a selfie, a Kinect's colour points): left and right are put back before lifting."""
    people: int = 0
    """Lift only so many people, the most prominent ones: largest, longest and surest seen (0: all)."""
    flip: bool = True
    """Average with the answer for the mirrored joints: better and slower."""
    overlap: int = 0
    """Frames that neighbouring windows share, their answers averaged; for models that answer whole windows (MixSTE)."""
    smooth: Literal["none", "one-euro", "savitzky-golay"] = "none"
    """Smooth the motion: One-Euro (causal, lags behind) or Savitzky-Golay (looks ahead)."""
    one_body: bool = True
    """Give each bone one length, left as right, and put joints where they were seen (off: as the model answers)."""
    height: Annotated[tuple[float, ...], tyro.conf.arg(metavar="METRES ...")] = ()
    """People's heights in metres, the main person's first: who has one is scaled to it."""
    root: bool = True
    """Estimate the person's path through space (approximate)."""
    axes: Literal["camera", "y-up", "z-up"] = "camera"
    """The axes of npz, CSV and JSON; BVH, glTF and TRC have y up, C3D has z up."""
    feet: bool = True
    """In BVH, glTF and VRM, feet that stand stay where they are, and knees bend forward only."""
    rig: Literal["plain", "mixamo", "vrm"] = "plain"
    """The bones of BVH and glTF: one for each line between joints, or those of Mixamo's or VRM 1.0's characters."""
    character: CharacterArgs = CharacterArgs()
    """What BVH and glTF show of the motion."""
    page_video: Literal["auto", "embed", "link", "none"] = "auto"
    """The video in a page (.html): inside it, linked from where it lies, or left out (auto: inside up to 30 MB)."""
    bvh_unit: Literal["m", "cm"] = "m"
    """BVH does not say its unit: metres suit Blender, centimetres most motion capture programs."""
    lag: int = 0
    """With - and webcam: frames of look-ahead before an answer."""
    show: bool = False
    """With - and webcam: show the person in 3D in the browser, live."""
    osc: Annotated[str | None, tyro.conf.arg(metavar="HOST:PORT")] = None
    """With - and webcam: send the person to programs that show avatars (VMC protocol); a port alone: this machine."""
    workers: int = 1
    """With --out-dir: processes of this machine that lift at the same time."""
    threads: int = 1
    """With --out-dir: threads of each of them; results do not depend on anything else."""
    shard: Annotated[str, tyro.conf.arg(metavar="i/n")] = "1/1"
    """With --out-dir: lift only the i-th of n shares of the sources, to spread them over machines."""
    retry: bool = False
    """With --out-dir: try the sources that failed before once more."""
    ray: Annotated[str | None, tyro.conf.arg(metavar="[ADDRESS]")] = None
    """With --out-dir: lift on a Ray cluster whose machines see the files (auto: the one that this machine belongs to;
    local: one of its own)."""
    slurm: int = 0
    """With --out-dir: submit so many jobs to Slurm, which share the sources."""
    slurm_job: SlurmCfg = SlurmCfg(hours=4, cpus=1, memory=4)
    """What each of them is given."""
    keypoints: KeypointArgs = KeypointArgs()
    """What a keypoint file does not say."""
    detector: DetectorArgs = DetectorArgs()
    """How people are found in a video."""
    camera: CameraArgs = CameraArgs()
    """What is known of the camera."""
    device: Annotated[str, tyro.conf.arg(metavar="cpu|cuda")] = "cpu"
    """Where to compute."""

    @property
    def source(self) -> str:
        """The only source."""
        return self.sources[0]

    @property
    def part(self) -> "Part":
        """Which part of a source to lift."""
        from actionprompt.video.part import Part

        return Part(self.start, self.end)


def is_live(source: str) -> bool:
    """Whether a source is lifted while it goes on: a pipe or a webcam."""
    return source in ("-", "webcam") or source.startswith("webcam:")


def load_lifter(args: LiftArgs) -> "Lifter":
    """The model, where it computes."""
    from actionprompt.commands.devices import to_device
    from actionprompt.console import console
    from actionprompt.hub import shipped as models

    lifter = models.open_lifter(args.model or models.DEFAULT)
    if lifter.metadata.get("encoder", "").startswith("a published checkpoint"):
        told = f"{args.model} is {lifter.metadata['encoder']}. Trained on {lifter.metadata['data']}."
        console(stderr=True).print(told, soft_wrap=True)
    return to_device(lifter, args.device)
