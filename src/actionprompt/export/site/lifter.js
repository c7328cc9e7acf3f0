/* One person's 2D joints as they come, at any times, to 3D poses and actions at the model's rate. */
import { Resampler } from "./resampler.js";
import { VirtualCamera, turnBack } from "./virtual_camera.js";

/** The exported stream: a frame and the layers' memory in, an answer and the next memory out. */
export class Network {
  constructor(ort, session, known) {
    Object.assign(this, { ort, session, known });
    this.begin();
  }

  begin() {
    this.state = new this.ort.Tensor("float32", new Float32Array(this.known.state), [this.known.state]);
    this.first = true;
  }

  async push(joints) {
    const keypoints = new this.ort.Tensor("float32", Float32Array.from(joints), [1, joints.length / 2, 2]);
    const first = new this.ort.Tensor("bool", [this.first], [1]);
    const found = await this.session.run({ keypoints, state: this.state, first });
    this.state = found.next_state;
    this.first = false;
    return { pose: found.pose.data, probability: found.probability?.data ?? null };
  }
}

/** A stream that starts over after a gap; shorter absences are interpolated once somebody is there again. */
export class Lifter {
  /** `network`: as Network; `known`: lifter.json; `focal`: the real camera's focal length on the normalised screen. */
  constructor(network, known, focal) {
    Object.assign(this, { network, known, focal, last: null });
    this.begin();
  }

  begin() {
    this.network.begin();
    this.camera = new VirtualCamera(this.known.virtualCamera, this.focal, this.known.fps);
    this.resampler = new Resampler(this.known.fps, this.known.sameTime);
    this.waiting = []; // frames that are not answered yet
    this.newest = null;
    this.lag = 0; // frames that the network has been given beyond those answered
  }

  /** Answers {time, joints, pose, probability} that the next frame makes possible; joints null: nobody is there. */
  async push(joints, time) {
    const answers = this.last !== null && time - this.last > this.known.layout.longestGap + 1e-6 ? await this.end() : [];
    if (joints === null) return answers;
    this.last = time;
    for (const [at, values] of this.resampler.push(time, joints)) answers.push(...(await this.step(values, at)));
    return answers;
  }

  /** Ends the sequence: answers the frames that waited, as if the last one stood still. */
  async end() {
    const answers = [];
    while (this.waiting.length) answers.push(...(await this.answer(await this.network.push(this.newest))));
    this.begin();
    this.last = null;
    return answers;
  }

  async step(joints, time) {
    const looked = this.camera.push(joints);
    this.newest = looked.joints;
    this.waiting.push({ time, joints, rotation: looked.rotation });
    return this.answer(await this.network.push(this.newest));
  }

  answer({ pose, probability }) {
    if (this.lag < this.known.window.future) {
      this.lag++;
      return [];
    }
    const { time, joints, rotation } = this.waiting.shift();
    const chances = probability && calibrated(probability, this.known.temperature);
    return [{ time, joints: Float32Array.from(joints), pose: turnBack(pose, rotation), probability: chances }];
  }
}

/** Probabilities at the model's temperature, so that they are true as often as they say. */
export function calibrated(probability, temperature) {
  if (temperature === 1) return probability;
  const logits = Array.from(probability, (value) => Math.log(Math.max(value, 1e-30)) / temperature);
  const top = Math.max(...logits), weights = logits.map((value) => Math.exp(value - top));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}
