"""Our own functions for the names of numpy in pickles: arrays are made of checked bytes.

numpy never restores itself: a dtype whose stored flags hide that it holds objects makes it read
bytes as pointers. In patterns, literals are written int(0) and str("C"): an array that stands there
instead, compared to a bare literal, has no truth value.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np

from mindkit.data.pickles.machine import Global, Machine, Refused, Span, Unbuilt, kind

Array = np.ndarray[Any, Any]
Order = Literal["C", "F"]

PLAIN = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,7}|[SU]0|O[48]?)\Z")
MOST_AXES = 32
MOST_ITEMS = 1 << 40
WIDEST_EMPTY = 1 << 20  # bytes of an item; numpy multiplies it by the other axes
LAST_CHARACTER = 0x10FFFF
HOLDS_OBJECTS = 0b10111  # of the flags that numpy stores with a dtype


def make_array(machine: Machine, shape: Any, dtype: Any, data: Any, order: Order = "C") -> Array:
    """Return a read-only array in native byte order over `data`; Refused unless they fit exactly.

    data: bytes, a view of the file, text that holds bytes as Python 2 did, or a list of objects.
    order: "C" or "F".
    """
    count = count_items(shape)
    if not isinstance(dtype, np.dtype):
        raise Refused(f"an array has {kind(dtype)} for a type")
    if dtype.hasobject:
        return _objects(machine, shape, data, count)
    if not isinstance(data, bytes | Span):
        data = _bytes_of(machine, data)
    if len(data) != count * dtype.itemsize:
        raise Refused(
            f"an array of shape {shape} and type {dtype} has {len(data):,} bytes instead of "
            f"{count * dtype.itemsize:,}"
        )
    if not len(data):
        return _empty(shape, dtype, count)
    array: Array
    if isinstance(data, Span):  # frombuffer holds the map so that nothing can close it
        array = np.frombuffer(data.data, dtype, count, data.start).reshape(shape, order=order)
    else:
        array = np.ndarray(shape, dtype, data, order=order)
    check_values(array)
    if not dtype.isnative:
        machine.charge(len(data))
        array = array.astype(dtype.newbyteorder("="))
        array.flags.writeable = False
    return array


def count_items(shape: Any) -> int:
    """Return how many items an array has; Refused unless its shape is a few counts."""
    if type(shape) is not tuple or len(shape) > MOST_AXES:
        raise Refused("an array has an impossible shape")
    count, claimed = 1, 1
    for axis in shape:
        if type(axis) is not int or not 0 <= axis < MOST_ITEMS:
            raise Refused("an array has an impossible shape")
        count *= axis
        claimed *= axis or 1
    if claimed >= MOST_ITEMS:  # even where an axis of length 0 leaves none
        raise Refused("an array has an impossible shape")
    return count


def check_values(array: Array) -> None:
    """Refuse truth values other than 0 and 1, and characters beyond Unicode."""
    dtype = array.dtype
    if dtype.kind == "b" and array.view("u1").max() > 1:
        raise Refused("an array of true and false has other values")
    if dtype.kind == "U":
        flat = array.reshape(-1, order="A")  # a view: the bytes lie in one piece
        if flat.view(np.dtype("u4").newbyteorder(dtype.byteorder)).max() > LAST_CHARACTER:
            raise Refused("an array of text has characters that do not exist")


def _objects(machine: Machine, shape: Any, data: Any, count: int) -> Array:
    if type(data) is not list or len(data) != count:
        raise Refused(f"an array of {count:,} objects has {kind(data)} for its values")
    machine.charge(count)
    # numpy lists objects by rows, whatever the order in memory; fromiter keeps arrays as they are
    array: Array = np.fromiter(data, dtype=object, count=count).reshape(shape)
    array.flags.writeable = False
    return array


def _bytes_of(machine: Machine, data: Any) -> bytes:
    if not isinstance(data, str | bytearray):
        raise Refused(f"an array has {kind(data)} for its values")
    machine.charge(len(data))
    if isinstance(data, bytearray):  # what holds it too may alter it
        return bytes(data)
    try:
        return data.encode("latin-1")  # as Python 2 stored bytes
    except UnicodeEncodeError:
        raise Refused("an array has text for its values") from None


def _empty(shape: Any, dtype: np.dtype[Any], count: int) -> Array:
    if count or dtype.itemsize > WIDEST_EMPTY:
        raise Refused(f"an array of shape {shape} and type {dtype} has no bytes")
    array: Array = np.empty(shape, dtype)
    array.flags.writeable = False
    return array


def _dtype(machine: Machine, arguments: tuple[Any, ...]) -> Unbuilt:
    spec = arguments[0] if arguments else None
    if type(spec) is not str:
        raise Refused(f"an array has {kind(spec)} for a type")
    if spec.lstrip("<>|=")[:1] in ("M", "m"):
        raise Refused("it has an array of dates or times", "save them as text or as numbers")
    if spec.lstrip("<>|=")[:1] == "V":
        raise Refused("it has a structured array", "save one plain array a field")
    if not PLAIN.match(spec):
        raise Refused(f"it has an array of type {kind(spec)}", "save it as numbers or text")

    def build(machine: Machine, state: tuple[Any, ...]) -> np.dtype[Any]:
        return _dtype_of(spec.lstrip("<>|="), state)

    return Unbuilt(build, takes_bytes=False)


def _dtype_of(spec: str, state: tuple[Any, ...]) -> np.dtype[Any]:
    """Take the byte order of numpy's own state, and refuse what says more than a plain type."""
    if (
        len(state) != 8
        or type(state[0]) is not int
        or state[0] != 3
        or any(one is not None for one in state[2:5])
    ):
        raise Refused(
            "it has a structured array, or one with notes", "save one plain array a field"
        )
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
        case (Global("numpy.ndarray"), (int(0),), bytes(b"b") | str("b")):
            return Unbuilt(_array_of, takes_bytes=True)
    raise Refused("it makes an array other than numpy does")


def _array_of(machine: Machine, state: tuple[Any, ...]) -> Array:
    match state:
        case (int(1), shape, dtype, int(0 | 1) as fortran, data):
            return make_array(machine, shape, dtype, data, "F" if fortran else "C")
    raise Refused("it has an array whose state is not numpy's")


def _from_buffer(machine: Machine, arguments: tuple[Any, ...]) -> Array:
    """Protocol 5; order "K" with `axes` is how numpy 2.3 on writes arrays of other strides."""
    match (*arguments, None)[:5]:
        case (data, dtype, shape, str("C" | "F") as order, None):
            return make_array(machine, shape, dtype, data, order)
        case (data, dtype, shape, str("K"), tuple() | list() as axes):
            array = make_array(machine, shape, dtype, data)
            if all(type(axis) is int for axis in axes) and sorted(axes) == list(range(array.ndim)):
                return array.transpose(axes)
    raise Refused("it makes an array other than numpy does")


def _scalar(machine: Machine, arguments: tuple[Any, ...]) -> Any:
    match arguments:
        case (np.dtype() as dtype, data) if not dtype.hasobject:
            return make_array(machine, (), dtype, data)[()]
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
