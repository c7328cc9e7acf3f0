"""A synthetic corpus for tests and the demo: figures of different build and temper perform named motions."""

import math
from dataclasses import dataclass
from hashlib import blake2b

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool1d, pad

from actionprompt.data.clip import Corpus, Take
from actionprompt.data.config import SyntheticCfg
from actionprompt.data.figure import CHANNELS, LIMBS, TRUNK, Body, forward, limit, mirrored, turn
from actionprompt.data.motions import MOTIONS, Motion
from actionprompt.data.virtual_cameras import describe, film, frame_rate
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17

FPS = 50.0
GRAVITY = 9.81
RIGHT_ANKLE, LEFT_ANKLE = 3, 6
SWAY = (*(1.6,) * len(TRUNK), *(0.5, 0.3, 0.5, 0.6, 2.5, 2.5, 2.5, 2.5) * 2)
"""How far each channel strays at random, degrees: little in the legs, which stand on the floor."""


@dataclass(frozen=True)
class SyntheticPerson:
    """What makes a subject's takes alike."""

    name: str
    body: Body
    posture: Float[Tensor, " channels"]
    """Angles of standing at ease, degrees."""
    tempo: float
    amplitude: float
    left_handed: bool


def load_synthetic(cfg: SyntheticCfg) -> Corpus:
    """Makes and films the corpus: the same bits for the same settings.

    Raises:
        InputError: fewer than two subjects, no takes, or takes of fewer than two frames.
    """
    names = subjects(cfg)
    tests = max(1, cfg.subjects // 3)
    train = names[:-tests]
    return Corpus(
        name="synthetic",
        skeleton=H36M_17,
        fps=frame_rate(cfg.virtual_cameras, FPS),
        actions=tuple(motion.name for motion in MOTIONS),
        clips=tuple(film(takes(cfg), H36M_17, cfg.virtual_cameras, train, FPS)),
        takes=tuple(takes(cfg)),
        filming=cfg.virtual_cameras,
        train_subjects=train,
        test_subjects=names[-tests:],
        facts={"source": f"articulated figures, seed {cfg.seed}", **describe(cfg.virtual_cameras)},
    )


def subjects(cfg: SyntheticCfg) -> tuple[str, ...]:
    """The subjects' names."""
    if cfg.subjects < 2:
        raise InputError(f"data.subjects is {cfg.subjects}: training and testing need at least 2 subjects.")
    return tuple(f"p{i:02d}" for i in range(1, cfg.subjects + 1))


def takes(cfg: SyntheticCfg) -> list[Take]:
    """The corpus before it is filmed: every subject's takes of every motion, in world axes."""
    if cfg.takes < 1 or cfg.frames < 2:
        raise InputError(f"data.takes is {cfg.takes} and data.frames {cfg.frames}: use at least 1 and 2.")
    people = [person(cfg.seed, name) for name in subjects(cfg)]
    return [perform(m, p, i, cfg) for p in people for m in MOTIONS for i in range(1, cfg.takes + 1)]


def generator(*key: object) -> torch.Generator:
    """Random numbers that depend on the key only, in every process."""
    digest = blake2b("/".join(map(str, key)).encode(), digest_size=7).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))


def person(seed: int, name: str) -> SyntheticPerson:
    """A subject: 1.5 to 1.95 m tall, with its own proportions, posture, tempo, reach and better hand."""
    random = generator(seed, name)
    stature, left, amplitude, *ease = torch.rand(3 + 6, generator=random, dtype=torch.float64).tolist()
    build = 1 + 0.045 * torch.randn(10, generator=random, dtype=torch.float64).clamp(-2, 2)
    tempo = float(torch.randn(1, generator=random, dtype=torch.float64).clamp(-2, 2))
    stoop, knee, feet, arms, elbow, toes = ease
    posture = dict.fromkeys(CHANNELS, 0.0) | {"lean": 9 * stoop - 2, "nod": 6 * stoop}
    legs = {"thigh": 2 + 3 * knee, "spread": 1 + 4 * feet, "toe": -10 * toes, "knee": 4 + 6 * knee}
    limbs = legs | {"out": 5 + 6 * arms, "elbow": 8 + 16 * elbow}
    posture |= {f"{side}_{name}": angle for side in "rl" for name, angle in limbs.items()}
    return SyntheticPerson(
        name,
        Body.of_stature(1.5 + 0.45 * stature).scaled(build),
        torch.tensor(list(posture.values()), dtype=torch.float64),
        tempo=math.exp(0.12 * tempo),
        amplitude=0.88 + 0.22 * amplitude,
        left_handed=left < 0.3,
    )


def perform(motion: Motion, who: SyntheticPerson, number: int, cfg: SyntheticCfg) -> Take:
    """One take: the motion in the person's style, with drifting tempo, uneven repetitions and small sways."""
    random = generator(cfg.seed, who.name, motion.name, number)
    rate = who.tempo / motion.period * (1 + 0.07 * wander(cfg.frames, 1, random)[:, 0])  # cycles/s
    rate = rate * (1 + 0.06 * float(torch.randn(1, generator=random).clamp(-2, 2)))
    phase = torch.rand(1, generator=random, dtype=torch.float64) + rate.cumsum(0) / FPS

    reach = who.amplitude * (1 + 0.08 * repetitions(phase, random))
    angles = who.posture + reach[:, None] * style(who, motion, cfg.seed) * motion.at(phase)
    angles = limit(angles + angles.new_tensor(SWAY) * wander(cfg.frames, len(CHANNELS), random))
    if who.left_handed:
        angles = mirrored(angles)

    pose = forward(who.body, angles)
    support = motion.support[::-1] if who.left_handed else motion.support
    pose = travel(pose, random) if motion.travels else stay(pose, support, random)
    pose = stand(pose, who.body.ankle + flight(motion, phase, rate))
    return Take(pose.float(), motion.name, who.name, f"{who.name}_{motion.name.replace(' ', '_')}_{number}")


