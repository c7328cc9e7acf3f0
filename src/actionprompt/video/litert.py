"""TFLite networks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from jaxtyping import Float

from actionprompt.video.libraries import library


class Network:
    """A network of one picture, run on the CPU by LiteRT."""

    def __init__(self, content: bytes, threads: int) -> None:
        """Makes the network from the content of a .tflite file.

        Raises:
            InputError: ai-edge-litert is not installed.
        """
        litert = library("ai_edge_litert.interpreter", "BlazePose needs ai-edge-litert")
        with _quiet():
            self._net = litert.Interpreter(model_content=content, num_threads=threads)
            self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = {tuple(out["shape"][1:].tolist()): out["index"] for out in self._net.get_output_details()}

    def __call__(self, picture: Float[np.ndarray, "h w 3"]) -> dict[tuple[int, ...], Float[np.ndarray, "*n"]]:
        """The outputs by their shape."""
        self._net.set_tensor(self._input, picture[None].astype(np.float32))
        self._net.invoke()
        return {shape: self._net.get_tensor(index)[0] for shape, index in self._outputs.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the line about XNNPACK that the library writes to stderr from C++."""
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
