"""Shared fixtures: one thread for torch, the material beside the checkout where it is present, a marker figure.

No test touches the user's cache.
"""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import Float

from actionprompt.formats.markers import MARKERS
from fast import FAST

torch.set_num_threads(1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with Ctrl-C ignored


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the quick selection."""
    for item in items:
        path = item.path.relative_to(Path(__file__).parent)
        if {path.as_posix(), path.parts[0]} & FAST:
            item.add_marker(pytest.mark.fast)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ``shared`` beside the checkout."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder `shared` beside the checkout")
    return folder


# A person 1.75 m tall who faces +x, in millimetres; the left half, y to the left, and the middle.
LEFT = {
    "LFHD": (90, 70, 1620), "LBHD": (-90, 70, 1640), "LSHO": (0, 180, 1450), "LUPA": (0, 220, 1300),
    "LELB": (-10, 235, 1150), "LFRM": (10, 240, 1030), "LWRA": (30, 230, 920), "LWRB": (-30, 230, 920),
    "LFIN": (10, 225, 840), "LASI": (90, 120, 1000), "LPSI": (-90, 50, 1000), "LTHI": (20, 170, 750),
    "LKNE": (0, 160, 500), "LTIB": (0, 155, 330), "LANK": (-10, 145, 90), "LHEE": (-70, 110, 40),
    "LTOE": (150, 120, 50),
}  # fmt: skip
MIDDLE = {"C7": (-70, 0, 1450), "T10": (-110, 0, 1250), "CLAV": (60, 0, 1400), "STRN": (90, 0, 1230)}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ACTIONPROMPT_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def standing() -> Float[np.ndarray, "39 3"]:
    """The figure at rest, millimetres, in file order."""
    right = {"R" + name[1:]: (x, -y, z) for name, (x, y, z) in LEFT.items()}
    table = {**LEFT, **right, **MIDDLE, "RBAK": (-100, -90, 1350)}
    return np.array([table[name] for name in MARKERS], float)


@pytest.fixture(scope="session")
def moving(standing: np.ndarray) -> Callable[..., Float[np.ndarray, "n 39 3"]]:
    """The figure stepping and turning as one rigid body, from a frame on (100 frames/s)."""

    def make(frames: int, start: int = 0, size: float = 1.0) -> Float[np.ndarray, "n 39 3"]:
        t = (start + np.arange(frames)) / 100
        c, s, zero = np.cos(0.5 * np.sin(t)), np.sin(0.5 * np.sin(t)), 0 * t
        turn = np.array([[c, -s, zero], [s, c, zero], [zero, zero, zero + 1]]).transpose(2, 0, 1)
        return size * standing @ turn.swapaxes(1, 2) + np.stack([300 * t, 50 * t, zero], -1)[:, None]

    return make


@pytest.fixture(scope="session")
def write() -> Callable[[Path, np.ndarray], Path]:
    """Writes markers (millimetres) as the data set's files do."""

    def save(path: Path, markers: np.ndarray) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(path, markers.reshape(markers.shape[0], -1), fmt="%.6f", delimiter=",")
        return path

    return save


@pytest.fixture
def uiprmd(tmp_path: Path, moving: Callable[..., np.ndarray], write: Callable[[Path, np.ndarray], Path]) -> Path:
    """Two movements of subjects s01 (three episodes of 40 frames) and s09 (two), at the archive's depth."""
    folder = tmp_path / "set" / "Segmented Movements" / "Vicon" / "Positions"
    for subject, episodes in ((1, 3), (9, 2)):
        for movement in (1, 5):
            for e in range(episodes):
                name = f"m{movement:02d}_s{subject:02d}_e{e + 1:02d}_positions.txt"
                write(folder / name, moving(40, start=40 * e, size=0.95 + 0.01 * subject))
    return tmp_path / "set"
