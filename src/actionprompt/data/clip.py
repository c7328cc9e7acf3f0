"""What every data source delivers: takes of motion capture, and clips of one camera watching a take."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from actionprompt import virtual_camera
from actionprompt.data.config import VirtualCamerasCfg
from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton


@dataclass(frozen=True)
class Take:
    """One recording of one person in world axes: z up, metres."""

    pose: Float[Tensor, "n j 3"]
    action: str
    subject: str
    name: str
    """Unique within a corpus, for example ``m01_s03``."""


@dataclass(frozen=True)
class Clip:
    """One camera's view of a recording: the unit that windows never cross."""

    keypoints: Float[Tensor, "n j 2"]
    """2D joints on the normalised screen (image width = [-1, 1], see ``camera.normalise_screen``)."""
    pose: Float[Tensor, "n j 3"] | None = None
    """3D joints in camera axes, relative to the root joint, metres."""
    root: Float[Tensor, "n 3"] | None = None
    """The root's path in camera axes, metres."""
    action: str = ""
    subject: str = ""
    name: str = ""
    """The take's name; clips of the same take share it."""
    camera: str = ""
    turn: int = 0
    """Which filming of the take this is, where virtual cameras film it several times."""
    confidence: Float[Tensor, "n j"] | None = None
    """How sure the detector is of each joint, 0 to 1; None where nobody says."""
    focal: float | None = None
    """The camera's focal length on the normalised screen; None where nobody says."""
    unit: Float[Tensor, " n"] | None = None
    """Metres that a unit of ``pose`` is, by frame, where it is not in metres (MotionBERT's files); scores are in mm."""
    counted: Bool[Tensor, " n"] | None = None
    """Frames whose errors count; None: all. Every frame is lifted."""

    @property
    def num_frames(self) -> int:
        """N."""
        return self.keypoints.shape[0]

    def inputs(self, channels: int) -> Float[Tensor, "n j i"]:
        """What a network of so many input channels reads: x and y, and with 3 the confidence (1 where unknown)."""
        return with_confidence(self.keypoints, self.confidence) if channels == 3 else self.keypoints

    def looked_at(self, fps: float, size: float | None) -> "Clip":
        """The clip as a virtual camera sees it that looks at the person (``virtual_camera``), poses in its axes."""
        focal = virtual_camera.FOCAL if self.focal is None else self.focal
        looked = virtual_camera.look_at_person(self.keypoints, focal, fps=fps, size=size)
        root = None if self.root is None else virtual_camera.turn(self.root[:, None], looked.rotation)[:, 0]
        pose = None if self.pose is None else virtual_camera.turn(self.pose, looked.rotation)
        return replace(self, keypoints=looked.keypoints, pose=pose, root=root, focal=None)

    def mirrored(self, skeleton: Skeleton) -> "Clip":
        """The clip as a mirror shows it: x changes sign, left and right joints change places."""
        order = list(skeleton.mirror)
        return replace(
            self,
            keypoints=mirror(self.keypoints, order),
            pose=None if self.pose is None else mirror(self.pose, order),
            root=None if self.root is None else self.root * self.root.new_tensor([-1, 1, 1]),
            confidence=None if self.confidence is None else self.confidence[:, order],
        )


@dataclass(frozen=True)
class Corpus:
    """A whole data set, read and filmed."""

    name: str
    skeleton: Skeleton
    fps: float
    actions: tuple[str, ...]
    """Action names as people write them, in the order of the class index."""
    clips: tuple[Clip, ...]
    train_subjects: tuple[str, ...]
    test_subjects: tuple[str, ...]
    tail: tuple[str, ...] = ()
    """The hard actions of P3, where the data set has a fixed choice."""
    dropped: tuple[str, ...] = ()
    """What quality control left out, one sentence each."""
    takes: tuple[Take, ...] = ()
    """The takes that virtual cameras filmed; training may film them online."""
    filming: VirtualCamerasCfg | None = None
    """How they were filmed, and are online."""
    facts: dict[str, str] = field(default_factory=dict)
    """What a report should say of the data: variant, source, 2D protocol."""

    @property
    def online(self) -> VirtualCamerasCfg | None:
        """How training films its windows again in every batch; None: it uses the clips."""
        return self.filming if self.filming is not None and self.filming.training == "online" else None

    def select(self, subjects: tuple[str, ...]) -> list[Clip]:
        """The clips of some subjects.

        Raises:
            InputError: a subject is not in the corpus.
        """
        have = {clip.subject for clip in self.clips}
        if missing := [s for s in subjects if s not in have]:
            raise InputError(
                f"{self.name} has no clips of subject {', '.join(missing)}: it has {', '.join(sorted(have))}."
            )
        return [clip for clip in self.clips if clip.subject in subjects]


def confidence_read(clips: Sequence[Clip], channels: int) -> str:
    """What a network of so many input channels gets to read as confidence, for reports; empty where it reads none."""
    known = sum(clip.confidence is not None for clip in clips)
    if channels < 3:
        return ""
    if not clips:
        return "as the simulated detector says"
    if known == len(clips):
        return "as the 2D detector says"
    return f"1 everywhere in {len(clips) - known} of {len(clips)} clips, whose 2D comes without"


def with_confidence(
    keypoints: Float[Tensor, "*b j 2"], confidence: Float[Tensor, "*b j"] | None
) -> Float[Tensor, "*b j 3"]:
    """x, y and confidence of each joint; where no confidence is known it is 1."""
    sure = torch.ones_like(keypoints[..., 0]) if confidence is None else confidence.to(keypoints)
    return torch.cat([keypoints, sure[..., None]], dim=-1)


def mirror(points: Float[Tensor, "*b j d"], order: list[int]) -> Float[Tensor, "*b j d"]:
    """Points in a mirror: x changes sign, joints are permuted by ``order`` (``Skeleton.mirror``), all else stays."""
    sign = torch.ones(points.shape[-1], dtype=points.dtype, device=points.device)
    sign[0] = -1
    return points[..., order, :] * sign
