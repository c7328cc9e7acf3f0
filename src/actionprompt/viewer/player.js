/* Time. `at` is in frames: without a video it advances with the screen; with one, the video's time leads. */
const player = { at: 0, frame: 0, playing: false, speed: 1, last: 0, video: null, shown: NaN, picture: null };

function seek(frame) {
  player.frame = player.at = Math.max(0, Math.min(frames - 1, Math.round(frame) || 0));
  seekVideo();
  announce();
  invalidate();
}

function seekVideo() {
  if (!player.video) return;
  player.shown = NaN;
  player.video.currentTime = film.begin + film.slow * (motion.start + (player.frame + 0.5) / fps);
}

/** Seconds since the motion's first frame, of the video's own time. */
const inMotion = (time) => Math.max(0, (time - film.begin) / film.slow - motion.start);

/** Slow motion is played faster, as far as browsers play. */
function setSpeed(speed) {
  player.speed = speed;
  if (player.video) player.video.playbackRate = Math.min(16, Math.max(0.0625, speed * film.slow));
}

function setPlaying(playing) {
  if (playing && player.frame >= frames - 1) seek(0);
  player.playing = playing;
  player.last = 0;
  if (playing) player.video?.play().catch(() => player.playing && setPlaying(false));
  else if (player.video) { player.video.pause(); seekVideo(); }
  element("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  element("play-shape").setAttribute("d", playing ? "M5 3h3.5v14H5zM11.5 3H15v14h-3.5z" : "M5 3v14l12-7z");
  announce();
  invalidate();
}

function advance(now) {
  if (motion.live) { player.at = player.frame = frames - 1; return; }
  const { video } = player;
  if (!video) player.at += player.last ? (Math.min(now - player.last, 250) / 1000) * fps * player.speed : 0;
  else if (!video.seeking) player.at = player.shown === player.shown ? player.shown : inMotion(video.currentTime) * fps;
  player.last = now;
  if (player.at < frames && !video?.ended) player.frame = Math.floor(player.at);
  else if (!element("loop").checked) { player.frame = frames - 1; setPlaying(false); }
  else if (video) { seek(0); video.play(); }
  else player.frame = Math.floor((player.at %= frames));
}

function openVideo() {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, preload: "auto" });
  video.addEventListener("loadeddata", () => {
    player.video = video;
    setSpeed(player.speed);
    seek(player.frame);
    if (player.playing) setPlaying(true);
  }, { once: true });
  video.addEventListener("seeked", invalidate);
  video.addEventListener("error", () => {
    player.video = null;
    add(element("notes"), "li", { textContent: "The video cannot be shown: moved, or unreadable in this browser." });
  });
  const onPicture = (_, { mediaTime }) => { // the time of the very picture on the screen
    player.shown = inMotion(mediaTime) * fps + 1e-3; // against rounding
    video.requestVideoFrameCallback(onPicture);
    invalidate();
  };
  video.requestVideoFrameCallback?.(onPicture);
  video.src = film.address ?? URL.createObjectURL(new Blob([bytesOf(film.data)], { type: film.type }));
}

let requested = false;
function invalidate() {
  if (requested) return;
  requested = true;
  requestAnimationFrame((now) => {
    requested = false;
    if (player.playing) advance(now);
    updatePlace(player.frame);
    drawFlat(player.frame);
    drawSpace(player.frame);
    drawTip(player.frame);
    drawNumbers(player.frame);
    if (player.playing) invalidate();
  });
}

function repaint() {
  drawChart();
  invalidate();
}
