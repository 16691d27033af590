"""Opcodes of numbers; rows of them, as lists of numbers have, are read at once."""

from __future__ import annotations

import re
from struct import Struct
from typing import Any

import numpy as np

from mindkit.data.pickles.machine import CUT, Handler, Machine, Refused

ONE_BYTE, TWO_BYTES, FOUR_BYTES, DOUBLE = ord("K"), ord("M"), ord("J"), b"G"
STEP = 9  # bytes from one float to the next
FEW, MANY = 16, 1024  # floats looked at in one go
NUMBER = re.compile(rb"[+-]?[0-9]+\Z")
MOST_BYTES = 1024  # of a whole number


def line(machine: Machine, position: int) -> tuple[bytes, int]:
    """Return the text up to the end of the line, and where the next line begins."""
    end = machine.data.find(b"\n", position, machine.end)
    if end < 0:
        raise Refused("a line does not end", CUT)
    return machine.data[position:end], end + 1


def whole_number(text: bytes) -> int:
    """Return the number a line holds; Refused for anything else."""
    if not NUMBER.match(text):
        raise Refused(f"it has {text[:40]!a} where a whole number belongs")
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
    if length > MOST_BYTES:  # Python refuses to write out so many digits, even in a message
        raise Refused(f"it has a whole number of {length} bytes, more than {MOST_BYTES}")
    machine.stack.append(int.from_bytes(machine.data[position + 4 : end], "little", signed=True))
    return end


def _whole(machine: Machine, position: int) -> int:
    """A number of one, two or four bytes, and those that follow it directly."""
    data, push = machine.data, machine.stack.append
    position -= 1
    while True:
        code = data[position]
        if code == ONE_BYTE:
            push(data[position + 1])
            position += 2
        elif code == TWO_BYTES:
            push(data[position + 1] | data[position + 2] << 8)
            position += 3
        elif code == FOUR_BYTES:
            push(_INT.unpack_from(data, position + 1)[0])
            position += 5
        else:
            return position


def _double(machine: Machine, position: int) -> int:
    data = machine.data
    machine.stack += _DOUBLE.unpack_from(data, position)
    after = position + 8
    if data[after] != DOUBLE[0]:
        return after
    codes = data[after : after + STEP * FEW : STEP]
    # each is as long as the last, so as long as the bytes at this step are the opcode, they are one
    count = len(codes) - len(codes.lstrip(DOUBLE))
    if count == FEW:
        codes = data[after : after + STEP * MANY : STEP]
        count = len(codes) - len(codes.lstrip(DOUBLE))
    if after + count * STEP > machine.end:
        raise Refused("it ends in the middle of a row of numbers", CUT)
    row: np.ndarray[Any, Any] = np.frombuffer(data, _ROW, count, after)
    machine.stack += row["value"].tolist()
    return after + count * STEP


_INT = Struct("<i")
_DOUBLE = Struct(">d")
_ROW = np.dtype([("code", "u1"), ("value", ">f8")])

OPCODES: dict[bytes, Handler] = {
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"I": _int,
    b"L": _long,
    b"F": _float,
    b"\x8a": _long1,
    b"\x8b": _long4,
    b"K": _whole,
    b"M": _whole,
    b"J": _whole,
    b"G": _double,
}
