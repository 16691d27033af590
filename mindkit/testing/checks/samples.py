"""Checks of what a sample's padding and its batch mates may change."""

from __future__ import annotations

import torch
from torch import Tensor

from mindkit.testing.build import Subject, call, summed, watched
from mindkit.testing.checks.applies import check, encoder, reader


@check(reader)
def ignores_padding(subject: Subject) -> None:
    """What stands in padded steps, and how many there are, changes no vector."""
    module, inputs = subject.make().eval(), subject.feed()
    x, mask = inputs["x"], inputs["mask"]
    assert isinstance(x, Tensor) and isinstance(mask, Tensor)
    (vector, *_) = call(module, inputs)
    longer = torch.cat([x, x[:, :3]], 1)
    seen = torch.cat([mask, torch.zeros_like(mask[:, :3])], 1)
    junk = longer.where(seen if x.dim() == 2 else seen.unsqueeze(-1), longer.flip(0, 1))
    (again, *_) = call(module, {"x": junk, "mask": seen})
    error = (again - vector).abs().max()
    assert error <= 1e-5, f"three padded steps and their content change the vector by {error:.2g}"


@check(lambda kind, component: encoder(kind, component) or reader(kind, component))
def ignores_batch_mates(subject: Subject) -> None:
    """A sample alone gives what it gives in a batch."""
    module, inputs = subject.make().eval(), subject.feed()
    (vector, *_) = call(module, inputs)
    for sample in range(len(vector)):
        own = {name: value[sample : sample + 1] for name, value in inputs.items()}  # type: ignore[index]
        (alone, *_) = call(module, own)
        error = (alone - vector[sample : sample + 1]).abs().max()
        assert error <= 1e-5, f"sample {sample} alone differs by {error:.2g}"


@check(reader)
def survives_an_empty_sample(subject: Subject) -> None:
    """A sample without a real step gives finite outputs and gradients."""
    module, inputs = subject.make(), watched(subject.feed())
    mask = inputs["mask"]
    assert isinstance(mask, Tensor)
    outputs = call(module, {**inputs, "mask": mask & (torch.arange(len(mask)) > 0)[:, None]})
    summed(outputs).backward()
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    assert all(torch.isfinite(value).all() for value in [*outputs, *gradients]), "not finite"
