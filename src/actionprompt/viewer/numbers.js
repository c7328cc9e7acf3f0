/* What the page says of the current frame: errors, action, time; and the joint under the pointer. */
const clockText = (seconds, digits = 0) =>
  `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0")}`;
const millimetres = (value) => (value === value ? `${value.toFixed(1)} mm` : "missing");
const percent = (value) => `${Math.round(100 * value)} %`;

const written = new Map();
function write(node, text) {
  if (written.get(node) === text) return; // touching the page costs more than remembering
  written.set(node, text);
  node.textContent = text;
}

function buildLegend() {
  for (const figure of figures) {
    const label = add(element("legend"), "label");
    const box = add(label, "input", { type: "checkbox", checked: true });
    add(label, "i", { className: "swatch" }).style.setProperty("--tone", figure.colour ? `var(${figure.colour})` : "");
    label.append(figure.name);
    if (figure.curve) {
      figure.now = add(label, "b");
      figure.now.style.color = `var(${figure.colour || "--accent"})`;
      add(label, "small", { textContent: `mean ${figure.average.toFixed(1)}` });
    }
    box.addEventListener("change", () => { figure.visible = box.checked; repaint(); });
  }
  for (const name of ["left", "right"]) {
    const key = add(element("legend"), "span");
    add(key, "i", { className: "swatch" }).style.setProperty("--tone", `var(--${name})`);
    key.append(name);
  }
}

function buildJointTable() {
  element("joints").hidden = !truth;
  if (!truth) return;
  const titles = models.flatMap(({ name }) => [`${name}, now`, `${name}, mean`]);
  for (const textContent of ["joint", ...titles]) add(element("joint-head"), "th", { textContent, scope: "col" });
  joints.forEach((textContent, j) => {
    const row = add(element("joint-rows"), "tr");
    add(row, "th", { textContent, scope: "row" });
    for (const { byJoint } of models) {
      for (const number of ["", millimetres(byJoint[j])]) add(row, "td", { textContent: number });
    }
    row.addEventListener("pointerenter", () => hover(j));
    row.addEventListener("pointerleave", () => hover(-1));
  });
}

function drawAction(f) {
  let best = 0;
  for (let k = 1; k < K; k++) if (chances[f * K + k] > chances[f * K + best]) best = k;
  const known = chances[f * K + best] >= motion.unknownBelow;
  const name = known ? motion.actions[best] : "unknown", { trueAction } = motion;
  const verdict = trueAction && (name === trueAction ? " · correct" : ` · true: ${trueAction}`);
  write(element("action-name"), name);
  write(element("action-chance"), percent(chances[f * K + best]) + verdict);
  for (const lane of lanes) {
    write(lane.value, percent(chances[f * K + lane.k]));
    if (lane.best === (lane.k === best)) continue;
    lane.best = lane.k === best;
    for (const node of [lane.label, lane.value]) node.classList.toggle("now", lane.best);
  }
}

function drawNumbers(f) {
  write(element("time"), `${clockText(f / fps, 2)} / ${clockText(frames / fps, 2)}`);
  write(element("frame"), `frame ${f + 1} of ${frames}`);
  element("scrub").value = f;
  element("playhead").style.transform = `translateX(${(f / Math.max(frames - 1, 1)) * chartWidth}px)`;
  if (chances) drawAction(f);
  if (angles) drawAngleNow(f);
  if (!truth) return;
  for (const model of models) write(model.now, millimetres(model.curve[f]));
  write(element("values").firstChild, main.curve[f] === main.curve[f] ? main.curve[f].toFixed(0) : "");
  if (!element("joints").open) return;
  [...element("joint-rows").children].forEach((row, j) =>
    models.forEach((model, m) => write(row.children[1 + 2 * m], millimetres(jointError(model, f, j)))));
}

/** Tells a screen reader where we are, once the motion rests. */
let announcement = 0;
function announce() {
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    if (player.playing) return;
    const parts = [`Frame ${player.frame + 1} of ${frames}`];
    if (chances) parts.push(`${element("action-name").textContent} ${element("action-chance").textContent}`);
    if (truth) parts.push(`mean error ${millimetres(main.curve[player.frame])}`);
    write(element("announce"), parts.join(", "));
    element("scrub").setAttribute("aria-valuetext", parts[0]);
  }, 400);
}

let hovered = -1; // the joint under the pointer

function hover(joint) {
  if (joint === hovered) return;
  hovered = joint;
  [...element("joint-rows").children].forEach((row, j) => row.classList.toggle("here", j === joint));
  invalidate();
}

function nearestJoint(points, stride, { offsetX, offsetY }) {
  const distance = (j) => Math.hypot(points[stride * j] - offsetX, points[stride * j + 1] - offsetY);
  const near = joints.map((_, j) => j).filter((j) => distance(j) < 22).sort((a, b) => distance(a) - distance(b));
  return near.length ? near[0] : -1;
}

function drawTip(f) {
  const tip = element("tip"), [x, y, away] = hovered >= 0 && main.visible ? main.screen.subarray(3 * hovered) : [];
  tip.hidden = !(away > 0.1);
  if (tip.hidden) return;
  const errors = truth ? models.map((model) => `${model.name}: ${millimetres(jointError(model, f, hovered))}`) : [];
  write(tip, [joints[hovered] + (truth ? ": error" : ""), ...errors].join("\n"));
  const left = Math.max(4, Math.min(x + 14, space.clientWidth - tip.offsetWidth - 4));
  const top = Math.max(4, y - tip.offsetHeight - 10);
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}
