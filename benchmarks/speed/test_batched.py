"""Every batched component on twelve rows in one call, against a call for each row.

Width 128, batch 32, forward and backward. Looped, a component with weights has a module for each
row, as the engine makes for plain components. Prints one table.
"""

from __future__ import annotations

import statistics
import time

import torch

from mindkit.hooks import load_plugins
from mindkit.registry import read_signature
from mindkit.testing.build import Subject, tensors

ROWS, BATCH, WIDTH = 12, 32, 128
SIZES = {"B": BATCH, **dict.fromkeys("DEFH", WIDTH)}


def subjects():
    for registry in load_plugins().registries.terms:
        for entry in registry:
            if entry.load().batched:
                yield Subject(registry.kind, entry.name, entry.load())


def made(subject, inputs, copies):
    """The component wired for the widths of its inputs, with `copies` sets of weights if any."""
    widths = {f"{n}_dim": v.shape[-1] for n, v in inputs.items() if isinstance(v, torch.Tensor)}
    wired = read_signature(subject.component).wired
    sizes = {name: widths[name] for name in wired if name in widths}
    return subject.make(**sizes, **({"copies": copies} if "copies" in wired else {}))


def step(calls):
    total = torch.stack([module(**inputs).sum() for module, inputs in calls]).sum()
    if total.requires_grad:
        total.backward()


def row_of(inputs, row):
    return {n: v[row] if isinstance(v, torch.Tensor) else v for n, v in inputs.items()}


def milliseconds(turns):
    """Medians of several forms, taken turn about so that a busy machine slows all."""
    times = [[] for _ in turns]
    for turn in range(16):
        for place, calls in enumerate(turns):
            start = time.perf_counter()
            step(calls)
            if turn >= 4:
                times[place].append(1e3 * (time.perf_counter() - start))
    return [statistics.median(one) for one in times]


def test_a_bank_is_faster_than_its_rows():
    ratios, lines = [], []
    for subject in subjects():
        inputs = subject.feed(leading=(ROWS,), **SIZES)
        for value in tensors(inputs).values():
            if value.is_floating_point():
                value.requires_grad_()
        banked = [(made(subject, inputs, ROWS), inputs)]
        looped = [(made(subject, inputs, 1), row_of(inputs, row)) for row in range(ROWS)]
        bank, loop = milliseconds([banked, looped])
        ratios.append(loop / bank)
        name = f"{subject.kind} | `{subject.name}`"
        lines.append(f"| {name} | {bank:.2f} | {loop:.2f} | {loop / bank:.1f} |")
    print("\n| kind | component | banked, ms | row by row, ms | ratio |\n|---|---|---|---|---|")
    print("\n".join(lines))
    print(f"median ratio {statistics.median(ratios):.2f}")
    assert statistics.median(ratios) > 1.5
