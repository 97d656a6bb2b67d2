"""The folder that the sandbox keeps its things in: one sandbox a folder, and nobody else's files harmed."""

import fcntl
import shutil
from pathlib import Path
from typing import IO

from sandbox.memory import FILE

_MARK = "sandbox.lock"


class FolderTrouble(Exception):
    """The folder cannot be used; the text says what to do."""


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: IO[str] | None = None

    def take(self, *, fresh: bool) -> None:
        """Make it if need be, and empty it if `fresh` or if its world was lost. Raises `FolderTrouble`.

        Only a folder that a sandbox made is ever emptied.
        """
        mark = self.path / _MARK
        if self.path.exists() and not mark.exists() and any(self.path.iterdir()):
            raise FolderTrouble(
                f"{self.path} holds other things than a sandbox's: choose another folder with --state"
            )
        self.path.mkdir(parents=True, exist_ok=True)
        lock = mark.open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise FolderTrouble(
                f"another sandbox uses {self.path}: stop it, or choose another folder with --state"
            ) from None
        self._lock = lock
        if fresh or self._lost():
            self._empty()

    def leave(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _lost(self) -> bool:
        """A sandbox was killed here: its databases stand, but the world they speak of is gone."""
        return (self.path / "bot.db").exists() and not (self.path / FILE).exists()

    def _empty(self) -> None:
        for inner in self.path.iterdir():
            if inner.is_dir() and not inner.is_symlink():
                shutil.rmtree(inner)
            elif inner.name != _MARK:
                inner.unlink()
