/* Answers as the document that the viewer's page reads, and that page with the document in it. */

/** Values as multiples of a step in integers, base64; NaN is -32768. */
function packed(values, step, type) {
  const Kind = type === "uint8" ? Uint8Array : Int16Array;
  const integers = Kind.from(values, (value) => (Number.isNaN(value) ? -32768 : Math.round(value / step)));
  const bytes = new Uint8Array(integers.buffer), parts = [];
  for (let i = 0; i < bytes.length; i += 8192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)));
  return { type, step, data: btoa(parts.join("")) };
}

/** Answers {time, joints, pose, probability} on a grid of the model's rate; where there is none, nothing is seen. */
export function motionOf(known, answers, aspect, notes = []) {
  const { fps, actions } = known, J = known.joints.length, K = actions.length;
  const start = answers.length ? answers[0].time : 0;
  const frames = answers.length ? 1 + Math.round((answers.at(-1).time - start) * fps) : 1;
  return viewed(known, { start, frames, aspect, notes }, (keypoints, pose, chances) => {
    for (const answer of answers) {
      const f = Math.round((answer.time - start) * fps);
      keypoints.set(answer.joints, 2 * J * f);
      pose.set(answer.pose, 3 * J * f);
      if (K) chances.set(answer.probability, K * f);
    }
  });
}

/** The last seconds of a camera, of which nothing is seen yet. */
export const emptyMotion = (known, seconds, aspect) =>
  viewed(known, { start: 0, frames: Math.round(seconds * known.fps), aspect, notes: [], live: true }, () => {});

function viewed(known, facts, fill) {
  const J = known.joints.length, K = known.actions.length, { frames } = facts;
  const [keypoints, pose] = [2, 3].map((axes) => new Float32Array(axes * J * frames).fill(NaN));
  const chances = new Float32Array(K * frames);
  fill(keypoints, pose, chances);
  return {
    fps: known.fps, skeleton: known.skeleton, joints: known.joints, parents: known.parents, left: known.left, right: known.right,
    level: [[1, 0, 0], [0, -1, 0], [0, 0, -1]], // the camera is taken for level
    keypoints: packed(keypoints, 1e-4, "int16"), poses: [{ name: "3D pose", ...packed(pose, 1e-4, "int16") }],
    truth: null, root: null, actions: known.actions, probability: K ? packed(chances, 1 / 255, "uint8") : null,
    unknownBelow: known.unknownBelow, trueAction: "", ...facts,
  };
}

const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
const json = (value) => JSON.stringify(value).replace(/[<>&]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);

/** The viewer's page with a motion, and a video {type, begin, slow, mirrored, address} or null. */
export function pageOf(template, title, motion, film) {
  const parts = { title: escaped(title), motion: json(motion), film: json(film) };
  return template.replace(/\{\{(title|motion|film)\}\}/g, (_, name) => parts[name]);
}