def style(who: SyntheticPerson, motion: Motion, seed: int) -> Float[Tensor, " channels"]:
    """How much of each angle a person puts into a motion, in all takes: left as right, knees as thighs."""
    random = generator(seed, who.name, motion.name)
    draws = torch.randn(len(TRUNK) + len(LIMBS), generator=random, dtype=torch.float64).clamp(-2, 2)
    trunk, limb = draws[: len(TRUNK)], draws[len(TRUNK) :]
    limb[LIMBS.index("knee")] = limb[LIMBS.index("thigh")]
    return 1 + 0.08 * torch.cat([trunk, limb, limb])


def travel(pose: Float[Tensor, "n 17 3"], random: torch.Generator) -> Float[Tensor, "n 17 3"]:
    """Moves the figure around a circle, leaning inwards, as fast as its lower foot goes back under it."""
    feet = pose[:, [RIGHT_ANKLE, LEFT_ANKLE]]
    stands = torch.softmax(-feet[..., 2] / 0.01, dim=1)  # within a centimetre both do
    speed = smooth((stands * -torch.gradient(feet[..., 1], dim=0)[0]).sum(1)) * FPS
    draws = torch.rand(3, generator=random, dtype=torch.float64)
    radius, side, start = 0.8 + 0.3 * float(draws[0]), 1 if draws[1] < 0.5 else -1, float(draws[2])
    bank = math.degrees(math.atan(float(speed.mean()) ** 2 / radius / GRAVITY))
    heading = 2 * math.pi * start + side * speed.cumsum(0) / FPS / radius
    zero = torch.zeros_like(heading)
    centre = side * radius * torch.stack([heading.cos(), heading.sin(), zero], dim=-1)
    facing = turn(torch.stack([zero, zero, heading.rad2deg()], dim=-1))
    return pose @ turn(heading.new_tensor([0, -side * bank, 0])).mT @ facing.mT + centre[:, None]


def stay(
    pose: Float[Tensor, "n 17 3"], support: tuple[float, float], random: torch.Generator
) -> Float[Tensor, "n 17 3"]:
    """Keeps the supporting feet in place, while the figure turns a little about them."""
    feet = pose[:, [RIGHT_ANKLE, LEFT_ANKLE], :2] * pose.new_tensor(support)[:, None]
    pose = pose - pad(feet.sum(1), (0, 1))[:, None]
    heading = 6 * wander(pose.shape[0], 1, random)
    return pose @ turn(pad(heading, (2, 0))).mT


def stand(pose: Float[Tensor, "n 17 3"], height: Float[Tensor, " n"]) -> Float[Tensor, "n 17 3"]:
    """Lifts or lowers the figure until its lowest ankle has about the given height above the floor."""
    rise = smooth(height - pose[:, [RIGHT_ANKLE, LEFT_ANKLE], 2].amin(1), 5)
    return pose + pad(rise[:, None], (2, 0))[:, None]


def flight(motion: Motion, phase: Float[Tensor, " n"], rate: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Height over the floor in metres while no foot touches it: a ballistic arc as long as the flight."""
    height = torch.zeros_like(phase)
    for take_off, landing in motion.flights:
        share = ((phase - take_off) % 1 / (landing - take_off)).clamp(max=1)
        height += GRAVITY / 2 * ((landing - take_off) / rate) ** 2 * share * (1 - share)
    return height


def wander(frames: int, channels: int, random: torch.Generator) -> Float[Tensor, "n c"]:
    """Low-pass noise of unit variance: sines of 0.1 to 0.9 Hz with random phases."""
    waves = 5
    draws = torch.rand(2, waves, channels, generator=random, dtype=torch.float64)
    seconds = torch.arange(frames, dtype=torch.float64)[:, None, None] / FPS
    cycles = (0.1 + 0.8 * draws[0]) * seconds + draws[1]
    return math.sqrt(2 / waves) * torch.sin(2 * math.pi * cycles).sum(1)


def repetitions(phase: Float[Tensor, " n"], random: torch.Generator) -> Float[Tensor, " n"]:
    """A random value for each repetition of the motion, gliding from one to the next."""
    count = phase - phase.amin().floor()
    values = torch.randn(int(count.amax()) + 2, generator=random, dtype=torch.float64).clamp(-2, 2)
    i = count.long()
    return torch.lerp(values[i], values[i + 1], count - i)


def smooth(values: Float[Tensor, " n"], width: int = 11) -> Float[Tensor, " n"]:
    """Moving average over an odd number of frames; the edges repeat."""
    side = width // 2
    padded = torch.cat([values[:1].expand(side), values, values[-1:].expand(side)])
    return avg_pool1d(padded[None], width, stride=1)[0]
