"""Reading files as large as Human3.6M's and building their training windows, in a process of its own.

``python measurements/bench_reading.py`` writes files of the field's layout with random people of as many takes and
frames into a temporary folder (a minute), then prints seconds and peak memory of reading beside what we ask for. Linux.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from actionprompt.data.config import Human36MCfg
from actionprompt.data.human36m import ACTIONS
from actionprompt.data.load import load as load_data

TRAIN, TEST = ("S1", "S5", "S6", "S7", "S8"), ("S9", "S11")
FRAMES = {"training": 1_559_752, "test": 543_344}
"""Of all four cameras."""


def write(folder: str) -> None:
    """Files with two takes of each action and subject."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from field_files import human36m, save

    names = [f"{action}{number}" for action in ACTIONS for number in ("", " 1")]
    takes = {}
    for subjects, frames in ((TRAIN, FRAMES["training"]), (TEST, FRAMES["test"])):
        mine = [(s, name) for s in subjects for name in names if (s, name) != ("S11", "Directions")]  # it is left out
        share, more = divmod(frames // 4, len(mine))
        takes |= {take: share + (i < more) for i, take in enumerate(mine)}
    world, screen = human36m(takes)
    save(Path(folder), "h36m", world, "gt", screen)


def read(folder: str) -> tuple[float, float, dict[str, int]]:
    """Seconds, peak GiB, and what was read."""
    import torch

    from actionprompt.data.windows import Windows
    from actionprompt.encoders.base import Window

    torch.set_num_threads(1)
    began = time.perf_counter()
    corpus = load_data(Human36MCfg(Path(folder)))
    clips = corpus.select(corpus.train_subjects)
    windows = Windows(clips, Window(243))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    frames = {"training": sum(clip.num_frames for clip in clips), "windows": len(windows)}
    frames["test"] = sum(clip.num_frames for clip in corpus.select(corpus.test_subjects))
    return seconds, peak, frames


def main() -> None:
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        with spawn.Pool(1) as pool:
            pool.apply(write, (folder,))
        with spawn.Pool(1) as pool:
            seconds, peak, frames = pool.apply(read, (folder,))
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2**20
    assert {name: frames[name] for name in FRAMES} == FRAMES, frames
    print(f"{size:.0f} MiB of files, {frames['training']:,} training frames, {frames['windows']:,} windows, one core")
    print(f"  read, paired, checked  {seconds:6.1f} s     (under 30)")
    print(f"  peak memory            {peak:6.2f} GiB   (under 4)")


if __name__ == "__main__":
    main()
