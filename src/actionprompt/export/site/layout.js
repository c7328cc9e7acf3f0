/* A detector's points as Human3.6M's 17 joints on the normalised screen; what is missing is where it was last. */

/** Points {x, y, visibility}, shares of the picture's width and height, become 17 joints (x, y) from frame to frame. */
export class Joints {
  /** `layout`: lifter.json's: weights (17 rows of the points' shares), and `longestGap` in seconds. */
  constructor({ weights, longestGap }, aspect) {
    Object.assign(this, { weights, longestGap, aspect, time: 0 });
    this.needed = weights[0].map((_, p) => weights.some((row) => row[p] !== 0));
    this.forget();
  }

  forget() {
    this.seen = this.needed.map(() => null);
  }

  /** The joints, or null: nobody is there, or a needed point has never been seen. */
  push(points, time) {
    const known = points?.map(found);
    if (!known?.some((there, p) => there && this.needed[p])) return null;
    if (time - this.time > this.longestGap + 1e-6) this.forget();
    this.time = time;
    points.forEach(({ x, y }, p) => { if (known[p]) this.seen[p] = [2 * x - 1, (2 * y - 1) * this.aspect]; });
    if (this.needed.some((needed, p) => needed && !this.seen[p])) return null;
    return combine(this.weights, this.seen);
  }
}

/** Detectors say in several ways that a point is not there. */
function found({ x, y, visibility = 1 }) {
  const nowhere = (x === 0 && y === 0) || (x === -1 && y === -1);
  return Number.isFinite(x) && Number.isFinite(y) && visibility > 0 && !nowhere;
}

/** Weighted sums of points; a point that no joint needs may be null. */
export function combine(weights, points) {
  const joints = new Float64Array(2 * weights.length);
  weights.forEach((row, j) => row.forEach((weight, p) => {
    if (weight === 0) return;
    joints[2 * j] += weight * points[p][0];
    joints[2 * j + 1] += weight * points[p][1];
  }));
  return joints;
}
