import os
import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "hooked_transformer.py"


def test_apm_around_somebody_elses_transformer_learns(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, EXAMPLE],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, loss, after = done.stdout.splitlines()
    first, last = map(float, re.findall(r"\d\.\d+", loss))
    assert last < first / 2
    (error, hit), (better, more) = (map(int, re.findall(r"\d+", line)) for line in (before, after))
    assert better < error / 2
    assert more > hit + 15
    assert list(tmp_path.iterdir()) == []
