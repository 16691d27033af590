"""The check: from a merged tree to a `Spec`, or to every mistake in it.

A component's constructor is the schema of its options, its `forward` that of its inputs, and the
dataclasses of `spec` that of everything else.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from mindkit.config import refs
from mindkit.config.compose import STRUCTURE
from mindkit.config.source import DEFAULT, Keys, Node, dotted, kind_of, node_of
from mindkit.config.spec import (
    RESERVED,
    Block,
    Data,
    Fusion,
    Learning,
    Method,
    Positive,
    Reference,
    Representation,
    Row,
    Schedule,
    Spec,
    Term,
    Training,
)
from mindkit.errors import Problem, did_you_mean
from mindkit.registry import Registries, Registry, read_signature

T = TypeVar("T")
KEYWORDS = ("progress", "index")  # of `forward`; the engine fills them
_REQUIRED = ("width", "encoders", "fusion", "terms")
_OPTIONAL = ("name", "representations", "training", "data", "dropped")
_NAME = "letters, digits and _, a letter first"


@dataclass
class Checked:
    """What the check found: the complete tree, the spec if all is well, and the problems."""

    tree: Node
    spec: Spec | None
    problems: list[Problem]


def check(tree: Node, registries: Registries, method: str) -> Checked:
    """Check a merged tree and fill in every default; `method` is its name unless it has one."""
    checker = _Checker(tree, registries)
    spec, filled = checker.spec(method)
    return Checked(filled, spec if not checker.problems else None, checker.problems)


@dataclass(frozen=True)
class _Found:
    """A component that a `type` names: its class, and the registry it is in."""

    registry: Registry
    name: str
    component: type

    def __str__(self) -> str:
        return f"{self.registry.singular} '{self.name}'"

    @property
    def arguments(self) -> dict[str, inspect.Parameter]:
        """What its `forward` takes from `inputs`."""
        parameters = inspect.signature(self.component.forward).parameters.values()  # type: ignore[attr-defined]
        return {p.name: p for p in parameters if p.name not in ("self", *KEYWORDS)}


class _Checker:
    def __init__(self, tree: Node, registries: Registries) -> None:
        self.tree, self.registries = tree, registries
        self.problems: list[Problem] = []
        self.modalities: list[str] = []
        self.scope = refs.Scope((), ())
        self.noisy = False
        self.sequential: dict[str, bool] = {}

    def refuse(self, node: Node, keys: Keys, what: str) -> None:
        self.problems.append(node.origin.problem(keys, what))

    # The whole

    def spec(self, method: str) -> tuple[Spec | None, Node]:
        entries = self.tree.items or {}
        self.unknown(self.tree, (), (*_REQUIRED, *_OPTIONAL), "a config")
        for key in _REQUIRED:
            if key not in entries:
                self.refuse(self.tree, (key,), f"'{key}' is missing; every method has one")
        name = self.value(str, entries.get("name", node_of(method)), ("name",))
        width = self.value(Positive, entries.get("width", node_of(1)), ("width",))
        filled: dict[str, Node] = {
            "name": node_of(name, entries.get("name", Node(None, DEFAULT)).origin),
            "width": node_of(width, entries.get("width", Node(None, DEFAULT)).origin),
        }
        self.modalities = list(self.map(entries.get("encoders"), ("encoders",)))
        self.scope = refs.Scope(
            self.modalities, list(self.map(entries.get("representations"), ("representations",)))
        )
        self._refuse_ambiguous_names(entries)
        encoders, filled["encoders"] = self.encoders(entries.get("encoders", node_of({})))
        stages = entries.get("representations", node_of({}))
        representations, filled["representations"] = self.representations(stages)
        fusion, filled["fusion"] = self.fusion(entries.get("fusion"))
        terms, filled["terms"] = self.terms(entries.get("terms", node_of({})))
        training, filled["training"] = self.training(entries.get("training", node_of({})))
        data, filled["data"] = self.data(entries.get("data", node_of({})))
        dropped = self.value(
            list[str], entries.get("dropped", node_of([])), ("dropped",), default=[]
        )
        tree = Node(filled, self.tree.origin)
        if self.problems or fusion is None or training is None or data is None:
            return None, tree
        whole = Method(name, width, encoders, tuple(representations), fusion, tuple(terms))
        origins = {dotted(keys): str(node.origin) for keys, node in tree.leaves()}
        return Spec(whole, training, data, tree.plain(), tuple(dropped), origins), tree

    def _refuse_ambiguous_names(self, entries: Mapping[str, Node]) -> None:
        seen: dict[str, str] = {}
        for key in ("encoders", "representations", "terms"):
            for name, node in self.map(entries.get(key), (key,), silent=True).items():
                if not name.isidentifier():
                    self.refuse(node, (key, name), f"'{name}' cannot be a name; use {_NAME}")
                if name in RESERVED and key != "terms":
                    self.refuse(node, (key, name), f"the name '{name}' is reserved; choose another")
                if name in seen:
                    what = f"'{name}' is a name in {seen[name]} already, so --drop could not tell"
                    self.refuse(node, (key, name), f"{what}; rename one of the two")
                seen.setdefault(name, key)

    # Parts of the method

    def encoders(self, node: Node) -> tuple[dict[str, Block], Node]:
        blocks: dict[str, Block] = {}
        filled: dict[str, Node] = {}
        for name, entry in self.map(node, ("encoders",), silent=True).items():
            keys = ("encoders", name)
            found = self.component(entry, keys, [self.registries.encoders])
            block, filled[name] = self.block(entry, keys, found, {})
            if block is not None and found is not None:
                blocks[name] = block
                self.sequential[name] = found.component.sequential  # type: ignore[attr-defined]
        if not blocks and not self.problems:
            self.refuse(node, ("encoders",), "there is no encoder; name one for each modality")
        return blocks, Node(filled, node.origin)

    def representations(self, node: Node) -> tuple[list[Representation], Node]:
        found: dict[str, Representation] = {}
        filled: dict[str, Node] = {}
        entries = self.map(node, ("representations",), silent=True)
        for name, entry in entries.items():
            representation, filled[name] = self.representation(name, entry, entries)
            if representation is not None:
                found[name] = representation
        self.noisy = any(one.source == "gaussian" for one in found.values())
        return self._in_order(found, entries), Node(filled, node.origin)

    def representation(
        self, name: str, node: Node, known: Mapping[str, Node]
    ) -> tuple[Representation | None, Node]:
        keys = ("representations", name)
        entries = self.map(node, keys)
        source_node = entries.get("from", node_of("encoded"))
        source = self.value(str, source_node, (*keys, "from"), default="encoded")
        sources = ["encoded", "gaussian", *(one for one in known if one != name)]
        if source not in sources:
            what = f"no representation named '{source}'{did_you_mean(source, sources)}"
            self.refuse(source_node, (*keys, "from"), what)
        structure = {"from": node_of(source, source_node.origin)}
        if "through" in entries:
            through = self.through(entries, keys, known)
            structure["through"] = entries["through"]
            return Representation(name, source, None, through, False), Node(structure, node.origin)
        share_node = entries.get("share", node_of(False))
        share = self.value(bool, share_node, (*keys, "share"), default=False)
        structure["share"] = node_of(share, share_node.origin)
        found = self.component(node, keys, [self.registries.stages])
        block, filled = self.block(node, keys, found, structure)
        representation = None if block is None else Representation(name, source, block, None, share)
        return representation, filled

    def through(self, entries: Mapping[str, Node], keys: Keys, known: Mapping[str, Node]) -> str:
        node = entries["through"]
        through = self.value(str, node, (*keys, "through"), default="")
        owners = [
            n for n, one in known.items() if n != keys[1] and "through" not in (one.items or {})
        ]
        if through not in owners:
            what = f"no representation with weights of its own is named '{through}'"
            self.refuse(node, (*keys, "through"), what + did_you_mean(through, owners))
        for key, extra in entries.items():
            if key not in ("from", "through"):
                what = f"'{key}' has no effect beside `through: {through}`, whose weights it uses"
                self.refuse(extra, (*keys, key), f"{what}; remove it")
        return through

    def _in_order(
        self, found: dict[str, Representation], entries: Mapping[str, Node]
    ) -> list[Representation]:
        ordered: list[Representation] = []
        done = {"encoded", "gaussian"}
        waiting = dict(found)
        while waiting:
            ready = [name for name, one in waiting.items() if one.source in done]
            if not ready:
                unknown = [name for name, one in waiting.items() if one.source not in found]
                if not unknown:  # an unknown source has been reported already
                    names = list(waiting)
                    circle = " <- ".join([*names, names[0]])
                    what = f"these are made from each other: {circle}; begin one from encoded"
                    self.refuse(entries[names[0]], ("representations", names[0], "from"), what)
                break
            for name in ready:
                ordered.append(waiting.pop(name))
                done.add(name)
        return ordered

    def fusion(self, node: Node | None) -> tuple[Fusion | None, Node]:
        keys: Keys = ("fusion",)
        if node is None:
            return None, node_of({})
        found = self.component(node, keys, [self.registries.fusion_heads])
        inputs = self.map(node, keys).get("inputs")
        if inputs is None:
            self.refuse(node, (*keys, "inputs"), "the head needs `inputs`, a list of references")
            return None, node
        references: list[Reference] = []
        for pattern, one, place in self.references(inputs, (*keys, "inputs")):
            if pattern.variables() or pattern.stage in refs.WITHOUT_MODALITY:
                what = f"'{pattern}' has no meaning for the head; give it stages, as in invariant.*"
                self.refuse(one, place, what)
                continue
            expanded = pattern.expand(self.modalities, {})
            if pattern.stage == "sequence":
                self._refuse_without_sequence(expanded, one, place)
            references += expanded
        if not isinstance(inputs.value, list) or not inputs.value:
            self.refuse(
                inputs, (*keys, "inputs"), "`inputs` is a list of references, such as [a.*]"
            )
        if found is not None:
            self._refuse_unfit_head(found, references, inputs)
        block, filled = self.block(node, keys, found, {"inputs": inputs})
        return (None if block is None else Fusion(block, tuple(references))), filled

    def _refuse_without_sequence(
        self, references: Sequence[Reference], node: Node, keys: Keys
    ) -> None:
        for reference in references:
            if not self.sequential.get(str(reference.modality), True):
                what = f"the encoder of {reference.modality} gives no sequence, only one vector"
                self.refuse(node, keys, f"{what}; choose an encoder that does, or use encoded.*")

    def _refuse_unfit_head(
        self, found: _Found, references: Sequence[Reference], inputs: Node
    ) -> None:
        keys: Keys = ("fusion", "inputs")
        sequences = any(reference.stage == "sequence" for reference in references)
        vectors = any(reference.stage != "sequence" for reference in references)
        takes = found.arguments
        for given, argument, words in (
            (vectors, "parts", "vectors, such as invariant.*"),
            (sequences, "sequences", "sequences, such as sequence.*"),
        ):
            if given and argument not in takes:
                self.refuse(inputs, keys, f"{found} takes no {words}; it takes: {', '.join(takes)}")
            parameter = takes.get(argument)
            if not given and references and parameter is not None and _required(parameter):
                self.refuse(inputs, keys, f"{found} needs {words}; add them")

    # Terms

    def terms(self, node: Node) -> tuple[list[Term], Node]:
        terms: list[Term] = []
        filled: dict[str, Node] = {}
        for name, entry in self.map(node, ("terms",)).items():
            term, filled[name] = self.term(name, entry)
            if term is not None:
                terms.append(term)
        return terms, Node(filled, node.origin)

    def term(self, name: str, node: Node) -> tuple[Term | None, Node]:
        keys = ("terms", name)
        found = self.component(node, keys, list(self.registries.terms))
        entries = self.map(node, keys, silent=True)
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
            rows += line.rows(number, self.modalities, pairs == "ordered")
        self._refuse_unlike_copies(rows, lines, keys)
        block, filled = self.block(node, keys, found, structure)
        if block is None or found is None:
            return None, filled
        kind = found.registry.kind
        return Term(name, kind, block, weight, goal, reduce, tuple(rows), learning), filled

    def goal(self, node: Node, keys: Keys, found: _Found | None, structure: dict[str, Node]) -> Any:
        estimator = found is not None and found.registry is self.registries.mi_estimators
        if estimator and "goal" not in self.map(node, keys, silent=True):
            what = f"{found} estimates information: say `goal: maximize` or `goal: minimize`"
            self.refuse(node, (*keys, "goal"), what)
        return self.choice(
            Literal["minimize", "maximize"], "minimize", "goal", node, keys, structure
        )

    def choice(
        self, hint: Any, default: str, key: str, node: Node, keys: Keys, structure: dict[str, Node]
    ) -> Any:
        given = self.map(node, keys, silent=True).get(key, node_of(default))
        value = self.value(hint, given, (*keys, key), default=default)
        structure[key] = node_of(value, given.origin)
        return value

    def weight(self, node: Node, keys: Keys, structure: dict[str, Node]) -> float | Schedule:
        if node.items is not None:
            schedule, structure["weight"] = self.dataclass(Schedule, node, keys)
            return schedule or 1.0
        value = self.value(float, node, keys, default=1.0, words=_WEIGHT)
        structure["weight"] = node_of(value, node.origin)
        return value

    def learning(
        self, node: Node, keys: Keys, found: _Found | None, structure: dict[str, Node]
    ) -> Learning:
        given = self.map(node, keys, silent=True).get("learning")
        if found is None or not hasattr(found.component, "learning_loss"):
            if given is not None and found is not None:
                what = f"{found} has no optimiser step of its own, so `learning` has no effect"
                self.refuse(given, (*keys, "learning"), f"{what}; remove it")
            return Learning()
        value, structure["learning"] = self.dataclass(
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
        given = self.map(node, keys, silent=True).get("pairs")
        if any(len(line.variables()) == 2 for line, _ in lines):
            hint = Literal["unordered", "ordered"]
            return self.choice(hint, "unordered", "pairs", node, keys, structure)
        if given is not None and lines:
            what = "no line uses both $m and $n, so `pairs` has no effect; remove it"
            self.refuse(given, (*keys, "pairs"), what)
        return "unordered"

    def lines(
        self, node: Node, keys: Keys, found: _Found | None, structure: dict[str, Node]
    ) -> list[tuple[refs.Line, Node]]:
        inputs = self.map(node, keys, silent=True).get("inputs")
        if inputs is None:
            what = f"`inputs` is missing: a list of lines, each {_line_in_words(found)}"
            self.refuse(node, (*keys, "inputs"), what)
            return []
        structure["inputs"] = inputs
        if not isinstance(inputs.value, list) or not inputs.value:
            what = (
                f"`inputs` is a list of lines, each {_line_in_words(found)}; got {_shown(inputs)}"
            )
            self.refuse(inputs, (*keys, "inputs"), what)
            return []
        lines: list[tuple[refs.Line, Node]] = []
        for index, one in enumerate(inputs.value):
            line = self.line(one, (*keys, "inputs", index), found)
            if line is not None:
                lines.append((line, one))
        return lines

    def line(self, node: Node, keys: Keys, found: _Found | None) -> refs.Line | None:
        before = len(self.problems)
        takes = found.arguments if found else None
        copy = None
        if node.items is not None:
            given = dict(node.items)
            if (copy_node := given.pop("copy", None)) is not None:
                copy = self.value(str, copy_node, (*keys, "copy"), default="")
            places: dict[str, Keys] = {name: (*keys, name) for name in given}
        elif isinstance(node.value, list):
            copy_node = None
            names = list(takes) if takes is not None else [str(k) for k in range(len(node.value))]
            if len(node.value) > len(names):
                what = f"{len(node.value)} arguments are given, but {found} takes {len(names)}"
                self.refuse(node, keys, f"{what}: {', '.join(names)}")
            given = dict(zip(names, node.value, strict=False))
            places = {name: (*keys, index) for index, name in enumerate(given)}
        else:
            what = f"a line of `inputs` is {_line_in_words(found)}; got {_shown(node)}"
            self.refuse(node, keys, what)
            return None
        if takes is not None:
            self._refuse_unfit_arguments(found, takes, given, node, keys)
        arguments = {
            name: tuple(pattern for pattern, _, _ in self.references(one, places[name]))
            for name, one in given.items()
        }
        line = refs.Line(arguments, copy)
        if copy_node is not None and copy is not None:
            self._refuse_unfit_copy(line, copy, copy_node, (*keys, "copy"), found)
        self._refuse_unfit_stages(line, node, keys)
        return line if len(self.problems) == before else None

    def _refuse_unfit_arguments(
        self,
        found: Any,
        takes: Mapping[str, inspect.Parameter],
        given: Mapping[str, Node],
        node: Node,
        keys: Keys,
    ) -> None:
        unknown = [name for name in given if name not in takes]
        missing = [n for n, p in takes.items() if n not in given and _required(p)]
        if unknown and missing:
            what = f"{found} takes {_and(list(takes))}, but is given {_and(list(given))}"
            self.refuse(node, keys, f"{what}; rename them, or choose another type")
            return
        for name in unknown:
            what = f"{found} takes no argument '{name}'{did_you_mean(name, list(takes))}"
            self.refuse(given[name], (*keys, name), what)
        for name in missing:
            what = f"{found} needs the argument '{name}'; it takes: {', '.join(takes)}"
            self.refuse(node, keys, what)

    def _refuse_unfit_copy(
        self, line: refs.Line, copy: str, node: Node, keys: Keys, found: _Found | None
    ) -> None:
        for variable in refs.variables_in(copy):
            if variable not in line.variables():
                what = f"'{copy}' uses {variable}, which this line does not; remove it"
                self.refuse(node, keys, what)
        if (
            found
            and found.component.batched
            and "copies" not in read_signature(found.component).wired
        ):  # type: ignore[attr-defined]
            self.refuse(node, keys, f"{found} has no parameters to share; remove `copy`")

    def _refuse_unfit_stages(self, line: refs.Line, node: Node, keys: Keys) -> None:
        for patterns in line.arguments.values():
            for pattern in patterns:
                if pattern.stage == "sequence":
                    what = f"'{pattern}' can be given to a fusion head only; use encoded.* here"
                    self.refuse(node, keys, what)
                if pattern.stage == "gaussian" and not self.noisy:
                    what = f"'{pattern}' is never drawn: no representation is made `from: gaussian`"
                    self.refuse(node, keys, f"{what}; add one, or remove the reference")

    def _refuse_unlike_copies(
        self, rows: Sequence[Row], lines: Sequence[tuple[refs.Line, Node]], keys: Keys
    ) -> None:
        widths: dict[str, dict[str, int]] = {}
        for row in rows:
            own = {name: len(references) for name, references in row.arguments.items()}
            if widths.setdefault(row.copy, own) != own:
                what = f"the copy '{row.copy}' is shared by rows of different widths; rename one"
                self.refuse(lines[row.line][1], (*keys, "inputs", row.line), what)
                return

    def references(self, node: Node, keys: Keys) -> list[tuple[refs.Pattern, Node, Keys]]:
        """Return the references of an argument, those that make no sense left out."""
        found: list[tuple[refs.Pattern, Node, Keys]] = []
        listed = isinstance(node.value, list)
        nodes = node.value if isinstance(node.value, list) else [node]
        if listed and not nodes:
            self.refuse(node, keys, "the list of references is empty; name at least one")
        for index, one in enumerate(nodes):
            place = (*keys, index) if listed else keys
            if not isinstance(one.value, str):
                what = f"a reference such as encoded.* is wanted, got {_shown(one)}"
                self.refuse(one, place, what)
                continue
            pattern = refs.parse(one.value)
            if mistake := self.scope.mistake(pattern):
                self.refuse(one, place, mistake)
            else:
                found.append((pattern, one, place))
        return found

    # Training and data

    def training(self, node: Node) -> tuple[Training | None, Node]:
        before = len(self.problems)
        node = self._of_this_optimizer(node)
        training, filled = self.dataclass(Training, node, ("training",))
        filled = self._without_idle_settings(filled)
        trackers = filled.at(("trackers",))
        for index, one in enumerate(trackers.value if isinstance(trackers.value, list) else []):
            if isinstance(one.value, str) and one.value not in self.registries.trackers:
                known = self.registries.trackers.names()
                what = f"no tracker named '{one.value}'{did_you_mean(one.value, known)}"
                self.refuse(one, ("training", "trackers", index), what)
        return (training if len(self.problems) == before else None), filled

    def _of_this_optimizer(self, node: Node) -> Node:
        optimizer = node.at(("optimizer",))
        entries = optimizer.items
        if entries is None or optimizer is node:
            return node
        kind = entries.get("type", node_of("adamw")).value
        other = "betas" if kind == "sgd" else "momentum"
        if (
            other in entries
            and entries[other].origin != DEFAULT
            and kind in ("sgd", "adam", "adamw")
        ):
            what = f"the optimizer '{kind}' has no {other}, so it has no effect; remove it"
            self.refuse(entries[other], ("training", "optimizer", other), what)
        return node

    def _without_idle_settings(self, filled: Node) -> Node:
        entries, optimizer = dict(filled.items or {}), filled.at(("optimizer",))
        idle = "betas" if optimizer.at(("type",)).value == "sgd" else "momentum"
        kept = {key: node for key, node in (optimizer.items or {}).items() if key != idle}
        return Node({**entries, "optimizer": Node(kept, optimizer.origin)}, filled.origin)

    def data(self, node: Node) -> tuple[Data | None, Node]:
        data, filled = self.dataclass(Data, node, ("data",))
        if data is None:
            return None, filled
        names = self.registries.datasets.names()
        if data.name not in names:
            what = f"no data set named '{data.name}'{did_you_mean(data.name, names)}"
            self.refuse(filled.at(("name",)), ("data", "name"), what)
        if isinstance(data.standardize, dict):
            for modality in data.standardize:
                if modality not in self.modalities:
                    place = ("data", "standardize", modality)
                    hint = did_you_mean(modality, self.modalities)
                    self.refuse(
                        filled.at(place[1:]), place, f"no modality named '{modality}'{hint}"
                    )
        return data, filled

    # Blocks and values

    def component(self, node: Node, keys: Keys, registries: Sequence[Registry]) -> _Found | None:
        """Return the component that the block's `type` names."""
        given = self.map(node, keys).get("type")
        words = [registry.singular for registry in registries]
        what = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
        known = [name for registry in registries for name in registry.names()]
        if given is None:
            if node.items is not None:
                self.refuse(
                    node, (*keys, "type"), f"`type` is missing: which {what}? {_some(known)}"
                )
            return None
        name = self.value(str, given, (*keys, "type"), default="")
        for registry in registries:
            if name in registry:
                try:
                    return _Found(registry, name, registry.get(name))
                except Exception as error:  # a plugin's module may raise anything when imported
                    plugin = registry.entry(name).plugin
                    why = f"{registry.singular} '{name}' of plugin '{plugin}' cannot be imported"
                    self.refuse(given, (*keys, "type"), f"{why}: {type(error).__name__}: {error}")
                    return None
        if name:
            self.refuse(
                given, (*keys, "type"), f"no {what} named '{name}'{did_you_mean(name, known)}"
            )
        return None

    def block(
        self, node: Node, keys: Keys, found: _Found | None, structure: Mapping[str, Node]
    ) -> tuple[Block | None, Node]:
        """Check the options of a block; return it with its defaults, `structure` put first."""
        before = len(self.problems)
        entries = self.map(node, keys, silent=True)
        if found is None:
            return None, node
        own = STRUCTURE[str(keys[0])]
        signature = read_signature(found.component)
        for key, extra in entries.items():
            if key not in own and key not in signature.options:
                if key in signature.wired:
                    what = f"'{key}' is wired by the engine and cannot be set; remove it"
                else:
                    known = [*signature.options, *(k for k in own if k != "type")]
                    hint = did_you_mean(key, list(signature.options))
                    if "mean" not in hint and "mean" in (near := did_you_mean(key, known)):
                        hint = near
                    what = f"{found} has no option '{key}'{hint or ''}"
                    what = what.replace("; none is known", ", and none at all; remove it")
                self.refuse(extra, (*keys, key), what)
        options: dict[str, Any] = {}
        filled = {"type": entries["type"], **structure}
        for name, parameter in signature.options.items():
            if name in entries:
                hint = signature.hints.get(name, Any)
                options[name] = self.value(hint, entries[name], (*keys, name))
                filled[name] = node_of(_plain(options[name]), entries[name].origin)
            elif parameter.default is parameter.empty:
                self.refuse(node, (*keys, name), f"{found} needs the option '{name}'; set it")
            else:
                options[name] = parameter.default
                filled[name] = node_of(_plain(parameter.default))
        good = len(self.problems) == before
        return (Block(found.name, options) if good else None), Node(filled, node.origin)

    def dataclass(self, kind: type[T], node: Node, keys: Keys) -> tuple[T | None, Node]:
        """Check a map against a dataclass of `spec`; nested ones and tuples of them included."""
        before = len(self.problems)
        entries = self.map(node, keys)
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
                filled[one.name] = node_of(_plain(default))
            else:
                values[one.name], filled[one.name] = self.typed(
                    hints[one.name], entries[one.name], place
                )
        good = len(self.problems) == before
        return (kind(**values) if good else None), Node(filled, node.origin)

    def typed(self, hint: Any, node: Node, keys: Keys) -> tuple[Any, Node]:
        inner = get_args(hint)[0] if get_origin(hint) is tuple else None
        if dataclasses.is_dataclass(hint):
            return self.dataclass(hint, node, keys)  # type: ignore[arg-type]
        if inner is not None and dataclasses.is_dataclass(inner) and isinstance(node.value, list):
            pairs = [
                self.dataclass(inner, one, (*keys, k))  # type: ignore[arg-type]
                for k, one in enumerate(node.value)
            ]
            return tuple(v for v, _ in pairs), Node([filled for _, filled in pairs], node.origin)
        value = self.value(hint, node, keys)
        return value, _like(node, _plain(value))

    def value(
        self, hint: Any, node: Node, keys: Keys, default: Any = None, words: str | None = None
    ) -> Any:
        """Return the value as its type, or report what is wrong with it and return `default`."""
        value, errors = _validate(hint, node.plain())
        for inner, why in errors:
            one = node.at(inner)
            wanted = words or in_words(hint)
            near = _near(hint, one.value)
            text = f"expected {wanted}, got {_shown(one)}{why}{near}"
            self.refuse(one, (*keys, *inner), text)
        return default if errors else value

    def map(self, node: Node | None, keys: Keys, silent: bool = False) -> dict[str, Node]:
        """Return the entries of a map; anything else is reported unless `silent`."""
        if node is None:
            return {}
        if node.items is None:
            if not silent:
                self.refuse(node, keys, f"expected a map of keys and values, got {_shown(node)}")
            return {}
        return node.items

    def unknown(self, node: Node, keys: Keys, known: Sequence[str], owner: str) -> None:
        for key, one in (node.items or {}).items():
            if key not in known:
                what = f"{owner} has no key '{key}'{did_you_mean(key, list(known))}"
                self.refuse(one, (*keys, key), what)


