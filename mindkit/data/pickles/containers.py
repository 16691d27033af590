"""Opcodes of lists, tuples, dicts and sets, of the stack and of the memo."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from struct import Struct
from typing import Any

import numpy as np

from mindkit.data.pickles.machine import (
    IN_ARGUMENTS,
    LOOSE,
    NOT_PLAIN,
    Arguments,
    Handler,
    Machine,
    Refused,
    Unbuilt,
    kind,
)
from mindkit.data.pickles.numbers import line, whole_number

KEYS = frozenset({str, int, float, bool, bytes, complex, type(None)})
DICTS = frozenset({dict, OrderedDict, defaultdict})
MOST_IN_A_KEY = 100  # a tuple that holds itself over and over takes for ever to hash


def check_items(items: list[Any]) -> None:
    """Refuse items that are not data by themselves: names, unfinished arrays, arrays' bytes."""
    if not LOOSE.isdisjoint(map(type, items)):
        odd = next(item for item in items if type(item) in LOOSE)
        raise Refused(f"{kind(odd)} stands among the data", NOT_PLAIN)


def check_keys(keys: list[Any]) -> None:
    """Refuse keys of a dict and members of a set that are not plain: numbers, text, tuples."""
    if KEYS.issuperset(map(type, keys)):
        return
    for key in keys:
        parts = [key]
        for part in parts:  # grows meanwhile: no recursion, however deep the tuple
            if type(part) in (tuple, frozenset):
                if len(parts) + len(part) > MOST_IN_A_KEY:
                    raise Refused("a key of a dict or member of a set is a very large tuple")
                parts += part
            elif type(part) not in KEYS and not isinstance(part, np.generic):
                raise Refused(f"{kind(part)} stands as key of a dict or member of a set")


def _mark(machine: Machine, position: int) -> int:
    machine.marks.append(machine.stack)
    machine.stack = []
    return position


def _pop(machine: Machine, position: int) -> int:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.to_mark()
    return position


def _pop_mark(machine: Machine, position: int) -> int:
    machine.to_mark()
    return position


def _dup(machine: Machine, position: int) -> int:
    machine.stack.append(machine.stack[-1])
    return position


def _empty_list(machine: Machine, position: int) -> int:
    machine.stack.append([])
    return position


def _empty_tuple(machine: Machine, position: int) -> int:
    machine.stack.append(())
    return position


def _empty_dict(machine: Machine, position: int) -> int:
    machine.stack.append({})
    return position


def _empty_set(machine: Machine, position: int) -> int:
    machine.stack.append(set())
    return position


def _list(machine: Machine, position: int) -> int:
    items = machine.to_mark()
    check_items(items)
    machine.stack.append(items)
    return position


def _append(machine: Machine, position: int) -> int:
    item = machine.stack.pop()
    _extend(machine.stack[-1], [item])
    return position


def _appends(machine: Machine, position: int) -> int:
    items = machine.to_mark()
    _extend(machine.stack[-1], items)
    return position


def _extend(target: Any, items: list[Any]) -> None:
    if type(target) is not list:
        raise Refused(f"items are appended to {kind(target)}")
    check_items(items)
    target += items


def _tuple(machine: Machine, position: int) -> int:
    items = machine.to_mark()
    machine.stack.append(_as_tuple(items))
    return position


def _tuple1(machine: Machine, position: int) -> int:
    stack = machine.stack
    item = stack[-1]
    stack[-1] = _as_tuple([item]) if type(item) in LOOSE else (item,)
    return position


def _tuple2(machine: Machine, position: int) -> int:
    stack = machine.stack
    second, first = stack.pop(), stack.pop()
    if type(first) in LOOSE or type(second) in LOOSE:
        stack.append(_as_tuple([first, second]))
    else:
        stack.append((first, second))
    return position


def _tuple3(machine: Machine, position: int) -> int:
    stack = machine.stack
    third, second, first = stack.pop(), stack.pop(), stack.pop()
    stack.append(_as_tuple([first, second, third]))
    return position


