/* Detector and lifter, off the page: a run blocks whoever asks for it. Messages are answered in the order they come. */
import { Joints } from "./layout.js";
import { Lifter, Network } from "./lifter.js";
import { focalLength } from "./virtual_camera.js";

const LIBRARY = "./libraries/onnxruntime-web/dist/";
let detect, network, known, joints, lifter;

const handlers = {
  /** Loads everything; `detector` is the address of a module. */
  async open({ detector }) {
    known = await (await fetched("./lifter.json")).json();
    const ort = await import(`${LIBRARY}ort.wasm.bundle.min.mjs`);
    ort.env.wasm.numThreads = 1; // more need headers that a static host rarely sends
    ort.env.wasm.wasmPaths = { wasm: new URL(`${LIBRARY}ort-wasm-simd-threaded.wasm`, import.meta.url).href };
    const model = new Uint8Array(await (await fetched(`./${known.model}`)).arrayBuffer());
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    network = new Network(ort, session, known);
    const { open } = await import(new URL(detector, import.meta.url).href);
    detect = await open();
    return { known };
  },

  /** Begins a video or a camera of pictures of some size in pixels. */
  async begin({ width, height }) {
    joints = new Joints(known.layout, height / width);
    lifter = new Lifter(network, known, focalLength(width, height, known.virtualCamera.view));
    return {};
  },

  /** A picture and its time in seconds, rising: returns the picture, and the answers that it makes possible. */
  async frame({ picture, time }) {
    const begin = performance.now(), points = await detect(picture, 1000 * time), looked = performance.now();
    const answers = await lifter.push(joints.push(points, time), time);
    return { picture, answers, found: points !== null, detecting: looked - begin, lifting: performance.now() - looked };
  },

  async end() {
    return { answers: await lifter.end() };
  },
};

async function fetched(path) {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response;
}

let queue = Promise.resolve();
self.onmessage = ({ data: { id, name, content } }) => {
  queue = queue.then(() => handlers[name](content)).then(
    (done) => self.postMessage({ id, done }, done.picture ? [done.picture] : []),
    (error) => self.postMessage({ id, error: String(error.message ?? error) }),
  );
};
