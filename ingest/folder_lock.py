"""One writer for a folder: a second process that opens it for writing is refused, also after a crash of the first."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from forewarn.core.errors import Conflict


class FolderLock:
    """Holds `folder/writer.lock` (made if missing, with its folder) until `release` or the death of the process.

    Raises `core.errors.Conflict` when another holder is alive. The kernel lets go of the lock when a process dies.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise Conflict(f"{folder} is open for writing in another process") from None

    def release(self) -> None:
        """Let the next writer in. A second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def sync_folder(folder: Path) -> None:
    """Make new and removed names of a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
