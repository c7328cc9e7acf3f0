/* The virtual camera that looks at the person, frame by frame and causal: the twin of actionprompt.virtual_camera. */

/** A mean of all values so far, in which each counts less the older it is. */
class Memory {
  constructor(fade) {
    Object.assign(this, { fade, sum: null, count: 0 });
  }

  push(values) {
    this.sum = this.sum ? values.map((value, i) => this.fade * this.sum[i] + value) : values;
    this.count = this.fade * this.count + 1;
    return this.sum.map((value) => value / this.count);
  }
}

/** The real camera's focal length on the normalised screen, for a lens that sees so many degrees along the longer side. */
export const focalLength = (width, height, view) => Math.max(1, height / width) / Math.tan((view * Math.PI) / 360);

export class VirtualCamera {
  /** `settings`: lifter.json's virtualCamera; `focal`: the real camera's; `fps`: of the joints. */
  constructor(settings, focal, fps) {
    const fade = Math.exp(-1 / (fps * settings.memorySeconds));
    Object.assign(this, { settings, focal, middle: new Memory(fade), bone: new Memory(fade) });
  }

  /** 2D joints (x, y) as the virtual camera sees them, and the rotation (row by row) from real to virtual axes. */
  push(joints) {
    const { settings } = this, rays = joints.map((value) => value / this.focal), seen = new Float64Array(rays.length);
    const [x, y] = this.middle.push([boxMiddle(rays, 0), boxMiddle(rays, 1)]);
    const flat = Math.hypot(x, 1), length = Math.hypot(x, y, 1);
    const rotation = [
      1 / flat, 0, -x / flat,
      (-x * y) / (flat * length), flat / length, -y / (flat * length),
      x / length, y / length, 1 / length,
    ];
    for (let i = 0; i < rays.length; i += 2) {
      const [right, down, forward] = [0, 3, 6].map((r) => rotation[r] * rays[i] + rotation[r + 1] * rays[i + 1] + rotation[r + 2]);
      const depth = Math.max(forward, settings.nearest);
      seen[i] = (settings.focal * right) / depth;
      seen[i + 1] = (settings.focal * down) / depth;
    }
    if (settings.size === null) return { joints: seen, rotation };
    const zoom = settings.size / Math.max(this.bone.push([boneLength(seen, settings.bones)])[0], 1e-4);
    return { joints: seen.map((value) => zoom * value), rotation };
  }
}

/** The middle of the box around the joints, along one axis. */
function boxMiddle(rays, axis) {
  const along = rays.filter((_, i) => i % 2 === axis);
  return (Math.min(...along) + Math.max(...along)) / 2;
}

/** The root mean square length of some bones on the screen. */
function boneLength(joints, bones) {
  const squares = bones.map(([a, b]) =>
    (joints[2 * a] - joints[2 * b]) ** 2 + (joints[2 * a + 1] - joints[2 * b + 1]) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / bones.length);
}

/** Root-relative joints (x, y, z) from the virtual camera's axes into the real one's. */
export function turnBack(pose, rotation) {
  return pose.map((_, i) => {
    const joint = i - (i % 3), axis = i % 3;
    return [0, 1, 2].reduce((sum, r) => sum + pose[joint + r] * rotation[3 * r + axis], 0);
  });
}
