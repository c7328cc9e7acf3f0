import subprocess
import sys
from importlib import import_module

import pytest

import actionprompt

HEAVY = ("torch", "lightning_fabric", "transformers", "matplotlib", "av")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_name_is_there():
    for name in actionprompt.__all__:
        assert getattr(actionprompt, name) is not None
    assert set(actionprompt.__all__) <= set(dir(actionprompt))
    assert actionprompt.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = actionprompt.nothing


def test_names_and_modules_do_not_collide():
    """A name that is also a module would mean the one or the other, as the imports before it decide."""
    for name in actionprompt.__all__:
        with pytest.raises(ModuleNotFoundError):
            import_module(f"actionprompt.{name}")


def test_what_must_be_quick_imports_nothing_heavy():
    """``import actionprompt``, the settings, and the help of the commands."""
    python(f"""
import contextlib, io, sys
heavy = {HEAVY}
def check(what):
    found = [name for name in heavy if name in sys.modules]
    assert not found, f"{{what}} imports {{found}}"
import actionprompt
check("actionprompt")
from actionprompt import APMCfg, LifterCfg, MixSTECfg
check("settings")
from actionprompt.cli import main
for args in (["--help"], ["--version"], ["train", "--help"], ["evaluate", "--help"], ["demo", "--help"],
             ["data", "--help"], ["train", "vpose+apm", "--data", "synthetic", "--help"]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(args)
    check(" ".join(args))
""")


def test_the_core_needs_no_extra():
    """Training, saving and evaluating without transformers, plots or video installed."""
    python("""
import sys
for name in ("transformers", "matplotlib", "sklearn", "av", "scipy", "viser", "onnx", "onnxruntime"):
    sys.modules[name] = None
import actionprompt.training.train, actionprompt.evaluation.evaluate, actionprompt.evaluation.report
import actionprompt.inference.lifting, actionprompt.evaluation.compare
import actionprompt.commands.demo
from actionprompt import *
""")
