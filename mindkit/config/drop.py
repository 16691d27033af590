"""Dropping parts of a method: what is named goes, and everything that cannot do without it.

A reference to something dropped leaves its list; a row that loses an argument goes; a term without
rows goes; a representation that nothing uses goes. Each consequence is one line of text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mindkit.config import refs
from mindkit.config.ablations import Request
from mindkit.config.source import Node, Origin, node_of
from mindkit.config.spec import BY_MODALITY
from mindkit.errors import ConfigError, Problem


def prune(
    tree: Node, wanted: Sequence[Request], tokenising: Collection[str] = ()
) -> tuple[Node, list[str]]:
    """Return the tree without what was dropped and what went with it, and a line for each.

    The tree is a complete one that has been checked. Without requests, only what can have no effect
    goes: terms without rows, and representations that nothing uses. tokenising: the modalities to
    whose tokens others can be aligned.
    """
    pruner = _Pruner(tree, wanted, tokenising)
    return pruner.result(), pruner.lines


class _Pruner:
    def __init__(self, tree: Node, wanted: Sequence[Request], tokenising: Collection[str]) -> None:
        self.tree = dict(tree.items or {})
        self.origin = tree.origin
        self.tokenising = tokenising
        self.lines: list[str] = []
        self.gone: dict[str, str] = {}  # stage or modality -> the dropped name that is the reason
        self.modalities_gone: list[str] = []
        self.encoders = _entries(tree, "encoders")
        self.representations = _entries(tree, "representations")
        self.terms = _entries(tree, "terms")
        self.noisy = [
            name
            for name, node in self.representations.items()
            if "gaussian" in _words(node.at(("from",)))
        ]
        self.asked = " ".join(dict.fromkeys(request.by for request in wanted))
        for request in wanted:
            self._drop(request)

    def result(self) -> Node:
        self._cascade()
        fused = self._fusion()
        before = -1
        while before != (before := len(self.terms) + len(self.representations)):
            self._gaussian()
            for name in list(self.terms):
                self._term(name)
            self._unused(fused)
        self._refuse_untrained()
        for key in ("encoders", "representations", "terms"):
            if key in self.tree:
                self.tree[key] = Node(getattr(self, key), self.tree[key].origin)
        if "data" in self.tree:
            self.tree["data"] = self._data(self.tree["data"])
        return Node(self.tree, self.origin)

    def _drop(self, request: Request) -> None:
        name = request.name
        self.lines.append(f"{name}: dropped ({request.by})")
        if name in self.encoders:
            self.modalities_gone.append(name)
        for kind in (self.encoders, self.representations):
            if kind.pop(name, None) is not None:
                self.gone[name] = name
        self.terms.pop(name, None)

    def _cascade(self) -> None:
        before = -1
        while before != (before := len(self.representations)):
            for name, node in list(self.representations.items()):
                for key, word in (("through", "goes through"), ("from", "is made from")):
                    others = _words(node.at((key,)))
                    lost = [other for other in others if other in self.gone]
                    if lost and lost == others:
                        self.gone[name] = self.gone[lost[0]]
                        self.representations.pop(name, None)
                        self.lines.append(f"{name}: {word} {_and(lost)}, which was dropped")
                        break
                    if lost:
                        kept = [one for one in _list(node.at((key,))) if one.value not in lost]
                        entries = {**(node.items or {}), key: Node(kept, node.at((key,)).origin)}
                        self.representations[name] = Node(entries, node.origin)
                        left = f"{name}: {_and(lost)} left what it is made from"
                        self.lines.append(f"{left}, {self._since(lost)}")

    def _gaussian(self) -> None:
        if self.noisy and not any(name in self.representations for name in self.noisy):
            reasons = [self.gone[name] for name in self.noisy if name in self.gone]
            self.gone.setdefault("gaussian", reasons[0])

    def _fusion(self) -> set[str]:
        """Drop references from `fusion.inputs`; return the stages that are left."""
        fusion = self.tree.get("fusion")
        if fusion is None or fusion.items is None:
            return set()
        inputs = fusion.items["inputs"]
        kept, lost = self._without_dropped(_list(inputs))
        if lost:
            self.lines.append(f"fusion: {_and(lost)} left the inputs, {self._since(lost)}")
        if not kept or not self.encoders:
            what = (
                "no modality is left" if not self.encoders else "nothing is left for fusion.inputs"
            )
            raise ConfigError([Problem(self.asked, f"{what}; drop less, or set fusion.inputs too")])
        entries = {**fusion.items, "inputs": Node(kept, inputs.origin)}
        self.tree["fusion"] = self._options(Node(entries, fusion.origin))
        return {refs.parse(str(node.value)).stage for node in kept}

    def _term(self, name: str) -> None:
        term = self.terms[name]
        entries = dict(term.items or {})
        inputs = entries["inputs"]
        lines: list[Node] = []
        ordered = entries.get("pairs", Node(None, term.origin)).value == "ordered"
        reasons: list[str] = []
        changes: list[str] = []
        for place, line in enumerate(_list(inputs), 1):
            number = f"{name}: line {place}"
            kept, lost = self._line(line)
            if kept is None:
                reasons.append(self._since(lost))
                changes.append(f"{number} of its inputs went, {reasons[-1]}")
                continue
            if lost:
                changes.append(f"{number}: {_and(lost)} left its list, {self._since(lost)}")
            if not read_line(kept).rows(0, list(self.encoders), ordered):
                reasons.append(f"since {_count(self.encoders)} no such pair")
                changes.append(f"{number} of its inputs went, {reasons[-1]}")
                continue
            lines.append(kept)
        if not lines:
            del self.terms[name]
            self.lines.append(f"{name}: no rows left, {' and '.join(dict.fromkeys(reasons))}")
            return
        self.lines += changes
        entries["inputs"] = Node(lines, inputs.origin)
        if "pairs" in entries and all(len(read_line(one).variables()) < 2 for one in lines):
            del entries["pairs"]
        self.terms[name] = self._options(Node(entries, term.origin))

    def _line(self, line: Node) -> tuple[Node | None, list[str]]:
        """Return a line without dropped references, or None when an argument is lost."""
        if line.items is not None:
            arguments = list(line.items.items())
        else:
            arguments = [("", node) for node in _list(line)]
        entries: list[tuple[str, Node]] = []
        all_lost: list[str] = []
        for name, node in arguments:
            if name == "copy":
                entries.append((name, node))
                continue
            listed = isinstance(node.value, list)
            kept, lost = self._without_dropped(_list(node) if listed else [node])
            all_lost += lost
            if not kept:
                return None, lost
            entries.append((name, Node(kept, node.origin) if listed else node))
        if line.items is not None:
            return Node(dict(entries), line.origin), all_lost
        return Node([node for _, node in entries], line.origin), all_lost

    def _without_dropped(self, nodes: Sequence[Node]) -> tuple[list[Node], list[str]]:
        kept = [node for node in nodes if not self._is_dropped(str(node.value))]
        return kept, [str(node.value) for node in nodes if self._is_dropped(str(node.value))]

    def _is_dropped(self, reference: str) -> bool:
        pattern = refs.parse(reference)
        named = pattern.stage in refs.WITHOUT_MODALITY  # `fused.x` is no modality x
        return pattern.stage in self.gone or (pattern.modality in self.gone and not named)

    def _since(self, lost: Sequence[str]) -> str:
        patterns = [refs.parse(reference) for reference in lost]
        names = [self.gone.get(p.stage) or self.gone[str(p.modality)] for p in patterns]
        return _dropped(list(dict.fromkeys(names)))

    def _unused(self, fused: set[str]) -> None:
        used = set(fused)
        for term in self.terms.values():
            for line in _list((term.items or {})["inputs"]):
                for patterns in read_line(line).arguments.values():
                    used |= {pattern.stage for pattern in patterns}
        before = -1
        while before != (before := len(used)):
            for name in used & set(self.representations):
                node = self.representations[name]
                used.update(*(_words(node.at((key,))) for key in ("from", "through")))
        for name in [name for name in self.representations if name not in used]:
            del self.representations[name]
            self.gone[name] = name
            self.lines.append(f"{name}: removed, since neither fusion nor any term uses it")

    def _options(self, block: Node) -> Node:
        """Return the block without dropped modalities in options that are maps."""
        for name in block.items or {}:
            block = _without(block, (name,), self.modalities_gone)
        return block

    def _data(self, data: Node) -> Node:
        for path in BY_MODALITY:
            data = _without(data, path, self.gone)
        entries = dict(data.items or {})
        to = [modality for modality in self.tokenising if modality in self.encoders]
        if entries["align"].value != "none" and (not to or len(self.encoders) < 2):
            self.lines.append(f"data.align: none, {_dropped(self.modalities_gone)}")
            entries["align"] = node_of("none", entries["align"].origin)
        return Node(entries, data.origin)

    def _refuse_untrained(self) -> None:
        for term in self.terms.values():
            for line in _list((term.items or {})["inputs"]):
                for patterns in read_line(line).arguments.values():
                    if any(pattern.stage == "prediction" for pattern in patterns):
                        return
        where = self.asked or str(self.tree.get("terms", Node(None, self.origin)).origin)
        what = "no term uses `prediction`, so nothing would train it; keep the term that does"
        raise ConfigError([Problem(where, what)])


def _without(node: Node, path: Sequence[str], names: Collection[str]) -> Node:
    """Return the tree without the entries `names` of the map at `path`, if a map is there."""
    entries = dict(node.items or {})
    if not path:
        return Node({k: v for k, v in entries.items() if k not in names}, node.origin)
    key, *rest = path
    if key in entries and entries[key].items is not None:
        entries[key] = _without(entries[key], rest, names)
    return Node(entries, node.origin)


def read_line(line: Node) -> refs.Line:
    """Return a checked line of `inputs`, its arguments by name, or by number where it is a list."""
    if line.items is None:
        pairs = [(str(index), node) for index, node in enumerate(_list(line))]
        return refs.Line({name: _patterns(node) for name, node in pairs})
    arguments = {name: _patterns(node) for name, node in line.items.items() if name != "copy"}
    copy = line.items.get("copy")
    return refs.Line(arguments, None if copy is None else str(copy.value))


def _patterns(node: Node) -> tuple[refs.Pattern, ...]:
    nodes = node.value if isinstance(node.value, list) else [node]
    return tuple(refs.parse(str(one.value)) for one in nodes)


def _list(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else []


def _words(node: Node) -> list[str]:
    """The words of a list, or the one word that stands alone."""
    nodes = node.value if isinstance(node.value, list) else [node]
    return [one.value for one in nodes if isinstance(one.value, str)]


def _entries(tree: Node, key: str) -> dict[str, Node]:
    node = (tree.items or {}).get(key, Node(None, Origin("")))
    return dict(node.items or {})


def _dropped(names: Sequence[str]) -> str:
    return f"since {_and(names)} {'was' if len(names) == 1 else 'were'} dropped"


def _count(modalities: Mapping[str, Node]) -> str:
    return (
        f"{len(modalities)} modalities make" if len(modalities) != 1 else "a single modality makes"
    )


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
