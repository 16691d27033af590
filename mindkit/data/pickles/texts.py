"""Opcodes of text and bytes; bytes of a large array are not copied out of the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from struct import Struct
from typing import Any

from mindkit.data.pickles.machine import KEPT, Global, Handler, Machine, Refused, Span, Unbuilt
from mindkit.data.pickles.numbers import line

MEMOIZE, SHORT_TEXT = 0x94, 0x8C
ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.?)", re.DOTALL)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\", b"'": b"'", b'"': b'"'}


def _text(machine: Machine, start: int, end: int) -> str:
    return str(machine.data[start:end], "utf-8", "surrogatepass")


def _bytes(machine: Machine, start: int, end: int) -> bytes | Span:
    return _view(machine, start, end) or machine.data[start:end]


def _bytearray(machine: Machine, start: int, end: int) -> bytearray | Span:
    return _view(machine, start, end) or bytearray(machine.data[start:end])


def _python2_text(machine: Machine, start: int, end: int) -> str | Span:
    return _view(machine, start, end) or str(machine.data[start:end], "latin-1")


def _view(machine: Machine, start: int, end: int) -> Span | None:
    """Return a view of the bytes if they are many, and an array or tensor is being made of them."""
    if end - start < KEPT:
        return None
    before = machine.stack[-1:] + [stack[-1] for stack in machine.marks[-1:] if stack]
    takers = (one for one in before if isinstance(one, Global | Unbuilt))
    return Span(machine.data, start, end) if any(one.takes_bytes for one in takers) else None


def _counted(layout: str, make: Callable[[Machine, int, int], Any]) -> Handler:
    unpack, width = Struct(layout).unpack_from, Struct(layout).size

    def push(machine: Machine, position: int) -> int:
        (length,) = unpack(machine.data, position)
        start = position + width
        end = machine.within(start, length)
        machine.stack.append(make(machine, start, end))
        return end

    return push


def _string(machine: Machine, position: int) -> int:
    """Python 2's text as it prints it: quoted, with backslashes."""
    text, after = line(machine, position)
    if len(text) < 2 or text[0] != text[-1] or text[:1] not in b"'\"":
        raise Refused("a string has no quotes")
    machine.stack.append(ESCAPE.sub(_unescape, text[1:-1]).decode("latin-1"))
    return after


def _unescape(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    if escape[:1] == b"x" and len(escape) == 3:
        return bytes([int(escape[1:], 16)])
    if escape not in ESCAPED:
        raise Refused(f"a string has the escape {match[0]!a}")
    return ESCAPED[escape]


def _unicode(machine: Machine, position: int) -> int:
    text, after = line(machine, position)
    machine.stack.append(str(text, "raw-unicode-escape"))
    return after


def _short_text(machine: Machine, position: int) -> int:
    """Text of up to 255 bytes, and those that follow it directly, as in a list of words."""
    data, memo, last = machine.data, machine.memo, machine.end - 1
    push = machine.stack.append
    while True:
        start = position + 1
        end = start + data[position]
        if end > last:  # a pickle does not end with a text
            machine.within(start, end + 1 - start)
        text = str(data[start:end], "utf-8", "surrogatepass")
        push(text)
        code = data[end]
        if code == MEMOIZE:
            memo[len(memo)] = text
            end += 1
            code = data[end]
        if code != SHORT_TEXT:
            return end
        position = end + 1


OPCODES: dict[bytes, Handler] = {
    b"S": _string,
    b"T": _counted("<i", _python2_text),
    b"U": _counted("<B", _python2_text),
    b"V": _unicode,
    b"X": _counted("<I", _text),
    b"\x8c": _short_text,
    b"\x8d": _counted("<Q", _text),
    b"B": _counted("<I", _bytes),
    b"C": _counted("<B", _bytes),
    b"\x8e": _counted("<Q", _bytes),
    b"\x96": _counted("<Q", _bytearray),
}
