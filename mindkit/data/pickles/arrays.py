"""Our own functions for the names of numpy in pickles: arrays are made of checked bytes.

numpy never restores itself: a dtype whose stored flags hide that it holds objects makes it read
bytes as pointers.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from mindkit.data.pickles.machine import Global, Machine, Refused, Span, Unbuilt, kind

Array = np.ndarray[Any, Any]

PLAIN = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,7}|[SU]0|O[48]?)\Z")
MOST_AXES = 32
MOST_ITEMS = 1 << 40
LAST_CHARACTER = 0x10FFFF
HOLDS_OBJECTS = 0b10111  # of the flags that numpy stores with a dtype


def make_array(
    machine: Machine, shape: Any, dtype: Any, data: Any, order: Any, *, place: str = "an array"
) -> Array:
    """Return a read-only array of `shape` over `data`, in native byte order; Refused unless they fit.

    data: bytes, a view of the file, text that holds bytes as Python 2 did, or a list of objects.
    """
    check_shape(shape)
    if not isinstance(dtype, np.dtype):
        raise Refused(f"{place} has {kind(dtype)} for a type")
    count = math.prod(shape)
    if dtype.hasobject:
        return _objects(machine, shape, data, count)
    if isinstance(data, str):
        data = _python2_bytes(data)
    if isinstance(data, bytearray):  # it may be altered by what holds it too
        machine.charge(len(data))
        data = bytes(data)
    if not isinstance(data, bytes | Span):
        raise Refused(f"{place} has {kind(data)} for its values")
    if len(data) != count * dtype.itemsize:
        raise Refused(
            f"{place} of shape {shape} and type {dtype} needs {count * dtype.itemsize:,} bytes, "
            f"but has {len(data):,}"
        )
    if not len(data):
        return _empty(shape, dtype, count)
    source, start = (data.data, data.start) if isinstance(data, Span) else (data, 0)
    flat: Array = np.frombuffer(source, dtype, count, start)
    check_values(flat)
    if not dtype.isnative:
        machine.charge(len(data))
        flat = flat.astype(dtype.newbyteorder("="))
        flat.flags.writeable = False
    return flat.reshape(shape, order="F" if order == "F" else "C")


def check_shape(shape: Any) -> None:
    """Refuse what is not a tuple of a few whole numbers that are not negative."""
    fits = type(shape) is tuple and len(shape) <= MOST_AXES
    if not fits or any(type(n) is not int or not 0 <= n < MOST_ITEMS for n in shape):
        raise Refused("an array has an impossible shape")
    if math.prod(n for n in shape if n) >= MOST_ITEMS:
        raise Refused("an array has an impossible shape")


def check_values(flat: Array) -> None:
    """Refuse truth values other than 0 and 1, and characters beyond Unicode."""
    if flat.dtype.kind == "b" and flat.view("u1").max() > 1:
        raise Refused("an array of true and false has other values")
    if flat.dtype.kind == "U":
        characters = flat.view(np.dtype("u4").newbyteorder(flat.dtype.byteorder))
        if characters.max() > LAST_CHARACTER:
            raise Refused("an array of text has characters that do not exist")


def _objects(machine: Machine, shape: Any, data: Any, count: int) -> Array:
    if type(data) is not list or len(data) != count:
        raise Refused(f"an array of {count:,} objects has {kind(data)} for its values")
    machine.charge(count)
    # numpy lists objects by rows, whatever the order in memory; fromiter keeps arrays as they are
    array: Array = np.fromiter(data, dtype=object, count=count).reshape(shape)
    array.flags.writeable = False
    return array


def _python2_bytes(data: str) -> bytes:
    try:
        return data.encode("latin-1")
    except UnicodeEncodeError:
        raise Refused("an array has text for its values") from None


def _empty(shape: Any, dtype: np.dtype[Any], count: int) -> Array:
    if count:
        raise Refused(f"an array of {count:,} values has the type {dtype}, of no width")
    array: Array = np.empty(shape, dtype)
    array.flags.writeable = False
    return array


def _dtype(machine: Machine, arguments: tuple[Any, ...]) -> Unbuilt:
    spec = arguments[0] if arguments else None
    if type(spec) is not str:
        raise Refused(f"an array has {kind(spec)} for a type")
    if spec.lstrip("<>|=")[:1] in ("M", "m"):
        raise Refused("it has an array of dates or times; save them as text or as numbers")
    if spec.lstrip("<>|=")[:1] == "V":
        raise Refused("it has a structured array; save one plain array a field")
    if not PLAIN.match(spec):
        raise Refused(f"it has an array of type {kind(spec)}; save it as numbers or text")

    def build(machine: Machine, state: tuple[Any, ...]) -> np.dtype[Any]:
        return _dtype_of(spec.lstrip("<>|="), state)

    return Unbuilt(build, takes_bytes=False)


def _dtype_of(spec: str, state: tuple[Any, ...]) -> np.dtype[Any]:
    """Take the byte order of numpy's own state, and refuse what says more than a plain type."""
    if len(state) != 8 or state[0] != 3 or any(one is not None for one in state[2:5]):
        raise Refused("it has a structured array or one with notes; save one plain array a field")
    order = state[1]
    if type(order) is not str or order not in ("<", ">", "|", "="):
        raise Refused(f"an array has {kind(order)} for a byte order")
    if spec[0] == "O":
        return np.dtype(object)
    dtype = np.dtype(spec)
    if type(state[5]) is not int or state[5] not in (-1, dtype.itemsize):
        raise Refused(f"an array of type {spec} claims another width")
    if type(state[7]) is not int or state[7] & HOLDS_OBJECTS:
        raise Refused(f"an array of type {spec} claims to hold objects")
    return dtype.newbyteorder(order)  # type: ignore[arg-type]


