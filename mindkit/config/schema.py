"""The check: from a merged tree to a `Spec`, or to every mistake in it.

A component's constructor is the schema of its options, its `forward` that of its inputs, and the
dataclasses of `spec` that of everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mindkit.config import refs
from mindkit.config.blocks import Found, fill, find, required
from mindkit.config.ranges import Positive
from mindkit.config.source import DEFAULT, Keys, Node, dotted, node_of
from mindkit.config.spec import (
    BY_MODALITY,
    RESERVED,
    Block,
    Data,
    Fusion,
    Method,
    Reference,
    Spec,
)
from mindkit.config.stages import Stages, refuse_without_sequence
from mindkit.config.terms import Terms, read_references
from mindkit.config.training import Training
from mindkit.config.values import Report
from mindkit.errors import Problem, did_you_mean
from mindkit.registry import Registries

_REQUIRED = ("width", "encoders", "fusion", "terms")
_OPTIONAL = ("name", "stamp", "representations", "training", "data")
_NAME = "letters, digits and _, a letter first"


@dataclass
class Checked:
    """What the check found: the complete tree, the spec if all is well, and the problems.

    tokenising: modalities whose encoder knows the words of its tokens.
    """

    tree: Node
    spec: Spec | None
    problems: list[Problem]
    tokenising: list[str]


def check(tree: Node, registries: Registries, method: str, dropped: Sequence[str] = ()) -> Checked:
    """Check a merged tree and fill in every default.

    method: its name, unless the tree has one. dropped: what has been taken out of it, and why.
    """
    checker = _Checker(tree, registries)
    spec, filled = checker.spec(method, dropped)
    problems = checker.report.problems
    return Checked(filled, None if problems else spec, problems, checker.tokenising)


class _Checker:
    def __init__(self, tree: Node, registries: Registries) -> None:
        self.tree, self.registries = tree, registries
        self.report = Report()
        self.modalities: list[str] = []
        self.scope = refs.Scope((), ())
        self.sequential: dict[str, bool] = {}
        self.tokenising: list[str] = []

    # The whole

    def spec(self, method: str, dropped: Sequence[str]) -> tuple[Spec | None, Node]:
        entries = self.tree.items or {}
        self.report.unknown(self.tree, (), (*_REQUIRED, *_OPTIONAL), "a config")
        for key in _REQUIRED:
            if key not in entries:
                self.report.refuse(self.tree, (key,), f"'{key}' is missing; every method has one")
        name = self.report.value(str, entries.get("name", node_of(method)), ("name",))
        width = self.report.value(Positive, entries.get("width", node_of(1)), ("width",))
        stamp = self.report.value(str, entries.get("stamp", node_of("")), ("stamp",))
        filled: dict[str, Node] = {
            "name": node_of(name, entries.get("name", Node(None, DEFAULT)).origin),
            **({"stamp": entries["stamp"]} if stamp else {}),
            "width": node_of(width, entries.get("width", Node(None, DEFAULT)).origin),
        }
        self.modalities = list(self.report.entries(entries.get("encoders"), ("encoders",)))
        self.scope = refs.Scope(
            self.modalities,
            list(self.report.entries(entries.get("representations"), ("representations",))),
        )
        self._refuse_ambiguous_names(entries)
        encoders, filled["encoders"] = self.encoders(entries.get("encoders", node_of({})))
        stages = entries.get("representations", node_of({}))
        checked = Stages(self.report, self.registries, self.scope, self.sequential)
        representations, filled["representations"] = checked.all(stages)
        self.scope = replace(self.scope, over_time=checked.over_time)
        fusion, filled["fusion"] = self.fusion(entries.get("fusion"))
        terms, filled["terms"] = Terms(self.report, self.registries, self.scope, checked.noisy).all(
            entries.get("terms", node_of({}))
        )
        training, filled["training"] = self.training(entries.get("training", node_of({})))
        data, filled["data"] = self.data(entries.get("data", node_of({})))
        tree = Node(filled, self.tree.origin)
        if self.report.problems or fusion is None or training is None or data is None:
            return None, tree
        whole = Method(name, width, encoders, tuple(representations), fusion, tuple(terms), stamp)
        origins = {dotted(keys): str(node.origin) for keys, node in tree.leaves()}
        return Spec(whole, training, data, tree.plain(), tuple(dropped), origins), tree

    def _refuse_ambiguous_names(self, entries: Mapping[str, Node]) -> None:
        seen: dict[str, str] = {}
        for key in ("encoders", "representations", "terms"):
            for name, node in self.report.entries(entries.get(key), (key,), silent=True).items():
                if not name.isidentifier():
                    self.report.refuse(node, (key, name), f"'{name}' cannot be a name; use {_NAME}")
                if name in RESERVED and key != "terms":
                    self.report.refuse(
                        node, (key, name), f"the name '{name}' is reserved; choose another"
                    )
                if name in seen:
                    what = f"'{name}' is a name in {seen[name]} already, so --drop could not tell"
                    self.report.refuse(node, (key, name), f"{what}; rename one of the two")
                seen.setdefault(name, key)

    # Parts of the method

    def encoders(self, node: Node) -> tuple[dict[str, Block], Node]:
        blocks: dict[str, Block] = {}
        filled: dict[str, Node] = {}
        for name, entry in self.report.entries(node, ("encoders",), silent=True).items():
            keys = ("encoders", name)
            found = find(self.report, entry, keys, [self.registries.encoders])
            block, filled[name] = fill(self.report, entry, keys, found, {})
            if block is not None and found is not None:
                blocks[name] = block
                self.sequential[name] = found.component.sequential  # type: ignore[attr-defined]
                if hasattr(found.component, "words_of_tokens"):
                    self.tokenising.append(name)
        if not blocks and not self.report.problems:
            self.report.refuse(
                node, ("encoders",), "there is no encoder; name one for each modality"
            )
        return blocks, Node(filled, node.origin)

    def fusion(self, node: Node | None) -> tuple[Fusion | None, Node]:
        keys: Keys = ("fusion",)
        if node is None:
            return None, node_of({})
        found = find(self.report, node, keys, [self.registries.fusion_heads])
        inputs = self.report.entries(node, keys).get("inputs")
        if inputs is None:
            self.report.refuse(
                node, (*keys, "inputs"), "the head needs `inputs`, a list of references"
            )
            return None, node
        references: list[Reference] = []
        for pattern, one, place in read_references(
            self.report, self.scope, inputs, (*keys, "inputs")
        ):
            unfit = pattern.stage in (*refs.WITHOUT_MODALITY, "features")
            if pattern.variables() or unfit:
                what = f"'{pattern}' has no meaning for the head; give it stages, as in invariant.*"
                self.report.refuse(one, place, what)
                continue
            expanded = pattern.expand(self.modalities, {})
            if pattern.stage == "sequence":
                refuse_without_sequence(self.report, self.sequential, expanded, one, place)
            references += expanded
        if not isinstance(inputs.value, list) or not inputs.value:
            self.report.refuse(
                inputs, (*keys, "inputs"), "`inputs` is a list of references, such as [a.*]"
            )
        if found is not None:
            self._refuse_unfit_head(found, references, inputs)
        block, filled = fill(self.report, node, keys, found, {"inputs": inputs})
        return (None if block is None else Fusion(block, tuple(references))), filled

    def _refuse_unfit_head(
        self, found: Found, references: Sequence[Reference], inputs: Node
    ) -> None:
        keys: Keys = ("fusion", "inputs")
        over_time = self.scope.over_time
        sequences = any(reference.stage in over_time for reference in references)
        vectors = any(reference.stage not in over_time for reference in references)
        takes = found.arguments
        for given, argument, words in (
            (vectors, "parts", "vectors, such as invariant.*"),
            (sequences, "sequences", "sequences, such as sequence.*"),
        ):
            if given and argument not in takes:
                self.report.refuse(
                    inputs, keys, f"{found} takes no {words}; it takes: {', '.join(takes)}"
                )
            parameter = takes.get(argument)
            if not given and references and parameter is not None and required(parameter):
                self.report.refuse(inputs, keys, f"{found} needs {words}; add them")
        self._refuse_unlike_streams(found, references, inputs)

    def _refuse_unlike_streams(
        self, found: Found, references: Sequence[Reference], inputs: Node
    ) -> None:
        streams: int | None = getattr(found.component, "streams", None)
        sequences = [one for one in references if one.stage in self.scope.over_time]
        if streams is None or not sequences:
            return
        stages = list(dict.fromkeys(one.stage for one in sequences))
        modalities = list(dict.fromkeys(one.modality for one in sequences))
        if len(stages) != streams or sequences != [
            Reference(stage, modality) for stage in stages for modality in modalities
        ]:
            what = (
                f"{found} takes sequences of {streams} representations, each of all modalities in "
                f"one order, as in [private.*, shared.*]; got {', '.join(map(str, sequences))}; "
                "add what is missing, or choose another head"
            )
            self.report.refuse(inputs, ("fusion", "inputs"), what)

    # Training and data

    def training(self, node: Node) -> tuple[Training | None, Node]:
        before = len(self.report.problems)
        node = self._of_this_optimizer(node)
        training, filled = self.report.dataclass(Training, node, ("training",))
        filled = self._without_idle_settings(filled)
        trackers = filled.at(("trackers",))
        for index, one in enumerate(trackers.value if isinstance(trackers.value, list) else []):
            if isinstance(one.value, str) and one.value not in self.registries.trackers:
                known = self.registries.trackers.names()
                what = f"no tracker named '{one.value}'{did_you_mean(one.value, known)}"
                self.report.refuse(one, ("training", "trackers", index), what)
        return (training if len(self.report.problems) == before else None), filled

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
            self.report.refuse(entries[other], ("training", "optimizer", other), what)
        return node

    def _without_idle_settings(self, filled: Node) -> Node:
        entries, optimizer = dict(filled.items or {}), filled.at(("optimizer",))
        idle = "betas" if optimizer.at(("type",)).value == "sgd" else "momentum"
        kept = {key: node for key, node in (optimizer.items or {}).items() if key != idle}
        return Node({**entries, "optimizer": Node(kept, optimizer.origin)}, filled.origin)

    def data(self, node: Node) -> tuple[Data | None, Node]:
        data, filled = self.report.dataclass(Data, node, ("data",))
        if data is None:
            return None, filled
        names = self.registries.datasets.names()
        if data.name not in names:
            what = f"no data set named '{data.name}'{did_you_mean(data.name, names)}"
            self.report.refuse(filled.at(("name",)), ("data", "name"), what)
        for path in BY_MODALITY:
            for modality, one in (filled.at(path).items or {}).items():
                if modality not in self.modalities:
                    hint = did_you_mean(modality, self.modalities)
                    what = f"no modality named '{modality}'{hint}"
                    self.report.refuse(one, ("data", *path, modality), what)
        if data.align != "none":
            self._refuse_unaligned(data, filled)
        return data, filled

    def _refuse_unaligned(self, data: Data, filled: Node) -> None:
        align = filled.at(("align",))
        if len(self.tokenising) != 1 or len(self.modalities) < 2:
            has = ", ".join(self.tokenising) or "none"
            what = (
                f"steps are aligned to the tokens of one text encoder, such as bert, beside which "
                f"there are other modalities; encoders of tokens: {has}, modalities: "
                f"{', '.join(self.modalities)}\nset data.align=none"
            )
            self.report.refuse(align, ("data", "align"), what)
        if data.truncate:
            what = (
                "a cut sequence no longer has one step for each word that data.align gives its "
                "step\nremove one of the two; the text encoder's max_length cuts what is aligned"
            )
            self.report.refuse(filled.at(("truncate",)), ("data", "truncate"), what)
