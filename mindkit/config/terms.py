"""The terms of the objective: their lines of `inputs`, rows, weights, and the rest."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mindkit.config import refs
from mindkit.config.blocks import Found, fill, find, required
from mindkit.config.source import Keys, Node, node_of
from mindkit.config.spec import Learning, Row, Schedule, Term
from mindkit.config.values import Report, shown
from mindkit.errors import did_you_mean
from mindkit.registry import Registries, read_signature

_WEIGHT = "a number, or a map of start, end, until and shape"


class Terms:
    """Checks terms; `scope` is what references can name, `noisy` whether gaussian.* is drawn."""

    def __init__(
        self, report: Report, registries: Registries, scope: refs.Scope, noisy: bool
    ) -> None:
        self.report, self.registries, self.scope, self.noisy = report, registries, scope, noisy

    def all(self, node: Node) -> tuple[list[Term], Node]:
        terms: list[Term] = []
        filled: dict[str, Node] = {}
        for name, entry in self.report.entries(node, ("terms",)).items():
            term, filled[name] = self.term(name, entry)
            if term is not None:
                terms.append(term)
        return terms, Node(filled, node.origin)

    def term(self, name: str, node: Node) -> tuple[Term | None, Node]:
        keys = ("terms", name)
        found = find(self.report, node, keys, list(self.registries.terms))
        entries = self.report.entries(node, keys, silent=True)
        structure: dict[str, Node] = {}
        goal = self.goal(node, keys, found, structure)
        weight = self.weight(entries.get("weight", node_of(1.0)), (*keys, "weight"), structure)
        reduce = self.choice(
            Literal["mean", "sum", "group_mean"], "mean", "reduce", node, keys, structure
        )
        lines = self.lines(node, keys, found, structure)
        pairs = self.pairs(node, keys, lines, structure)
        learning = self.learning(node, keys, found, structure)
        rows: list[Row] = []
        for number, (line, _) in enumerate(lines):
            rows += line.rows(number, self.scope.modalities, pairs == "ordered")
        self._refuse_unlike_copies(rows, lines, keys)
        block, filled = fill(self.report, node, keys, found, structure)
        if block is None or found is None:
            return None, filled
        kind = found.registry.kind
        return Term(name, kind, block, weight, goal, reduce, tuple(rows), learning), filled

    def goal(self, node: Node, keys: Keys, found: Found | None, structure: dict[str, Node]) -> Any:
        estimator = found is not None and found.registry is self.registries.mi_estimators
        if estimator and "goal" not in self.report.entries(node, keys, silent=True):
            what = f"{found} estimates information: say `goal: maximize` or `goal: minimize`"
            self.report.refuse(node, (*keys, "goal"), what)
        return self.choice(
            Literal["minimize", "maximize"], "minimize", "goal", node, keys, structure
        )

    def choice(
        self, hint: Any, default: str, key: str, node: Node, keys: Keys, structure: dict[str, Node]
    ) -> Any:
        given = self.report.entries(node, keys, silent=True).get(key, node_of(default))
        value = self.report.value(hint, given, (*keys, key), default=default)
        structure[key] = node_of(value, given.origin)
        return value

    def weight(self, node: Node, keys: Keys, structure: dict[str, Node]) -> float | Schedule:
        if node.items is not None:
            schedule, structure["weight"] = self.report.dataclass(Schedule, node, keys)
            return schedule or 1.0
        value: float = self.report.value(float, node, keys, default=1.0, words=_WEIGHT)
        structure["weight"] = node_of(value, node.origin)
        return value

    def learning(
        self, node: Node, keys: Keys, found: Found | None, structure: dict[str, Node]
    ) -> Learning:
        given = self.report.entries(node, keys, silent=True).get("learning")
        if found is None or not hasattr(found.component, "learning_loss"):
            if given is not None and found is not None:
                what = f"{found} has no optimiser step of its own, so `learning` has no effect"
                self.report.refuse(given, (*keys, "learning"), f"{what}; remove it")
            return Learning()
        value, structure["learning"] = self.report.dataclass(
            Learning, given or node_of({}), (*keys, "learning")
        )
        return value or Learning()

    def pairs(
        self,
        node: Node,
        keys: Keys,
        lines: Sequence[tuple[refs.Line, Node]],
        structure: dict[str, Node],
    ) -> str:
        given = self.report.entries(node, keys, silent=True).get("pairs")
        if any(len(line.variables()) == 2 for line, _ in lines):
            hint = Literal["unordered", "ordered"]
            return str(self.choice(hint, "unordered", "pairs", node, keys, structure))
        if given is not None and lines:
            what = "no line uses both $m and $n, so `pairs` has no effect; remove it"
            self.report.refuse(given, (*keys, "pairs"), what)
        return "unordered"

    def lines(
        self, node: Node, keys: Keys, found: Found | None, structure: dict[str, Node]
    ) -> list[tuple[refs.Line, Node]]:
        inputs = self.report.entries(node, keys, silent=True).get("inputs")
        if inputs is None:
            what = f"`inputs` is missing: a list of lines, each {_line_in_words(found)}"
            self.report.refuse(node, (*keys, "inputs"), what)
            return []
        structure["inputs"] = inputs
        if not isinstance(inputs.value, list) or not inputs.value:
            what = f"`inputs` is a list of lines, each {_line_in_words(found)}; got {shown(inputs)}"
            self.report.refuse(inputs, (*keys, "inputs"), what)
            return []
        lines: list[tuple[refs.Line, Node]] = []
        for index, one in enumerate(inputs.value):
            line = self.line(one, (*keys, "inputs", index), found)
            if line is not None:
                lines.append((line, one))
        return lines

    def line(self, node: Node, keys: Keys, found: Found | None) -> refs.Line | None:
        before = len(self.report.problems)
        takes = found.arguments if found else None
        copy = None
        if node.items is not None:
            given = dict(node.items)
            if (copy_node := given.pop("copy", None)) is not None:
                copy = self.report.value(str, copy_node, (*keys, "copy"), default="")
            places: dict[str, Keys] = {name: (*keys, name) for name in given}
        elif isinstance(node.value, list):
            copy_node = None
            names = list(takes) if takes is not None else [str(k) for k in range(len(node.value))]
            if len(node.value) > len(names):
                what = f"{len(node.value)} arguments are given, but {found} takes {len(names)}"
                self.report.refuse(node, keys, f"{what}: {', '.join(names)}")
            given = dict(zip(names, node.value, strict=False))
            places = {name: (*keys, index) for index, name in enumerate(given)}
        else:
            what = f"a line of `inputs` is {_line_in_words(found)}; got {shown(node)}"
            self.report.refuse(node, keys, what)
            return None
        if takes is not None:
            self._refuse_unfit_arguments(found, takes, given, node, keys)
        arguments = {
            name: tuple(
                pattern
                for pattern, _, _ in read_references(self.report, self.scope, one, places[name])
            )
            for name, one in given.items()
        }
        line = refs.Line(arguments, copy)
        if copy_node is not None and copy is not None:
            self._refuse_unfit_copy(line, copy, copy_node, (*keys, "copy"), found)
        self._refuse_unfit_stages(line, node, keys, found)
        return line if len(self.report.problems) == before else None

    def _refuse_unfit_arguments(
        self,
        found: Any,
        takes: Mapping[str, inspect.Parameter],
        given: Mapping[str, Node],
        node: Node,
        keys: Keys,
    ) -> None:
        unknown = [name for name in given if name not in takes]
        missing = [n for n, p in takes.items() if n not in given and required(p)]
        if unknown and missing:
            what = f"{found} takes {_and(list(takes))}, but is given {_and(list(given))}"
            self.report.refuse(node, keys, f"{what}; rename them, or choose another type")
            return
        for name in unknown:
            what = f"{found} takes no argument '{name}'{did_you_mean(name, list(takes))}"
            self.report.refuse(given[name], (*keys, name), what)
        for name in missing:
            what = f"{found} needs the argument '{name}'; it takes: {', '.join(takes)}"
            self.report.refuse(node, keys, what)

    def _refuse_unfit_copy(
        self, line: refs.Line, copy: str, node: Node, keys: Keys, found: Found | None
    ) -> None:
        for variable in refs.variables_in(copy):
            if variable not in line.variables():
                what = f"'{copy}' uses {variable}, which this line does not; remove it"
                self.report.refuse(node, keys, what)
        if (
            found
            and found.component.batched
            and "copies" not in read_signature(found.component).wired
        ):
            self.report.refuse(node, keys, f"{found} has no parameters to share; remove `copy`")

    def _refuse_unfit_stages(
        self, line: refs.Line, node: Node, keys: Keys, found: Found | None
    ) -> None:
        for patterns in line.arguments.values():
            for pattern in patterns:
                if pattern.stage in self.scope.over_time and found is not None:
                    self._refuse_unfit_sequence(pattern, patterns, node, keys, found)
                if pattern.stage == "gaussian" and not self.noisy:
                    what = f"'{pattern}' is never drawn: no representation is made `from: gaussian`"
                    self.report.refuse(node, keys, f"{what}; add one, or remove the reference")

    def _refuse_unfit_sequence(
        self,
        pattern: refs.Pattern,
        patterns: Sequence[refs.Pattern],
        node: Node,
        keys: Keys,
        found: Found,
    ) -> None:
        if not found.over_time:
            what = (
                f"'{pattern}' has a time axis, and {found} takes vectors only; use encoded.* here"
            )
            self.report.refuse(node, keys, what)
        elif len(patterns) > 1 or pattern.modality == "*":
            what = f"'{pattern}' has a time axis, so it cannot be joined with others; give it alone"
            self.report.refuse(node, keys, what)

    def _refuse_unlike_copies(
        self, rows: Sequence[Row], lines: Sequence[tuple[refs.Line, Node]], keys: Keys
    ) -> None:
        widths: dict[str, dict[str, int]] = {}
        for row in rows:
            own = {name: len(references) for name, references in row.arguments.items()}
            if widths.setdefault(row.copy, own) != own:
                what = f"the copy '{row.copy}' is shared by rows of different widths; rename one"
                self.report.refuse(lines[row.line][1], (*keys, "inputs", row.line), what)
                return


def read_references(
    report: Report, scope: refs.Scope, node: Node, keys: Keys
) -> list[tuple[refs.Pattern, Node, Keys]]:
    """Return the references of an argument, those that make no sense left out."""
    found: list[tuple[refs.Pattern, Node, Keys]] = []
    listed = isinstance(node.value, list)
    nodes = node.value if isinstance(node.value, list) else [node]
    if listed and not nodes:
        report.refuse(node, keys, "the list of references is empty; name at least one")
    for index, one in enumerate(nodes):
        place = (*keys, index) if listed else keys
        if not isinstance(one.value, str):
            what = f"a reference such as encoded.* is wanted, got {shown(one)}"
            report.refuse(one, place, what)
            continue
        pattern = refs.parse(one.value)
        if mistake := scope.mistake(pattern):
            report.refuse(one, place, mistake)
        else:
            found.append((pattern, one, place))
    return found


def _line_in_words(found: Found | None) -> str:
    names = list(found.arguments) if found else ["a", "b"]
    lists = ", ".join("…" for _ in names)
    maps = ", ".join(f"{name}: …" for name in names)
    return f"a list [{lists}] or a map {{{maps}}} of references"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
