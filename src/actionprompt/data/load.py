"""From a data source's settings to its clips: the one place that knows every source's settings and reader."""

from actionprompt.data.clip import Corpus
from actionprompt.data.config import (
    CMUCfg,
    DataCfg,
    EverydayCfg,
    HDM05Cfg,
    Human36MCfg,
    HumanEvaCfg,
    MocapCfg,
    SyntheticCfg,
    UIPRMDCfg,
)


def load(cfg: DataCfg) -> Corpus:
    """Reads, converts and films a data set (converted forms are cached by content).

    Raises:
        InputError: files that are missing or not what they should be.
    """
    match cfg:
        case UIPRMDCfg():
            from actionprompt.data import uiprmd

            return uiprmd.load(cfg)
        case Human36MCfg():
            from actionprompt.data import human36m

            return human36m.load(cfg)
        case HumanEvaCfg():
            from actionprompt.data import humaneva

            return humaneva.load(cfg)
        case HDM05Cfg():
            from actionprompt.data import hdm05

            return hdm05.load(cfg)
        case CMUCfg():
            from actionprompt.data import cmu

            return cmu.load(cfg)
        case EverydayCfg():
            from actionprompt.data import everyday

            return everyday.load(cfg)
        case MocapCfg():
            from actionprompt.data import mocap

            return mocap.load(cfg)
        case SyntheticCfg():
            from actionprompt.data import synthetic

            return synthetic.load(cfg)
