"""The loop: one opcode after the other, until the pickle stops or is refused."""

from __future__ import annotations

import struct
from typing import Any

from mindkit.data.pickles import calls, containers, numbers, texts
from mindkit.data.pickles.machine import (
    CUT,
    DAMAGED,
    LOOSE,
    NOT_PLAIN,
    Handler,
    Machine,
    Refused,
    Storage,
    kind,
)
from mindkit.errors import DataError

STOPPED = -1
NEWEST_PROTOCOL = 5


def run(machine: Machine, start: int) -> tuple[Any, int]:
    """Return what the pickle at `start` holds, and where it ends.

    Raises DataError that names the file and the byte for anything but plain data.
    """
    data, handlers, position = machine.data, HANDLERS, start
    try:
        while position != STOPPED:
            start = position
            position = handlers[data[position]](machine, position + 1)
        return machine.stack[0], start + 1
    except Refused as error:
        what = str(error)
    except (IndexError, struct.error) as error:
        what = f"it ends in the middle; {CUT}"
        if "list" in str(error):  # the stack; errors of the file speak of bytes or of the mmap
            what = f"it takes a value where there is none; {DAMAGED}"
    except KeyError:
        what = f"it refers to a value that it has not made; {DAMAGED}"
    except UnicodeDecodeError:
        what = f"it has text that is not Unicode; {DAMAGED}"
    raise DataError(f"{machine.path}, byte {start:,}: {what}") from None


def _stop(machine: Machine, position: int) -> int:
    if machine.marks or len(machine.stack) != 1 or position > machine.end:
        raise Refused("it stops before its values are complete")
    value = machine.stack[0]
    if type(value) in LOOSE and not (type(value) is Storage and machine.storages):
        raise Refused(f"it holds only {kind(value)}, which is not plain data", NOT_PLAIN)
    return STOPPED


def _protocol(machine: Machine, position: int) -> int:
    if machine.data[position] > NEWEST_PROTOCOL:
        raise Refused(
            f"it says that it is a pickle of protocol {machine.data[position]}",
            "the newest known is 5",
        )
    return position + 1


def _frame(machine: Machine, position: int) -> int:
    (length,) = struct.unpack_from("<Q", machine.data, position)
    machine.within(position + 8, length)
    return position + 8


def _unknown(machine: Machine, position: int) -> int:
    code = machine.data[position - 1]
    raise Refused(f"the byte {code} begins no value", "the file is damaged, or no pickle")


OPCODES: dict[bytes, Handler] = {
    **numbers.OPCODES,
    **texts.OPCODES,
    **containers.OPCODES,
    **calls.OPCODES,
    b".": _stop,
    b"\x80": _protocol,
    b"\x95": _frame,
}
HANDLERS = [OPCODES.get(bytes([code]), _unknown) for code in range(256)]
