"""A motion to show."""

import numpy as np
import pytest

from actionprompt.skeleton import H36M_17
from actionprompt.viewer import ViewerMotion


def make(n=20, seed=0, **changes):
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 0.5, (n, 17, 3)).clip(-1.5, 1.5)
    keypoints = rng.uniform(-1, 1, (n, 17, 2))
    keypoints[rng.random((n, 17)) < 0.1] = np.nan
    fields = {
        "skeleton": H36M_17,
        "fps": 50.0,
        "keypoints": keypoints,
        "poses": {"with APM": truth + rng.normal(0, 0.03, truth.shape), "without": truth + 0.05},
        "truth": truth,
        "root": np.linspace((-1, 0, 4), (1, 0.1, 6), n),  # a walk past the camera
        "actions": ("walking", "sitting down", "eating"),
        "probability": rng.dirichlet([1, 1, 1], n),
        "true_action": "walking",
        "title": "A walk",
    }
    return ViewerMotion(**{**fields, **changes})


@pytest.fixture(scope="session")
def motion():
    """Makes a motion of n frames, with everything in it; keywords change its fields."""
    return make
