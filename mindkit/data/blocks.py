"""Writing the files of a data folder piece by piece, with the size and the hash of each.

Nothing is memory-mapped for writing: what is written needs no memory once it is handed over.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class BlockWriter:
    """Writes `.npy` and `.json` files below `folder`; `files` holds bytes and SHA-256 of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, dict[str, Any]] = {}

    def json(self, name: str, content: Any) -> None:
        """Write `content` as the file `name` ("train/ids.json")."""
        text = json.dumps(content, indent=1, ensure_ascii=False)
        data = text.encode(errors="backslashreplace")  # half a surrogate pair as JSON escapes it
        self._write(name, [data])

    def array(self, name: str, array: Array) -> None:
        """Write a whole array."""
        self.pieces(name, array.dtype, array.shape, [array])

    def pieces(
        self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], pieces: Iterable[Array]
    ) -> None:
        """Write an array of this shape whose rows come in pieces, one after the other."""

        def stream() -> Iterable[bytes | memoryview]:
            yield _header(dtype, shape)
            rows = 0
            for piece in pieces:
                assert piece.dtype == dtype and piece.shape[1:] == shape[1:]
                rows += len(piece)
                if piece.size:
                    yield np.ascontiguousarray(piece).data.cast("B")
            assert rows == shape[0], f"{name}: {rows} rows came, {shape[0]} were announced"

        self._write(name, stream())

    def column(
        self,
        split: str,
        name: str,
        kind: str,
        lengths: Array | None,
        shape: tuple[int, ...],
        pieces: Iterable[Array],
    ) -> str:
        """Write a column of numbers with its offsets, and return its digest (`Column.digest`)."""
        dtype = np.dtype(np.int64 if kind == "tokens" else np.float32)
        state = hashlib.sha256(kind.encode())
        state.update(content_header(dtype, shape))

        def hashed() -> Iterable[Array]:
            for piece in pieces:
                piece = np.ascontiguousarray(piece)
                state.update(piece.data)
                yield piece

        self.pieces(f"{split}/{name}.npy", dtype, shape, hashed())
        if lengths is not None:
            offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
            state.update(content_header(offsets.dtype, offsets.shape) + offsets.tobytes())
            self.array(f"{split}/{name}.offsets.npy", offsets)
        return state.hexdigest()

    def text(self, split: str, name: str, strings: Sequence[str]) -> str:
        """Write a column of strings, and return its digest."""
        self.json(f"{split}/{name}.json", strings)
        return hashlib.sha256(b"text" + json.dumps(strings).encode()).hexdigest()

    def archive(self, name: str, arrays: Mapping[str, Array]) -> None:
        """Write small arrays together, compressed, as an `.npz` file."""
        held = io.BytesIO()
        np.savez_compressed(held, **arrays)  # type: ignore[arg-type]
        self._write(name, [held.getvalue()])

    def _write(self, name: str, data: Iterable[bytes | memoryview]) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        state, size = hashlib.sha256(), 0
        with path.open("xb") as file:
            for piece in data:
                file.write(piece)
                state.update(piece)
                size += len(piece)
        self.files[name] = {"bytes": size, "sha256": state.hexdigest()}


def content_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What the digest of a column holds before the bytes of an array."""
    return f"torch.{dtype.name}{tuple(shape)}".encode()


def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """The head of a `.npy` file, version 1.0; the data behind it start at a multiple of 64."""
    text = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    fill = -(len(text) + 11) % 64
    head = text + " " * fill + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode("latin-1")
