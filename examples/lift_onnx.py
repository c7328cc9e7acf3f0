"""2D joints to 3D with onnxruntime and numpy alone: python lift_onnx.py MODEL.onnx KEYPOINTS.npy WIDTH HEIGHT."""

import json
import sys

import numpy as np
import onnxruntime

if len(sys.argv) != 5:
    sys.exit(__doc__)
model, keypoints, width, height = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
actions = json.loads(session.get_modelmeta().custom_metadata_map["actions"])
screen = np.load(keypoints) / float(width) * 2 - [1, float(height) / float(width)]  # pixels (n, J, 2)
pose, *probability = session.run(None, {"keypoints": screen[None].astype(np.float32)})
action = [actions[k] for rows in probability for k in rows[0].argmax(-1)]  # a name per frame; none without APM
np.savez(keypoints.removesuffix(".npy") + "-3d.npz", pose=pose[0], action=action)  # metres (n, J, 3)
