"""The graph: a batch in, named representations and a prediction out.

Every tensor travels in one dict keyed by `Reference`, `mask.<modality>` (B, L) among them.
Axes: M modalities, B batch, L length, D width, H width of what a head fuses.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mindkit.batch import Batch
from mindkit.config.spec import Reference

Tensors = dict[Reference, Tensor]


@dataclass(frozen=True)
class StageNode:
    """One representation: the stage module `weights` applied to `sources`, side by side.

    over_time: whether it is made from sequences. reads: whether each of them gives one vector; else
    a sequence again, step by step.
    """

    name: str
    sources: tuple[str, ...]
    weights: str
    over_time: bool = False
    reads: bool = False


class PerModality(nn.Module):
    """A plain stage, written for one modality, applied to each. Shapes: x (M, B, D) -> (M, B, D).

    `stages` holds one module per modality, or a single one that all share.
    """

    def __init__(self, stages: Sequence[nn.Module]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.one(m, part) for m, part in enumerate(x.unbind(0))])

    def one(self, m: int, *x: Tensor) -> Tensor:
        """Apply the stage of modality number m. Shapes: x (B, ..., D) -> (B, ..., D)."""
        return self.stages[0 if len(self.stages) == 1 else m](*x)


class Graph(nn.Module):
    """Encoders -> `encoded`; stages in dependency order; head -> `prediction`.

    encoders: by modality. stages: modules by the name of the representation that owns them.
    nodes: representations in dependency order. fusion: what the head is given, in order.
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        stages: Mapping[str, nn.Module],
        nodes: Sequence[StageNode],
        head: nn.Module,
        fusion: Sequence[Reference],
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(encoders)
        self.stages = nn.ModuleDict(stages)
        self.head = head
        self.nodes = tuple(nodes)
        self.fusion = tuple(fusion)
        self.modalities = tuple(encoders)
        steps = (node.name for node in nodes if node.over_time and not node.reads)
        self.over_time = {"sequence", *steps}
        self._fused_nodes = self._ancestors({reference.stage for reference in fusion})
        self._masked = {
            modality: "mask" in inspect.signature(encoder.forward).parameters
            for modality, encoder in encoders.items()
        }

    def forward(self, batch: Batch, *, everything: bool = True) -> Tensors:
        """Return all named tensors, or with `everything=False` only what the prediction needs.

        The second form draws no noise: a prediction depends on the input alone.
        """
        tensors = self.encode(batch)
        return self.represent(tensors, everything=everything)

    def encode(self, batch: Batch) -> Tensors:
        """Return `encoded.<modality>` (B, D), and `sequence.<modality>` (B, L, D) if any.

        The batch's own `features.<modality>` and `mask.<modality>` are among them.
        """
        tensors: Tensors = {
            Reference(stage, modality): tensor
            for stage, by_modality in (("features", batch.features), ("mask", batch.masks))
            for modality, tensor in by_modality.items()
        }
        for modality, encoder in self.encoders.items():
            arguments = [batch.features[modality]]
            if self._masked[modality] and modality in batch.masks:  # vectors have no time axis
                arguments.append(batch.masks[modality])
            encoded = encoder(*arguments)
            if isinstance(encoded, tuple):
                encoded, tensors[Reference("sequence", modality)] = encoded
            tensors[Reference("encoded", modality)] = encoded
        return tensors

    def represent(self, tensors: Tensors, *, everything: bool = True) -> Tensors:
        """Add the representations, `prediction` (B, C), and what the head gives beside it.

        That is `fused` (B, H), or several such, each `fused.<name>`.
        """
        tensors = dict(tensors)
        encoded = torch.stack([tensors[Reference("encoded", m)] for m in self.modalities])
        stacked = {"encoded": encoded}  # each (M, B, D)
        nodes = self.nodes if everything else self._fused_nodes
        for node in nodes:
            if node.over_time:
                self._represent_sequences(node, tensors)
                if node.reads:
                    vectors = [tensors[Reference(node.name, m)] for m in self.modalities]
                    stacked[node.name] = torch.stack(vectors)
                continue
            if "gaussian" in node.sources and "gaussian" not in stacked:
                stacked["gaussian"] = torch.randn_like(encoded)
                self._name(tensors, "gaussian", stacked["gaussian"])
            source = _joined([stacked[source] for source in node.sources])
            stacked[node.name] = self.stages[node.weights](source)
            self._name(tensors, node.name, stacked[node.name])
        prediction = self._predict(tensors)
        if isinstance(prediction, tuple):
            prediction, fused = prediction
            named = fused if isinstance(fused, Mapping) else {None: fused}
            tensors |= {Reference("fused", name): tensor for name, tensor in named.items()}
        tensors[Reference("prediction")] = prediction
        return tensors

    def _represent_sequences(self, node: StageNode, tensors: Tensors) -> None:
        stage = self.stages[node.weights]
        assert isinstance(stage, PerModality)
        for m, modality in enumerate(self.modalities):
            source = _joined([tensors[Reference(source, modality)] for source in node.sources])
            mask = tensors[Reference("mask", modality)]
            if node.reads:
                tensors[Reference(node.name, modality)] = stage.one(m, source, mask)  # (B, D)
                continue
            steps = stage.one(m, source)  # (B, L, D)
            tensors[Reference(node.name, modality)] = steps.masked_fill(~mask.unsqueeze(2), 0)

    def _name(self, tensors: Tensors, stage: str, stacked: Tensor) -> None:
        # One unbind per stage: its backward is a single stack, where indexing would fill zeros.
        for modality, part in zip(self.modalities, stacked.unbind(0), strict=True):
            tensors[Reference(stage, modality)] = part

    def _predict(self, tensors: Tensors) -> Tensor | tuple[Tensor, Tensor | Mapping[str, Tensor]]:
        sequences = [reference for reference in self.fusion if reference.stage in self.over_time]
        parts = [tensors[r] for r in self.fusion if r.stage not in self.over_time]
        arguments: dict[str, Tensor | list[Tensor]] = {}
        if parts:
            arguments["parts"] = torch.stack(parts)
        if sequences:
            arguments["sequences"] = [tensors[reference] for reference in sequences]
            arguments["masks"] = [tensors[Reference("mask", r.modality)] for r in sequences]
        return self.head(**arguments)

    def _ancestors(self, stages: set[str]) -> tuple[StageNode, ...]:
        wanted = set(stages)
        for node in reversed(self.nodes):
            if node.name in wanted:
                wanted.update(node.sources)
        return tuple(node for node in self.nodes if node.name in wanted)


def _joined(sources: Sequence[Tensor]) -> Tensor:
    return sources[0] if len(sources) == 1 else torch.cat(list(sources), -1)
