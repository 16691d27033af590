"""Search spaces: which values of a config are searched, and where; `search.yaml` beside a method.

An entry is the path of a value, as in `--set`, and a range or the choices:

    terms.cons.weight: {low: 1e-6, high: 1e-2, log: true}
    fusion.dropout: {low: 0.0, high: 0.6, step: 0.1}
    representations.invariant.layers: {low: 1, high: 3}    # whole numbers
    width: {choices: [64, 128, 256]}

On the command line these are 1e-6..1e-2:log, 0.0..0.6:0.1, 1..3 and [64, 128, 256].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mindkit.config.ablations import split
from mindkit.config.files import beside_method
from mindkit.config.load import as_setting
from mindkit.config.source import (
    Keys,
    Node,
    Origin,
    Scalar,
    dotted,
    kind_of,
    node_of,
    read_file,
    read_value,
    scalar,
)
from mindkit.config.spec import Spec
from mindkit.errors import ConfigError, MindkitError, Problem, did_you_mean

FILE = "search.yaml"
_RANGE = ("low", "high", "log", "step")
_DIGITS = 3  # significant ones of a searched number: a config is read by people
_NOTATION = "PATH=LOW..HIGH, PATH=LOW..HIGH:log, PATH=LOW..HIGH:STEP or PATH=[A, B]"


@dataclass(frozen=True)
class Dimension:
    """One value that is searched: in `choices`, or between `low` and `high`, both included.

    log: equal ratios are equally likely. step: distance of neighbours. whole: no fractions. own:
    what the config has.
    """

    path: str
    origin: Origin
    low: float = math.nan
    high: float = math.nan
    log: bool = False
    step: float | None = None
    whole: bool = False
    choices: tuple[Scalar, ...] = ()
    own: Scalar = None

    def __str__(self) -> str:
        if self.choices:
            return f"[{', '.join(map(str, self.choices))}]"
        how = ":log" if self.log else f":{self.step:g}" if self.step else ""
        return f"{self.low:g}..{self.high:g}{how}"

    def __contains__(self, value: Any) -> bool:
        if self.choices:
            return value in self.choices
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:
            return False
        return not self.step or _whole_steps(value - self.low, self.step)

    def suggest(self, trial: Any) -> Scalar:
        """Return what an Optuna trial is to try here."""
        if self.choices:
            return trial.suggest_categorical(self.path, self.choices)  # type: ignore[no-any-return]
        if self.whole:
            step = int(self.step or 1)
            value = trial.suggest_int(
                self.path, int(self.low), int(self.high), log=self.log, step=step
            )
            return int(value)
        value = trial.suggest_float(self.path, self.low, self.high, log=self.log, step=self.step)
        if value == self.own:
            return value  # type: ignore[no-any-return]
        return min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)


def read_space(
    method: str,
    space: str | None = None,
    search: Sequence[str] = (),
    *,
    root: Path | None = None,
) -> tuple[Dimension, ...]:
    """Return what is searched, or raise `ConfigError` with every mistake in how it is written.

    space: a file, or the method whose `search.yaml` is taken. search: lines that come beside it and
    win; with lines and no `space` they are all. With neither, the space of `method`.
    """
    entries: dict[str, Node] = {}
    if space is not None and space.endswith((".yaml", ".yml")):
        entries |= read_file(Path(space)).items or {}
    elif space is not None or not search:
        for node in beside_method(space or method, FILE, root):  # its base's first
            entries |= node.items or {}
    problems: list[Problem] = []
    for text in search:
        try:
            entries |= [_line(text)]
        except ConfigError as error:
            problems += error.problems
    found = [_dimension(path, node, problems) for path, node in entries.items()]
    if problems:
        raise ConfigError(problems)
    if not found:
        raise MindkitError(
            f"{space or method} has no {FILE}, so say what is searched: "
            "--search training.optimizer.rate=1e-5..1e-2:log, or --space FILE"
        )
    return tuple(one for one in found if one is not None)


def fit_space(
    dimensions: Sequence[Dimension],
    load: Callable[..., Spec],
    settings: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> tuple[tuple[Dimension, ...], tuple[str, ...]]:
    """Return the dimensions that this config has, and a line for each thing to be said of them.

    load: `load_spec` but for `settings` and `drop`. What is `--set` is not searched, nor is what
    was dropped. Raises `ConfigError` where a path does not exist, or the config refuses a value.
    """
    whole, pruned = load(settings=settings, drop=()), load(settings=settings, drop=drop)
    given = {split(line.partition("=")[0].strip()) for line in settings}
    problems: list[Problem] = []
    kept, notes = [], []
    for one in dimensions:
        keys = split(one.path)
        if (what := _misplaced(whole.resolved, keys)) is not None:
            problems.append(one.origin.problem(keys, what))
        elif keys in given:
            notes.append(f"{one.path} is not searched: --set gives it")
        elif _misplaced(pruned.resolved, keys) is not None:
            notes.append(f"{one.path} is not searched: it was dropped")
        else:
            own = node_of(pruned.resolved).at(keys).plain()
            kept.append(replace(one, whole=one.whole and not isinstance(own, float), own=own))
    if problems:
        raise ConfigError(problems)
    if not kept:
        raise MindkitError("\n".join(["nothing is left to search", *notes]))
    _try_values(kept, lambda more: load(settings=[*settings, *more], drop=drop))
    notes += [
        f"{one.path} is {one.own}, outside of {one}: the config as it stands is no trial"
        for one in kept
        if one.own not in one
    ]
    return tuple(kept), tuple(notes)


def _line(text: str) -> tuple[str, Node]:
    origin = Origin(f"--search {text}")
    path, _, value = (part.strip() for part in text.partition("="))
    low, dots, rest = value.partition("..")
    if path and dots:
        high, colon, how = rest.partition(":")
        entry = {"low": scalar(low), "high": scalar(high)}
        if colon:
            entry |= {"log": True} if how == "log" else {"step": scalar(how)}
        return path, node_of(entry, origin)
    choices = read_value(value, origin)
    if not path or not isinstance(choices.value, list):
        raise ConfigError([Problem(str(origin), f"a search is {_NOTATION}")])
    return path, Node({"choices": choices}, origin)


def _dimension(path: str, node: Node, problems: list[Problem]) -> Dimension | None:
    found = _choices(path, node) if "choices" in (node.items or {}) else _range(path, node)
    if isinstance(found, Dimension):
        return found
    problems.append(node.origin.problem(split(path), found))
    return None


def _choices(path: str, node: Node) -> Dimension | str:
    entry = node.plain()
    if len(entry) > 1:
        return "`choices` stand alone; leave out the rest, or write low and high in their place"
    values = entry["choices"]
    if not isinstance(values, list) or not values:
        return f"`choices` is a list of values, got {values!r}"
    nested = [value for value in values if isinstance(value, list | dict)]
    if nested:
        return f"a choice is one value, got {kind_of(nested[0])}: {nested[0]!r}"
    return Dimension(path, node.origin, choices=tuple(values))


def _range(path: str, node: Node) -> Dimension | str:
    entry = node.plain()
    if not isinstance(entry, dict):
        return f"{{low: …, high: …}} or {{choices: […]}} is wanted, got {kind_of(entry)}"
    for key in entry:
        if key not in _RANGE:
            return f"no entry '{key}' in a range{did_you_mean(key, (*_RANGE, 'choices'))}"
    numbers = {
        key: entry.get(key) for key in ("low", "high", "step") if key != "step" or key in entry
    }
    for key, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            return f"`{key}` is a number, got {kind_of(number)}"
        if not math.isfinite(number):
            return f"`{key}` is a finite number, got {number}"
    low, high, step, log = entry["low"], entry["high"], entry.get("step"), entry.get("log", False)
    if not isinstance(log, bool):
        return f"`log` is true or false, got {log!r}"
    if not low < high:
        return f"`low` is less than `high`, got {low:g} and {high:g}"
    if log and (low <= 0 or step is not None):
        return "on a logarithmic scale `low` is above 0, and there is no `step`"
    if step is not None and (step <= 0 or not _whole_steps(high - low, step)):
        return f"from {low:g} one does not come to {high:g} in steps of {step:g}"
    whole = all(isinstance(number, int) for number in numbers.values())
    return Dimension(path, node.origin, low, high, log, step, whole)


def _whole_steps(distance: float, step: float) -> bool:
    return math.isclose(distance / step, round(distance / step), abs_tol=1e-6)


def _misplaced(resolved: dict[str, Any], keys: Keys) -> str | None:
    tree = node_of(resolved)
    leaves = [found for found, _ in tree.leaves()]
    if keys in leaves:
        return None
    near = did_you_mean(dotted(keys), [dotted(found) for found in leaves])
    if any(found[: len(keys)] == keys for found in leaves):
        return f"{dotted(keys)} is {kind_of(tree.at(keys).plain())}; name one value in it"
    return f"this config has no such value{near if near.startswith('; did') else ''}"


def _try_values(dimensions: Iterable[Dimension], load: Callable[[Sequence[str]], Spec]) -> None:
    """Raise where the config's own schema refuses an end of a range or a choice."""
    tried = {
        one: one.choices or (_number(one, one.low), _number(one, one.high)) for one in dimensions
    }
    problems: list[Problem] = []
    for number in range(max(map(len, tried.values()), default=0)):
        lines = {
            as_setting(one.path, values[number]): one
            for one, values in tried.items()
            if number < len(values)
        }
        try:
            load(list(lines))
        except ConfigError as error:
            problems += [_placed(problem, lines) for problem in error.problems]
    if problems:
        raise ConfigError(problems)


def _number(one: Dimension, value: float) -> float:
    return value if one.whole else float(value)


def _placed(problem: Problem, lines: dict[str, Dimension]) -> Problem:
    for line, one in lines.items():
        if problem.where.startswith(f"--set {line}:"):
            return one.origin.problem(split(one.path), problem.what)
    return problem
