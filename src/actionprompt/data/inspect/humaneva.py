"""What HumanEva-I's prepared files hold and whether they are sound."""

from pathlib import Path

from actionprompt.data.config import HumanEvaCfg
from actionprompt.data.humaneva import ACTIONS, TEST, TRAIN, load_humaneva
from actionprompt.data.inspect.facts import Report, facts_of, problems_of
from actionprompt.errors import InputError

TABLE_II = ("Walking", "Jog")


def is_folder(path: Path) -> bool:
    """Whether it holds the 3D file."""
    return path.is_dir() and (path / "data_3d_humaneva15.npz").is_file()


def describe_folder(path: Path) -> Report:
    """The 3D file with each of the 2D files beside it."""
    title = f"HumanEva-I in {path}"
    names = [file.stem.removeprefix("data_2d_humaneva15_") for file in sorted(path.glob("data_2d_humaneva15_*.npz"))]
    if not names:
        return Report(title, (), (f"{path} holds no 2D file (data_2d_humaneva15_gt.npz or another).",))
    reports = [_describe(path, name) for name in names]
    facts = [fact for report in reports for fact in report.facts]
    return Report(title, tuple(facts), tuple(problem for report in reports for problem in report.problems))


def _describe(folder: Path, keypoints: str) -> Report:
    try:
        corpus = load_humaneva(HumanEvaCfg(folder, keypoints, tuple(ACTIONS)))
    except InputError as error:
        return Report("", (), (str(error),))
    seen = {(clip.subject, clip.action) for clip in corpus.clips}
    problems = [
        f"2D {keypoints}: there is no {ACTIONS[word]} of {subject}, which Table II needs."
        for subject in (*TRAIN, *TEST)
        for word in TABLE_II
        if (subject, ACTIONS[word]) not in seen
    ]
    return Report("", facts_of(corpus), (*problems, *problems_of(corpus)))
