"""Opcodes of numbers; long rows of one width, as lists of floats have, are read at once."""

from __future__ import annotations

import re
from struct import Struct
from typing import Any

import numpy as np

from mindkit.data.pickles.machine import CUT, Handler, Machine, Refused

ROW = 8  # of one opcode in sight before it pays to ask numpy for the rest
LONGEST_ROW = 1 << 16
NUMBER = re.compile(rb"[+-]?[0-9]+\Z")


def line(machine: Machine, position: int) -> tuple[bytes, int]:
    """Return the text up to the end of the line, and where the next line begins."""
    end = machine.data.find(b"\n", position, machine.end)
    if end < 0:
        raise Refused(f"a line does not end{CUT}")
    return machine.data[position:end], end + 1


def whole_number(text: bytes, *, what: str = "a whole number") -> int:
    """Return the number a line holds; Refused for anything else."""
    if not NUMBER.match(text):
        raise Refused(f"it has {text[:40]!a} where {what} belongs")
    try:
        return int(text)
    except ValueError:  # more digits than Python converts, lest it take minutes
        raise Refused(f"it has a number of {len(text):,} digits") from None


def _constant(value: bool | None) -> Handler:
    def push(machine: Machine, position: int) -> int:
        machine.stack.append(value)
        return position

    return push


def _int(machine: Machine, position: int) -> int:
    text, after = line(machine, position)
    booleans = {b"00": False, b"01": True}  # as protocols 0 and 1 write them
    machine.stack.append(booleans[text] if text in booleans else whole_number(text))
    return after


def _long(machine: Machine, position: int) -> int:
    text, after = line(machine, position)
    machine.stack.append(whole_number(text.removesuffix(b"L")))
    return after


def _float(machine: Machine, position: int) -> int:
    text, after = line(machine, position)
    try:
        machine.stack.append(float(text))
    except ValueError:
        raise Refused(f"it has {text[:40]!a} where a number belongs") from None
    return after


def _long1(machine: Machine, position: int) -> int:
    end = machine.within(position + 1, machine.data[position])
    machine.stack.append(int.from_bytes(machine.data[position + 1 : end], "little", signed=True))
    return end


def _long4(machine: Machine, position: int) -> int:
    (length,) = _INT.unpack_from(machine.data, position)
    end = machine.within(position + 4, length)
    machine.stack.append(int.from_bytes(machine.data[position + 4 : end], "little", signed=True))
    return end


def _number(code: bytes, layout: str) -> Handler:
    unpack, width = Struct(layout).unpack_from, Struct(layout).size
    opcode, step = code[0], width + 1
    row = np.dtype([("code", "u1"), ("value", layout)])
    near, far = width, width + (ROW - 1) * step

    def push(machine: Machine, position: int) -> int:
        data, stack = machine.data, machine.stack
        stack += unpack(data, position)
        if (
            position + far < machine.end
            and data[position + near] == opcode
            and data[position + far] == opcode
        ):
            return _push_row(machine, position + width, opcode, row)
        return position + width

    return push


def _push_row(machine: Machine, position: int, opcode: int, row: np.dtype[Any]) -> int:
    # each is as long as the last, so as long as the bytes at this step are the opcode, they are one
    count = min((machine.end - position) // row.itemsize, LONGEST_ROW)
    numbers: np.ndarray[Any, Any] = np.frombuffer(machine.data, row, count, position)
    others = numbers["code"] != opcode
    if others.any():
        numbers = numbers[: int(others.argmax())]
    machine.stack += numbers["value"].tolist()
    return position + len(numbers) * row.itemsize


_INT = Struct("<i")

OPCODES: dict[bytes, Handler] = {
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"I": _int,
    b"L": _long,
    b"F": _float,
    b"\x8a": _long1,
    b"\x8b": _long4,
    b"K": _number(b"K", "<B"),
    b"M": _number(b"M", "<H"),
    b"J": _number(b"J", "<i"),
    b"G": _number(b"G", ">d"),
}