def _reconstruct(machine: Machine, arguments: tuple[Any, ...]) -> Unbuilt:
    match arguments:
        case (Global("numpy.ndarray"), (0,), b"b" | "b"):
            return Unbuilt(_array_of, takes_bytes=True)
    raise Refused("it makes an array other than numpy does")


def _array_of(machine: Machine, state: tuple[Any, ...]) -> Array:
    match state:
        case (1, shape, dtype, bool() | 0 | 1 as fortran, data):
            return make_array(machine, shape, dtype, data, "F" if fortran else "C")
    raise Refused("it has an array whose state is not numpy's")


def _from_buffer(machine: Machine, arguments: tuple[Any, ...]) -> Array:
    """Protocol 5; order "K" with `axes` is how numpy 2.3 on writes arrays of other strides."""
    match arguments:
        case (data, dtype, shape, "C" | "F" as order) if not isinstance(data, list):
            return make_array(machine, shape, dtype, data, order)
        case (data, dtype, shape, "C" | "F" as order, None):
            return make_array(machine, shape, dtype, data, order)
        case (data, dtype, tuple() as shape, "K", tuple() | list() as axes) if all(
            type(axis) is int for axis in axes
        ) and sorted(axes) == list(range(len(shape))):
            return make_array(machine, shape, dtype, data, "C").transpose(axes)
    raise Refused("it makes an array other than numpy does")


def _scalar(machine: Machine, arguments: tuple[Any, ...]) -> Any:
    match arguments:
        case (np.dtype() as dtype, data) if not dtype.hasobject:
            return make_array(machine, (), dtype, data, "C", place="a number or text of numpy")[()]
    raise Refused("it makes a number other than numpy does")


NAMES = (
    Global("numpy.ndarray"),
    Global("numpy.dtype", _dtype),
    *(
        one
        for core in ("numpy.core", "numpy._core")
        for one in (
            Global(f"{core}.multiarray._reconstruct", _reconstruct),
            Global(f"{core}.multiarray.scalar", _scalar),
            Global(f"{core}.numeric._frombuffer", _from_buffer, takes_bytes=True),
        )
    ),
)
