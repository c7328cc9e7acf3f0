"""2D joints to 3D with onnxruntime and numpy alone: python lift_onnx.py MODEL.onnx KEYPOINTS.npy WIDTH HEIGHT."""

import json
import sys

import numpy as np
import onnxruntime

if len(sys.argv) != 5:
    sys.exit(__doc__)
model, keypoints, width, height = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
known = session.get_modelmeta().custom_metadata_map
actions, joints = json.loads(known["actions"]), json.loads(known["joints"])
pixels = np.load(keypoints)[..., :2]  # (n, J, 2), in the model's order of joints
if pixels.shape[1:] != (len(joints), 2):
    sys.exit(f"{keypoints} has the shape {pixels.shape}; the model takes frames of {len(joints)} joints: {joints}")
if known["skeleton"] == "h36m17":  # the pelvis lies between the hips, in no other order of joints
    hips = (pixels[:, 1] + pixels[:, 4]) / 2
    size = np.ptp(pixels, axis=1).max(-1)
    if np.median(np.linalg.norm(pixels[:, 0] - hips, axis=-1) / size) > 0.1:
        sys.exit(f"{keypoints} has its joints in another order than the model, which takes {joints}")
screen = pixels / float(width) * 2 - [1, float(height) / float(width)]
channels = session.get_inputs()[0].shape[-1]
if channels == 3:
    print("The model reads confidence, which the file does not hold: 1 is taken for every joint.", file=sys.stderr)
    screen = np.concatenate([screen, np.ones_like(screen[..., :1])], -1)
pose, *probability = session.run(None, {"keypoints": screen[None].astype(np.float32)})
action = [actions[k] for rows in probability for k in rows[0].argmax(-1)]  # a name per frame; none without APM
np.savez(keypoints.removesuffix(".npy") + "-3d.npz", pose=pose[0], action=action)  # metres (n, J, 3)
