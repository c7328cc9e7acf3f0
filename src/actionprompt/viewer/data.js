/* The motion's arrays, and the errors computed from them.

   Axes. 2D: the normalised screen, x in [-1, 1] to the right, y in [-aspect, aspect] down. 3D arrives in camera axes
   (x right, y down, z forward, metres, relative to the root joint) and is turned once, on load, into display axes:
   X right, Y up against gravity, Z back towards the camera that filmed. A missing joint is NaN and is not drawn. */
const element = (id) => document.getElementById(id);
const motion = JSON.parse(element("motion").textContent);
const film = JSON.parse(element("film").textContent);
element("motion").remove();
element("film").remove();

const { frames, fps, joints } = motion;
const J = joints.length, K = motion.actions.length;
const bones = motion.parents.flatMap((parent, joint) => (parent < 0 ? [] : [{ parent, joint }]));
const side = joints.map((_, j) => (motion.left.includes(j) ? "left" : motion.right.includes(j) ? "right" : "middle"));

function bytesOf(base64) {
  const binary = atob(base64), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function unpack({ type, step, data }) {
  const bytes = bytesOf(data), integers = type === "int16" ? new Int16Array(bytes.buffer) : bytes;
  const values = new Float32Array(integers.length);
  for (let i = 0; i < values.length; i++) values[i] = integers[i] === -32768 ? NaN : integers[i] * step;
  return values;
}

function upright(values) {
  const [r, u, b] = motion.level;
  for (let i = 0; i < values.length; i += 3) {
    const x = values[i], y = values[i + 1], z = values[i + 2];
    values[i] = r[0] * x + r[1] * y + r[2] * z;
    values[i + 1] = u[0] * x + u[1] * y + u[2] * z;
    values[i + 2] = b[0] * x + b[1] * y + b[2] * z;
  }
  return values;
}

const keypoints = unpack(motion.keypoints);
const chances = motion.probability && unpack(motion.probability);
const rootPath = motion.root && upright(unpack(motion.root));
const truth = motion.truth && upright(unpack(motion.truth));
// A figure without a colour of its own shows its left and right; thickness is in metres.
const models = motion.poses.map((packed, i) => ({
  name: packed.name, pose: upright(unpack(packed)), visible: true,
  colour: i ? `--other-${(i - 1) % 3}` : "", thickness: i ? 0.013 : 0.028,
}));
const main = models[0];
const figures = [...models];
if (truth) figures.push({ name: "truth", pose: truth, visible: true, colour: "--truth", thickness: 0.01 });

/** The average of the values that are present (not NaN). */
function mean(length, valueAt) {
  let sum = 0, present = 0;
  for (let i = 0; i < length; i++) {
    const value = valueAt(i);
    if (value === value) { sum += value; present++; }
  }
  return present ? sum / present : NaN;
}

/** Millimetres between a model's joint and the true one; NaN where either is missing. */
function jointError({ pose }, frame, joint) {
  const i = (frame * J + joint) * 3;
  return 1000 * Math.hypot(pose[i] - truth[i], pose[i + 1] - truth[i + 1], pose[i + 2] - truth[i + 2]);
}

if (truth) {
  for (const model of models) {
    model.curve = Float32Array.from({ length: frames }, (_, f) => mean(J, (j) => jointError(model, f, j)));
    model.average = mean(frames, (f) => model.curve[f]);
    model.byJoint = joints.map((_, j) => mean(frames, (f) => jointError(model, f, j)));
  }
}
