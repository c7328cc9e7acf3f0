/* Where the figure stands: the poses are relative to the root joint, the floor is Y = 0. */
const lowest = new Float32Array(frames); // of the main pose's joints
let tall = 0.5, reach = 0.3; // the figure's greatest height, and horizontal distance from its root, metres
for (let f = 0; f < frames; f++) {
  let low = Infinity, high = -Infinity;
  for (let i = f * J * 3; i < (f + 1) * J * 3; i += 3) {
    const x = main.pose[i], y = main.pose[i + 1], z = main.pose[i + 2];
    if (y < low) low = y;
    if (y > high) high = y;
    if (x === x) reach = Math.max(reach, Math.hypot(x, z));
  }
  lowest[f] = low === Infinity ? 0 : low;
  tall = Math.max(tall, high - low);
}

/** A height that only a fortieth of the frames go below: a few wrong frames do not move the floor. */
const floorOf = (heights) => Float32Array.from(heights).sort()[Math.floor(frames / 40)];
const fixedFloor = floorOf(lowest);
const pathFloor = rootPath && floorOf(lowest.map((low, f) => low + rootPath[3 * f + 1]));

/** A value that changes with the frame, averaged over a second: what a view follows. */
function smoothed(valueAt) {
  const half = Math.round(fps / 2), sums = new Float64Array(frames + 1);
  for (let f = 0; f < frames; f++) sums[f + 1] = sums[f] + valueAt(f);
  return Float32Array.from({ length: frames }, (_, f) => {
    const a = Math.max(0, f - half), b = Math.min(frames, f + half + 1);
    return (sums[b] - sums[a]) / (b - a);
  });
}
const [followX, , followZ] = [0, 1, 2].map((axis) => rootPath && smoothed((f) => rootPath[3 * f + axis]));

// x, y, z: the root joint; lookX, lookZ: the point on the floor that the view turns around.
const place = { mode: rootPath ? "path" : "floor", x: 0, y: 0, z: 0, lookX: 0, lookZ: 0 };
function updatePlace(f) {
  if (place.mode === "path") {
    const [x, y, z] = rootPath.subarray(3 * f, 3 * f + 3);
    Object.assign(place, { x, y: y - pathFloor, z, lookX: followX[f], lookZ: followZ[f] });
  } else {
    Object.assign(place, { x: 0, y: -(place.mode === "floor" ? lowest[f] : fixedFloor), z: 0, lookX: 0, lookZ: 0 });
  }
}
