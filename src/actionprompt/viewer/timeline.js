/* The timeline: the error's curve, an angle's, and one lane for each action. It is painted once; only the playhead moves. */
const TICKS = 16, CURVE = 52, LANE = 22; // row heights in pixels, as in page.css
const chart = element("chart");
let chartWidth = 0; // kept, since asking the page in every frame would make it lay itself out
const average = (k) => mean(frames, (f) => chances[f * K + k]);
const lanes = (chances ? motion.actions : []).map((name, k) => ({ name, k, average: average(k) }));
lanes.sort((p, q) => q.average - p.average);

/** Appends an element; names come in as text, never as markup. */
function add(parent, tag, properties = {}) {
  return parent.appendChild(Object.assign(document.createElement(tag), properties));
}

function buildTracks() {
  if (truth) {
    add(add(element("names"), "div", { className: "curve", textContent: "mean error" }), "small", { id: "ceiling" });
    add(element("values"), "div", { className: "curve" });
  }
  buildAngles();
  for (const lane of lanes) {
    const className = lane.name === motion.trueAction ? "true" : "";
    lane.label = add(element("names"), "div", { textContent: lane.name, title: lane.name, className });
    lane.value = add(element("values"), "div");
  }
  chart.style.height = `${TICKS + (truth ? CURVE : 0) + LANE * lanes.length + (angles ? HEIGHT : 0) + 2}px`;
  const parts = [truth && "mean error of each frame", lanes.length && "each action's probability",
    angles && "a joint angle"].filter(Boolean);
  chart.setAttribute("aria-label", `Over time: ${parts.join(" and ") || "a scale"}`);
}

/** Calls draw(x, value) for each pixel column with the average of its frames' values. */
function columns(width, valueAt, draw) {
  for (let x = 0; x < width; x++) {
    const a = Math.floor((x * frames) / width), b = Math.max(a + 1, Math.floor(((x + 1) * frames) / width));
    draw(x, mean(b - a, (i) => valueAt(a + i)));
  }
}

function drawChart() {
  const { pen, width } = fresh(chart);
  chartWidth = width;
  drawTicks(pen, width);
  if (truth) drawCurves(pen, width, TICKS);
  const top = TICKS + (truth ? CURVE : 0), below = top + (angles ? HEIGHT : 0);
  if (angles) drawAngles(pen, width, top);
  lanes.forEach((lane, i) => drawLane(pen, width, below + i * LANE, lane));
}

function drawTicks(pen, width) {
  const seconds = frames / fps, least = (70 * seconds) / width;
  const step = [0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800].find((s) => s >= least) ?? 3600;
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = colours["--muted"];
  for (let i = 0; i * step < seconds; i++) {
    pen.textAlign = i ? "center" : "left";
    const x = (i * step * width) / seconds;
    if (x < width - 16) pen.fillText(clockText(i * step, step < 1 ? 1 : 0), x, 10);
  }
}

function drawCurves(pen, width, top) {
  const bottom = top + CURVE - 4, height = CURVE - 8;
  let ceiling = 1;
  for (const { curve } of models) columns(width, (f) => curve[f], (_, v) => { ceiling = v > ceiling ? v : ceiling; });
  write(element("ceiling"), `0 to ${ceiling.toFixed(0)} mm`);
  for (const y of [bottom, bottom - height]) line(pen, 0, y, width, y, colours["--line"], 1);
  for (const { curve, colour, visible } of [...models].reverse()) {
    if (!visible) continue;
    const path = new Path2D();
    let drawn = false;
    columns(width, (f) => curve[f], (x, value) => {
      if (value === value) path[drawn ? "lineTo" : "moveTo"](x + 0.5, bottom - (height * value) / ceiling);
      drawn = value === value;
    });
    pen.strokeStyle = colours[colour || "--accent"];
    pen.lineWidth = 1.5;
    pen.stroke(path);
  }
}

function drawLane(pen, width, top, { k }) {
  pen.fillStyle = colours["--page"];
  pen.fillRect(0, top + 2, width, LANE - 4);
  pen.fillStyle = colours["--accent"];
  columns(width, (f) => chances[f * K + k], (x, value) => pen.fillRect(x, top + LANE - 2, 1.05, (4 - LANE) * value));
}
