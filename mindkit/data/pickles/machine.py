"""The state of the machine, and the kinds of value that may stand on its stack but not in data."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Data = bytes | mmap.mmap
Handler = Callable[["Machine", int], int]
"""An opcode: it is given the place behind the opcode's byte, and returns that of the next one."""

KEPT = 4096
"""Bytes of an array or tensor at and above this length stay a view of the file."""

DAMAGED = "the file is damaged, or made to deceive: get it again from where it comes from"
CUT = "the file was cut short or damaged: get it again"
NOT_PLAIN = (
    "nothing was run; do not load it by other means unless you trust whoever made it, and ask them "
    "for plain arrays, lists, dicts, text and numbers"
)


class Refused(Exception):
    """What is wrong with the pickle and what to do; the loop adds the file and the place."""

    def __init__(self, what: str, action: str = DAMAGED) -> None:
        super().__init__(f"{what}; {action}")


@dataclass(frozen=True)
class Global:
    """A name that a pickle may ask for, and our own function for it, if it may be called.

    takes_bytes: whether bytes among its arguments may stay a view of the file.
    """

    name: str
    call: Callable[[Machine, tuple[Any, ...]], Any] | None = None
    takes_bytes: bool = False


@dataclass(frozen=True)
class Span:
    """The bytes `start` to `end` of what is read, not copied; they belong to an array."""

    data: Data
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


@dataclass
class Unbuilt:
    """An array or dtype that has been announced; `build` makes it of the state that follows."""

    build: Callable[[Machine, tuple[Any, ...]], Any]
    takes_bytes: bool
    value: Any = None


@dataclass(frozen=True)
class Storage:
    """The flat values of torch tensors; None while their place in the file is not known."""

    values: Any
    size: int


class Arguments(tuple[Any, ...]):
    """A tuple that holds names, views or storages: good for a call or a state, not for data."""


LOOSE = frozenset({Global, Span, Unbuilt, Storage, Arguments})
IN_ARGUMENTS = frozenset({Global, Span, Storage})


class Machine:
    """What one pickle has made so far.

    data, start, end: where the pickle lies. names: the names it may ask for. storages: makes a
    Storage of a persistent id, None where none is allowed. budget: how many bytes and items may
    still be copied, so that a small file cannot ask for much.
    """

    __slots__ = ("budget", "data", "end", "marks", "memo", "names", "path", "stack", "storages")

    def __init__(
        self,
        span: Span,
        path: str,
        names: Mapping[str, Global],
        storages: Callable[[Any], Storage] | None = None,
    ) -> None:
        self.data, self.end, self.path = span.data, span.end, path
        self.names, self.storages = names, storages
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.budget = 4 * len(span) + KEPT

    def charge(self, amount: int) -> None:
        """Count bytes or items that are copied; Refused where they outgrow the file by far."""
        self.budget -= amount
        if self.budget < 0:
            raise Refused("it unpacks to far more than it holds")

    def to_mark(self) -> list[Any]:
        """Take what was pushed since the last mark, and the mark."""
        if not self.marks:
            raise Refused("it closes a list, tuple or dict that it never opened")
        items, self.stack = self.stack, self.marks.pop()
        return items

    def within(self, position: int, length: int) -> int:
        """Return where `length` bytes from `position` end; Refused if that is past the data."""
        if not 0 <= length <= self.end - position:
            left = self.end - position
            raise Refused(f"it claims {length:,} bytes where {left:,} are left", CUT)
        return position + length


def kind(value: Any) -> str:
    """Say what a value is without printing it: it may be deep, endless or very long."""
    match value:
        case Global():
            return f"the name {value.name}"
        case Span():
            return "the bytes of an array"
        case Unbuilt():
            return "an unfinished array"
        case Storage():
            return "a torch storage"
        case Arguments():
            return "arguments of a call"
        case str() if len(value) <= 60:
            return ascii(value)
        case bool() | None:
            return str(value)
        case int() if value.bit_length() <= 64:
            return str(value)
    return f"a value of type {type(value).__name__}"
