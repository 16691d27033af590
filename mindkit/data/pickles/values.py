"""Our own functions for the names of Python's built-ins and collections in pickles."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import Any

from mindkit.data.pickles.containers import check_keys
from mindkit.data.pickles.machine import NOT_PLAIN, Global, Machine, Refused, kind

FACTORIES = {
    "list": list,
    "dict": dict,
    "set": set,
    "int": int,
    "long": int,
    "float": float,
    "str": str,
    "unicode": str,
}


def _items(machine: Machine, arguments: tuple[Any, ...], name: str) -> list[Any]:
    match arguments:
        case ():
            return []
        case (list() as items,):
            machine.charge(len(items))
            return items
    raise Refused(f"it makes a {name} of something else than a list")


def _set(machine: Machine, arguments: tuple[Any, ...]) -> set[Any]:
    items = _items(machine, arguments, "set")
    check_keys(items)
    return set(items)


def _frozenset(machine: Machine, arguments: tuple[Any, ...]) -> frozenset[Any]:
    items = _items(machine, arguments, "frozenset")
    check_keys(items)
    return frozenset(items)


def _ordered(machine: Machine, arguments: tuple[Any, ...]) -> OrderedDict[Any, Any]:
    pairs = _items(machine, arguments, "OrderedDict")  # Python 2 wrote a list of [key, value]
    if any(type(pair) not in (list, tuple) or len(pair) != 2 for pair in pairs):
        raise Refused("it makes an OrderedDict of something else than pairs")
    check_keys([key for key, _ in pairs])
    return OrderedDict(pairs)


def _default(machine: Machine, arguments: tuple[Any, ...]) -> defaultdict[Any, Any]:
    match arguments:
        case () | (None,):
            return defaultdict()
        case (Global(name),) if name.rpartition(".")[2] in FACTORIES:
            return defaultdict(FACTORIES[name.rpartition(".")[2]])
    raise Refused("it makes a defaultdict whose default is no plain type", NOT_PLAIN)


def _bytes(machine: Machine, arguments: tuple[Any, ...]) -> bytes:
    if arguments:
        raise Refused(f"it makes bytes of {kind(arguments[0])}")
    return b""


def _bytearray(machine: Machine, arguments: tuple[Any, ...]) -> bytearray:
    match arguments:
        case ():
            return bytearray()
        case (bytes() as content,):
            machine.charge(len(content))
            return bytearray(content)
        case (str(), str()):
            return bytearray(_encode(machine, arguments))
    raise Refused("it makes a bytearray of something else than bytes")


def _encode(machine: Machine, arguments: tuple[Any, ...]) -> bytes:
    match arguments:
        case (str() as text, str("latin1" | "latin-1")):
            machine.charge(len(text))
            try:
                return text.encode("latin-1")
            except UnicodeEncodeError:
                raise Refused("it has text where bytes belong") from None
    raise Refused("it encodes text other than as latin-1", NOT_PLAIN)


def _complex(machine: Machine, arguments: tuple[Any, ...]) -> complex:
    match arguments:
        case (float() as real, float() as imaginary):
            return complex(real, imaginary)
    raise Refused("it makes a complex number of something else than two numbers")


def _slice(machine: Machine, arguments: tuple[Any, ...]) -> slice:
    if len(arguments) != 3 or any(type(one) not in (int, type(None)) for one in arguments):
        raise Refused("it makes a slice of something else than three numbers")
    return slice(*arguments)


def _range(machine: Machine, arguments: tuple[Any, ...]) -> range:
    match arguments:
        case (int() as start, int() as stop, int() as step) if step:
            return range(start, stop, step)
    raise Refused("it makes a range of something else than three numbers")


_CALLED = {
    "set": _set,
    "frozenset": _frozenset,
    "bytes": _bytes,
    "bytearray": _bytearray,
    "complex": _complex,
    "slice": _slice,
    "range": _range,
    "xrange": _range,
}
NAMES = (
    *(
        Global(f"{module}.{name}", _CALLED.get(name))
        for module in ("builtins", "__builtin__")
        for name in {**FACTORIES, **_CALLED}
    ),
    Global("_codecs.encode", _encode),
    Global("collections.OrderedDict", _ordered),
    Global("collections.defaultdict", _default),
)
