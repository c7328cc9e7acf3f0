#!/bin/sh
# Where a BVH's root is, if its OFFSET is not zero and its frames have positions.
# Guess: everywhere the same; the frame's position replaces the offset, or is added to it.
# Truth: pybvh 0.9.0, bvhio 1.5.4 (and Blender 5.0.1) replace, three.js 0.187's BVHLoader adds: 0.9 m or 1.8 m.
# Hence our files have a root with OFFSET 0 0 0.
# Date: 2026-12-01. Source: run here; three's documentation of BVHLoader and the readers' own say nothing about it.
# Needs python3, node 20, and the ordinary package registries; takes about a minute. Not in CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > standing.bvh <<'END'
HIERARCHY
ROOT Hips
{
  OFFSET 0.0 0.9 0.0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  End Site
  {
    OFFSET 0.0 0.5 0.0
  }
}
MOTION
Frames: 2
Frame Time: 0.02
0.0 0.9 0.0 0.0 0.0 0.0
0.0 0.9 0.0 0.0 0.0 0.0
END
python3 -m venv own
own/bin/pip install --quiet pybvh==0.9.0 bvhio==1.5.4
cat > read.py <<'END'
import bvhio, pybvh
print("pybvh 0.9.0", round(float(pybvh.read_bvh_file("standing.bvh").joint_positions()[0][0][1]), 3))
print("bvhio 1.5.4", round(float(bvhio.readAsHierarchy("standing.bvh").loadPose(0).PositionWorld.y), 3))
END
own/bin/python read.py | tee seen.txt
npm install --silent --no-fund --no-audit three@0.187.0
cat > read.mjs <<'END'
import { readFileSync } from "fs";
import { AnimationMixer } from "three";
import { BVHLoader } from "three/examples/jsm/loaders/BVHLoader.js";
const { clip, skeleton } = new BVHLoader().parse(readFileSync("standing.bvh", "utf8"));
const mixer = new AnimationMixer(skeleton.bones[0]);
mixer.clipAction(clip).play();
mixer.setTime(0.01);
console.log("three 0.187.0", Number(skeleton.bones[0].position.y.toFixed(3)));
END
node read.mjs | tee -a seen.txt
printf 'pybvh 0.9.0 0.9\nbvhio 1.5.4 0.9\nthree 0.187.0 1.8\n' | cmp - seen.txt
echo "as found: three.js adds the root's offset, the others do not"
