"""BlazePose (MediaPipe's 33 body landmarks) on the CPU, from the published TFLite files.

Two networks, as MediaPipe runs them: one finds people in a picture, one finds the landmarks of a person in a turned
square around them; the landmarks say where the square is in the next frame. Other than there, several people are
followed, and people who are small in the frame are found, since the first network also looks at parts of the frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from actionprompt.video.blazepose_tensors import LOOK_SIDE, POSE_SIDE, anchors, people, refine, region_of, sigmoid
from actionprompt.video.detect import Person
from actionprompt.video.litert import Network
from actionprompt.video.regions import Region, crop, single_threaded
from actionprompt.video.weights import DETECTION, Size, find

SURE = 0.5
"""Probability from which there is a person."""
APART = 0.2
"""A share of the larger one's square: people whose hips are nearer are one person seen twice."""
PART = 0.6
"""A share of a newcomer's landmarks: where so many are within somebody else's outline, they are part of that person."""
STEADY = 0.4
"""How much the squares of a newcomer's first and second look overlap at least: on trees they jump about."""
BREAK = 1.0
"""Seconds without a frame after which people are looked for again."""
LOOKS = 15.0
"""Looks a second for newcomers while somebody is followed, each at another part of the frame."""
SHARES, STEP = (1.0, 0.6), 2 / 3
"""Sides of the squares in which people are looked for, of the frame's shorter side; and how far apart they are."""


@dataclass(frozen=True)
class Followed:
    """A person in the last frame."""

    person: Person
    region: Region
    """Where to look next."""
    sure: float


class BlazePose:
    """The detector; see ``detect.Detector``."""

    layout = "blazepose33"

    def __init__(
        self, size: Size = "full", *, weights: Path | None = None, fetch: bool = True, most: int = 5, threads: int = 2
    ) -> None:
        """Loads the weights.

        Args:
            size: of the network that finds the landmarks.
            weights: a folder or wheel that holds the weights; None: see ``weights.find``.
            fetch: whether pip may fetch them once.
            most: people to follow; with more in the picture, the most prominent ones.
            threads: of the networks.

        Raises:
            InputError: ai-edge-litert is not installed, or there are no weights.
        """
        self.name = f"BlazePose {size}"
        self._look = Network(find(DETECTION, weights, fetch=fetch), threads)
        self._pose = Network(find(f"pose_landmark_{size}.tflite", weights, fetch=fetch), threads)
        self._anchors = anchors()
        self._most = most
        self._followed: list[Followed] = []
        self._time = self._looked = -np.inf
        self._tiles: Iterator[Region] = iter(())
        self._shape: tuple[int, ...] = ()

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], time: float) -> list[Person]:
        """The people in the next frame; the surest first."""
        with single_threaded():
            return self._seen(image, time)

    def _seen(self, image: UInt8[np.ndarray, "h w 3"], time: float) -> list[Person]:
        restart = image.shape != self._shape or not 0 <= time - self._time < BREAK
        if restart:
            self._followed, self._shape = [], image.shape
            self._tiles = cycle(tiles(image.shape[1], image.shape[0]))
        self._time = time
        kept = [followed for old in self._followed if (followed := self._landmarks(image, old.region)) is not None]
        kept = distinct(kept)
        for _ in range(self._looks(time, restart, bool(kept)) if len(kept) < self._most else 0):
            kept = largest(distinct(kept + self._newcomers(image, next(self._tiles), kept)), self._most)
        self._followed = kept
        return [followed.person for followed in kept]

    def _looks(self, time: float, restart: bool, followed: bool) -> int:
        """At how many parts of this frame to look for people."""
        if followed and not restart and (time - self._looked) * LOOKS < 0.99:
            return 0
        self._looked = time
        return len(tiles(self._shape[1], self._shape[0])) if restart else 1 if followed else 3

    def _newcomers(self, image: UInt8[np.ndarray, "h w 3"], tile: Region, known: list[Followed]) -> list[Followed]:
        """People in a part of the frame who are not followed yet, whose square stays where it is at a second look."""
        out = self._look(crop(image, tile, LOOK_SIDE, black=True) / 127.5 - 1)
        found = people(out[(2254, 12)], out[(2254, 1)][:, 0], self._anchors, SURE)
        new: list[Followed] = []
        for points in found:
            region = region_of(tile.to_image(points[:2]))
            if any(_same(region, other.region) for other in (*known, *new)):
                continue
            first = self._landmarks(image, region)
            second = first and self._landmarks(image, first.region)
            if first is None or second is None or first.region.overlap(second.region) < STEADY:
                continue
            if not any(inside(second.person, other.person) > PART for other in (*known, *new)):
                new.append(second)
        return new

    def _landmarks(self, image: UInt8[np.ndarray, "h w 3"], region: Region) -> Followed | None:
        """The person in the square; None if there is none."""
        out = self._pose(crop(image, region, POSE_SIDE) / 255)
        sure = float(out[(1,)][0])
        if sure < SURE:
            return None
        numbers = out[(195,)].reshape(39, 5)  # x, y, z, visibility, presence
        points = region.to_image(refine(numbers[:, :2] / POSE_SIDE, out[(64, 64, 39)]))
        person = Person(points[:33], sigmoid(numbers[:33, 3]))
        return Followed(person, region_of(points[33:35]), sure)


def tiles(width: int, height: int) -> list[Region]:
    """The whole frame, and overlapping squares that cover it, for people who are small in it."""
    found = [Region(width / 2, height / 2, float(max(width, height)))]
    for share in SHARES:
        side = share * min(width, height)
        places = [np.linspace(side / 2, n - side / 2, 1 + int(np.ceil((n - side) / (side * STEP) - 1e-6))) for n in
                  (width, height)]  # fmt: skip
        found += [Region(float(x), float(y), side) for y in places[1] for x in places[0]]
    return list(dict.fromkeys(found))


def distinct(followed: list[Followed]) -> list[Followed]:
    """The surest of those who are the same person; the surest first."""
    kept: list[Followed] = []
    for one in sorted(followed, key=lambda one: -one.sure):
        if not any(_same(one.region, other.region) for other in kept):
            kept.append(one)
    return kept


def largest(followed: list[Followed], most: int) -> list[Followed]:
    """The most prominent ones, if there are more: largest and surest."""
    if len(followed) <= most:
        return followed
    return sorted(followed, key=lambda one: -one.region.size * one.sure)[:most]


def inside(one: Person, other: Person) -> float:
    """The share of a person's points that are in the box around the other's."""
    low, high = other.points.min(0), other.points.max(0)
    return float(((one.points >= low) & (one.points <= high)).all(-1).mean())


def _same(a: Region, b: Region) -> bool:
    return bool(np.hypot(a.x - b.x, a.y - b.y) < APART * max(a.size, b.size))
