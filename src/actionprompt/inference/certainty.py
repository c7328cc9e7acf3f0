"""How sure an action is: probabilities that are true as often as they say, and "unknown" below a threshold.

Both numbers are measured when a model is made, on people (temperature) and on classes (threshold) that were kept out of
its training, and travel with its weights; a model without them answers as it did.
"""

from jaxtyping import Float
from torch import Tensor

from actionprompt.model.lifter import Lifter

TEMPERATURE = "calibration_temperature"
"""The key of a lifter's metadata: by what logits are divided so that probabilities are true."""
THRESHOLD = "unknown_below"
"""The key of a lifter's metadata: the calibrated probability below which the action is unknown."""


def calibrated(probability: Float[Tensor, "*n k"], lifter: Lifter) -> Float[Tensor, "*n k"]:
    """The probabilities at the lifter's temperature."""
    temperature = float(lifter.metadata.get(TEMPERATURE, "1"))
    if temperature == 1 or probability.shape[-1] == 0:
        return probability
    return (probability.clamp_min(1e-30).log() / temperature).softmax(-1)


def unknown_below(lifter: Lifter) -> float:
    """The calibrated probability below which the action is unknown; 0: it is always one of the lifter's."""
    return float(lifter.metadata.get(THRESHOLD, "0"))
