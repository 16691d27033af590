"""The representations of a method: what each is made from, by which stage, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mindkit.config import refs
from mindkit.config.blocks import fill, find
from mindkit.config.source import Keys, Node, node_of
from mindkit.config.spec import Reference, Representation
from mindkit.config.values import Report
from mindkit.errors import did_you_mean
from mindkit.registry import Registries

_FIRST = ("encoded", "gaussian", "sequence")  # what representations are made from at first


class Stages:
    """Checks representations; `sequential` says which encoders give sequences.

    Afterwards, noisy: whether gaussian.* is drawn; over_time: the stages with a time axis.
    """

    def __init__(
        self,
        report: Report,
        registries: Registries,
        scope: refs.Scope,
        sequential: Mapping[str, bool],
    ) -> None:
        self.report, self.registries, self.scope = report, registries, scope
        self.sequential = sequential
        self.noisy = False
        self.over_time: Sequence[str] = scope.over_time

    def all(self, node: Node) -> tuple[list[Representation], Node]:
        found: dict[str, Representation] = {}
        filled: dict[str, Node] = {}
        entries = self.report.entries(node, ("representations",), silent=True)
        for name, entry in entries.items():
            representation, filled[name] = self.representation(name, entry, entries)
            if representation is not None:
                found[name] = representation
        for name, one in found.items():
            if one.through in found:
                owner = found[one.through]
                found[name] = replace(one, reads=owner.reads)
                self._refuse_unlike_sources(one, owner, entries[name])
        self.noisy = any("gaussian" in one.sources for one in found.values())
        ordered = self._in_order(found, entries)
        over_time = list(self.scope.over_time)
        for one in ordered:
            if self._from_sequences(one, over_time, entries[one.name]) and not one.reads:
                over_time.append(one.name)
        self.over_time = over_time
        return ordered, Node(filled, node.origin)

    def representation(
        self, name: str, node: Node, known: Mapping[str, Node]
    ) -> tuple[Representation | None, Node]:
        keys = ("representations", name)
        entries = self.report.entries(node, keys)
        source_node = entries.get("from", node_of("encoded"))
        sources = self.sources(name, source_node, (*keys, "from"), known)
        structure = {"from": source_node}
        if "through" in entries:
            through = self.through(entries, keys, known)
            structure["through"] = entries["through"]
            return Representation(name, sources, None, through, False), Node(structure, node.origin)
        share_node = entries.get("share", node_of(False))
        share = self.report.value(bool, share_node, (*keys, "share"), default=False)
        structure["share"] = node_of(share, share_node.origin)
        found = find(self.report, node, keys, [self.registries.stages])
        block, filled = fill(self.report, node, keys, found, structure)
        if block is None or found is None:
            return None, filled
        return Representation(name, sources, block, None, share, found.over_time), filled

    def sources(
        self, name: str, node: Node, keys: Keys, known: Mapping[str, Node]
    ) -> tuple[str, ...]:
        """What a representation is made from: one name, or a list of names."""
        nodes = node.value if isinstance(node.value, list) else [node]
        allowed = [*_FIRST, *(one for one in known if one != name)]
        if not nodes:
            what = f"the list is empty; name what '{name}' is made from: {', '.join(allowed)}"
            self.report.refuse(node, keys, what)
        found: list[str] = []
        for index, one in enumerate(nodes):
            place = (*keys, index) if isinstance(node.value, list) else keys
            source = str(self.report.value(str, one, place, default="encoded"))
            if source not in allowed:
                what = f"no representation named '{source}'{did_you_mean(source, allowed)}"
                self.report.refuse(one, place, what)
            if source == "sequence":
                references = [Reference("sequence", modality) for modality in self.scope.modalities]
                refuse_without_sequence(self.report, self.sequential, references, one, place)
            found.append(source)
        return tuple(found)

    def _from_sequences(self, one: Representation, over_time: Sequence[str], node: Node) -> bool:
        """Whether it is made from sequences; what mixes them with vectors is refused."""
        keys: Keys = ("representations", one.name, "from")
        sequences = [source for source in one.sources if source in over_time]
        vectors = [source for source in one.sources if source not in over_time]
        if sequences and vectors:
            what = f"{sequences[0]} has a time axis and {vectors[0]} has none, so they cannot be"
            self.report.refuse(node, keys, f"{what} joined; make it from one of the two")
        elif one.reads and vectors:
            what = f"its stage makes a vector of a sequence, and {vectors[0]} has no time axis"
            self.report.refuse(node, keys, f"{what}; make it from sequence, or change its type")
        return bool(sequences)

    def _refuse_unlike_sources(
        self, one: Representation, owner: Representation, node: Node
    ) -> None:
        if len(one.sources) != len(owner.sources):
            what = (
                f"the weights of '{owner.name}' take {len(owner.sources)} vector(s) side by side, "
                f"but it is made from {len(one.sources)}; name as many"
            )
            self.report.refuse(node, ("representations", one.name, "from"), what)

    def through(self, entries: Mapping[str, Node], keys: Keys, known: Mapping[str, Node]) -> str:
        node = entries["through"]
        through = self.report.value(str, node, (*keys, "through"), default="")
        owners = [
            n for n, one in known.items() if n != keys[1] and "through" not in (one.items or {})
        ]
        if through not in owners:
            what = f"no representation with weights of its own is named '{through}'"
            self.report.refuse(node, (*keys, "through"), what + did_you_mean(through, owners))
        for key, extra in entries.items():
            if key not in ("from", "through"):
                what = f"'{key}' has no effect beside `through: {through}`, whose weights it uses"
                self.report.refuse(extra, (*keys, key), f"{what}; remove it")
        return str(through)

    def _in_order(
        self, found: dict[str, Representation], entries: Mapping[str, Node]
    ) -> list[Representation]:
        ordered: list[Representation] = []
        done = set(_FIRST)
        waiting = dict(found)
        while waiting:
            ready = [name for name, one in waiting.items() if done.issuperset(one.sources)]
            if not ready:
                unknown = [
                    name
                    for name, one in waiting.items()
                    if not done.union(found).issuperset(one.sources)
                ]
                if not unknown:  # an unknown source has been reported already
                    names = list(waiting)
                    circle = " <- ".join([*names, names[0]])
                    what = f"these are made from each other: {circle}; begin one from encoded"
                    self.report.refuse(
                        entries[names[0]], ("representations", names[0], "from"), what
                    )
                break
            for name in ready:
                ordered.append(waiting.pop(name))
                done.add(name)
        return ordered


def refuse_without_sequence(
    report: Report,
    sequential: Mapping[str, bool],
    references: Sequence[Reference],
    node: Node,
    keys: Keys,
) -> None:
    """Refuse references to sequences of encoders that give only a vector."""
    for reference in references:
        if not sequential.get(str(reference.modality), True):
            what = f"the encoder of {reference.modality} gives no sequence, only one vector"
            report.refuse(node, keys, f"{what}; choose an encoder that does, or use encoded.*")
