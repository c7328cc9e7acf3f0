"""What an HDM05-11 folder holds and whether it is sound."""

from pathlib import Path

from actionprompt.data.config import HDM05Cfg, VirtualCamerasCfg
from actionprompt.data.hdm05 import ACTIONS, load_hdm05, parse_name
from actionprompt.data.inspect.facts import Report, facts_of, problems_of
from actionprompt.errors import InputError


def is_folder(path: Path) -> bool:
    """Whether any file below is named as one of HDM05's clips."""
    return path.is_dir() and any(parse_name(file) for file in path.rglob("HDM_*.amc"))


def describe_folder(path: Path) -> Report:
    """Everything that training would use of a folder, seen by one camera."""
    title = f"HDM05-11 in {path}"
    try:
        corpus = load_hdm05(HDM05Cfg(path, VirtualCamerasCfg(cameras=1)))
    except InputError as error:
        return Report(title, (), (str(error),))
    missing = set(ACTIONS.values()) - {clip.action for clip in corpus.clips}
    absent = [("absent", f"no clips of {', '.join(sorted(missing))}")] if missing else []
    return Report(title, (*facts_of(corpus), *absent), problems_of(corpus))
