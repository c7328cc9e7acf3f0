/* Drawing on a canvas, and the 2D view. */
let colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  colours = new Proxy({}, { get: (cache, name) => (cache[name] ??= style.getPropertyValue(name).trim()) });
}
const boneColour = (figure, joint) => colours[figure.colour || `--${side[joint]}`];

/** A canvas at the screen's resolution, cleared; drawing is in CSS pixels. */
function fresh(canvas) {
  const width = canvas.clientWidth, height = canvas.clientHeight, ratio = Math.min(window.devicePixelRatio || 1, 2);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.lineCap = pen.lineJoin = "round";
  return { pen, width, height };
}

function line(pen, x0, y0, x1, y1, colour, thickness) {
  pen.strokeStyle = colour;
  pen.lineWidth = thickness;
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function dot(pen, x, y, radius, fill, rim, thickness = 1.5) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  if (fill) { pen.fillStyle = fill; pen.fill(); }
  if (rim) { pen.strokeStyle = rim; pen.lineWidth = thickness; pen.stroke(); }
}

const flat = { canvas: element("flat"), closeUp: !film, points: new Float32Array(J * 2) };

/** What a close-up shows: a part of the screen that follows the person and has the size of its widest frame. */
const person = [0, 1].map((axis) => {
  const middle = new Float32Array(frames);
  let widest = 0.1;
  for (let f = 0; f < frames; f++) {
    let low = Infinity, high = -Infinity;
    for (let i = 2 * f * J + axis; i < 2 * (f + 1) * J; i += 2) {
      if (keypoints[i] < low) low = keypoints[i];
      if (keypoints[i] > high) high = keypoints[i];
    }
    middle[f] = low <= high ? (low + high) / 2 : middle[Math.max(f - 1, 0)];
    widest = Math.max(widest, high - low);
  }
  return { middle: smoothed((f) => middle[f]), reach: 0.62 * widest };
});

function drawVideo(pen, [left, top, width, height]) {
  pen.save();
  if (film?.mirrored) pen.setTransform(pen.getTransform().translate(2 * left + width, 0).scale(-1, 1));
  pen.drawImage(player.picture ?? player.video, left, top, width, height);
  pen.restore();
}

function drawFlat(f) {
  const { pen, width, height } = fresh(flat.canvas);
  const [middleX, middleY] = flat.closeUp ? person.map(({ middle }) => middle[f]) : [0, 0];
  const [reachX, reachY] = flat.closeUp ? person.map(({ reach }) => reach) : [1, motion.aspect];
  const scale = Math.min(width / reachX, height / reachY) / 2;
  const originX = width / 2 - scale * middleX, originY = height / 2 - scale * middleY;
  const image = [originX - scale, originY - motion.aspect * scale, 2 * scale, 2 * motion.aspect * scale];
  pen.fillStyle = colours["--page"];
  pen.fillRect(...image);
  if (player.video || player.picture) drawVideo(pen, image);
  pen.strokeStyle = colours["--line"];
  pen.strokeRect(...image);

  const { points } = flat;
  for (let j = 0, i = 2 * f * J; j < J; j++, i += 2) {
    points[2 * j] = originX + scale * keypoints[i];
    points[2 * j + 1] = originY + scale * keypoints[i + 1];
  }
  const thickness = Math.max(2.5, Math.min(6, 0.011 * height));
  const seen = (j) => points[2 * j] === points[2 * j]; // not NaN
  for (const halo of [true, false]) {
    for (const { parent, joint } of bones) {
      if (!seen(parent) || !seen(joint)) continue;
      line(pen, points[2 * parent], points[2 * parent + 1], points[2 * joint], points[2 * joint + 1],
        halo ? colours["--panel"] : boneColour(main, joint), thickness + (halo ? 2.5 : 0));
    }
  }
  for (let j = 0; j < J; j++) {
    if (seen(j)) dot(pen, points[2 * j], points[2 * j + 1], 0.8 * thickness, boneColour(main, j), colours["--panel"]);
  }
  if (hovered >= 0) dot(pen, points[2 * hovered], points[2 * hovered + 1], 2 * thickness, null, colours["--ink"], 2);
}
