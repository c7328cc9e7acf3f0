"""What a folder of CMU's motion capture holds and whether it is sound."""

from pathlib import Path

from actionprompt.data.cmu import load_cmu, parse_name, read
from actionprompt.data.config import CMUCfg, VirtualCamerasCfg
from actionprompt.data.inspect.facts import Report, facts_of, problems_of
from actionprompt.errors import InputError


def is_folder(path: Path) -> bool:
    """Whether a motion below is named as one of CMU's trials."""
    return path.is_dir() and any(parse_name(file) for ending in ("amc", "bvh") for file in path.rglob(f"*.{ending}"))


def describe_folder(path: Path) -> Report:
    """Everything that training would use of a folder, seen by one camera; test subjects are those that are there."""
    title = f"CMU's motion capture in {path}"
    cfg = CMUCfg(path, virtual_cameras=VirtualCamerasCfg(cameras=1))
    try:
        present = {take.subject for take in read(path).takes}
        corpus = load_cmu(CMUCfg(path, tuple(s for s in cfg.test if s in present), virtual_cameras=cfg.virtual_cameras))
    except InputError as error:
        return Report(title, (), (str(error),))
    return Report(title, facts_of(corpus), problems_of(corpus))
