"""Opcodes that name a function and call it: only names of our table, only functions of ours."""

from __future__ import annotations

from mindkit.data.pickles.machine import (
    NOT_PLAIN,
    Arguments,
    Global,
    Handler,
    Machine,
    Refused,
    Unbuilt,
    kind,
)
from mindkit.data.pickles.numbers import line

KNOWN = {
    "torch": "of torch; tensors are read only where a format has them; save `tensor.numpy()`",
    "numpy.ma": "a masked array; save `array.filled(...)` and the mask as plain arrays",
    "numpy.matrix": "a matrix; save `numpy.asarray(matrix)`",
    "numpy.matrixlib": "a matrix; save `numpy.asarray(matrix)`",
    "numpy.random": "a state of random numbers; leave it out",
    "numpy.recarray": "a structured array; save one plain array a field",
    "numpy.rec": "a structured array; save one plain array a field",
    "numpy.dtypes": "an array of a type that numpy alone restores; save text as `numpy.str_`",
    "pandas": "a pandas table; save it with `to_csv`",
    "scipy": "a SciPy object; save its arrays",
    "h5py": "an object of HDF5; save its arrays",
    "datetime": "a date; save it as text",
    "pathlib": "a path; save it as text",
}


def refuse_name(name: str) -> Refused:
    """Say what a name that is not in the table stands for, if that is known."""
    shown = ascii(name[:120])[1:-1]
    for prefix, what in KNOWN.items():
        if name == prefix or name.startswith(f"{prefix}."):
            return Refused(f"it asks for {shown}, {what}", "nothing was run")
    return Refused(f"it asks for {shown}, which is not plain data", NOT_PLAIN)


def _global(machine: Machine, position: int) -> int:
    module, after = line(machine, position)
    name, after = line(machine, after)
    _push_name(machine, module.decode(), name.decode())
    return after


def _stack_global(machine: Machine, position: int) -> int:
    name, module = machine.stack.pop(), machine.stack.pop()
    if type(name) is not str or type(module) is not str:
        raise Refused(f"{kind(module)} and {kind(name)} stand where a name belongs")
    _push_name(machine, module, name)
    return position


def _push_name(machine: Machine, module: str, name: str) -> None:
    found = machine.names.get(f"{module}.{name}")
    if found is None:
        raise refuse_name(f"{module}.{name}")
    machine.stack.append(found)


def _reduce(machine: Machine, position: int) -> int:
    arguments, function = machine.stack.pop(), machine.stack.pop()
    _call(machine, function, arguments)
    return position


def _new_object_with_keywords(machine: Machine, position: int) -> int:
    keywords = machine.stack.pop()
    if type(keywords) is not dict or keywords:
        raise Refused(f"it makes an object with keywords, of {kind(keywords)}", NOT_PLAIN)
    return _reduce(machine, position)


def _call(machine: Machine, function: object, arguments: object) -> None:
    if type(function) is not Global or function.call is None:
        raise Refused(f"it calls {kind(function)}, which is not plain data", NOT_PLAIN)
    if type(arguments) not in (tuple, Arguments):
        raise Refused(f"it calls {function.name} with {kind(arguments)} instead of arguments")
    machine.stack.append(function.call(machine, arguments))  # type: ignore[arg-type]


def _build(machine: Machine, position: int) -> int:
    state, target = machine.stack.pop(), machine.stack.pop()
    if type(target) is not Unbuilt or target.value is not None:
        raise Refused(f"it sets the state of {kind(target)}, which is not plain data", NOT_PLAIN)
    if type(state) not in (tuple, Arguments):
        raise Refused(f"{kind(state)} stands as the state of an array")
    target.value = target.build(machine, state)
    machine.stack.append(target.value)
    return position


def _persistent(machine: Machine, position: int) -> int:
    if machine.storages is None:
        raise Refused("it asks for an object outside of the file", NOT_PLAIN)
    machine.stack.append(machine.storages(machine.stack.pop()))
    return position


def _refused(what: str) -> Handler:
    def refuse(machine: Machine, position: int) -> int:
        raise Refused(what, NOT_PLAIN)

    return refuse


OPCODES: dict[bytes, Handler] = {
    b"c": _global,
    b"\x93": _stack_global,
    b"R": _reduce,
    b"\x81": _reduce,
    b"\x92": _new_object_with_keywords,
    b"b": _build,
    b"Q": _persistent,
    b"P": _refused("it asks for an object outside of the file"),
    b"i": _refused("it makes an object of a class (INST)"),
    b"o": _refused("it makes an object of a class (OBJ)"),
    b"\x82": _refused("it asks for a registered extension (EXT1)"),
    b"\x83": _refused("it asks for a registered extension (EXT2)"),
    b"\x84": _refused("it asks for a registered extension (EXT4)"),
    b"\x97": _refused("its arrays lie in buffers outside of the file"),
    b"\x98": _refused("its arrays lie in buffers outside of the file"),
}
