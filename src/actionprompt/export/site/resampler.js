/* From frames at any times to the constant rate that the model was trained at: linear, nothing is extrapolated. */
export class Resampler {
  /** `same`: a share of a frame, by which times may be late. */
  constructor(fps, same) {
    Object.assign(this, { fps, same, count: 0, first: 0, time: 0, values: null });
  }

  /** [seconds, values] at the wanted rate that the frame at this time makes known; times must rise. */
  push(time, values) {
    const before = this.time, old = this.values, known = [];
    Object.assign(this, { time, values });
    if (this.count === 0) {
      Object.assign(this, { first: time, count: 1 });
      return [[time, values]];
    }
    for (;;) {
      const wanted = this.first + this.count / this.fps;
      if (wanted > time + this.same / this.fps) return known;
      const share = Math.min(1, (wanted - before) / (time - before));
      known.push([wanted, values.map((value, i) => (1 - share) * old[i] + share * value)]);
      this.count++;
    }
  }
}
