"""A short GIF of a lifted video: the person with the 2D joints on the left, the 3D pose on the right.

python moving_picture.py VIDEO.mp4 LIFTED.npz OUT.gif [FROM TO]: the .npz is what `actionprompt lift VIDEO.mp4` wrote;
FROM and TO are seconds of the video.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from actionprompt.output.drawing import DARK, Figure, draw, side_colour, turned
from actionprompt.output.npz import read_lifted
from actionprompt.output.show import overlay_figure
from actionprompt.video.decode import open_video

SIDE, RATE, COLOURS = 240, 10, 48  # pixels of either half, frames a second, colours of the palette: under 1 MB


def cut_out(figure: Figure, size: tuple[int, int], start: float, end: float) -> tuple[float, float, float, float]:
    """The square of the picture, in pixels, in which the person stays between two times."""
    seen = [found[0] for t in np.arange(start, end, 1 / RATE) if (found := figure.at(t))]
    if not seen:
        sys.exit(f"Nobody is seen between {start} and {end} s.")
    points = (np.concatenate(seen) + np.array([1, size[1] / size[0]])) * size[0] / 2
    middle, half = (points.min(0) + points.max(0)) / 2, 0.58 * np.ptp(points, axis=0).max()
    half = min(half, min(size) / 2)
    x, y = np.clip(middle, half, np.array(size) - half)
    return x - half, y - half, x + half, y + half


def in_space(figure: Figure, pose: np.ndarray, scale: float) -> Image.Image:
    """The pose from beside and above, on a grid of half metres."""
    side = 2 * SIDE  # drawn twice as fine, for smooth edges
    image = Image.new("RGB", (side, side), DARK)
    pen = ImageDraw.Draw(image)

    def place(points: np.ndarray) -> list[tuple[float, float]]:
        return [(x, y) for x, y in (turned(points)[:, :2] * scale * 2 + side / 2).tolist()]

    floor = pose[:, 1].max()
    for tick in np.linspace(-1, 1, 5):
        for ends in ([[tick, floor, -1], [tick, floor, 1]], [[-1, floor, tick], [1, floor, tick]]):
            pen.line(place(np.array(ends)), fill=(70, 78, 88), width=2)
    points = place(pose)
    for parent, child in sorted(figure.skeleton.bones, key=lambda bone: -turned(pose[list(bone)])[:, 2].mean()):
        pen.line([points[parent], points[child]], fill=side_colour(figure.skeleton, child), width=10, joint="curve")
    return image.reduce(2)


def main(video: str, lifted: str, out: str, start: str = "0", end: str = "5") -> None:
    """Writes the GIF."""
    track, film = read_lifted(Path(lifted)), open_video(Path(video))
    figure = overlay_figure(track)
    flat = Figure("", figure.skeleton, figure.fps, figure.first, figure.keypoints)  # no corner, no words
    box = cut_out(figure, film.size, float(start), float(end))
    scale = 0.4 * SIDE / np.abs(track.pose).max()
    frames: list[Image.Image] = []
    for time, image in film.frames():
        found = figure.at(time)
        if time >= float(end):
            break
        if found is None or found[1] is None or time < float(start) + len(frames) / RATE:
            continue
        pair = Image.new("RGB", (2 * SIDE, SIDE))
        pair.paste(Image.fromarray(draw(image, [flat], time)).resize((SIDE, SIDE), Image.Resampling.LANCZOS, box))
        pair.paste(in_space(figure, found[1], scale), (SIDE, 0))
        frames.append(pair)
    palette = frames[len(frames) // 2].quantize(COLOURS)
    small = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    small[0].save(out, save_all=True, append_images=small[1:], duration=1000 // RATE, loop=0, optimize=True)
    print(f"wrote {out}: {len(frames)} frames, {Path(out).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 6):
        sys.exit(__doc__)
    main(*sys.argv[1:])
