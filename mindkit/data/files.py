"""Writing whole or not at all: to a temporary name beside the target, which is then renamed."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path to write a file to; it takes the place of `path` when the block ends.

    If the block fails, the temporary file is removed and an older `path` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # some writers make files that only their owner reads
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def writing_folder(path: Path | str) -> Iterator[Path]:
    """Give an empty temporary folder to fill; it takes the place of `path` when the block ends.

    If the block fails, the temporary folder is removed and an older `path` stays as it was. What
    a killed process left behind under `path`'s temporary names is removed first.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary, old = _beside(path), _beside(path)
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            os.replace(path, old)  # a folder cannot be renamed onto one that is not empty
        try:
            os.replace(temporary, path)
        except BaseException:
            if old.exists():
                os.replace(old, path)
            raise
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all; missing folders are made."""
    with writing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path | str, text: str) -> None:
    """Write `text` to `path` in UTF-8, whole or not at all; missing folders are made."""
    write_bytes(path, text.encode())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
