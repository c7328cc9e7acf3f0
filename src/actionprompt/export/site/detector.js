/* MediaPipe's pose landmarker. Any module in its place exports the same `open`. */
const LIBRARY = "./libraries/@mediapipe/tasks-vision/";

/** Loads it; returns a function from a picture and its time in milliseconds to 33 points {x, y, visibility}, or null. */
export async function open() {
  stayHere();
  const { FilesetResolver, PoseLandmarker } = await import(`${LIBRARY}vision_bundle.mjs`);
  const fileset = await FilesetResolver.forVisionTasks(address(`${LIBRARY}wasm`), true); // true: in a module worker
  const landmarker = await PoseLandmarker.createFromOptions(fileset, {
    baseOptions: { modelAssetPath: address("./libraries/pose_landmarker.task"), delegate: "CPU" },
    runningMode: "VIDEO",
    numPoses: 1,
  });
  return (picture, milliseconds) => landmarker.detectForVideo(picture, milliseconds).landmarks[0] ?? null;
}

const address = (path) => new URL(path, import.meta.url).href;

/** The library reports its use to its maker and leaves consent to the page: nothing but this site is asked here. */
function stayHere() {
  const fetchAnything = self.fetch.bind(self);
  self.fetch = (what, options) => {
    const { origin } = new URL(what.url ?? what, self.location.href);
    return origin === self.location.origin ? fetchAnything(what, options) : Promise.reject(new TypeError(`not asked: ${origin}`));
  };
}
