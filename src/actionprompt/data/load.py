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
    MotionBERTCfg,
    MPIINF3DHPCfg,
    ReaderCfg,
    SyntheticCfg,
    UIPRMDCfg,
)
from actionprompt.errors import InputError
from actionprompt.trust import imported


def load(cfg: DataCfg) -> Corpus:
    """Reads, converts and films a data set (converted forms are cached by content).

    Raises:
        InputError: files that are missing or not what they should be.
    """
    match cfg:
        case UIPRMDCfg():
            from actionprompt.data.uiprmd import load_uiprmd

            return load_uiprmd(cfg)
        case Human36MCfg():
            from actionprompt.data.human36m import load_human36m

            return load_human36m(cfg)
        case HumanEvaCfg():
            from actionprompt.data.humaneva import load_humaneva

            return load_humaneva(cfg)
        case HDM05Cfg():
            from actionprompt.data.hdm05 import load_hdm05

            return load_hdm05(cfg)
        case CMUCfg():
            from actionprompt.data.cmu import load_cmu

            return load_cmu(cfg)
        case EverydayCfg():
            from actionprompt.data.everyday import load_everyday

            return load_everyday(cfg)
        case MocapCfg():
            from actionprompt.data.mocap import load_mocap

            return load_mocap(cfg)
        case MotionBERTCfg():
            from actionprompt.data.motionbert import load_motionbert

            return load_motionbert(cfg)
        case MPIINF3DHPCfg():
            from actionprompt.data.mpi_inf_3dhp import load_mpi_inf_3dhp

            return load_mpi_inf_3dhp(cfg)
        case ReaderCfg():
            return _read(cfg)
        case SyntheticCfg():
            from actionprompt.data.synthetic import load_synthetic

            return load_synthetic(cfg)


def _read(cfg: ReaderCfg) -> Corpus:
    """What the user's function returns."""
    function = imported(cfg.target, "reader")
    try:
        corpus = function()
    except InputError:
        raise
    except Exception as error:  # whatever somebody's function raises
        why = " ".join(str(error).split()).rstrip(".")
        raise InputError(f"{cfg.target} fails: {type(error).__name__}: {why}.") from error
    if not isinstance(corpus, Corpus):
        raise InputError(f"{cfg.target} must return a Corpus; it returned a {type(corpus).__name__}.")
    return corpus
