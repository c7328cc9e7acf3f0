import pytest

from actionprompt.data.inspect.kinds import inspect
from actionprompt.errors import InputError


def episode(folder, name):
    return folder / "Segmented Movements" / "Vicon" / "Positions" / f"{name}_positions.txt"


def test_sound_folder(uiprmd):
    report = inspect(uiprmd)
    facts = dict(report.facts)
    assert report.problems == ()
    assert str(uiprmd) in report.title
    assert facts["takes"] == "4"
    assert facts["frames"] == "200 at 50 frames/s, 4 s"
    assert facts["subjects"] == "train s01; test s09"
    assert facts["actions"] == "deep squat, sit to stand"
    assert facts["variants"] == "correct"
    assert facts["missing markers"].startswith("0.00%")
    assert facts["thigh"].endswith(" m")


def test_dropped_episodes_are_named(uiprmd, moving, write):
    markers = moving(40)
    markers[:, 2] = 0
    write(episode(uiprmd, "m01_s01_e03"), markers)
    report = inspect(uiprmd)
    assert ("dropped", "m01_s01_e03: marker LBHD is missing in every frame.") in report.facts
    assert report.problems == ()


def test_every_bad_file_of_a_folder_is_named(uiprmd):
    episode(uiprmd, "m01_s01_e01").write_text("")
    episode(uiprmd, "m05_s09_e02").write_text("1,2,3\n")
    report = inspect(uiprmd)
    assert [problem.split("/")[-1].split(",")[0].split(" is")[0] for problem in report.problems] == [
        "m01_s01_e01_positions.txt",
        "m05_s09_e02_positions.txt",
    ]


def test_folder_with_both_variants(uiprmd, moving, write):
    write(uiprmd / "Incorrect" / "m02_s03_e01_positions_inc.txt", moving(20))
    report = inspect(uiprmd)
    assert dict(report.facts)["variants"] == "correct, incorrect"
    assert dict(report.facts)["takes"] == "5"


def test_one_file(uiprmd):
    report = inspect(episode(uiprmd, "m05_s09_e02"))
    facts = dict(report.facts)
    assert report.title == "UI-PRMD episode m05_s09_e02"
    assert (facts["action"], facts["subject"]) == ("sit to stand", "s09")
    assert facts["frames"] == "40 at 100 frames/s, 0.4 s"
    assert report.problems == ()


def test_one_file_with_a_gap_and_one_without_a_marker(uiprmd, moving, write):
    path = episode(uiprmd, "m05_s09_e02")
    markers = moving(40)
    markers[:4, 14] = 0
    assert dict(inspect(write(path, markers)).facts)["missing markers"] == "0.26% of the samples"
    markers[:, 14] = 0
    (problem,) = inspect(write(path, markers)).problems
    assert "marker LWRB is missing in every frame: training drops this episode" in problem


def test_one_bad_file(uiprmd):
    path = episode(uiprmd, "m05_s09_e02")
    path.write_text("")
    (problem,) = inspect(path).problems
    assert "m05_s09_e02_positions.txt is empty" in problem


@pytest.mark.parametrize("size", [0.1, 10.0])
def test_wrong_unit_shows_in_the_bones(tmp_path, moving, write, size):
    path = write(tmp_path / "m01_s01_e01_positions.txt", moving(20, size=size))
    assert any(p.startswith("s01: thigh of") and "millimetres" in p for p in inspect(path).problems)
    (problem,) = inspect(tmp_path).problems
    assert "the right leg would be" in problem
    assert "lengths must be in millimetres" in problem


def test_what_reads_well_but_is_of_no_use_is_no_sound_data(tmp_path, moving, write):
    path = write(tmp_path / "m01_s01_e01_positions.txt", moving(1))
    assert inspect(path).problems == ("The longest take has 1 frame: lifters read at least 9.",)
    assert inspect(tmp_path).problems == (
        "There are no test subjects.",
        "The longest take has 1 frame: lifters read at least 9.",
    )
    write(tmp_path / "m01_s08_e01_positions.txt", moving(40))
    assert inspect(tmp_path).problems == ()
    path.unlink()
    assert inspect(tmp_path).problems == ("There are no training subjects.",)


def test_unknown(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    for path in (tmp_path, tmp_path / "notes.txt"):
        expected = "not data that this program reads: it accepts a UI-PRMD folder, a UI-PRMD"
        with pytest.raises(InputError, match=expected):
            inspect(path)
    with pytest.raises(InputError, match="does not exist: give a data file or folder"):
        inspect(tmp_path / "nothing")
