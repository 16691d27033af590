"""The objective: named terms, each one component applied to rows of representations.

Rows whose arguments have the same widths are stacked and computed in one call.
Axes: R rows, C copies of the parameters, k rows per copy, B batch, D width, T terms.
"""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mindkit.config.spec import Learning, Reference, Row, Schedule
from mindkit.kinds import Component
from mindkit.model.graph import Tensors

log = logging.getLogger("mindkit")

Cache = dict[tuple[Reference, ...], Tensor]


@dataclass(frozen=True)
class Context:
    """What a component may ask for by keyword: `progress` 0..1, and `index` (B,) of the samples.

    The keyword `mask` is the row's own: that of its first argument with a time axis.
    """

    progress: float
    index: Tensor


class RowGroup(nn.Module):
    """Rows of one term that share widths, and the component(s) that compute them.

    A batched component gets its rows as (k, C, B, D), or (C, B, D) when every copy has one row;
    a plain one is called row by row, `components` holding a module for each copy.
    rows: in the order (k, C), as the values come out. per_copy: k.
    """

    def __init__(
        self, components: Sequence[Component], rows: Sequence[Row], per_copy: int, copy: list[int]
    ) -> None:
        super().__init__()
        self.components = nn.ModuleList(components)
        self.rows = tuple(rows)
        self.per_copy = per_copy
        self.copy = copy  # which copy each row uses
        first = components[0]
        self.batched = first.batched
        self.min_batch = first.min_batch
        parameters = inspect.signature(first.forward).parameters
        self.wants = tuple(name for name in parameters if name in ("progress", "index"))
        self.masked = "mask" in parameters
        self._order = [name for name in parameters if name in rows[0].arguments]

    def forward(self, tensors: Tensors, cache: Cache, context: Context) -> Tensor:
        """Return one value per row, (R,)."""
        if len(context.index) < self.min_batch:
            return self._nothing(tensors, cache)
        keywords = {name: getattr(context, name) for name in self.wants}
        return self._call(
            lambda component, arguments: component(**arguments, **keywords), tensors, cache
        )

    def learning_loss(self, tensors: Tensors, cache: Cache) -> Tensor:
        """Return the sum of the components' own `learning_loss` over the rows, ()."""
        return self._call(
            lambda component, arguments: component.learning_loss(**arguments),  # type: ignore[operator]
            tensors,
            cache,
        ).sum()

    def _call(
        self,
        compute: Callable[[nn.Module, dict[str, Tensor]], Tensor],
        tensors: Tensors,
        cache: Cache,
    ) -> Tensor:
        if self.batched:
            return compute(self.components[0], self._stacked(tensors, cache)).reshape(-1)
        values = []
        for row, copy in zip(self.rows, self.copy, strict=True):
            arguments: dict[str, Any] = {
                name: gather(refs, tensors, cache) for name, refs in row.arguments.items()
            }
            if self.masked:
                arguments["mask"] = self._mask(row, tensors)
            values.append(compute(self.components[copy], arguments))
        return torch.stack(values)

    def _stacked(self, tensors: Tensors, cache: Cache) -> dict[str, Tensor]:
        stacked = {}
        for name in self.rows[0].arguments:
            parts = [gather(row.arguments[name], tensors, cache) for row in self.rows]
            rows = torch.stack(parts)  # (R, B, D) or (R, B)
            if self.per_copy > 1:
                rows = rows.unflatten(0, (self.per_copy, -1))
            stacked[name] = rows
        return stacked

    def _mask(self, row: Row, tensors: Tensors) -> Tensor | None:
        """The mask (B, L) of the row's first argument with a time axis, None if it has none."""
        for name in self._order:
            for reference in row.arguments[name]:
                if tensors[reference].ndim == 3:
                    return tensors[Reference("mask", reference.modality)]
        return None

    def _nothing(self, tensors: Tensors, cache: Cache) -> Tensor:
        parts = [
            gather(refs, tensors, cache) for row in self.rows for refs in row.arguments.values()
        ]
        zero = sum(part.sum() for part in parts if part.is_floating_point()) * 0
        return torch.stack([zero] * len(self.rows))  # type: ignore[list-item]


def gather(references: tuple[Reference, ...], tensors: Tensors, cache: Cache) -> Tensor:
    """Return one argument of one row: a tensor (B, D), or several concatenated on the last axis."""
    if len(references) == 1:
        return tensors[references[0]]
    if references not in cache:
        cache[references] = torch.cat([tensors[reference] for reference in references], dim=-1)
    return cache[references]


