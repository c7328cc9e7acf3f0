"""A folder for any static host: a person in a video or before a camera, lifted in the browser, in the viewer."""

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

from actionprompt import virtual_camera
from actionprompt.errors import InputError
from actionprompt.export.write import Exported, export
from actionprompt.files import unwritable
from actionprompt.inference.certainty import TEMPERATURE, unknown_below
from actionprompt.inference.lifting import check_joints
from actionprompt.inference.person_view import trained_looking, zoomed_size
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.timing import LONGEST_GAP, SAME
from actionprompt.model.lifter import Lifter, model_rate
from actionprompt.skeleton import H36M_17
from actionprompt.viewer.page import page_template

LAYOUT = "blazepose33"
"""What MediaPipe's pose landmarker sees."""
MODEL, FACTS = "lifter.onnx", "lifter.json"
PACKAGES = {"onnxruntime-web": "1.30.0", "@mediapipe/tasks-vision": "1.1.0"}
"""The npm packages, in the versions that were tried."""
LIBRARIES = (
    "onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
    "@mediapipe/tasks-vision/vision_bundle.mjs",
    "@mediapipe/tasks-vision/wasm/vision_wasm_module_internal.js",
    "@mediapipe/tasks-vision/wasm/vision_wasm_module_internal.wasm",
)
"""The files of these packages that a page loads."""
LANDMARKER = "pose_landmarker.task"


class Site(NamedTuple):
    """What was written."""

    path: Path
    model: Exported
    lacking: list[str]
    """Files that are for the user to add, relative to the folder."""


def export_web(
    lifter: Lifter,
    path: Path,
    *,
    int8: Float[Tensor, "n j i"] | None = None,
    libraries: Path | None = None,
    landmarker: Path | None = None,
) -> Site:
    """Writes the folder, wholly or not at all; a site that was written there before is replaced.

    Args:
        lifter: a VPose lifter of Human3.6M's 17 joints.
        path: the folder.
        int8: as of :func:`actionprompt.export.export`.
        libraries: a folder ``node_modules`` that holds the npm packages; None: they are for the user to add.
        landmarker: MediaPipe's pose landmarker (.task); None: for the user to add.

    Raises:
        InputError: a model that cannot be streamed or lifts other joints, a folder that holds something else, a
            library that is not there, or a folder that cannot be written.
    """
    check_joints(lifter)
    copies = _copies(libraries, landmarker)
    with _folder(path) as part:
        model = export(lifter, part / MODEL, form="stream", int8=int8)
        known = facts(lifter, model.path)
        (part / FACTS).write_text(json.dumps(known, indent=1), encoding="utf-8")
        _write_pages(part, known, lifter)
        for name, source in copies.items():
            (part / "libraries" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, part / "libraries" / name)
    lacking = [f"libraries/{name}" for name in (*LIBRARIES, LANDMARKER) if name not in copies]
    return Site(path, model._replace(path=path / MODEL), lacking)


def facts(lifter: Lifter, model: Path) -> dict[str, Any]:
    """Everything that the page has to know; onnxruntime-web does not tell a file's metadata."""
    import onnx

    known: dict[str, Any] = {prop.key: prop.value for prop in onnx.load(model).metadata_props}
    known |= {name: json.loads(known[name]) for name in ("actions", "joints", "window", "units", "axes", "about")}
    layout, fps = layouts()[LAYOUT], model_rate(lifter)
    return known | {
        "model": MODEL,
        "state": int(known["state"]),
        "fps": fps,
        "delay": known["window"]["future"] / fps,
        "skeleton": H36M_17.name,
        "parents": H36M_17.parents,
        "left": H36M_17.left,
        "right": H36M_17.right,
        "layout": {
            "name": LAYOUT,
            "points": layout.points,
            "weights": layout.weights().round(12).tolist(),
            "longestGap": LONGEST_GAP,
        },
        "sameTime": SAME,
        "virtualCamera": {
            "trained": trained_looking(lifter),
            "view": virtual_camera.VIEW,
            "focal": virtual_camera.FOCAL,
            "memorySeconds": virtual_camera.CAUSAL_SECONDS,
            "nearest": virtual_camera.NEAREST,
            "size": zoomed_size(lifter),
            "bones": virtual_camera.BONES,
        },
        "temperature": float(lifter.metadata.get(TEMPERATURE, "1")),
        "unknownBelow": unknown_below(lifter),
    }


def _write_pages(folder: Path, known: dict[str, Any], lifter: Lifter) -> None:
    """The pages and scripts of the site."""
    viewer, policy = page_template()
    (folder / "viewer.html").write_text(viewer, encoding="utf-8")
    words = {
        "policy": _policy(policy),
        "model": type(lifter.encoder).__name__ + (" with APM" if lifter.apm else ""),
        "actions": str(len(lifter.actions) or "no"),
        "rate": f"{known['fps']:g}",
        "delay": f"{known['delay']:.1f}",
        "packages": " ".join(f"{name}@{version}" for name, version in PACKAGES.items()),
        "files": "\n".join(f"- `libraries/{name}`" for name in (*LIBRARIES, LANDMARKER)),
    }
    for source in (files("actionprompt.export") / "site").iterdir():
        text = source.read_text(encoding="utf-8")
        if source.name.endswith((".html", ".md")):
            text = Template(text).substitute(words)
        (folder / source.name).write_text(text, encoding="utf-8")


def _policy(viewer: str) -> str:
    """The page's content security policy, which the viewer inside it inherits: nobody but this site is asked."""
    hashes = {name: re.findall(rf"{name}-src ('sha256-[^']+')", viewer)[0] for name in ("style", "script")}
    return (
        f"default-src 'none'; script-src 'self' {hashes['script']}; style-src 'self' {hashes['style']}; "
        "connect-src 'self'; worker-src 'self'; img-src data:; media-src 'self' blob:"
    )


def _copies(libraries: Path | None, landmarker: Path | None) -> dict[str, Path]:
    """What is copied below ``libraries``, and from where."""
    found = {} if libraries is None else {name: libraries / name for name in LIBRARIES}
    if landmarker is not None:
        found[LANDMARKER] = landmarker
    if libraries is not None and not libraries.is_dir():
        raise InputError(f"There is no folder {libraries}: give the node_modules that has {_packages()}.")
    for name, source in found.items():
        if not source.is_file():
            hint = "" if name == LANDMARKER else f": {_packages()} have it"
            raise InputError(f"There is no file {source}{hint}.")
    return found


def _packages() -> str:
    return " and ".join(f"{name} {version}" for name, version in PACKAGES.items())


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside ``path``; it becomes ``path`` if the block succeeds and is deleted if not."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file: give a folder for the site.")
    if path.exists() and any(path.iterdir()) and not (path / FACTS).is_file():
        raise InputError(f"The folder {path} holds something else than a site: give a new one, or empty it.")
    mark = secrets.token_hex(8)
    part, old = (path.with_name(f".{path.name}.{mark}.{kind}") for kind in ("part", "old"))
    try:
        part.mkdir(parents=True)
        yield part
        if path.exists():
            path.rename(old)
        part.rename(path)
    except OSError as error:
        if old.exists() and not path.exists():
            old.rename(path)
        raise unwritable("The site", path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
