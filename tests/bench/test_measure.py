import json

import pytest
import torch

from actionprompt.bench import measure as bench
from actionprompt.bench.config import BenchCfg
from actionprompt.bench.measure import Measurement, Seconds, Subject
from actionprompt.commands.bench import ASKED, find, main, number, table
from actionprompt.encoders.config import VPoseCfg
from actionprompt.errors import InputError
from actionprompt.model.config import LifterCfg
from actionprompt.model.files import save
from lifters import random_lifter

QUICK = BenchCfg(frames=80, twin=20, long=100, live=40, threads=1, repeats=1)


def names(figures: list[Measurement]) -> list[str]:
    return [figure.name for figure in figures]


@pytest.fixture
def here(monkeypatch):
    """Questions are answered in this process, which spares its start."""
    monkeypatch.setattr(bench, "isolated", lambda question, *args: question(*args))


def test_whole_sequences_and_live_streams_of_vpose(here):
    figures = bench.measure(find("vpose+apm", quick=True), QUICK)
    assert all(figure.value > 0 for figure in figures if figure.unit not in ("MiB", "m"))
    assert 0 < next(f.value for f in figures if f.unit == "m") < 1e-4
    rate, alone, kept = (f.value for f in figures[:3])
    assert kept == pytest.approx(rate / alone)
    asked = [name.replace("100,000", "100") for name in ASKED if name.startswith("vpose")]
    assert set(asked) <= set(names(figures))


def test_windows_of_mixste(here):
    figures = bench.measure(find("mixste", quick=True), QUICK)
    assert set(names(figures)) >= {name for name in ASKED if name.startswith("mixste")}
    step = "training step of 4 windows"
    assert names(figures)[-4:] == [
        f"mixste: {step}",
        f"mixste: peak memory, {step}",
        f"mixste: {step}, activations computed again",
        f"mixste: peak memory, {step}, activations computed again",
    ]


def test_every_encoder_of_one_frame_has_a_training_step(here):
    figures = bench.measure(find("a3dhp+apm", quick=True), QUICK)
    assert names(figures)[-2:] == [
        "a3dhp+apm: training step of 64 windows",
        "a3dhp+apm: peak memory, training step of 64 windows",
    ]


def test_json_is_all_that_is_printed(capsys, here):
    assert main(["a3dhp", "--quick", "--threads", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert [set(figure) for figure in figures] == [set(Measurement._fields)] * len(figures)
    assert figures[0]["name"] == "a3dhp: evaluation"


def test_a_model_file_without_apm(tmp_path, capsys, here):
    save(random_lifter(LifterCfg(VPoseCfg((3,), 8), None)), tmp_path / "mine.safetensors")
    model = str(tmp_path / "mine.safetensors")
    assert main([model, "--quick", "--threads", "1", "--out", str(tmp_path / "figures.json")]) == 0
    assert "live" in capsys.readouterr().out
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures[0]["name"] == f"{model}: whole sequence"
    assert not any("encoder alone" in figure["name"] for figure in figures)


def test_a_question_gets_a_process_of_its_own():
    assert bench.isolated(bench.covered, find("mixste", quick=True), QUICK) is False


def test_turns():
    calls: list[str] = []
    tasks = {name: (2, lambda name=name: calls.append(name)) for name in "ab"}
    found = bench.best(tasks, repeats=2)
    assert "".join(calls) == "ab" + "abab"  # one to warm up
    assert set(found) == {"a", "b"}
    assert 0 < found["a"].wall < 0.1


def test_clock_tells_work_from_waiting():
    import time

    waiting, work = (
        bench.clock(lambda: time.sleep(0.1)),
        bench.clock(lambda: torch.rand(300, 300) @ torch.rand(300, 300)),
    )
    assert waiting.wall > 0.09 > 2 * waiting.processor
    assert work.processor > 0
    assert bench._ratio(Seconds(4, 3), Seconds(2, 1)) == (2, "x", 3)


def test_memory():
    before = bench.memory("VmRSS")
    held = torch.ones(2**24)  # 64 MiB
    assert bench.memory("VmRSS") - before > 0.9 * held.nbytes
    assert bench.memory("VmHWM") >= bench.memory("VmRSS")


def test_asked_and_measured_stand_side_by_side():
    figures = [Measurement("mixste: evaluation", 251.4, "frames/s", 130.0), Measurement("else", 0.01234, "x")]
    shown = table(figures, full=True)
    assert [str(cell) for cell in shown.columns[3].cells] == [">= 250 met", ""]
    assert [str(cell) for cell in table(figures, full=False).columns[3].cells] == ["", ""]
    assert list(shown.columns[1].cells) == ["251 frames/s", "0.0123 x"]
    missed = table([figures[0]._replace(value=249.0)], full=True)
    assert "missed" in str(next(iter(missed.columns[3].cells)))
    assert number(12345.6) == "12,346"


def test_presets_have_full_size():
    subject = find("vpose+apm", quick=False)
    assert subject.cfg.encoder == VPoseCfg()
    assert subject.file is None
    assert isinstance(subject, Subject)


@pytest.mark.parametrize(
    ("args", "message"), [(["vpsoe"], "Did you mean"), (["vpose", "--frames", "0"], "--frames is 0: it must be")]
)
def test_what_cannot_be(args, message):
    with pytest.raises(InputError, match=message):
        main(args)
