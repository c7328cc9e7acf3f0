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

/** The part of the screen that the person covers over the whole motion, with a margin. */
flat.person = (() => {
  const ends = [0, 1].map((axis) => {
    let low = Infinity, high = -Infinity;
    for (let i = axis; i < keypoints.length; i += 2) {
      if (keypoints[i] < low) low = keypoints[i];
      if (keypoints[i] > high) high = keypoints[i];
    }
    return low <= high ? [low, high] : [-0.5, 0.5];
  });
  const margin = 0.12 * Math.max(...ends.map(([low, high]) => high - low), 0.1);
  return ends.map(([low, high]) => [low - margin, high + margin]);
})();

function drawFlat(f) {
  const { pen, width, height } = fresh(flat.canvas);
  const [[left, right], [top, bottom]] = flat.closeUp ? flat.person : [[-1, 1], [-motion.aspect, motion.aspect]];
  const scale = Math.min(width / (right - left), height / (bottom - top));
  const originX = width / 2 - (scale * (left + right)) / 2, originY = height / 2 - (scale * (top + bottom)) / 2;
  const image = [originX - scale, originY - motion.aspect * scale, 2 * scale, 2 * motion.aspect * scale];
  pen.fillStyle = colours["--page"];
  pen.fillRect(...image);
  if (player.video) pen.drawImage(player.video, ...image);
  pen.strokeStyle = colours["--line"];
  pen.strokeRect(...image);

  const { points } = flat;
  for (let j = 0, i = 2 * f * J; j < J; j++, i += 2) {
    points[2 * j] = originX + scale * keypoints[i];
    points[2 * j + 1] = originY + scale * keypoints[i + 1];
  }
  const thickness = Math.max(2.5, Math.min(6, 0.011 * height));
  const seen = bones.filter(({ parent, joint }) => points[2 * parent] === points[2 * parent] && points[2 * joint] === points[2 * joint]);
  for (const halo of [true, false]) {
    for (const { parent, joint } of seen) {
      line(pen, points[2 * parent], points[2 * parent + 1], points[2 * joint], points[2 * joint + 1],
        halo ? colours["--panel"] : boneColour(main, joint), thickness + (halo ? 2.5 : 0));
    }
  }
  for (let j = 0; j < J; j++) {
    if (points[2 * j] === points[2 * j]) dot(pen, points[2 * j], points[2 * j + 1], 0.8 * thickness, boneColour(main, j), colours["--panel"]);
  }
  if (hovered >= 0) dot(pen, points[2 * hovered], points[2 * hovered + 1], 2 * thickness, null, colours["--ink"], 2);
}
