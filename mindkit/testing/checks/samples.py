"""Checks of what a sample's padding, its batch mates, and their order may change."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mindkit.testing.build import AXES, Shapes, Subject, Value, call, summed, watched
from mindkit.testing.checks.applies import check, encoder, reader, takes, term


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


@check(term)
def ignores_the_order(subject: Subject) -> None:
    """Samples that change places change no value, unless the component says that it is `ordered`.

    What draws negatives at random is ordered too: with one seed, other samples meet.
    """
    module, inputs = subject.make(), subject.feed()
    order = torch.randperm(AXES["B"], generator=torch.Generator().manual_seed(6))
    other = _reordered(subject.shapes()[0], inputs, order)
    values = _visited(module, inputs, inputs)
    error = (values - _visited(subject.make(), other, inputs)).abs().max()
    moved = bool(error > 1e-5 * values.abs().max().clamp(min=1))
    ordered = bool(getattr(module, "ordered", False))
    assert ordered or not moved, (
        f"samples in another order change the value by {error:.2g}; if that is meant, say "
        "ordered = True"
    )
    assert moved or not ordered, "it says ordered = True, and no order changes the value; remove it"


def _visited(module: nn.Module, first: dict[str, Value], second: dict[str, Value]) -> Tensor:
    """The value in evaluation; of one with memory, in training too, and of `first` after `second`.

    What is kept by a sample's place in the batch is then another's.
    """
    values = call(module.eval(), first)
    if takes(type(module), "index"):
        module.train()
        for one in module.modules():
            if isinstance(one, nn.Dropout):  # it draws by place in the batch
                one.eval()
        values += call(module, second)
        module.on_epoch_end(0)  # type: ignore[operator]
        values += call(module, first)
    return torch.stack(values)


def _reordered(shapes: Shapes, inputs: dict[str, Value], order: Tensor) -> dict[str, Value]:
    """The inputs, the samples of each in that order."""
    axes = {**shapes.inputs, "index": ("B",)}

    def one(value: Value, own: tuple[str, ...]) -> Value:
        if isinstance(value, list):
            return [one(element, own) for element in value]  # type: ignore[misc]
        if not isinstance(value, Tensor) or "B" not in own:
            return value
        return value.index_select(own.index("B") - len(own), order)

    return {name: one(value, axes.get(name, ())) for name, value in inputs.items()}
