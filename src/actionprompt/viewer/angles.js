/* Joint angles above the actions: one chosen angle, left and right, and the repetitions behind it. */
const HEIGHT = 76; // of the row in pixels, as in page.css
const angles = motion.angles && { ...motion.angles, values: unpack(motion.angles) };
const repetitions = motion.repetitions ?? [];
const angleKinds = angles ? [...new Set(angles.names.map((name) => name.replace(/^(left|right)_/, "")))] : [];
let angleKind = angleKinds.includes(motion.driving) ? motion.driving : angleKinds[0];

/** The curves of the chosen angle: both sides, or the trunk's one. */
function angleCurves() {
  const known = (name) => angles.names.indexOf(name);
  const sides = ["left", "right"].map((s) => ({ index: known(`${s}_${angleKind}`), colour: `--${s}` }));
  return [...sides, { index: known(angleKind), colour: "--accent" }].filter(({ index }) => index >= 0);
}

/** Degrees of a curve at a frame; NaN where the angle is not defined. */
const degreesAt = ({ index }, f) =>
  angles.values[Math.min(angles.count - 1, Math.floor(f / angles.every)) * angles.names.length + index];

function buildAngles() {
  if (!angles) return;
  const cell = add(element("names"), "div", { className: "angle" });
  const choice = add(cell, "select", { id: "angle", ariaLabel: "Joint angle" });
  for (const kind of angleKinds) add(choice, "option", { value: kind, textContent: kind.replaceAll("_", " "), selected: kind === angleKind });
  choice.addEventListener("change", () => { angleKind = choice.value; repaint(); });
  const count = repetitions.length ? `, ${repetitions.length} repetitions` : "";
  add(cell, "small", { id: "angle-range", title: `degrees${count}` });
  add(element("values"), "div", { className: "angle", id: "angle-now" });
}

function drawAngles(pen, width, top) {
  const bottom = top + HEIGHT - 6, height = HEIGHT - 16, curves = angleCurves();
  repetitions.forEach(([start, end], i) => {
    const a = (start * width) / frames, b = (end * width) / frames;
    pen.fillStyle = colours[i % 2 ? "--line" : "--page"];
    pen.fillRect(a, bottom - height - 4, b - a, height + 8);
  });
  let low = Infinity, high = -Infinity;
  for (const curve of curves) columns(width, (f) => degreesAt(curve, f), (_, v) => { if (v < low) low = v; if (v > high) high = v; });
  if (!(high > low)) { low = (low || 0) - 5; high = low + 10; }
  const count = repetitions.length ? ` · ${repetitions.length} repetitions` : "";
  write(element("angle-range"), `${low.toFixed(0)} to ${high.toFixed(0)}°${count}`);
  for (const curve of curves) {
    const path = new Path2D();
    let drawn = false;
    columns(width, (f) => degreesAt(curve, f), (x, v) => {
      if (v === v) path[drawn ? "lineTo" : "moveTo"](x + 0.5, bottom - (height * (v - low)) / (high - low));
      drawn = v === v;
    });
    pen.strokeStyle = colours[curve.colour];
    pen.lineWidth = 1.5;
    pen.stroke(path);
  }
}

function drawAngleNow(f) {
  const told = angleCurves().map((curve) => degreesAt(curve, f)).map((v) => (v === v ? `${v.toFixed(0)}°` : "–"));
  write(element("angle-now"), told.join(" / "));
}
