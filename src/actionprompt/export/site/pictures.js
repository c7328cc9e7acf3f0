/* Pictures and their times: from a video file, frame by frame, and from a camera, as they come. */
const USUAL = [24000 / 1001, 24, 25, 30000 / 1001, 30, 48, 50, 60000 / 1001, 60, 100, 120, 240];

const LONGEST_WAIT = 500; // milliseconds

const once = (target, good) => new Promise((done, failed) => {
  target.addEventListener(good, done, { once: true });
  target.addEventListener("error", () => failed(new Error("This browser cannot play the video.")), { once: true });
});

/** A video element that can be drawn. */
export async function openVideo(address) {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, preload: "auto" });
  const loaded = once(video, "loadeddata");
  video.src = address;
  await loaded;
  if (!video.videoWidth) throw new Error("The file holds no pictures.");
  return video;
}

/** Frames a second, from the times of the first pictures that are shown at half speed. */
export async function measureRate(video) {
  if (!video.requestVideoFrameCallback) throw new Error("This browser does not tell the times of a video's frames.");
  const times = [];
  video.playbackRate = 0.5;
  await new Promise((done, failed) => {
    const next = (_, { mediaTime }) => {
      times.push(mediaTime);
      if (times.length > 24) done();
      else video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    video.addEventListener("ended", done, { once: true });
    setTimeout(done, 4000);
    video.play().catch(failed);
  });
  video.pause();
  return rateOf(times);
}

/** The rate of rising times, of which some may be left out; a usual one where it is within 0.4 %. */
export function rateOf(times) {
  const steps = times.slice(1).map((time, i) => time - times[i]).filter((step) => step > 1e-4);
  if (!steps.length) throw new Error("The video is too short to tell its frame rate.");
  const least = Math.min(...steps), close = steps.filter((step) => step < 1.5 * least);
  const one = close.reduce((sum, step) => sum + step, 0) / close.length;
  const rate = steps.reduce((sum, step) => sum + Math.round(step / one), 0) / steps.reduce((sum, step) => sum + step, 0);
  const usual = USUAL.reduce((best, other) => (Math.abs(other - rate) < Math.abs(best - rate) ? other : best));
  return Math.abs(usual / rate - 1) < 0.004 ? usual : rate;
}

/** Goes to a time, until the picture of that time is the one that is drawn: "seeked" alone sometimes comes before it. */
async function seek(video, time, reach) {
  let waiting = 0;
  const shown = new Promise((done) => {
    const look = (_, { mediaTime }) => {
      if (mediaTime <= time + 2e-3 && mediaTime > time - reach) done();
      else waiting = video.requestVideoFrameCallback(look);
    };
    waiting = video.requestVideoFrameCallback(look);
  });
  const there = once(video, "seeked");
  video.currentTime = time;
  await there;
  await Promise.race([shown, new Promise((done) => setTimeout(done, LONGEST_WAIT))]); // the same picture is not shown anew
  video.cancelVideoFrameCallback(waiting);
}

/** Every frame of a video as {picture, time}. A frame's exact time often shows the one before, its middle never does. */
export async function* framesOf(video, rate) {
  const count = Math.max(1, Math.round(video.duration * rate));
  for (let i = 0; i < count; i++) {
    await seek(video, Math.min((i + 0.5) / rate, video.duration), 1.5 / rate);
    yield { picture: await createImageBitmap(video), time: i / rate, share: (i + 1) / count };
  }
}

/** A video element that shows the camera, and how to stop it. */
export async function openCamera() {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: false });
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, srcObject: stream });
  await video.play();
  return { video, stop: () => stream.getTracks().forEach((track) => track.stop()) };
}
