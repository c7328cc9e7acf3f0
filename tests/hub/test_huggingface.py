"""The hub's client against a stand-in on this machine: no test reaches the network."""

import hashlib
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from actionprompt.errors import InputError
from actionprompt.hub import huggingface as hub
from actionprompt.model.files import bake, save
from small import lifter

COMMIT = "a" * 40


@pytest.fixture
def stand_in(tmp_path: Path):
    """Serves one file as the hub does."""
    torch.manual_seed(0)
    path = tmp_path / hub.FILE
    save(bake(lifter("apm")), path)
    content = path.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            found = self.path.startswith("/us/lifter/resolve/")
            self.send_response(200 if found else 404)
            if found:
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("Content-Length", str(len(content)))
            else:
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
            self.end_headers()
            if body and found:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def pulled(address: str, name: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the hub's address is read when its library is imported."""
    pytest.importorskip("huggingface_hub", reason="extra hub")
    code = (
        "import json, sys; from actionprompt.hub.huggingface import pull; from actionprompt.errors import InputError\n"
        f"try: found = pull({name!r})\n"
        "except InputError as error: sys.exit(f'refused: {error}')\n"
        "print(json.dumps([found.actions, found.training]))"
    )
    env = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hf"), "OMP_NUM_THREADS": "1", "PATH": ""}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)


def test_pulling(stand_in: str, tmp_path: Path) -> None:
    done = pulled(stand_in, "us/lifter", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [list(lifter("apm").actions), False]


def test_pulling_what_is_not_there(stand_in: str, tmp_path: Path) -> None:
    done = pulled(stand_in, "us/nothing", tmp_path)
    assert done.returncode == 1
    assert "refused: There is no lifter us/nothing to be had from the hub" in done.stderr
    assert "Traceback" not in done.stderr


def test_pushing(monkeypatch: pytest.MonkeyPatch) -> None:
    library = pytest.importorskip("huggingface_hub", reason="extra hub")
    seen: dict[str, object] = {}

    def upload(repo_id: str, folder_path: str, token: str | None) -> str:
        seen[repo_id] = sorted(p.name for p in Path(folder_path).iterdir())
        return "address"

    monkeypatch.setattr(library, "create_repo", lambda *_, **__: None)
    monkeypatch.setattr(library, "upload_folder", upload)
    assert hub.push(lifter("apm"), "us/lifter") == "address"
    assert seen == {"us/lifter": ["README.md", hub.FILE]}

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network\nhere")

    monkeypatch.setattr(library, "upload_folder", refuse)
    with pytest.raises(InputError, match=r"does not take us/lifter: no network here\.$"):
        hub.push(lifter("apm"), "us/lifter")


def test_the_card_names_what_matters() -> None:
    text = hub.card(lifter("apm"))
    assert "walk, sit down, wave" in text
    assert "windows of 9 frames, 17 joints" in text
