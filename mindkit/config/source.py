"""YAML with positions: a tree of values, each knowing the place where it was written.

Scalars are read as YAML 1.2 reads them: `1e-3` is a number, `on`, `no` and `12:30` are text, `010`
is ten. Tags, anchors and aliases are refused, and so is a key that is given twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from mindkit.errors import ConfigError, Problem

Scalar: TypeAlias = "str | int | float | bool | None"
Keys: TypeAlias = "tuple[str | int, ...]"

_INT = re.compile(r"[-+]?[0-9]+")
_BASED = {"0x": (re.compile(r"0x[0-9a-fA-F]+"), 16), "0o": (re.compile(r"0o[0-7]+"), 8)}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True)
class Origin:
    """Where a value comes from: a place in a file, or words such as `--set k=v` or "default"."""

    label: str
    line: int = 0  # from 1; 0 when there is no file
    column: int = 0
    lines: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.label}:{self.line}:{self.column}" if self.line else self.label

    def excerpt(self) -> str:
        """Return the line with its neighbours, the line itself marked by `>`."""
        if not self.lines:
            return ""
        shown = range(max(self.line - 1, 1), min(self.line + 1, len(self.lines)) + 1)
        return "\n".join(
            f"{number:>6} {'>' if number == self.line else ' '} {self.lines[number - 1]}".rstrip()
            for number in shown
        )

    def problem(self, keys: Keys, what: str) -> Problem:
        """Return a problem at this place, with the dotted path and the excerpt."""
        path = dotted(keys)
        return Problem(f"{self}: {path}" if path else str(self), what, self.excerpt())


DEFAULT = Origin("default")


@dataclass(frozen=True)
class Node:
    """A value and its origin: the place of the key in a map, of the item in a list."""

    value: Scalar | dict[str, Node] | list[Node]
    origin: Origin

    @property
    def items(self) -> dict[str, Node] | None:
        """The entries of a map; None for anything else."""
        return self.value if isinstance(self.value, dict) else None

    def plain(self) -> Any:
        """Return the value as plain dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, keys: Keys) -> Node:
        """Return the node at `keys`, or the deepest one on the way that exists."""
        node = self
        for key in keys:
            value = node.value
            if isinstance(value, dict) and key in value:
                node = value[str(key)]
            elif isinstance(value, list) and isinstance(key, int) and key < len(value):
                node = value[key]
            else:
                break
        return node

    def leaves(self, keys: Keys = ()) -> Iterator[tuple[Keys, Node]]:
        """Yield every scalar and every empty map or list, with its path."""
        if isinstance(self.value, dict) and self.value:
            for key, node in self.value.items():
                yield from node.leaves((*keys, key))
        elif isinstance(self.value, list) and self.value:
            for index, node in enumerate(self.value):
                yield from node.leaves((*keys, index))
        else:
            yield keys, self


def dotted(keys: Keys) -> str:
    """Return a path in words: `terms.info.inputs[0].x`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def node_of(value: Any, origin: Origin = DEFAULT) -> Node:
    """Return plain dicts, lists and scalars as a tree, all of one origin."""
    if isinstance(value, dict):
        return Node({key: node_of(item, origin) for key, item in value.items()}, origin)
    if isinstance(value, list | tuple):
        return Node([node_of(item, origin) for item in value], origin)
    return Node(value, origin)


def scalar(text: str) -> Scalar:
    """Return the value of an unquoted scalar, by the rules of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if text[:2] in _BASED and _BASED[text[:2]][0].fullmatch(text):
        return int(text[2:], _BASED[text[:2]][1])
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITE.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text


def read_file(path: Path, label: str | None = None) -> Node:
    """Return the tree of a YAML file; every mistake in it is reported together."""
    label = label or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError([Problem(label, f"the file cannot be read: {reason}")]) from None
    except UnicodeDecodeError as error:
        what = f"not UTF-8 text (byte {error.start}); save the file as UTF-8"
        raise ConfigError([Problem(label, what)]) from None
    return read_text(text, label)