_WEIGHT = "a number, or a map of start, end, until and shape"


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
        inside = (isinstance(value, dict) and key in value) or (
            isinstance(value, list) and isinstance(key, int) and key < len(value)
        )
        if inside:
            keys.append(key)
            value = value[key]
    return tuple(keys)


def in_words(hint: Any) -> str:
    """Say in words what values a type has."""
    origin = get_origin(hint)
    if origin is Annotated:
        return in_words(get_args(hint)[0])
    if origin is Literal:
        return _or([repr(choice) for choice in get_args(hint)])
    if origin in (typing.Union, types.UnionType):
        return _or([in_words(one) for one in get_args(hint)])
    if origin in (list, tuple, Sequence):
        inner = [one for one in get_args(hint) if one is not Ellipsis]
        if origin is tuple and Ellipsis not in get_args(hint):
            return f"a list of {len(inner)}: {', '.join(in_words(one) for one in inner)}"
        return f"a list of {in_words(inner[0])} items" if inner else "a list"
    if origin is dict:
        return f"a map to {in_words(get_args(hint)[1])}"
    return _PLAIN.get(hint, getattr(hint, "__name__", str(hint)))


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


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


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


def _shown(node: Node) -> str:
    if isinstance(node.value, dict | list) or node.value is None:
        return kind_of(node.value)
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return f"the text {node.value!r}" if isinstance(node.value, str) else repr(node.value)


def _some(known: Sequence[str]) -> str:
    return f"known: {', '.join(sorted(known))}" if known else "none is known"


def _line_in_words(found: _Found | None) -> str:
    names = list(found.arguments) if found else ["a", "b"]
    lists = ", ".join("…" for _ in names)
    maps = ", ".join(f"{name}: …" for name in names)
    return f"a list [{lists}] or a map {{{maps}}} of references"


def _required(parameter: inspect.Parameter) -> bool:
    variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not variadic


def _plain(value: Any) -> Any:
    """Return a typed value as plain dicts, lists and scalars, as YAML has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _like(node: Node, value: Any) -> Node:
    """Return `value` as a tree with the origins of `node`."""
    if isinstance(value, dict) and node.items is not None:
        return Node({k: _like(node.items[k], v) for k, v in value.items()}, node.origin)
    if isinstance(value, list) and isinstance(node.value, list):
        pairs = zip(node.value, value, strict=True)
        return Node([_like(one, item) for one, item in pairs], node.origin)
    return node_of(value, node.origin)
