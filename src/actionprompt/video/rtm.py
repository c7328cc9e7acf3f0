"""RTMPose and others through rtmlib, where the user has installed it; it fetches its ONNX files when first run."""

from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from actionprompt.errors import InputError
from actionprompt.video.detect import Person
from actionprompt.video.libraries import library

Mode = Literal["lightweight", "balanced", "performance"]
SURE = 0.3
"""Mean confidence from which there is a person: rtmlib looks for joints in the whole frame if it finds nobody."""


class RTM:
    """The detector; see ``detect.Detector``."""

    def __init__(self, points: Literal[17, 26] = 26, mode: Mode = "balanced", device: str = "cpu") -> None:
        """Loads the models.

        Args:
            points: COCO's 17, or Halpe's 26, which have the pelvis, the neck, the top of the head and the feet.
            mode: rtmlib's choice of models.
            device: cpu, cuda or mps.

        Raises:
            InputError: rtmlib is not installed, or cannot fetch its models.
        """
        rtmlib = library("rtmlib", "Detecting people with rtmlib needs it", "rtmlib")
        made = rtmlib.Body if points == 17 else rtmlib.BodyWithFeet
        try:
            self._model: Any = made(mode=mode, to_openpose=False, backend="onnxruntime", device=device)
        except OSError as error:
            raise InputError(f"rtmlib cannot fetch its {mode} models, which it does once ({error}).") from error
        self.name = f"rtmlib {mode}"
        self.layout = "coco17" if points == 17 else "halpe26"

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], time: float) -> list[Person]:
        """The people in a frame."""
        points, scores = self._model(np.ascontiguousarray(image[..., ::-1]))  # BGR, as OpenCV reads images
        return [
            Person(np.asarray(p, dtype=float), np.clip(s, 0, 1).astype(float))
            for p, s in zip(points, scores, strict=True)
            if np.mean(s) > SURE
        ]
