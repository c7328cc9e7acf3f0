"""Material that is not in the repository: BlazePose's weights, and a video of real people.

``ACTIONPROMPT_TEST_CACHE`` names a folder that holds, or to which pip may download, the wheels of mediapipe 0.10.21 and
sports2d 0.8.34. Without it these tests skip.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

WHEELS = {"mediapipe": "0.10.21", "sports2d": "0.8.34"}


def wheel(name: str) -> Path:
    """The wheel of a package, downloaded once."""
    given = os.environ.get("ACTIONPROMPT_TEST_CACHE")
    if not given:
        pytest.skip(f"needs the {name} wheel: set ACTIONPROMPT_TEST_CACHE to a folder that holds it or may get it")
    folder = Path(given)
    pattern = f"{name}-{WHEELS[name]}-*.whl"
    if not list(folder.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", f"{name}=={WHEELS[name]}", "--no-deps", "--quiet", "--dest",
                   given, "--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311",
                   "--abi", "none", "--platform", "manylinux_2_28_x86_64", "--platform", "any"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"pip cannot get {name} {WHEELS[name]}: {done.stderr.strip().splitlines()[-1]}")
    return next(folder.glob(pattern))


@pytest.fixture(scope="session")
def weights() -> Path:
    """A wheel that holds BlazePose's weights."""
    pytest.importorskip("ai_edge_litert")
    return wheel("mediapipe")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real people: a man jumps on a roof, a woman walks by."""
    with zipfile.ZipFile(wheel("sports2d")) as archive:
        return Path(archive.extract("Sports2D/Demo/demo.mp4", tmp_path_factory.mktemp("demo")))
