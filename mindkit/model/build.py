"""From a checked spec to a model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from mindkit.config.spec import Block, Reference, Representation, Row, Spec, Term
from mindkit.errors import MindkitError
from mindkit.kinds import Component, Encoder, FusionHead
from mindkit.model.graph import Graph, PerModality, StageNode
from mindkit.model.instantiate import instantiate
from mindkit.model.objective import Objective, RowGroup, TermModule
from mindkit.registry import Registries, read_signature

if TYPE_CHECKING:
    from mindkit.data.store import Store


@dataclass(frozen=True)
class InputSchema:
    """What a model is built for and fed with; saved beside its weights.

    columns: modality -> (kind of column, width F or None). num_samples: size of the training split.
    """

    name: str
    columns: dict[str, tuple[str, int | None]]
    task: str
    num_outputs: int
    num_samples: int

    @classmethod
    def of(cls, store: Store) -> InputSchema:
        """Return the schema of a data set."""
        train = store.splits["train"]
        columns: dict[str, tuple[str, int | None]] = {
            name: (column.kind, column.width) for name, column in train.columns.items()
        }
        return cls(store.name, columns, store.task, store.num_outputs, len(train.ids))

    @classmethod
    def from_json(cls, text: str) -> InputSchema:
        """Return the schema that `to_json` wrote."""
        values = json.loads(text)
        values["columns"] = {m: (kind, width) for m, (kind, width) in values["columns"].items()}
        return cls(**values)

    def to_json(self) -> str:
        """Return the schema as text."""
        return json.dumps(asdict(self), indent=2)

    def in_words(self, modality: str) -> str:
        """Return what the column of `modality` holds, as errors say it."""
        kind, width = self.columns[modality]
        words = {
            "text": "raw text",
            "tokens": "token ids",
            "vector": f"one vector of width {width} a sample",
            "sequence": f"a sequence of width {width}",
        }
        return words[kind]


class Model(nn.Module):
    """The graph, which predicts, and the objective, which trains it."""

    def __init__(self, graph: Graph, objective: Objective) -> None:
        super().__init__()
        self.graph = graph
        self.objective = objective


def build(spec: Spec, registries: Registries, schema: InputSchema) -> Model:
    """Return a new model for `spec` and the inputs of `schema`; the weights are drawn at random."""
    builder = _Builder(spec, registries, schema)
    return Model(builder.graph(), builder.objective())


class _Builder:
    def __init__(self, spec: Spec, registries: Registries, schema: InputSchema) -> None:
        self.registries, self.schema = registries, schema
        self.method = spec.method
        self.common = {
            "width": self.method.width,
            "task": schema.task,
            "num_outputs": schema.num_outputs,
            "num_samples": schema.num_samples,
        }
        self.sequential: dict[str, bool] = {}
        self.fused_dim: int | Mapping[str, int] | None = None

    def graph(self) -> Graph:
        encoders = {name: self._encoder(name) for name in self.method.modalities}
        self.sequential = {name: encoder.sequential for name, encoder in encoders.items()}
        stages: dict[str, nn.Module] = {}
        nodes: list[StageNode] = []
        over_time = {"sequence"}
        for representation in self.method.representations:
            name, sources, reads = representation.name, representation.sources, representation.reads
            owner = representation.through or name
            if representation.block is not None:
                stages[owner] = self._stage(representation, representation.block)
            from_sequences = sources[0] in over_time
            nodes.append(StageNode(name, sources, owner, from_sequences, reads))
            if from_sequences and not reads:
                over_time.add(name)
        head = self._head(over_time)
        self.fused_dim = head.fused_dim
        return Graph(encoders, stages, nodes, head, self.method.fusion.inputs)

    def objective(self) -> Objective:
        return Objective({term.name: self._term(term) for term in self.method.terms})

    def _encoder(self, modality: str) -> Encoder:
        block = self.method.encoders[modality]
        _, x_dim = self.schema.columns[modality]
        sizes = self.common | {"x_dim": x_dim}
        return self._make("encoders", block, f"encoders.{modality}", sizes)

    def _stage(self, representation: Representation, block: Block) -> nn.Module:
        place = f"representations.{representation.name}"
        copies = 1 if representation.share else len(self.method.modalities)
        x_dim = self.method.width * len(representation.sources)
        sizes = self.common | {"x_dim": x_dim, "copies": copies}
        stage = self._make("stages", block, place, sizes)
        if stage.batched and not self._used_over_time(representation.name):
            return stage
        if stage.batched:  # sequences of unlike lengths cannot be stacked over modalities
            sizes["copies"] = 1
            stage = self._make("stages", block, place, sizes)
        others = [self._make("stages", block, place, sizes) for _ in range(copies - 1)]
        return PerModality([stage, *others])

    def _used_over_time(self, owner: str) -> bool:
        over_time = {"sequence"}
        for one in self.method.representations:
            if one.sources[0] in over_time:
                if not one.reads:
                    over_time.add(one.name)
                if owner in (one.name, one.through):
                    return True
        return False

    def _head(self, over_time: set[str]) -> FusionHead:
        fusion = self.method.fusion
        vectors = [reference for reference in fusion.inputs if reference.stage not in over_time]
        sizes = self.common | {"parts_dim": self.method.width, "num_parts": len(vectors)}
        sizes["num_sequences"] = len(fusion.inputs) - len(vectors)
        sizes["parts_modalities"] = _modalities(vectors)
        sizes["sequences_modalities"] = _modalities(
            [reference for reference in fusion.inputs if reference.stage in over_time]
        )
        sizes["fused_names"] = self._fused_names()
        return self._make("fusion_heads", fusion.block, "fusion", sizes)

    def _fused_names(self) -> tuple[str, ...]:
        """The names of what the head fuses that terms refer to, in their order."""
        referred = [
            reference
            for term in self.method.terms
            for row in term.rows
            for references in row.arguments.values()
            for reference in references
        ]
        names = [one.modality for one in referred if one.stage == "fused" and one.modality]
        return tuple(dict.fromkeys(names))

    def _term(self, term: Term) -> TermModule:
        groups = [self._group(term, rows) for rows in self._alike(term)]
        rows = [row for group in groups for row in group.rows]
        learns = any(hasattr(group.components[0], "learning_loss") for group in groups)
        return TermModule(
            term.name,
            groups,
            _coefficients(term.reduce, rows),
            term.weight,
            -1.0 if term.goal == "maximize" else 1.0,
            term.learning if learns else None,
        )

    def _alike(self, term: Term) -> list[list[Row]]:
        """Rows that can be stacked: the same sizes, and as many rows for each copy."""
        per_copy = Counter(row.copy for row in term.rows)
        alike: dict[tuple[Any, ...], list[Row]] = {}
        for row in term.rows:
            key = (*sorted(self._row_sizes(term, row).items()), per_copy[row.copy])
            alike.setdefault(key, []).append(row)
        return list(alike.values())

    def _group(self, term: Term, rows: list[Row]) -> RowGroup:
        names = list(dict.fromkeys(row.copy for row in rows))
        per_copy = len(rows) // len(names)
        by_copy = {name: [row for row in rows if row.copy == name] for name in names}
        ordered = [by_copy[name][k] for k in range(per_copy) for name in names]
        sizes = self.common | self._row_sizes(term, rows[0]) | {"copies": len(names)}
        place = f"terms.{term.name}"
        first = self._make(term.kind, term.block, place, sizes)
        components: list[Component] = [first]
        if not first.batched and _has_state(first):
            components += [
                self._make(term.kind, term.block, place, sizes) for _ in range(len(names) - 1)
            ]
        copies = [names.index(row.copy) if len(components) > 1 else 0 for row in ordered]
        return RowGroup(components, ordered, per_copy, copies)

    def _row_sizes(self, term: Term, row: Row) -> dict[str, Any]:
        wired = read_signature(self.registries.kind(term.kind).get(term.block.type)).wired
        sizes: dict[str, Any] = {}
        for name, references in row.arguments.items():
            widths = [self._width(reference) for reference in references]
            sizes[f"{name}_dim"] = sum(widths)
            sizes[f"num_{name}"] = len(widths)
            if f"{name}_modalities" in wired:  # rows of other modalities are then made apart
                sizes[f"{name}_modalities"] = _modalities(references)
        return sizes

    def _width(self, reference: Reference) -> int:
        if reference.stage == "prediction":
            return self.schema.num_outputs
        if reference.stage == "fused":
            return self._fused(reference)
        if reference.stage == "features":
            return self._features(str(reference.modality))
        return 1 if reference.stage == "target" else self.method.width

    def _fused(self, reference: Reference) -> int:
        given = self.fused_dim
        several = given if isinstance(given, Mapping) else {}
        if reference.modality is not None and reference.modality in several:
            return several[reference.modality]
        if isinstance(given, int) and reference.modality is None:
            return given
        head = f"the head '{self.method.fusion.block.type}'"
        if given is None:
            what = f"{head} gives no `fused` beside its prediction; choose a head that does, or "
            raise MindkitError(f"{what}name representations instead")
        known = ", ".join(f"fused.{name}" for name in several) or "fused"
        raise MindkitError(f"{head} gives no `{reference}`; it gives: {known}")

    def _features(self, modality: str) -> int:
        _, width = self.schema.columns[modality]
        if width is None:
            raise MindkitError(
                f"features.{modality} is {self.schema.in_words(modality)} in "
                f"'{self.schema.name}', and a term takes numbers; use encoded.{modality} or "
                f"sequence.{modality}"
            )
        return width

    def _make(self, kind: str, block: Block, place: str, sizes: Mapping[str, Any]) -> Any:
        component = self.registries.kind(kind).get(block.type)
        return instantiate(component, place, sizes, block.options)


def _modalities(references: Iterable[Reference]) -> tuple[str, ...]:
    return tuple(reference.modality or reference.stage for reference in references)


def _has_state(component: nn.Module) -> bool:
    return any(True for _ in component.parameters()) or any(True for _ in component.buffers())


def _coefficients(reduce: str, rows: list[Row]) -> list[float]:
    if reduce == "sum":
        return [1.0] * len(rows)
    if reduce == "mean":
        return [1 / len(rows)] * len(rows)
    per_line = Counter(row.line for row in rows)
    return [1 / per_line[row.line] for row in rows]


def count_parameters(module: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