def read_text(text: str, label: str) -> Node:
    """Return the tree of a YAML text, whose top level is a map; an empty text is an empty map."""
    node = _parse(text, label, None)
    if node.value is None:
        return Node({}, node.origin)
    if node.items is None:
        what = f"a config is a map of keys and values, and this is {kind_of(node.value)}"
        raise ConfigError([node.origin.problem((), what)])
    return node


def read_value(text: str, origin: Origin) -> Node:
    """Return the tree of a value given on the command line; all of it has the one `origin`."""
    return _parse(text, origin.label, origin)


def kind_of(value: Any) -> str:
    """Name the kind of a value in words."""
    if value is None:
        return "nothing (null)"
    for types, words in _KINDS:
        if isinstance(value, types):
            return words
    return type(value).__name__


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (dict, "a map"),
    ((list, tuple), "a list"),
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "text"),
)


def _parse(text: str, label: str, origin: Origin | None) -> Node:
    reader = _Reader(text, label, origin)
    try:
        node = reader.document()
    except yaml.MarkedYAMLError as error:
        reader.refuse_syntax(error)
        node = Node(None, Origin(label))
    except yaml.YAMLError as error:  # a character that YAML does not allow
        reader.problems.append(Problem(label, f"not valid YAML: {error}"))
        node = Node(None, Origin(label))
    if reader.problems:
        raise ConfigError(reader.problems)
    return node


class _Reader:
    """Builds the tree from the parser's events, so that nothing is resolved behind our back."""

    def __init__(self, text: str, label: str, origin: Origin | None) -> None:
        self.label, self.fixed = label, origin
        self.lines = tuple(text.splitlines())
        self.events = yaml.parse(text, Loader=yaml.SafeLoader)
        self.problems: list[Problem] = []

    def document(self) -> Node:
        node = Node(None, self.fixed or Origin(self.label, 1, 1, self.lines))
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, (), "a second document starts here; use one file for each")
                node = self._node(next(self.events), ())
        return node

    def refuse_syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        what = f"not valid YAML: {error.problem or error.context}"
        if error.context and error.problem:
            what += f" ({error.context})"
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        origin = self.fixed or Origin(self.label, *place, self.lines)
        self.problems.append(origin.problem((), what))

    def _node(self, event: Any, keys: Keys, origin: Origin | None = None) -> Node:
        origin = origin or self._origin(event)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, keys, f"the alias *{event.anchor} is not read; write the value out")
            return Node(None, origin)
        if event.anchor is not None:
            self._refuse(event, keys, f"the anchor &{event.anchor} is not read; remove it")
        if event.tag is not None:
            self._refuse(event, keys, f"the tag {event.tag} is not read; remove it")
        if isinstance(event, yaml.ScalarEvent):
            return Node(scalar(event.value) if event.style is None else event.value, origin)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._list(keys), origin)
        return Node(self._map(keys), origin)

    def _list(self, keys: Keys) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*keys, len(items))))
        return items

    def _map(self, keys: Keys) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event, keys)
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, keys, f"{kind_of(key.value)} cannot be a key; keys are words")
                self._node(next(self.events), keys)
                continue
            name = event.value
            node = self._node(next(self.events), (*keys, name), key.origin)
            if name in entries:
                first = entries[name].origin
                where = f"line {first.line}" if first.line else "the same value"
                what = f"the key '{name}' is given twice, first in {where}; remove one of the two"
                self.problems.append(key.origin.problem((*keys, name), what))
            else:
                entries[name] = node
        return entries

    def _origin(self, event: Any) -> Origin:
        mark = event.start_mark
        return self.fixed or Origin(self.label, mark.line + 1, mark.column + 1, self.lines)

    def _refuse(self, event: Any, keys: Keys, what: str) -> None:
        self.problems.append(self._origin(event).problem(keys, what))