def _as_tuple(items: list[Any]) -> tuple[Any, ...]:
    if LOOSE.isdisjoint(map(type, items)):
        return tuple(items)
    check_items([item for item in items if type(item) not in IN_ARGUMENTS])
    return Arguments(items)


def _dict(machine: Machine, position: int) -> int:
    made: dict[Any, Any] = {}
    _update(made, machine.to_mark())
    machine.stack.append(made)
    return position


def _set_item(machine: Machine, position: int) -> int:
    stack = machine.stack
    value, key = stack.pop(), stack.pop()
    _update(stack[-1], [key, value])
    return position


def _set_items(machine: Machine, position: int) -> int:
    items = machine.to_mark()
    _update(machine.stack[-1], items)
    return position


def _update(target: Any, items: list[Any]) -> None:
    if type(target) not in DICTS:
        raise Refused(f"keys and values are put into {kind(target)}")
    if len(items) % 2:
        raise Refused("a key of a dict has no value")
    keys, values = items[::2], items[1::2]
    check_keys(keys)
    check_items(values)
    target.update(zip(keys, values, strict=True))


def _add_items(machine: Machine, position: int) -> int:
    items, target = machine.to_mark(), machine.stack[-1]
    if type(target) is not set:
        raise Refused(f"members are added to {kind(target)}")
    check_keys(items)
    target.update(items)
    return position


def _frozenset(machine: Machine, position: int) -> int:
    items = machine.to_mark()
    check_keys(items)
    machine.stack.append(frozenset(items))
    return position


def _memoize(machine: Machine, position: int) -> int:
    memo = machine.memo
    memo[len(memo)] = machine.stack[-1]
    return position


def _put_short(machine: Machine, position: int) -> int:
    machine.memo[machine.data[position]] = machine.stack[-1]
    return position + 1


def _put_long(machine: Machine, position: int) -> int:
    (key,) = _UINT.unpack_from(machine.data, position)
    machine.memo[key] = machine.stack[-1]
    return position + 4


def _put_line(machine: Machine, position: int) -> int:
    text, after = line(machine, position)
    machine.memo[whole_number(text)] = machine.stack[-1]
    return after


def _get_short(machine: Machine, position: int) -> int:
    value = machine.memo[machine.data[position]]
    machine.stack.append(_built(value) if type(value) is Unbuilt else value)
    return position + 1


def _get_long(machine: Machine, position: int) -> int:
    (key,) = _UINT.unpack_from(machine.data, position)
    value = machine.memo[key]
    machine.stack.append(_built(value) if type(value) is Unbuilt else value)
    return position + 4


def _get_line(machine: Machine, position: int) -> int:
    text, after = line(machine, position)
    value = machine.memo[whole_number(text)]
    machine.stack.append(_built(value) if type(value) is Unbuilt else value)
    return after


def _built(array: Unbuilt) -> Any:
    if array.value is None:
        raise Refused("an array holds itself")
    return array.value


_UINT = Struct("<I")

OPCODES: dict[bytes, Handler] = {
    b"(": _mark,
    b"0": _pop,
    b"1": _pop_mark,
    b"2": _dup,
    b"]": _empty_list,
    b")": _empty_tuple,
    b"}": _empty_dict,
    b"\x8f": _empty_set,
    b"l": _list,
    b"a": _append,
    b"e": _appends,
    b"t": _tuple,
    b"\x85": _tuple1,
    b"\x86": _tuple2,
    b"\x87": _tuple3,
    b"d": _dict,
    b"s": _set_item,
    b"u": _set_items,
    b"\x90": _add_items,
    b"\x91": _frozenset,
    b"\x94": _memoize,
    b"q": _put_short,
    b"r": _put_long,
    b"p": _put_line,
    b"h": _get_short,
    b"j": _get_long,
    b"g": _get_line,
}
