import pytest

from actionprompt.errors import InputError
from actionprompt.untrusted import cell, parse_json, parse_settings, read_settings, reading, said
from confined import confined, refused

DEEP = {
    "json lists": ("[" * 100_000 + "]" * 100_000, False),
    "json tables": ('{"a":' * 100_000 + "1" + "}" * 100_000, False),
    "toml lists": ("x=" + "[" * 100_000 + "]" * 100_000, True),
    "toml tables": ("x=" + "{a=" * 9_000 + "1" + "}" * 9_000, True),
    "toml header": ("[" + "a." * 4_000 + "a]", True),
    "toml key": ("a." * 4_000 + "a=1", True),
    "long line": ("a=" + "1" * 20_000, True),
    "long text": ("#" * 1_000_001, True),
}


@pytest.mark.parametrize("name", DEEP)
def test_depth_and_size_are_limited_before_parsing(tmp_path, name):
    text, toml = DEEP[name]
    path = tmp_path / ("a.toml" if toml else "a.json")
    path.write_text(text)
    assert "is not" in refused(read_settings, path, seconds=5)


def test_settings_of_the_usual_kind():
    text = "a = [0.1, 0.2, 0.3]  # it's\nb.c.d = 'x[[['\n[e.f]\ng = \"{{{\"\n"
    found = parse_settings(text, toml=True)
    assert found == {
        "a": [0.1, 0.2, 0.3],
        "b": {"c": {"d": "x[[["}},
        "e": {"f": {"g": "{{{"}},
    }
    with pytest.raises(ValueError, match="NaN is not a number"):
        parse_settings('{"a": NaN}', toml=False)
    with pytest.raises(ValueError, match="deep"):
        parse_json("[" * 100_000)


def test_whatever_a_parser_raises_becomes_a_sentence():
    def broken(error: Exception) -> None:
        with reading("It is damaged"):
            raise error

    for error in (KeyError("a"), RecursionError(), MemoryError(), OverflowError("x\ny.")):
        with pytest.raises(InputError, match=rf"It is damaged \({type(error).__name__}: .*\)\."):
            broken(error)
    assert said(OverflowError("x\ny.")) == "x y"
    assert len(said(ValueError("x" * 1000))) < 310


def test_cells_are_no_formulas():
    texts = ("=1+1", "+cmd", "-cmd", "@x", "\tx", "\rx", "-0.5", "+1e3", "walk", "")
    assert [cell(text) for text in texts] == [
        "'=1+1", "'+cmd", "'-cmd", "'@x", "'\tx", "'\rx", "-0.5", "+1e3", "walk", ""]  # fmt: skip


def test_limits_end_a_child(tmp_path):
    with pytest.raises(AssertionError, match="MemoryError"):
        confined(lambda: len(bytearray(2**30)), memory=2**27)
    assert confined(lambda: 7) == 7
