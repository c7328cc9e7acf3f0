/* Buttons, keys, mouse and touch; and the start. */
function zoom(factor) {
  orbit.distance = Math.max(0.3 * home(), Math.min(6 * home(), orbit.distance * factor));
  invalidate();
}

function turn(yaw, pitch) {
  orbit.yaw += yaw;
  orbit.pitch = Math.max(-0.4, Math.min(Math.PI / 2, orbit.pitch + pitch));
  invalidate();
}

function pan(dx, dy) {
  const metres = orbit.distance / focal(space.clientWidth, space.clientHeight);
  orbit.panX += dx * metres;
  orbit.panY -= dy * metres;
  invalidate();
}

function changeSpeed(by) {
  const select = element("speed");
  select.selectedIndex = Math.max(0, Math.min(select.length - 1, select.selectedIndex + by));
  select.dispatchEvent(new Event("change"));
}

/** One finger or button orbits, two fingers (or shift, or another button) pan and pinch. */
function listenToSpace() {
  const held = new Map();
  const middle = () => [0, 1].map((axis) => [...held.values()].reduce((sum, at) => sum + at[axis], 0) / held.size);
  const spread = () => { const [p, q] = [...held.values()]; return Math.max(1, Math.hypot(p[0] - q[0], p[1] - q[1])); };
  const pick = (e) => hover(nearestJoint(main.screen, 3, e));
  const release = (e) => { held.delete(e.pointerId); space.classList.toggle("held", held.size > 0); };
  space.addEventListener("pointerdown", (e) => {
    space.setPointerCapture(e.pointerId);
    held.set(e.pointerId, [e.offsetX, e.offsetY]);
    space.classList.add("held");
    pick(e);
  });
  space.addEventListener("pointermove", (e) => {
    if (!held.has(e.pointerId)) return pick(e);
    const [x, y] = middle(), before = held.size === 2 && spread();
    held.set(e.pointerId, [e.offsetX, e.offsetY]);
    const [dx, dy] = [middle()[0] - x, middle()[1] - y];
    if (before) { pan(dx, dy); zoom(before / spread()); }
    else if (e.shiftKey || e.buttons & 6) pan(dx, dy);
    else turn(0.008 * dx, 0.008 * dy);
  });
  space.addEventListener("pointerup", release);
  space.addEventListener("pointercancel", release);
  space.addEventListener("pointerleave", (e) => e.pointerType === "mouse" && hover(-1));
  space.addEventListener("contextmenu", (e) => e.preventDefault());
  space.addEventListener("dblclick", () => chooseView("oblique"));
  space.addEventListener("wheel", (e) => { e.preventDefault(); zoom(Math.exp(0.001 * e.deltaY)); });
}

const KEYS = {
  " ": () => setPlaying(!player.playing), "[": () => changeSpeed(-1), "]": () => changeSpeed(1),
  Home: () => seek(0), End: () => seek(frames - 1),
  ArrowLeft: (e) => seek(player.frame - (e.shiftKey ? 10 : 1)),
  ArrowRight: (e) => seek(player.frame + (e.shiftKey ? 10 : 1)),
  a: () => turn(-0.1, 0), d: () => turn(0.1, 0), w: () => turn(0, 0.1), s: () => turn(0, -0.1),
  "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25),
  0: () => chooseView("oblique"), 1: () => chooseView("camera"),
  2: () => chooseView("side"), 3: () => chooseView("top"),
};

function onKey(e) {
  const act = KEYS[e.key.length === 1 ? e.key.toLowerCase() : e.key], { localName, type } = e.target;
  const spaceIsItsOwn = e.key === " " && (localName === "button" || localName === "summary" || type === "checkbox");
  if (!act || e.ctrlKey || e.metaKey || e.altKey || localName === "select" || spaceIsItsOwn) return;
  e.preventDefault();
  act(e);
}

function listen() {
  const on = (id, event, act) => element(id).addEventListener(event, act);
  on("play", "click", () => setPlaying(!player.playing));
  on("back", "click", () => seek(player.frame - 1));
  on("forth", "click", () => seek(player.frame + 1));
  on("scrub", "input", (e) => seek(e.target.valueAsNumber));
  on("place", "change", (e) => { place.mode = e.target.value; invalidate(); });
  on("joints", "toggle", invalidate);
  on("speed", "change", (e) => {
    setSpeed(Number(e.target.value));
  });
  on("close-up", "click", (e) => {
    flat.closeUp = !flat.closeUp;
    e.currentTarget.setAttribute("aria-pressed", flat.closeUp);
    invalidate();
  });
  on("flat", "pointermove", (e) => hover(nearestJoint(flat.points, 2, e)));
  on("flat", "pointerleave", () => hover(-1));
  const jump = (e) => seek((e.offsetX / chart.clientWidth) * (frames - 1));
  on("chart", "pointerdown", (e) => { chart.setPointerCapture(e.pointerId); jump(e); });
  on("chart", "pointermove", (e) => chart.hasPointerCapture(e.pointerId) && jump(e));
  const onEach = (name, act) => document.querySelectorAll(`[data-${name}]`).forEach((button) =>
    button.addEventListener("click", () => act(button.dataset[name])));
  onEach("view", chooseView);
  onEach("zoom", zoom);
  document.addEventListener("keydown", onKey);
  listenToSpace();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); repaint(); });
  const resized = new ResizeObserver(repaint);
  for (const canvas of [flat.canvas, space, chart]) resized.observe(canvas);
}

function start() {
  readColours();
  element("facts").textContent =
    `${clockText(frames / fps, 1)} min · ${frames} frames · ${+fps.toFixed(2)} fps · ${motion.skeleton}`;
  element("scrub").max = frames - 1;
  element("close-up").setAttribute("aria-pressed", flat.closeUp);
  if (!rootPath) element("place").querySelector("[value=path]").remove();
  element("place").value = place.mode;
  element("action").hidden = !chances;
  for (const textContent of motion.notes) add(element("notes"), "li", { textContent });
  buildLegend();
  buildTracks();
  buildJointTable();
  chooseView("oblique");
  listen();
  repaint();
  const asked = /^#frame=(\d+)$/.exec(location.hash); // page.html#frame=120 opens there, at rest
  if (asked) seek(asked[1] - 1);
  if (film) openVideo();
  setPlaying(!asked && !matchMedia("(prefers-reduced-motion: reduce)").matches);
}

start();
window.actionprompt = { frame: () => player.frame, seek, playing: () => player.playing }; // for tests; frames from 0
