"""Lifters on the Hugging Face hub: one repository holds one baked lifter and its model card (extra ``hub``)."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from actionprompt.errors import InputError
from actionprompt.files import write_text
from actionprompt.model.files import bake, load, save
from actionprompt.model.lifter import Lifter

FILE = "lifter.safetensors"


def push(lifter: Lifter, repository: str, *, private: bool = False, token: str | None = None) -> str:
    """Uploads a lifter, baked, with a model card made from what the file says about itself.

    Args:
        lifter: the model.
        repository: ``owner/name``; made if need be.
        private: whether a new repository is private.
        token: the hub's access token; None: the one that ``hf auth login`` stored.

    Returns:
        The commit's address.

    Raises:
        InputError: huggingface_hub is not installed, or the hub refuses.
    """
    hub = _library()
    with TemporaryDirectory() as folder:
        save(bake(lifter), Path(folder) / FILE)
        write_text(Path(folder) / "README.md", card(lifter))
        try:
            hub.create_repo(repository, private=private, exist_ok=True, token=token)
            return str(hub.upload_folder(repo_id=repository, folder_path=folder, token=token))
        except (hub.errors.HfHubHTTPError, hub.errors.HFValidationError, OSError) as error:
            raise InputError(f"The hub does not take {repository}: {_sentence(error)}.") from error


def pull(repository: str, *, revision: str | None = None, token: str | None = None) -> Lifter:
    """A lifter from the hub, in evaluation mode; downloaded once, then from the hub's cache.

    Args:
        repository: ``owner/name``.
        revision: a branch, tag or commit; None: the newest.
        token: for private repositories.

    Raises:
        InputError: huggingface_hub is not installed, the hub cannot be reached, it has no such repository, or the
            repository holds no lifter.
    """
    hub = _library()
    try:
        return load(hub.hf_hub_download(repository, FILE, revision=revision, token=token))
    except (hub.errors.HfHubHTTPError, hub.errors.HFValidationError, OSError) as error:
        raise InputError(f"There is no lifter {repository} to be had from the hub: {_sentence(error)}.") from error


def card(lifter: Lifter) -> str:
    """The model card: what the lifter is, what it was trained on, how to use it."""
    facts = "\n".join(f"- {name}: {value}" for name, value in lifter.metadata.items() if value)
    window = lifter.encoder.window
    return f"""---
library_name: actionprompt
license: apache-2.0
tags: [3d-human-pose-estimation, 2d-to-3d-lifting, action-recognition]
---
Lifts 2D joints to 3D: windows of {window.frames} frames, {lifter.num_joints} joints. \
Actions: {", ".join(lifter.actions) if lifter.apm is not None else "none (no Action Prompt Module)"}.

{facts}

```python
from actionprompt.hub.huggingface import pull

lifter = pull("this/repository")
```
"""


def _library() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError as error:
        raise InputError("The hub needs huggingface_hub: pip install 'actionprompt[hub]'.") from error
    return huggingface_hub


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
