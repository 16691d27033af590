"""Our own functions for torch tensors in pickles, and for what `torch.save` writes: no torch runs.

Tensors become read-only numpy arrays over the bytes of their storage.
"""

from __future__ import annotations

import mmap
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mindkit.data.pickles.arrays import MOST_ITEMS, Array, check_values, count_items
from mindkit.data.pickles.containers import DICTS
from mindkit.data.pickles.machine import CUT, Data, Global, Machine, Refused, Span, Storage, kind
from mindkit.data.pickles.running import run
from mindkit.errors import DataError

MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the number that torch.save wrote first
LOCAL_HEADER = struct.Struct("<4s22xHH")
BFLOAT16 = "bfloat16"
DTYPES = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "b1",
    "ComplexFloatStorage": "c8",
    "ComplexDoubleStorage": "c16",
}


def is_legacy(span: Span) -> bool:
    """True for the stream that torch.save wrote before 1.6, and still writes inside of pickles."""
    return span.data[span.start : span.start + len(MAGIC)] == MAGIC


def read_legacy(span: Span, path: str, names: Mapping[str, Global]) -> Any:
    """Return what a stream of torch.save holds.

    It is three headers, the pickle, the keys of its storages and then their bytes, so the pickle is
    run twice: to find where the bytes begin, and with them.
    """
    return _plain(_load_legacy(span, path, names))


