"""A baked lifter as one file for other programs: ONNX, or PyTorch's own exported program.

Two forms. *Window*: (b, F, J, 2) to the pose of the answered frames and the action's probabilities. *Sequence*:
(b, n, J, 2) of any length to a pose and probabilities for each frame, in linear time. No file is left that does not
answer as PyTorch does.
"""

from actionprompt.export.check import Deviation
from actionprompt.export.forms import Form
from actionprompt.export.quantise import Quantised
from actionprompt.export.write import Exported, Format, export

__all__ = ["Deviation", "Exported", "Form", "Format", "Quantised", "export"]
