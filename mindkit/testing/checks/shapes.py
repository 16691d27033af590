"""Checks of shapes, and of many rows against each alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import nn

from mindkit.registry import read_signature
from mindkit.testing.build import Shapes, Subject, Value, call, convert
from mindkit.testing.checks.applies import HEADS, STAGES, TERMS, check, in_rows, with_tensors


@check(with_tensors)
def keeps_its_shapes_line(subject: Subject) -> None:
    """A reading of the `Shapes:` line holds, for one row and, where batched, for several."""
    failed = []
    for shapes in subject.shapes():
        try:
            for sizes, leading in _rows(subject, shapes):
                module = subject.make(**sizes)
                outputs = call(module, subject.feed(shapes, leading=leading))
                found = [tuple(output.shape) for output in outputs]
                wanted = subject.expected(shapes, leading, fused=module)
                assert found == wanted, f"'{shapes}' promises {wanted}, got {found}"
            return
        except (AssertionError, RuntimeError, ValueError, TypeError) as error:
            failed.append(str(error))
    raise AssertionError("; ".join(failed))


@check(lambda kind, component: kind in (STAGES, *TERMS, HEADS))
def works_without_memory(subject: Subject) -> None:
    """It runs on the meta device, where a config's widths are checked."""
    inputs = convert(subject.feed(), device="meta")
    with torch.device("meta"):
        outputs = call(subject.make(), inputs)
    wanted = subject.expected(subject.shapes()[0], fused=subject.make())
    for shape, output in zip(wanted, outputs, strict=True):
        assert tuple(output.shape) == shape, f"on the meta device {tuple(output.shape)}"


@check(in_rows)
def computes_rows_alone(subject: Subject) -> None:
    """A bank gives, row by row, what each row gives alone with its copy of the weights."""
    shapes = subject.shapes()[0]
    for sizes, leading in _rows(subject, shapes):
        if not leading:
            continue
        bank = subject.make(**sizes).eval()
        inputs = subject.feed(shapes, leading=leading)
        (output,) = call(bank, inputs)
        for index in itertools.product(*map(range, leading)):
            alone = _copy(subject, bank, index[-1])
            row = {name: _row(shapes, name, value, index) for name, value in inputs.items()}
            (value,) = call(alone, row)
            error = (output[index] - value).abs().max()
            scale = value.abs().max().clamp(min=1)
            assert error <= 1e-5 * scale, f"row {index} of {leading} differs alone by {error:.2g}"


def _rows(subject: Subject, shapes: Shapes) -> Iterator[tuple[dict[str, int], tuple[int, ...]]]:
    """Sizes to wire and leading axes to feed: one row, three, and twice three where batched."""
    banked = "copies" in read_signature(subject.component).wired
    yield {}, ()
    if in_rows(subject.kind, subject.component):
        assert any("..." in axes for axes in shapes.inputs.values()), (
            f"'{shapes}' is batched but has no leading axes; write (..., B, D), or batched = False"
        )
        for leading in ((3,), (2, 3)):
            yield {"copies": 3} if banked else {}, leading


def _copy(subject: Subject, bank: nn.Module, copy: int) -> nn.Module:
    """A component of one copy, with the weights and buffers of one copy of the bank."""
    alone = subject.make().eval()
    own = alone.state_dict()
    state = {
        name: value if value.shape == own[name].shape else value[copy : copy + 1]
        for name, value in bank.state_dict().items()
    }
    alone.load_state_dict(state)
    return alone


def _row(shapes: Shapes, name: str, value: Value, index: tuple[int, ...]) -> Value:
    return value[index] if "..." in shapes.inputs.get(name, ()) else value  # type: ignore[call-overload, index]