def read_zip(file: mmap.mmap, path: str, names: Mapping[str, Global]) -> Any:
    """Return what a zip file of torch.save holds: a pickle, and one member a storage."""
    members = _members(file, path)
    pickles = [name for name in members if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise DataError(f"{path} is a zip file, but not one of torch.save")
    folder = pickles[0].removesuffix("data.pkl")
    order = members.get(f"{folder}byteorder")
    little = order is None or file[order.start : order.end] != b"big"
    found: dict[str, Storage] = {}
    left = len(file)

    def storage(persistent: Any) -> Storage:
        nonlocal left
        key, dtype, size = _parse(persistent)
        if key not in found:
            span = members.get(f"{folder}data/{key}")
            if span is None or len(span) != size * _width(dtype):
                raise Refused("a torch tensor lacks bytes", CUT)
            left -= len(span)
            if left < 0:  # members may lie on top of each other
                raise Refused("its torch tensors hold more bytes than the file")
            found[key] = _storage(span.data, span.start, dtype, size, little)
        return found[key]

    span = members[pickles[0]]
    return _plain(run(Machine(span, path, names, storage), span.start)[0])


def _plain(value: Any) -> Any:
    return value.values if type(value) is Storage else value


def _load_legacy(span: Span, path: str, names: Mapping[str, Global]) -> Any:
    claims: dict[str, tuple[str, int]] = {}

    def claim(persistent: Any) -> Storage:
        key, dtype, size = _parse(persistent)
        if claims.setdefault(key, (dtype, size)) != (dtype, size):
            raise Refused("a torch storage has two sizes")
        return Storage(None, size)

    def load(start: int, storages: Callable[[Any], Storage] | None = None) -> tuple[Any, int]:
        return run(Machine(span, path, names, storages), start)

    _, position = load(span.start)
    _, position = load(position)
    system, start = load(position)
    _, position = load(start, claim)
    keys, position = load(position)
    if type(system) is not dict or not _are_names(keys) or sorted(keys) != sorted(claims):
        raise DataError(f"{path}: the storages of its torch tensors are not those it names")
    little = system.get("little_endian", True) is not False
    begins: dict[str, int] = {}
    for key in keys:
        dtype, size = claims[key]
        begins[key], end = position + 8, position + 8 + size * _width(dtype)
        claimed = int.from_bytes(span.data[position : position + 8], "little" if little else "big")
        if claimed != size or end > span.end:
            raise DataError(f"{path}, byte {position:,}: a torch tensor lacks bytes; {CUT}")
        position = end
    if position != span.end:
        raise DataError(f"{path}, byte {position:,}: bytes follow the last torch tensor; {CUT}")
    found: dict[str, Storage] = {}

    def storage(persistent: Any) -> Storage:
        key, dtype, size = _parse(persistent)
        if key not in found:
            found[key] = _storage(span.data, begins[key], dtype, size, little)
        return found[key]

    return load(start, storage)[0]


def _are_names(keys: Any) -> bool:
    return type(keys) is list and all(type(key) is str for key in keys)


def _members(file: mmap.mmap, path: str) -> dict[str, Span]:
    """Return where each member lies in the file; torch.save stores them without compression."""
    members = {}
    try:
        with zipfile.ZipFile(file) as archive:  # type: ignore[call-overload]
            entries = archive.infolist()
        for entry in entries:
            start = entry.header_offset
            signature, name, extra = LOCAL_HEADER.unpack_from(file, start)
            start += LOCAL_HEADER.size + name + extra
            end = start + entry.file_size
            if signature != b"PK\x03\x04" or entry.compress_type or end > len(file):
                raise DataError(f"{path} is a zip file, but not one of torch.save")
            members[entry.filename] = Span(file, start, end)
    except (
        zipfile.BadZipFile,
        struct.error,
        ValueError,
        OverflowError,
        NotImplementedError,
        OSError,
    ):
        raise DataError(f"{path} is a damaged zip file; {CUT}") from None
    return members


def _parse(persistent: Any) -> tuple[str, str, int]:
    """Return key, type and number of items of the storage that a persistent id stands for."""
    match persistent:
        case (str("storage"), Global(name), str() as key, str(), int() as size, *view) if (
            name in STORAGES
            and 0 <= size < MOST_ITEMS
            and (not view or (len(view) == 1 and view[0] is None))
        ):
            return key, STORAGES[name], size
    raise Refused(f"{kind(persistent)} stands where a torch storage belongs")


def _width(dtype: str) -> int:
    return 2 if dtype == BFLOAT16 else np.dtype(dtype).itemsize


def _storage(data: Data, start: int, dtype: str, size: int, little: bool) -> Storage:
    if not size:
        return Storage(np.empty(0, "f4" if dtype == BFLOAT16 else dtype), size)
    stored = np.dtype("u2" if dtype == BFLOAT16 else dtype).newbyteorder("<" if little else ">")
    flat: Array = np.frombuffer(data, stored, size, start)
    if not stored.isnative:
        flat = flat.astype(stored.newbyteorder("="))
    if dtype == BFLOAT16:  # numpy has no such type; it is the upper half of a float32
        flat = (flat.astype("u4") << 16).view("f4")
    check_values(flat)
    return Storage(flat, size)


def _tensor(machine: Machine, arguments: tuple[Any, ...]) -> Array:
    match arguments:
        case (Storage() as storage, int() as offset, shape, strides, *rest):
            if rest and not (len(rest) in (2, 3) and type(rest[1]) in DICTS and not rest[1]):
                raise Refused("a torch tensor has hooks", "save `tensor.numpy()`")
            return _view(storage, offset, shape, strides)
    raise Refused("it makes a torch tensor other than torch does")


def _view(storage: Storage, offset: int, shape: Any, strides: Any) -> Array:
    count = count_items(shape)
    count_items(strides)
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=False))
    if len(shape) != len(strides) or offset < 0 or (count and last >= storage.size):
        raise Refused(f"a torch tensor of shape {shape} lies outside of its storage")
    if count > storage.size:
        raise Refused(
            f"a torch tensor of shape {shape} repeats the {storage.size:,} numbers it holds",
            "save `tensor.contiguous()`",
        )
    if storage.values is None or not count:  # None: only the places of storages are looked for
        return np.empty(shape if not count else 0, np.float32)
    flat: Array = storage.values
    steps = [step * flat.itemsize for step in strides]
    array: Array = np.ndarray(shape, flat.dtype, flat, offset * flat.itemsize, steps)
    array.flags.writeable = False
    return array


def _load_from_bytes(machine: Machine, arguments: tuple[Any, ...]) -> Storage:
    """A storage on its own: a whole stream of torch.save, inside of the pickle."""
    match arguments:
        case (bytes() | Span() as stream,):
            span = stream if isinstance(stream, Span) else Span(stream, 0, len(stream))
            machine.charge(len(span))
            path = f"{machine.path}, in a torch storage"
            value = _load_legacy(span, path, ONLY_STORAGES) if is_legacy(span) else None
            if type(value) is Storage:
                return value
    raise Refused("it makes a torch storage of something else than torch wrote")


STORAGES = {
    **{f"torch.{name}": dtype for name, dtype in DTYPES.items()},
    "torch.storage.UntypedStorage": "u1",
    "torch.UntypedStorage": "u1",
}
ONLY_STORAGES = {name: Global(name) for name in STORAGES}
NAMES = (
    *ONLY_STORAGES.values(),
    Global("torch._utils._rebuild_tensor", _tensor),
    Global("torch._utils._rebuild_tensor_v2", _tensor),
    Global("torch.storage._load_from_bytes", _load_from_bytes, takes_bytes=True),
)
