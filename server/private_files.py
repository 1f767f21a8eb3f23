"""Files that only their owner may read: passwords, keys, configuration with either."""

import os
import shutil
from pathlib import Path


def write_private(path: Path, content: str | bytes, *, mode: int = 0o600, owner: str | None = None) -> None:
    """Write a file whole or not at all, never readable by others, not even for a moment. `owner` needs root."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    if owner is not None:
        shutil.chown(draft, owner, owner)
    draft.replace(path)
