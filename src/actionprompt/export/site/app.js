/* The page: a video file or the camera goes to the worker, its answers to the viewer. Nothing leaves the browser. */
import { emptyMotion, motionOf, pageOf } from "./motion.js";
import { framesOf, measureRate, openCamera, openVideo } from "./pictures.js";

const element = (id) => document.getElementById(id);
const LIVE_SECONDS = 10;
const state = { known: null, template: "", stop: null, page: "", title: "" };

/** Questions to the worker, answered by promises. */
function connect(worker) {
  const asked = new Map();
  worker.onmessage = ({ data: { id, done, error } }) => {
    const { resolve, reject } = asked.get(id);
    asked.delete(id);
    if (error === undefined) resolve(done);
    else reject(new Error(error));
  };
  return (name, content = {}, transferred = []) => new Promise((resolve, reject) => {
    const id = connect.count = (connect.count ?? 0) + 1;
    asked.set(id, { resolve, reject });
    worker.postMessage({ id, name, content }, transferred);
  });
}

const say = (text, wrong = false) => {
  element("status").textContent = text;
  element("status").classList.toggle("wrong", wrong);
};

function progress(share) {
  element("progress").hidden = share === null;
  if (share !== null) element("progress").value = share;
}

/** Shows a motion in the viewer; resolves to its window. */
async function show(title, motion, film) {
  const frame = element("viewer"), loaded = new Promise((done) => frame.addEventListener("load", done, { once: true }));
  Object.assign(state, { title, page: pageOf(state.template, title, motion, null) });
  frame.srcdoc = pageOf(state.template, title, motion, film);
  element("welcome").hidden = true;
  frame.hidden = false;
  element("save").hidden = Boolean(motion.live);
  await loaded;
  return frame.contentWindow.actionprompt;
}

/** Ends what goes on, then does something else; says what goes wrong. */
async function instead(act) {
  await state.stop?.();
  const buttons = document.querySelectorAll("[data-source]");
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await act();
  } catch (error) {
    say(error.message, true);
  }
  buttons.forEach((button) => { button.disabled = false; });
  progress(null);
}

/** Lifts a video file; returns the answers. */
async function liftVideo(file, ask) {
  const address = URL.createObjectURL(file), video = await openVideo(address);
  say(`${file.name}: measuring its frame rate…`);
  const rate = await measureRate(video), { videoWidth: width, videoHeight: height } = video;
  await ask("begin", { width, height });
  const answers = [], cost = { frames: 0, found: 0, detecting: 0, lifting: 0, rate };
  for await (const { picture, time, share } of framesOf(video, rate)) {
    const done = await ask("frame", { picture, time }, [picture]);
    done.picture.close();
    answers.push(...done.answers);
    cost.frames++;
    cost.found += done.found;
    cost.detecting += done.detecting;
    cost.lifting += done.lifting;
    say(`${file.name}: frame ${cost.frames} of ${Math.round(cost.frames / share)}`);
    progress(share);
  }
  answers.push(...(await ask("end")).answers);
  if (!answers.length) throw new Error(`Nobody is seen in ${file.name}.`);
  const motion = motionOf(state.known, answers, height / width, notesOn(cost));
  await show(file.name, motion, { type: file.type, begin: 0, slow: 1, mirrored: false, address });
  say(`${file.name}: ${cost.frames} frames, ${each(cost, "detecting")} ms to detect and ${each(cost, "lifting")} ms to lift each`);
  return { answers, cost };
}

const each = (cost, part) => (cost[part] / cost.frames).toFixed(1);

function notesOn(cost) {
  const frames = `${cost.frames} frames at ${+cost.rate.toFixed(3)} a second, somebody in ${cost.found}`;
  const times = `${each(cost, "detecting")} ms to detect, ${each(cost, "lifting")} ms to lift a frame`;
  return [`Lifted in this browser: ${frames}; ${times}.`];
}

/** Lifts what the camera shows until stopped; pictures wait for their answers. */
async function liftCamera(ask) {
  say("Asking for the camera…");
  const { video, stop } = await openCamera(), { videoWidth: width, videoHeight: height } = video;
  await ask("begin", { width, height });
  const live = await show("Camera", emptyMotion(state.known, LIVE_SECONDS, height / width), null);
  let going = true;
  const over = (async () => {
    const pictures = [], begin = performance.now();
    let seen = 0, since = begin;
    while (going) {
      await new Promise((done) => requestAnimationFrame(done));
      const time = (performance.now() - begin) / 1000, picture = await createImageBitmap(video);
      const done = await ask("frame", { picture, time }, [picture]);
      pictures.push({ time, picture: done.picture });
      for (const answer of done.answers) {
        while (pictures.length > 1 && pictures[1].time <= answer.time + 1e-3) pictures.shift().picture.close();
        live.push(answer, pictures[0].picture);
      }
      while (pictures.length > 60) pictures.shift().picture.close(); // nobody is there, so nothing is answered
      seen++;
      if (performance.now() - since < 1000) continue;
      say(`${seen} pictures a second; ${done.found ? `answers come ${state.known.delay.toFixed(1)} s later` : "nobody is seen"}`);
      [seen, since] = [0, performance.now()];
    }
    await ask("end");
  })().catch((error) => say(error.message, true));
  element("stop").hidden = false;
  state.stop = async () => {
    [going, state.stop] = [false, null];
    stop();
    element("stop").hidden = true;
    await over;
    say("The camera is off.");
  };
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([state.page], { type: "text/html" }));
  link.download = `${state.title.replace(/\.[^.]*$/, "") || "motion"}.html`;
  link.click();
}

/** The detector is MediaPipe, or the module of this site that the address names (?detector=./mine.js). */
function detectorAddress() {
  const asked = new URL(new URLSearchParams(location.search).get("detector") ?? "./detector.js", location.href);
  if (asked.origin !== location.origin) throw new Error("A detector must be a module of this site.");
  return asked.href;
}

async function start() {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" }), ask = connect(worker);
  worker.onerror = (event) => say(event.message || "The worker could not be loaded: are .js files served as JavaScript?", true);
  const lifted = async (file) => instead(async () => {
    actionprompt.lifted = await liftVideo(file, ask);
    document.body.dataset.lifted = file.name;
  });
  element("open").onclick = () => element("file").click();
  element("file").onchange = ({ target }) => target.files.length && lifted(target.files[0]);
  element("camera").onclick = () => instead(() => liftCamera(ask));
  element("stop").onclick = () => state.stop?.();
  element("save").onclick = save;
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) lifted(event.dataTransfer.files[0]);
  });
  await instead(async () => {
    say("Loading detector and lifter…");
    state.template = await (await fetch(new URL("./viewer.html", import.meta.url))).text();
    state.known = (await ask("open", { detector: detectorAddress() })).known;
    say("Ready.");
    document.body.dataset.ready = "";
  });
  if (!state.known) document.querySelectorAll("[data-source]").forEach((button) => { button.disabled = true; });
}

const actionprompt = window.actionprompt = { lifted: null }; // the last video's answers, for tests
start();
