"""Plain data out of pickles, with no code run: nothing is imported, only functions of ours called.

The file is mapped into memory: the values of large arrays stay there, read-only, and are read from
the disk when they are used.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

from mindkit.data.pickles import arrays, tensors, values
from mindkit.data.pickles.machine import Machine, Span
from mindkit.data.pickles.running import run
from mindkit.errors import DataError

NAMES = {one.name: one for one in (*values.NAMES, *arrays.NAMES)}
TORCH_NAMES = {**NAMES, **{one.name: one for one in tensors.NAMES}}
OTHERS = {
    b"\x1f\x8b": "a gzip file; unpack it first (gunzip)",
    b"BZh": "a bzip2 file; unpack it first (bunzip2)",
    b"\xfd7zXZ": "an xz file; unpack it first (unxz)",
    b"\x28\xb5\x2f\xfd": "a zstd file; unpack it first (unzstd)",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it first",
    b"Rar!": "a rar archive; unpack it first",
    b"\x89HDF": "an HDF5 file; name it .csd if it is a sequence of the CMU SDK",
    b"\x93NUMPY": "a numpy file; name it .npy",
    b"version https://git-lfs": "a pointer of Git LFS, not the data; fetch the file itself",
    b"<": "a web page or XML; the download did not give the data, get it again",
}
TORCH = "is a torch file; it is read only where a format has tensors: save `tensor.numpy()`"
MOST_PADDING = 4096
TEXT = frozenset(range(32, 127)) | {9, 10, 13}


def read_pickle(path: Path | str, *, torch: bool = False) -> Any:
    """Return what the pickle holds: numbers, text, bytes, lists, dicts, sets and numpy arrays.

    torch: take torch tensors too, as arrays, and files that `torch.save` wrote. Arrays are
    read-only. Text of Python 2 is read as latin-1. Raises DataError that names the file, the byte
    and what was found, for anything but plain data, and for files that are no pickles.
    """
    path = Path(path)
    file = _mapped(path)
    if file[:4] == b"PK\x03\x04":
        if torch:
            return tensors.read_zip(file, str(path), TORCH_NAMES)
        if b"/data.pkl" in file[:100]:  # the first member that torch.save writes
            raise DataError(f"{path} {TORCH}")
        raise DataError(f"{path} is a zip file (as .npz files are), not a pickle")
    whole = Span(file, 0, len(file))
    if tensors.is_legacy(whole):
        if torch:
            return tensors.read_legacy(whole, str(path), TORCH_NAMES)
        raise DataError(f"{path} {TORCH}")
    try:
        value, end = run(Machine(whole, str(path), TORCH_NAMES if torch else NAMES), 0)
    except DataError as error:
        if TEXT.issuperset(file[:512]) and file[-1:] != b".":  # with it a pickle ends
            raise DataError(f"{error}. It looks like a text file, not like a pickle") from None
        raise
    _refuse_more(path, file, end)
    return value


def _mapped(path: Path) -> mmap.mmap:
    if not path.is_file():
        raise DataError(f"{path} is {'a folder' if path.is_dir() else 'no file'}; name a pickle")
    try:
        with open(path, "rb") as opened:
            file = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:
        raise DataError(f"{path} is empty; get it again") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    for start, what in OTHERS.items():
        if file[: len(start)] == start:
            raise DataError(f"{path} is {what}")
    return file


def _refuse_more(path: Path, file: mmap.mmap, end: int) -> None:
    """A few zeros or line ends are what copying leaves behind; anything else is data not read."""
    more = len(file) - end
    if more > MOST_PADDING or file[end:].strip(b"\0\r\n"):
        raise DataError(
            f"{path}: the pickle ends at byte {end:,}, but {more:,} more follow: it holds "
            "several objects, or is damaged; save one object a file"
        )
