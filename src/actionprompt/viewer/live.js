/* Live: the page shows the last seconds, and every answer moves them on. Only pages of a site hold this part. */
let painted = 0; // when the timeline was painted last

/** Puts values behind an array's others; the first ones go. */
function append(array, values) {
  array.copyWithin(0, values.length);
  array.set(values, array.length - values.length);
}

/** One more answer {joints, pose, probability}, and the picture that it belongs to. */
function push({ joints: seen, pose, probability }, picture) {
  const now = performance.now(), heights = upright(Float32Array.from(pose)), up = heights.filter((_, i) => i % 3 === 1);
  append(keypoints, seen);
  append(main.pose, heights);
  append(lowest, [Math.min(...up)]);
  if (chances) append(chances, probability);
  for (const { middle } of person) append(middle, [0]);
  player.picture = picture;
  if (!player.playing) seek(player.frame - 1);
  if (now - painted > 250) { drawChart(); painted = now; }
  invalidate();
}

if (motion.live) {
  tall = 1.7;
  flat.closeUp = false;
  element("close-up").hidden = true;
  chooseView("oblique");
  repaint();
}
window.actionprompt.push = push;
