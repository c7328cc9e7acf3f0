/* The 3D view: an orbiting camera (yaw, pitch in radians), a floor, and the figures' limbs painted from far to near. */
const VIEWS = { oblique: [-0.6, 0.25], camera: [0, 0.02], side: [-Math.PI / 2, 0.06], top: [0, Math.PI / 2] };
const orbit = { yaw: 0, pitch: 0, distance: 1, panX: 0, panY: 0 };
const home = () => 1.85 * Math.max(tall, 1.5 * reach); // a distance from which the whole figure is seen, metres
const space = element("space");
for (const figure of figures) figure.screen = new Float32Array(J * 3); // pixels x, y, and metres from the viewer

function chooseView(name) {
  [orbit.yaw, orbit.pitch] = VIEWS[name];
  Object.assign(orbit, { distance: home(), panX: 0, panY: 0 });
  invalidate();
}

/** Pixels for a metre at a distance of one metre; some height is left to the buttons above. */
const focal = (width, height) => 1.55 * Math.min(height - 40, 1.1 * width);

/** Returns project(X, Y, Z, out, at): display axes to pixels x, y and metres from the viewer. */
function lens(width, height) {
  const c = Math.cos(orbit.yaw), s = Math.sin(orbit.yaw), cp = Math.cos(orbit.pitch), sp = Math.sin(orbit.pitch);
  const pixels = focal(width, height), lookY = 0.48 * tall;
  return (x, y, z, out, at) => {
    const dx = x - place.lookX, dy = y - lookY, dz = z - place.lookZ;
    const across = c * dx + s * dz, near = c * dz - s * dx;
    const away = orbit.distance - (dy * sp + near * cp);
    out[at] = width / 2 + (pixels * (across + orbit.panX)) / away;
    out[at + 1] = height / 2 + 16 - (pixels * (dy * cp - near * sp + orbit.panY)) / away;
    out[at + 2] = away;
  };
}

/** Adds the line between two projected points to a path, unless it passes the viewer's eye or an end is missing. */
function addLine(path, points, a, b) {
  if (!(points[3 * a + 2] > 0.1 && points[3 * b + 2] > 0.1)) return;
  path.moveTo(points[3 * a], points[3 * a + 1]);
  path.lineTo(points[3 * b], points[3 * b + 1]);
}

const SQUARES = 8, SQUARE = 0.5; // squares from the middle of the floor to its rim, and their width in metres
const corners = new Float32Array((2 * SQUARES + 1) ** 2 * 3);

/** The floor's squares around the figure, fading outwards. */
function drawFloor(pen, project) {
  const side = 2 * SQUARES + 1, shades = [0, 1, 2, 3].map(() => new Path2D());
  const startX = Math.round(place.lookX / SQUARE) - SQUARES, startZ = Math.round(place.lookZ / SQUARE) - SQUARES;
  for (let c = 0; c < side * side; c++) {
    project((startX + (c % side)) * SQUARE, 0, (startZ + Math.floor(c / side)) * SQUARE, corners, 3 * c);
  }
  for (let i = 0; i < side; i++) {
    for (let k = 0; k + 1 < side; k++) {
      const shade = shades[Math.floor((4 * Math.hypot(i - SQUARES, k + 0.5 - SQUARES)) / SQUARES)];
      if (!shade) continue;
      addLine(shade, corners, i * side + k, i * side + k + 1);
      addLine(shade, corners, k * side + i, (k + 1) * side + i);
    }
  }
  pen.strokeStyle = colours["--grid"];
  pen.lineWidth = 1;
  shades.forEach((shade, i) => { pen.globalAlpha = 0.6 - 0.14 * i; pen.stroke(shade); });
  pen.globalAlpha = 1;
}

/** An arrow on the floor that points to the camera that filmed. */
function drawCameraMark(pen, project) {
  const at = new Float32Array(12), z = place.lookZ + 0.5 * tall;
  const outline = [[-0.09, z], [0.09, z], [0, z + 0.2], [0, z + 0.36]]; // the last is for the text
  outline.forEach(([x, depth], i) => project(place.lookX + x, 0, depth, at, 3 * i));
  if (at[2] < 0.1 || at[11] < 0.1) return;
  pen.fillStyle = colours["--muted"];
  pen.beginPath();
  for (const i of [0, 3, 6]) pen.lineTo(at[i], at[i + 1]);
  pen.fill();
  pen.font = "12px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.fillText("camera", at[9], at[10] + 5);
}

function drawShadow(pen, project, pixels, f) {
  const shadow = new Path2D(), figure = figures.find(({ visible }) => visible), points = new Float32Array(3 * J);
  if (!figure) return;
  for (let j = 0, i = 3 * f * J; j < J; j++, i += 3) {
    project(figure.pose[i] + place.x, 0, figure.pose[i + 2] + place.z, points, 3 * j);
  }
  for (const { parent, joint } of bones) addLine(shadow, points, parent, joint);
  pen.strokeStyle = colours["--shadow"];
  pen.lineWidth = (0.07 * pixels) / orbit.distance;
  pen.stroke(shadow);
}

const limbs = figures.flatMap((figure) => bones.map((bone) => ({ figure, ...bone, away: 0 })));

function drawLimb(pen, { figure, parent, joint, away }, pixels) {
  const { screen } = figure, colour = boneColour(figure, joint);
  const thickness = Math.max(1.5, (figure.thickness * pixels) / away);
  const [x0, y0, x1, y1] = [screen[3 * parent], screen[3 * parent + 1], screen[3 * joint], screen[3 * joint + 1]];
  if (figure === main) line(pen, x0, y0, x1, y1, colours["--panel"], thickness + 3);
  line(pen, x0, y0, x1, y1, colour, thickness);
  dot(pen, x1, y1, 0.85 * thickness, colour, figure === main && colours["--panel"]);
}

function drawSpace(f) {
  const { pen, width, height } = fresh(space), project = lens(width, height), pixels = focal(width, height);
  drawFloor(pen, project);
  drawCameraMark(pen, project);
  drawShadow(pen, project, pixels, f);
  for (const { pose, screen } of figures) {
    for (let j = 0, i = 3 * f * J; j < J; j++, i += 3) {
      project(pose[i] + place.x, pose[i + 1] + place.y, pose[i + 2] + place.z, screen, 3 * j);
    }
  }
  for (const limb of limbs) {
    const { screen, visible } = limb.figure, away = (screen[3 * limb.parent + 2] + screen[3 * limb.joint + 2]) / 2;
    limb.away = visible && away > 0.1 ? away : -1; // -1 also for a missing joint
  }
  limbs.sort((p, q) => q.away - p.away);
  for (const limb of limbs) if (limb.away > 0) drawLimb(pen, limb, pixels);
  const [x, y, away] = hovered >= 0 && main.visible ? main.screen.subarray(3 * hovered) : [];
  if (away > 0.1) dot(pen, x, y, Math.max(8, (0.045 * pixels) / away), null, colours["--ink"], 2);
}
