"""What a folder of artifacts is, in one line: the same files under the same names give the same digest."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


WRITTEN_BY_DOWNLOADS = {"registered_model_meta"}  # MLflow writes the name and version asked for into every copy


def folder_digest(folder: Path) -> str:
    """Return the sha256 over names and contents of every file below a folder, in order of name."""
    whole = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.relative_to(folder).as_posix() in WRITTEN_BY_DOWNLOADS:
            continue
        name = path.relative_to(folder).as_posix().encode()
        whole.update(len(name).to_bytes(8, "big") + name)
        whole.update(sha256(path.read_bytes()).digest())
    return whole.hexdigest()
