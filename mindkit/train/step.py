"""One optimiser step. Nothing in it waits for the device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from mindkit.batch import Batch
from mindkit.config.training import Accumulate, Clip
from mindkit.model.build import Model
from mindkit.model.graph import Tensors
from mindkit.train.device import Device
from mindkit.train.optim import clip_gradients, held_by

_MEAN = Accumulate()


def train_step(
    model: Model,
    batches: Sequence[Batch],
    progress: float,
    main: torch.optim.Optimizer,
    learners: Mapping[str, torch.optim.Optimizer],
    clip: Clip,
    device: Device,
    accumulation: Accumulate = _MEAN,
) -> Tensor:
    """Accumulate the gradients of `batches`, step once, and return the losses, (1 + T,).

    The total comes first, then the terms' unweighted values, means over the batches, still on the
    device, whatever `accumulation` makes of the gradients. Terms with an optimiser of their own
    (`learners`) step before, on detached inputs.
    """
    main.zero_grad(set_to_none=True)
    losses = []
    for batch in batches:
        assert batch.target is not None
        with device.autocast():
            tensors = model.graph(batch)
        _learn(model, tensors, batch.target, learners)
        total, values = model.objective(tensors, batch.target, batch.index, progress)
        (total / accumulation.divisor(len(batches))).backward()
        losses.append(torch.cat([total.detach().reshape(1), values.detach()]))
    update(main, clip)
    return torch.stack(losses).mean(0)


def update(main: torch.optim.Optimizer, clip: Clip) -> None:
    """Clip the gradients that the main optimiser's parameters have, and step."""
    clip_gradients(held_by(main), clip)
    main.step()


def learn_epoch(
    model: Model,
    batches: Iterable[Batch],
    learners: Mapping[str, torch.optim.Optimizer],
    device: Device,
) -> None:
    """Step the terms that learn once an epoch on every batch, the rest of the model standing."""
    for batch in batches:
        assert batch.target is not None
        with torch.no_grad(), device.autocast():
            tensors = model.graph(batch)
        _learn(model, tensors, batch.target, learners)


def _learn(
    model: Model,
    tensors: Tensors,
    target: Tensor,
    learners: Mapping[str, torch.optim.Optimizer],
) -> None:
    for name, optimizer in learners.items():
        term = model.objective.learners()[name]
        assert term.learning is not None
        for parameter in held_by(optimizer):
            parameter.requires_grad_(True)
        for _ in range(term.learning.steps):
            optimizer.zero_grad(set_to_none=True)
            model.objective.learning_loss(name, tensors, target).backward()
            optimizer.step()
        term.requires_grad_(False)  # the main step goes through these parameters, not into them
