"""A run is made by one process at a time: another that asks for it waits, and then reads it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mindkit.errors import MindkitError

FOLDER = ".locks"
POLL = 0.2  # seconds between two looks at a lock that another holds

log = logging.getLogger(__name__)


@contextmanager
def locked(folders: Sequence[Path]) -> Iterator[None]:
    """Hold the locks of these run folders; wait, and say so, while another process holds one.

    A lock is a file in `.locks` beside the run folder, since `--fresh` deletes the folder. The
    kernel gives it free when its holder ends, killed or not, so nothing has to be cleared up.
    Where a file system has no such locks, filelock warns and takes the file's existence instead.
    Raises `MindkitError` where neither works. Who may not write beside the folders can only read
    finished runs, and needs no lock.
    """
    with ExitStack() as stack:
        for folder in sorted(set(folders)):  # in one order, or two could wait for each other
            if not folder.parent.exists() or os.access(folder.parent, os.W_OK):
                stack.enter_context(_lock(folder))
        yield


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    path = folder.parent / FOLDER / f"{folder.name}.lock"
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("%s is being made by another process; waiting for it", folder)
            lock.acquire(poll_interval=POLL)
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MindkitError(
            f"{path} cannot be locked ({reason}), so another process could write the same run; "
            "choose a folder on another file system, or one that you own, with --out"
        ) from None
    try:
        yield
    finally:
        lock.release()
