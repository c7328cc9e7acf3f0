#!/bin/sh
# What is left of the ends of limbs (End Site) when bvhio reads a BVH as a hierarchy and writes it again.
# Guess: they stay, since they are part of the skeleton: here the hand is 0.5 long before and after.
# Truth: bvhio 1.5.4 writes 0.3, that is 0.3 of the way to the last joint, for every End Site; joints stay where they were.
#   So heads, hands and toes that are measured to their ends (our rigs' head top) move by as much: 87 mm in a take of ours.
#   readAsBvh and writeBvh keep them.
# Date: 2026-12-01. Source: run here, on files that bvhio wrote; its README does not speak of end sites.
# Needs python3 and the ordinary package registry; takes a few seconds. Not in CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > arm.bvh <<'END'
HIERARCHY
ROOT Hips
{
  OFFSET 0.0 0.0 0.0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Hand
  {
    OFFSET 0.0 1.0 0.0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0.0 0.5 0.0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.02
0.0 0.9 0.0 10.0 0.0 0.0 20.0 0.0 0.0
0.1 0.9 0.0 20.0 0.0 0.0 30.0 0.0 0.0
END
python3 -m venv own
own/bin/pip install --quiet bvhio==1.5.4
cat > write.py <<'END'
import bvhio

bvhio.writeHierarchy("hierarchy.bvh", bvhio.readAsHierarchy("arm.bvh"), 0.02)
bvhio.writeBvh("container.bvh", bvhio.readAsBvh("arm.bvh"))
END
own/bin/python write.py
for file in arm hierarchy container; do
  echo "$file: $(grep -A2 'End Site' $file.bvh | grep OFFSET | tr -s ' ')" | tee -a seen.txt
done
cat > found.txt <<'END'
arm: OFFSET 0.0 0.5 0.0
hierarchy: OFFSET 0.0 0.300000012 0.0
container: OFFSET 0.0 0.5 0.0
END
tr -s ' ' < seen.txt | cmp - found.txt
echo "as found with bvhio 1.5.4: a hierarchy's end sites are made anew, a container's are kept"
