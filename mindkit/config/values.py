"""Checking values against type hints and dataclasses, every mistake being kept with its place."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from mindkit.config.source import Keys, Node, dotted, kind_of, node_of
from mindkit.errors import Problem, did_you_mean

T = TypeVar("T")


class Report:
    """The problems found so far, and the checks that add to them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse(self, node: Node, keys: Keys, what: str) -> None:
        """Add a problem at the place of `node`."""
        self.problems.append(node.origin.problem(keys, what))

    def dataclass(self, kind: type[T], node: Node, keys: Keys) -> tuple[T | None, Node]:
        """Check a map against a dataclass of `spec`; nested ones and tuples of them included."""
        before = len(self.problems)
        entries = self.entries(node, keys)
        hints = typing.get_type_hints(kind, include_extras=True)
        fields = dataclasses.fields(kind)  # type: ignore[arg-type]
        self.unknown(node, keys, [one.name for one in fields], f"'{dotted(keys)}'")
        values: dict[str, Any] = {}
        filled: dict[str, Node] = {}
        for one in fields:
            place = (*keys, one.name)
            if one.name not in entries:
                if one.default is not dataclasses.MISSING:
                    default = one.default
                elif one.default_factory is not dataclasses.MISSING:
                    default = one.default_factory()
                else:
                    self.refuse(node, place, f"'{one.name}' is missing; set it")
                    continue
                values[one.name] = default
                filled[one.name] = node_of(plain(default))
            else:
                values[one.name], filled[one.name] = self.typed(
                    hints[one.name], entries[one.name], place
                )
        good = len(self.problems) == before
        return (kind(**values) if good else None), Node(filled, node.origin)

    def typed(self, hint: Any, node: Node, keys: Keys) -> tuple[Any, Node]:
        """Check a field of a dataclass; return its value and the tree with defaults filled in."""
        inner = get_args(hint)[0] if get_origin(hint) is tuple else None
        if get_origin(hint) in _UNIONS and node.items is not None:
            hint = next((one for one in get_args(hint) if dataclasses.is_dataclass(one)), hint)
        if dataclasses.is_dataclass(hint):
            return self.dataclass(hint, node, keys)  # type: ignore[arg-type]
        if inner is not None and dataclasses.is_dataclass(inner) and isinstance(node.value, list):
            pairs = [
                self.dataclass(inner, one, (*keys, k))  # type: ignore[arg-type]
                for k, one in enumerate(node.value)
            ]
            return tuple(v for v, _ in pairs), Node([filled for _, filled in pairs], node.origin)
        value = self.value(hint, node, keys)
        return value, _like(node, plain(value))

    def value(
        self, hint: Any, node: Node, keys: Keys, default: Any = None, words: str | None = None
    ) -> Any:
        """Return the value as its type, or report what is wrong with it and return `default`."""
        value, errors = _validate(hint, node.plain())
        for inner, why in errors:
            one = node.at(inner)
            wanted = words or in_words(hint)
            near = _near(hint, one.value)
            text = f"expected {wanted}, got {shown(one)}{why}{near}"
            self.refuse(one, (*keys, *inner), text)
        return default if errors else value

    def entries(self, node: Node | None, keys: Keys, silent: bool = False) -> dict[str, Node]:
        """Return the entries of a map; anything else is reported unless `silent`."""
        if node is None:
            return {}
        if node.items is None:
            if not silent:
                self.refuse(node, keys, f"expected a map of keys and values, got {shown(node)}")
            return {}
        return node.items

    def unknown(self, node: Node, keys: Keys, known: Sequence[str], owner: str) -> None:
        """Report every key of a map that is not among the known."""
        for key, one in (node.items or {}).items():
            if key not in known:
                what = f"{owner} has no key '{key}'{did_you_mean(key, list(known))}"
                self.refuse(one, (*keys, key), what)


def _validate(hint: Any, value: Any) -> tuple[Any, list[tuple[Keys, str]]]:
    """Return the value as `hint` has it, and for each mistake where it is and a reason to add."""
    import pydantic

    config = pydantic.ConfigDict(strict=True, arbitrary_types_allowed=True, allow_inf_nan=False)
    adapter = pydantic.TypeAdapter(hint, config=config)
    try:
        return adapter.validate_json(json.dumps(value)), []
    except pydantic.ValidationError as error:
        errors: dict[Keys, str] = {}
        for one in error.errors(include_url=False):
            inner = _existing(one["loc"], value)
            bound = "ctx" in one and one["type"].startswith(("greater", "less", "too_", "multiple"))
            why = f": {one['msg'].lower().replace('input should', 'it should')}" if bound else ""
            errors.setdefault(inner, why)
        return None, list(errors.items())


def _existing(place: tuple[int | str, ...], value: Any) -> Keys:
    """Cut the labels of unions off a place that pydantic reports."""
    keys: list[int | str] = []
    for key in place:
        inside: Any = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(inside, dict) and key in inside:
            value = inside[key]
            keys.append(key)
    return tuple(keys)


def in_words(hint: Any) -> str:
    """Say in words what values a type has."""
    origin = get_origin(hint)
    if origin is Annotated:
        return in_words(get_args(hint)[0])
    if origin is Literal or origin in _UNIONS:
        return _or(_choices(hint))
    if origin in (list, tuple, Sequence):
        inner = [one for one in get_args(hint) if one is not Ellipsis]
        if origin is tuple and Ellipsis not in get_args(hint):
            return f"a list of {len(inner)}: {', '.join(in_words(one) for one in inner)}"
        return f"a list of {in_words(inner[0])} items" if inner else "a list"
    if origin is dict:
        return f"a map to {in_words(get_args(hint)[1])}"
    if dataclasses.is_dataclass(hint):
        return f"a map of {', '.join(field.name for field in dataclasses.fields(hint))}"
    return _PLAIN.get(hint, getattr(hint, "__name__", str(hint)))


def _choices(hint: Any) -> list[str]:
    if get_origin(hint) is Literal:
        return [repr(choice) for choice in get_args(hint)]
    if get_origin(hint) in _UNIONS:
        return [word for one in get_args(hint) for word in _choices(one)]
    return [in_words(hint)]


_UNIONS = (typing.Union, types.UnionType)
_PLAIN: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    list: "a list",
    dict: "a map",
    type(None): "null",
}


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _near(hint: Any, value: Any) -> str:
    choices: list[str] = []
    stack = [hint]
    while stack:
        one = stack.pop()
        if get_origin(one) is Literal:
            choices += [choice for choice in get_args(one) if isinstance(choice, str)]
        else:
            stack += get_args(one)
    if not isinstance(value, str) or not choices:
        return ""
    hint_text = did_you_mean(value, choices)
    return hint_text if "did you mean" in hint_text else ""


def shown(node: Node) -> str:
    """Say in words what was written."""
    if isinstance(node.value, dict | list) or node.value is None:
        return kind_of(node.value)
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return f"the text {node.value!r}" if isinstance(node.value, str) else repr(node.value)


def plain(value: Any) -> Any:
    """Return a typed value as plain dicts, lists and scalars, as YAML has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _like(node: Node, value: Any) -> Node:
    """Return `value` as a tree with the origins of `node`."""
    if isinstance(value, dict) and node.items is not None:
        return Node({k: _like(node.items[k], v) for k, v in value.items()}, node.origin)
    if isinstance(value, list) and isinstance(node.value, list):
        pairs = zip(node.value, value, strict=True)
        return Node([_like(one, item) for one, item in pairs], node.origin)
    return node_of(value, node.origin)