class TermModule(nn.Module):
    """A named term: its groups of rows, how they are reduced, and the weight.

    coefficients: R numbers in the order of the groups' rows; their dot product with the row values
    is the term's value. sign: -1 when the value is to be maximised.
    """

    def __init__(
        self,
        name: str,
        groups: Sequence[RowGroup],
        coefficients: Sequence[float],
        weight: float | Schedule,
        sign: float,
        learning: Learning | None,
    ) -> None:
        super().__init__()
        self.name = name
        self.groups = nn.ModuleList(groups)
        self.weight, self.sign, self.learning = weight, sign, learning
        self.coefficients = tuple(coefficients)
        self._cast: Tensor | None = None
        self._warned = False

    def forward(self, tensors: Tensors, cache: Cache, context: Context) -> Tensor:
        """Return the unweighted value, ()."""
        rows = torch.cat([group(tensors, cache, context) for group in self.groups])
        self._warn_if_skipped(len(context.index))
        if self._cast is None or (self._cast.dtype, self._cast.device) != (rows.dtype, rows.device):
            # Made once from exact numbers: a float32 buffer would spoil 1/3 for a float64 model.
            self._cast = rows.new_tensor(self.coefficients)
        return (rows * self._cast).sum()

    def learning_loss(self, tensors: Tensors) -> Tensor:
        """Return what the term's own optimiser minimises, ()."""
        cache: Cache = {}
        losses = [group.learning_loss(tensors, cache) for group in self.groups]  # type: ignore[operator]
        return torch.stack(losses).sum()

    @property
    def rows(self) -> list[Row]:
        """All rows, in the order of the values."""
        return [row for group in self.groups for row in group.rows]  # type: ignore[union-attr]

    def _warn_if_skipped(self, batch_size: int) -> None:
        if self._warned or all(batch_size >= group.min_batch for group in self.groups):  # type: ignore[operator]
            return
        self._warned = True
        log.warning(
            "term '%s' needs batch statistics and was taken as 0 for a batch of %d sample(s); "
            "set training.drop_last=true to leave such batches out",
            self.name,
            batch_size,
        )


class Objective(nn.Module):
    """All terms: their values, and the weighted total that training minimises."""

    def __init__(self, terms: Mapping[str, TermModule]) -> None:
        super().__init__()
        self.terms = nn.ModuleDict(terms)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.terms)

    def forward(
        self, tensors: Tensors, target: Tensor, index: Tensor, progress: float
    ) -> tuple[Tensor, Tensor]:
        """Return the total () and the terms' unweighted values (T,), in float32 or wider."""
        context = Context(progress, index)
        cache: Cache = {}
        wide = _widened(tensors, target)
        values = torch.stack([term(wide, cache, context) for term in self.terms.values()])
        return (values * values.new_tensor(self.factors(progress))).sum(), values

    def learning_loss(self, name: str, tensors: Tensors, target: Tensor) -> Tensor:
        """Return what the optimiser of term `name` minimises, (), on detached inputs."""
        detached = {reference: tensor.detach() for reference, tensor in tensors.items()}
        return self.terms[name].learning_loss(_widened(detached, target))  # type: ignore[operator]

    def factors(self, progress: float) -> list[float]:
        """Return each term's signed weight at `progress`."""
        return [term.sign * weight_at(term.weight, progress) for term in self.terms.values()]  # type: ignore[operator, arg-type]

    def learners(self) -> dict[str, TermModule]:
        """Return the terms that have an optimiser step of their own."""
        return {n: t for n, t in self.terms.items() if t.learning is not None}  # type: ignore[misc]

    def on_epoch_end(self, epoch: int) -> None:
        """Tell every component that an epoch has ended."""
        for module in self.modules():
            if isinstance(module, Component):
                module.on_epoch_end(epoch)


def weight_at(weight: float | Schedule, progress: float) -> float:
    """Return the weight at `progress`, the fraction of the planned training."""
    if not isinstance(weight, Schedule):
        return weight
    p = min(progress / weight.until, 1.0)
    if weight.shape == "cosine":
        p = (1 - math.cos(math.pi * p)) / 2
    elif weight.shape == "dann":
        p = 2 / (1 + math.exp(-10 * p)) - 1
    return weight.start + (weight.end - weight.start) * p


def _widened(tensors: Tensors, target: Tensor) -> Tensors:
    # Gram matrices, correlations and log-sum-exp lose too much in half precision.
    half = (torch.bfloat16, torch.float16)
    wide = {r: tensor.float() if tensor.dtype in half else tensor for r, tensor in tensors.items()}
    wide[Reference("target")] = target
    return wide
